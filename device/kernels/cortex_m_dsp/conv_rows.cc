// Rows are copied with their padding once, so that no window meets a border.
#include "device/kernels/cortex_m_dsp/conv_rows.h"

#include "device/kernels/cortex_m_dsp/widen.h"

namespace tadpole {
namespace kernels {

namespace {

int32_t* widen_windows(const Window2d& w, const int8_t* first, ptrdiff_t second, ptrdiff_t third,
                       int32_t pitch, int32_t* wide) {
  const int32_t length = w.filter_w * w.in_c;
  int32_t i = 0;
  if (w.in_c % 4 == 0) {
    for (; i < w.filter_h; ++i, first += pitch) {
      wide = dsp::widen_three(first, first + second, first + third, length, wide);
    }
    return wide;
  }
  for (; i + 2 <= w.filter_h; i += 2, first += 2 * pitch) {
    wide = dsp::pair_three(first, first + pitch, length, second, third, wide);
  }
  return i < w.filter_h ? dsp::fold_three(first, length, second, third, wide) : wide;
}

using Compute = void (*)(dsp::ThreePixels&, int32_t);

template <Compute kCompute>
void convolve(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out, int32_t* scratch) {
  const Window2d& w = params.window;
  dsp::ThreePixels loop = dsp::three_pixels(params, scratch, out);
  dsp::PaddedRows rows(w, params.in_zero, dsp_conv_rows_held(w), dsp_conv_rows_columns(w),
                       reinterpret_cast<int8_t*>(scratch) + dsp::wide_bytes(w));
  const int32_t to_column = w.stride_w * w.in_c;
  const int32_t to_row = w.stride_h * rows.pitch() - w.out_w * to_column;
  for (int32_t n = 0; n < w.batches; ++n, in += ptrdiff_t(w.in_h) * w.in_w * w.in_c) {
    rows.start(in);
    int32_t x = 0, y = 0, left = w.out_h * w.out_w;
    while (left > 0) {
      int32_t at[3], next = x * to_column;
      const int32_t first_row = y;
      for (int32_t p = 0; p < 3; ++p) {
        at[p] = next;
        if (p + 1 > left) continue;
        next += to_column;
        if (++x == w.out_w) {
          next += to_row;
          x = 0;
          ++y;
        }
      }
      widen_windows(w, rows.first() + at[0], at[1] - at[0], at[2] - at[0], rows.pitch(), scratch);
      kCompute(loop, left < 3 ? left : 3);
      left -= 3;
      if (y != first_row && left > 0) rows.advance(y * w.stride_h);
    }
  }
}

}  // namespace

void dsp_conv_rows_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out, int32_t* scratch) {
  convolve<dsp::compute_paired>(params, in, out, scratch);
}

void dsp_conv_rows_wide_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out,
                             int32_t* scratch) {
  convolve<dsp::compute_single>(params, in, out, scratch);
}

}  // namespace kernels
}  // namespace tadpole
