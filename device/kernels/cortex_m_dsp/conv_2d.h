// Int8 convolutions and dense layers for the Arm DSP extension, with a portable twin (see intrinsics.h).
// Two output channels A and B share one 16-bit lane: 256 * wA + wB, still one byte a weight. A
// multiply-accumulate of the lane gives 256 * SA + SB, one of its low byte gives SB alone; their difference
// is 256 * SA, which is just what requantise.h wants. Needs 256 * wA + wB to fit 16 bits and |accumulators|
// <= dsp::kMaxAccumulator.
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_CONV_2D_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_CONV_2D_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// Shared by the kernels of this file.
/// weights: for each pair of channels, for each four taps k: lanes of k, k + 2, k + 1, k + 3 (the order of
/// SXTB16); taps are padded to a multiple of 4 with zeros. pairs: for each pair eight numbers: 256 * biasA +
/// biasB modulo 2^32, biasB, then multiplier, offset (requantise_offset) and 7 + right shift of A, and the
/// same of B. Biases are folded: minus in_zero * (sum of weights). With an odd number of channels the last B
/// is nothing.
struct DspConv2dInt8Params {
  Window2d window;
  int32_t in_zero;
  int32_t clamp_min, clamp_max;
  int32_t relu;            // 1: clamps to [-128, 127] with zero point -128
  const int16_t* weights;  // [pairs][taps rounded up to 4]
  const int32_t* pairs;    // [pairs][8]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const auto& w = self.window;
    const size_t pairs = size_t(w.out_c + 1) / 2;
    visitor.group("window", self.window);
    visitor.number("in_zero", self.in_zero);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.number("relu", self.relu);
    visitor.array("weights", self.weights, pairs * ((size_t(w.filter_h) * w.filter_w * w.in_c + 3) / 4 * 4));
    visitor.array("pairs", self.pairs, pairs * 8);
  }
};

/// in: 4-byte aligned. scratch: 7 * (taps rounded up to 4) bytes, 4-byte aligned: three windows, widened, and
/// one as bytes. An output pixel is written after its own window has been read: out may overlap in
/// accordingly.
void dsp_conv_2d_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out, int32_t* scratch);

/// in [rows, in_c], out [rows, out_c]; in_c a multiple of 4, out_c of 4.
struct DspFullyConnectedInt8Params {
  int32_t rows, in_c, out_c;
  int32_t clamp_min, clamp_max;
  int32_t relu;
  const int16_t* weights;  // [pairs][in_c]
  const int32_t* pairs;    // [pairs][8]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const size_t pairs = size_t(self.out_c) / 2;
    visitor.number("rows", self.rows);
    visitor.number("in_c", self.in_c);
    visitor.number("out_c", self.out_c);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.number("relu", self.relu);
    visitor.array("weights", self.weights, pairs * size_t(self.in_c));
    visitor.array("pairs", self.pairs, pairs * 8);
  }
};

/// in: 4-byte aligned; must not overlap out.
void dsp_fully_connected_int8(const DspFullyConnectedInt8Params& params, const int8_t* in, int8_t* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_CONV_2D_H_
