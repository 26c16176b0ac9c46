// Two windows at a time against four channels: eight sums in registers, one load of weights for two products.
#include "device/kernels/cortex_m_helium/weighted_int8.h"

#include "device/kernels/cortex_m_helium/vector.h"

namespace tadpole {
namespace kernels {

namespace {

template <class Params>
helium::Outputs outputs_of(const Params& params) {
  return {params.multiplier, params.shift, params.out_zero, params.clamp_min, params.clamp_max};
}

/// All channels of one pixel, or of two.
void pixels(const HeliumConv2dInt8Params& params, const int8_t* first, const int8_t* second, int32_t chunks,
            int8_t* out, bool has_second) {
  const helium::Outputs to = outputs_of(params);
  const int32_t channels = params.window.out_c;
  const int8_t* weights = params.weights;
  for (int32_t o = 0; o < channels;
       o += helium::kGroup, weights += chunks * helium::kGroup * helium::kLanes) {
    alignas(8) int32_t sums[2 * helium::kGroup];
    for (int32_t c = 0; c < helium::kGroup; ++c) sums[c] = sums[helium::kGroup + c] = params.bias[o + c];
    helium::dot_products(first, second, chunks, weights, sums);
    const int32_t count = channels - o < helium::kGroup ? channels - o : helium::kGroup;
    helium::store(sums, to, o, count, out + o);
    if (has_second) helium::store(sums + helium::kGroup, to, o, count, out + channels + o);
  }
}

}  // namespace

void helium_conv_2d_int8(const HeliumConv2dInt8Params& params, const int8_t* in, int8_t* out,
                         int8_t* scratch) {
  const Window2d& w = params.window;
  const int32_t taps = helium_padded_taps(w);
  int8_t* const second = scratch + taps;
  memset(scratch, 0, size_t(taps) * 2);  // behind the last tap the weights are zero
  for (int32_t n = 0; n < w.batches; ++n, in += ptrdiff_t(w.in_h) * w.in_w * w.in_c) {
    for (int32_t y = 0; y < w.out_h; ++y) {
      for (int32_t x = 0; x < w.out_w; x += 2) {
        const bool has_second = x + 1 < w.out_w;
        gather_window<helium::Copy>(w, params.in_zero, in, y, x, scratch);
        if (has_second) gather_window<helium::Copy>(w, params.in_zero, in, y, x + 1, second);
        pixels(params, scratch, second, taps / helium::kLanes, out, has_second);
        out += has_second ? 2 * w.out_c : w.out_c;
      }
    }
  }
}

void helium_depthwise_conv_2d_int8(const HeliumDepthwiseInt8Params& params, const int8_t* in, int8_t* out,
                                   int8_t* scratch) {
  const int8_t* taps[kHeliumDepthwiseMaxTaps];
  const int32_t channels = params.window.out_c;
  const helium::Outputs to = outputs_of(params);
  for_each_window<helium::Copy>(
      params.window, params.in_zero, in, out, scratch, taps,
      [&](const int8_t* const* from, int32_t count, int8_t* pixel) {
        for (int32_t c = 0; c < channels; c += helium::kLanes) {
          const int32_t lanes = channels - c < helium::kLanes ? channels - c : helium::kLanes;
          helium::depthwise(from, count, params.weights, channels, params.bias, to, c, lanes, pixel + c);
        }
      });
}

}  // namespace kernels
}  // namespace tadpole
