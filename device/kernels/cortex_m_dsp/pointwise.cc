// Two or three pixels at a time are widened once for all output channels.
#include "device/kernels/cortex_m_dsp/pointwise.h"

#include "device/kernels/cortex_m_dsp/pixel_groups.h"

namespace tadpole {
namespace kernels {

namespace {

template <class Group>
void convolve(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out, int32_t* scratch) {
  const Window2d& w = params.window;
  const int32_t to_column = w.stride_w * w.in_c;
  const int32_t to_row = w.stride_h * w.in_w * w.in_c - w.out_w * to_column;
  typename Group::Loop loop = Group::start(params, scratch, out);
  for (int32_t n = 0; n < w.batches; ++n, in += ptrdiff_t(w.in_h) * w.in_w * w.in_c) {
    int32_t next = 0, x = 0;
    for (int32_t left = w.out_h * w.out_w; left > 0; left -= Group::kPixels) {
      int32_t at[Group::kPixels];
      for (int32_t p = 0; p < Group::kPixels; ++p) {
        at[p] = next;
        if (p + 1 < Group::kPixels && p + 1 >= left) continue;  // what is missing repeats the last one
        next += to_column;
        if (++x == w.out_w) {
          next += to_row;
          x = 0;
        }
      }
      if (w.in_c % 4 == 0) {
        Group::widen(in, at, w.in_c, scratch);
      } else {
        Group::fold(in, w.in_c, at, scratch);
      }
      Group::compute(loop, left < Group::kPixels ? left : Group::kPixels);
    }
  }
  dsp::clamp(out, loop.out, params.clamp_min, params.clamp_max);
}

}  // namespace

void dsp_pointwise_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out, int32_t* scratch) {
  convolve<dsp::Threes<dsp::compute_paired>>(params, in, out, scratch);
}

void dsp_pointwise_wide_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out,
                             int32_t* scratch) {
  convolve<dsp::Threes<dsp::compute_single>>(params, in, out, scratch);
}

void dsp_pointwise_quads_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out,
                              int32_t* scratch) {
  convolve<dsp::Twos<dsp::SingleLoads>>(params, in, out, scratch);
}

void dsp_pointwise_quads_ldrd_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out,
                                   int32_t* scratch) {
  convolve<dsp::Twos<dsp::PairedLoads>>(params, in, out, scratch);
}

}  // namespace kernels
}  // namespace tadpole
