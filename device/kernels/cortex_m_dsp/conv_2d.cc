// Three output pixels at a time: their windows are widened once and used for all channels.
#include "device/kernels/cortex_m_dsp/conv_2d.h"

#include <string.h>

#include "device/kernels/cortex_m_dsp/widen.h"

namespace tadpole {
namespace kernels {

namespace {

struct Position {
  int32_t y, x;
};

/// The windows at three places. `padding` is one row of a window.
void widen_windows(const DspConv2dInt8Params& params, const int8_t* in, const Position* at,
                   const int8_t* padding, int32_t* wide) {
  const Window2d& w = params.window;
  int32_t left[3];
  bool columns_inside = w.dilation_w == 1;
  for (int32_t p = 0; p < 3; ++p) {
    left[p] = at[p].x * w.stride_w - w.pad_left;
    columns_inside = columns_inside && left[p] >= 0 && left[p] + w.filter_w <= w.in_w;
  }
  // A whole row of the window where all of it is inside, otherwise tap by tap.
  const int32_t runs = columns_inside ? 1 : w.filter_w;
  const int32_t count = columns_inside ? w.filter_w * w.in_c : w.in_c;
  for (int32_t i = 0; i < w.filter_h; ++i) {
    for (int32_t j = 0; j < runs; ++j) {
      const int8_t* from[3];
      for (int32_t p = 0; p < 3; ++p) {
        const int32_t row = at[p].y * w.stride_h - w.pad_top + i * w.dilation_h;
        const int32_t column = left[p] + j * w.dilation_w;
        const bool inside = static_cast<uint32_t>(row) < static_cast<uint32_t>(w.in_h) &&
                            static_cast<uint32_t>(column) < static_cast<uint32_t>(w.in_w);
        from[p] = inside ? in + (ptrdiff_t(row) * w.in_w + column) * w.in_c : padding;
      }
      wide = dsp::widen_three(from[0], from[1], from[2], count, wide);
    }
  }
}

}  // namespace

void dsp_conv_2d_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out, int32_t* scratch) {
  const Window2d& w = params.window;
  dsp::ThreePixels loop = dsp::three_pixels(params, scratch, out);
  int8_t* padding = reinterpret_cast<int8_t*>(scratch) + dsp::wide_bytes(w);
  memset(padding, params.in_zero, size_t(w.filter_w) * w.in_c);
  for (int32_t n = 0; n < w.batches; ++n, in += ptrdiff_t(w.in_h) * w.in_w * w.in_c) {
    Position next = {0, 0};
    for (int32_t left = w.out_h * w.out_w; left > 0; left -= 3) {
      Position at[3];
      for (int32_t p = 0; p < 3; ++p) {
        at[p] = next;
        if (p + 1 < left && ++next.x == w.out_w) next = {next.y + 1, 0};
      }
      widen_windows(params, in, at, padding, scratch);
      dsp::compute_paired(loop, left < 3 ? left : 3);
    }
  }
  dsp::clamp(out, loop.out, params.clamp_min, params.clamp_max);
}

}  // namespace kernels
}  // namespace tadpole
