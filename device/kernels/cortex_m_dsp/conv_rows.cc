// Rows are copied with their padding once, so that no window meets a border.
#include "device/kernels/cortex_m_dsp/conv_rows.h"

#include "device/kernels/cortex_m_dsp/pixel_groups.h"

namespace tadpole {
namespace kernels {

namespace {

template <class Group>
void widen_windows(const Window2d& w, const int8_t* first, const int32_t* at, int32_t pitch, int32_t* wide) {
  const int32_t length = w.filter_w * w.in_c;
  int32_t i = 0;
  if (w.in_c % 4 == 0) {
    for (; i < w.filter_h; ++i, first += pitch) wide = Group::widen(first, at, length, wide);
    return;
  }
  for (; i + 2 <= w.filter_h; i += 2, first += 2 * pitch) {
    wide = Group::pair(first, first + pitch, length, at, wide);
  }
  if (i < w.filter_h) Group::fold(first, length, at, wide);
}

template <class Group>
void convolve(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out, int32_t* scratch) {
  const Window2d& w = params.window;
  const int32_t wide_bytes = params.lanes == dsp::kQuadLanes ? dsp::quad_wide_bytes(w) : dsp::wide_bytes(w);
  typename Group::Loop loop = Group::start(params, scratch, out);
  dsp::PaddedRows rows(w, params.in_zero, dsp_conv_rows_held(w), dsp_conv_rows_columns(w),
                       reinterpret_cast<int8_t*>(scratch) + wide_bytes);
  const int32_t to_column = w.stride_w * w.in_c;
  const int32_t to_row = w.stride_h * rows.pitch() - w.out_w * to_column;
  for (int32_t n = 0; n < w.batches; ++n, in += ptrdiff_t(w.in_h) * w.in_w * w.in_c) {
    rows.start(in);
    int32_t x = 0, y = 0, left = w.out_h * w.out_w;
    while (left > 0) {
      int32_t at[Group::kPixels], next = x * to_column;
      const int32_t first_row = y;
      for (int32_t p = 0; p < Group::kPixels; ++p) {
        at[p] = next;
        if (p + 1 > left) continue;
        next += to_column;
        if (++x == w.out_w) {
          next += to_row;
          x = 0;
          ++y;
        }
      }
      widen_windows<Group>(w, rows.first(), at, rows.pitch(), scratch);
      Group::compute(loop, left < Group::kPixels ? left : Group::kPixels);
      left -= Group::kPixels;
      if (y != first_row && left > 0) rows.advance(y * w.stride_h);
    }
  }
  dsp::clamp(out, loop.out, params.clamp_min, params.clamp_max);
}

}  // namespace

void dsp_conv_rows_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out, int32_t* scratch) {
  convolve<dsp::Threes<dsp::compute_paired>>(params, in, out, scratch);
}

void dsp_conv_rows_wide_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out,
                             int32_t* scratch) {
  convolve<dsp::Threes<dsp::compute_single>>(params, in, out, scratch);
}

void dsp_conv_rows_quads_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out,
                              int32_t* scratch) {
  convolve<dsp::Twos<dsp::SingleLoads>>(params, in, out, scratch);
}

void dsp_conv_rows_quads_ldrd_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out,
                                   int32_t* scratch) {
  convolve<dsp::Twos<dsp::PairedLoads>>(params, in, out, scratch);
}

}  // namespace kernels
}  // namespace tadpole
