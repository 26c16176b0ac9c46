// Three pixels at a time are widened once for all output channels.
#include "device/kernels/cortex_m_dsp/pointwise.h"

#include "device/kernels/cortex_m_dsp/widen.h"

namespace tadpole {
namespace kernels {

namespace {

using Compute = void (*)(dsp::ThreePixels&, int32_t);

template <Compute kCompute>
void convolve(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out, int32_t* scratch) {
  const Window2d& w = params.window;
  const int32_t to_column = w.stride_w * w.in_c;
  const int32_t to_row = w.stride_h * w.in_w * w.in_c - w.out_w * to_column;
  dsp::ThreePixels loop = dsp::three_pixels(params, scratch, out);
  for (int32_t n = 0; n < w.batches; ++n, in += ptrdiff_t(w.in_h) * w.in_w * w.in_c) {
    int32_t next = 0, x = 0;
    for (int32_t left = w.out_h * w.out_w; left > 0; left -= 3) {
      int32_t at[3];
      for (int32_t p = 0; p < 3; ++p) {
        at[p] = next;
        if (p + 1 >= left) continue;
        next += to_column;
        if (++x == w.out_w) {
          next += to_row;
          x = 0;
        }
      }
      const int8_t* first = in + at[0];
      if (w.in_c % 4 == 0) {
        dsp::widen_three(first, in + at[1], in + at[2], w.in_c, scratch);
      } else {
        dsp::fold_three(first, w.in_c, at[1] - at[0], at[2] - at[0], scratch);
      }
      kCompute(loop, left < 3 ? left : 3);
    }
  }
}

}  // namespace

void dsp_pointwise_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out, int32_t* scratch) {
  convolve<dsp::compute_paired>(params, in, out, scratch);
}

void dsp_pointwise_wide_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out,
                             int32_t* scratch) {
  convolve<dsp::compute_single>(params, in, out, scratch);
}

}  // namespace kernels
}  // namespace tadpole
