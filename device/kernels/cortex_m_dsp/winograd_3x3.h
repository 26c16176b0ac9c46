// Int8 3x3 convolutions of stride 1 by Winograd's F(2x2, 3x3) for the Arm DSP extension, with a portable
// twin: 16 multiplications instead of 36 for each tile of 2x2 outputs. Source: Lavin and Gray, "Fast
// algorithms for convolutional neural networks", 2016. It is exact here: with the filter's transform doubled
// in each dimension all numbers are whole, transformed weights fit 12 bits (at most 9 * 128) and transformed
// inputs 11 (at most 4 * 128), and the sum that comes out is 4 times the accumulator. Sums are taken modulo
// 2^32, so only that last one must fit.
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_WINOGRAD_3X3_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_WINOGRAD_3X3_H_

#include "device/kernels/cortex_m_dsp/padded_rows.h"

namespace tadpole {
namespace kernels {

/// Channels in and out multiples of 4; no dilation, strides of 1. |accumulators| < 2^29, right shifts of at
/// least 1, no clamp but [-128, 127]. weights: with w = G f G^T, G = {2, 0, 0; 1, 1, 1; 1, -1, 1; 0, 0, 2},
/// for each four output channels, for each of the 16 elements (i, j) in the order j * 4 + i, for each two
/// input channels (k, k + 2 and k + 1, k + 3 of each four) the four output channels' pairs of w. channels: 4
/// * folded bias, multiplier, offset (requantise_offset<2>) and 1 + right shift of each.
struct DspWinograd3x3Int8Params {
  Window2d window;
  int32_t in_zero;
  const int16_t* weights;
  const int32_t* channels;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const auto& w = self.window;
    visitor.group("window", self.window);
    visitor.number("in_zero", self.in_zero);
    visitor.array("weights", self.weights, size_t(16) * w.in_c * w.out_c);
    visitor.array("channels", self.channels, size_t(4) * w.out_c);
  }
};

/// Columns of the padded rows: whole tiles.
constexpr int32_t dsp_winograd_3x3_columns(const Window2d& w) { return (w.out_w + 1) / 2 * 2 + 2; }

/// Bytes of scratch: two transformed tiles, the products of four channels, four padded rows.
constexpr int32_t dsp_winograd_3x3_scratch_bytes(const Window2d& w) {
  return 64 * w.in_c + 512 + 4 * dsp::padded_row_pitch(w, dsp_winograd_3x3_columns(w));
}

/// in and scratch: 4-byte aligned. All input of two output rows has been read before they are written: out
/// may overlap in accordingly. Stack: 350 bytes.
void dsp_winograd_3x3_int8(const DspWinograd3x3Int8Params& params, const int8_t* in, int8_t* out,
                           int32_t* scratch);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_WINOGRAD_3X3_H_
