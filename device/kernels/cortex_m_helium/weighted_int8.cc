// Three windows at a time against two channels: six sums in registers, five loads for six products.
#include "device/kernels/cortex_m_helium/weighted_int8.h"

#include "device/kernels/cortex_m_helium/vector.h"

namespace tadpole {
namespace kernels {

// One loop in one function: what is around it would take its registers.
#if defined(__GNUC__)
#define TADPOLE_NOINLINE __attribute__((noinline))
#else
#define TADPOLE_NOINLINE
#endif

namespace {

template <class Params>
helium::Outputs outputs_of(const Params& params) {
  return {params.multiplier, params.shift, params.out_zero, params.clamp_min, params.clamp_max};
}

/// All channels of `count` pixels whose windows lie side by side; three are computed in any case.
TADPOLE_NOINLINE void pixels(const HeliumConv2dInt8Params& params, const int8_t* windows, int32_t taps,
                             int32_t count, int8_t* out) {
  const helium::Outputs to = outputs_of(params);
  const int32_t channels = params.window.out_c, chunks = taps / helium::kLanes;
  const int8_t* weights = params.weights;
  for (int32_t o = 0; o < channels; o += helium::kGroup) {
    alignas(8) int32_t sums[helium::kWindows * helium::kGroup];
    helium::dot_products(windows, taps, chunks, weights, params.bias + o, sums);
    helium::dot_products(windows, taps, chunks, weights + 2 * helium::kLanes, params.bias + o + 2, sums + 2);
    weights += chunks * helium::kGroup * helium::kLanes;
    const int32_t left = channels - o < helium::kGroup ? channels - o : helium::kGroup;
    helium::store(sums, count, to, o, left, out + o, channels);
  }
}

/// Windows that are single pixels without gaps between them.
bool are_pixels(const Window2d& w, int32_t taps) {
  return w.filter_h == 1 && w.filter_w == 1 && w.stride_h == 1 && w.stride_w == 1 && w.in_c == taps &&
         w.in_h == w.out_h && w.in_w == w.out_w;
}

}  // namespace

void helium_conv_2d_int8(const HeliumConv2dInt8Params& params, const int8_t* in, int8_t* out,
                         int8_t* scratch) {
  const Window2d& w = params.window;
  const int32_t taps = helium_padded_taps(w);
  if (are_pixels(w, taps)) {
    for (int32_t left = w.batches * w.in_h * w.in_w; left > 0; left -= helium::kWindows) {
      const int32_t count = left < helium::kWindows ? left : helium::kWindows;
      helium::Copy::copy(scratch, in, size_t(count) * size_t(taps));
      pixels(params, scratch, taps, count, out);
      in += count * taps;
      out += count * w.out_c;
    }
    return;
  }
  memset(scratch, 0, size_t(taps) * helium::kWindows);  // behind the last tap the weights are zero
  int32_t held = 0;
  for (int32_t n = 0; n < w.batches; ++n, in += ptrdiff_t(w.in_h) * w.in_w * w.in_c) {
    for (int32_t y = 0; y < w.out_h; ++y) {
      for (int32_t x = 0; x < w.out_w; ++x) {
        gather_window<helium::Copy>(w, params.in_zero, in, y, x, scratch + held * taps);
        if (++held < helium::kWindows) continue;
        pixels(params, scratch, taps, held, out);
        out += held * w.out_c;
        held = 0;
      }
    }
  }
  if (held > 0) pixels(params, scratch, taps, held, out);
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
