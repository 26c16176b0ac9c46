// Int8 dense layers for the Arm DSP extension, with a portable twin (see intrinsics.h). Two output channels
// share a lane as in three_pixels.h; two such pairs are summed at a time.
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_FULLY_CONNECTED_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_FULLY_CONNECTED_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

namespace dsp {

/// Input values that are widened at a time.
constexpr int32_t kDenseChunk = 128;

/// Words of four channels: four biases, the weights of steps of eight taps, three numbers a channel.
/// `single`: each channel has lanes of its own.
constexpr size_t dense_quad_words(size_t in_c, bool single) {
  return 16 + (in_c + 7) / 8 * 8 * (single ? 2 : 1);
}

}  // namespace dsp

/// in [rows, in_c], out [rows, out_c]. weights: for each four channels A, B, C, D four biases, then the
/// weights of each eight taps k, then multiplier, offset (requantise_offset) and 7 + right shift of each
/// channel. In pairs: eight words, each with 256 * w(A) + w(B) or 256 * w(C) + w(D) in both halves: A and B
/// of (k, k + 2) and (k + 1, k + 3), C and D of the same, then all of them for k + 4. Single: sixteen words,
/// A of (k, k + 2), (k + 1, k + 3), (k + 4, k + 6), (k + 5, k + 7), then B, C and D. Taps are padded to a
/// multiple of 8 and channels to one of 4 with zeros. Biases have minus in_zero * (sum of weights) folded in.
struct DspFullyConnectedInt8Params {
  int32_t rows, in_c, out_c;
  int32_t clamp_min, clamp_max;
  int32_t relu;    // 1: clamps to [-128, 127] with zero point -128; 0: all right shifts are at least 1
  int32_t single;  // 1: each channel has lanes of its own; 0: in pairs
  /// 0: in_c <= kDenseChunk and |accumulators| <= dsp::kMaxAccumulator; biases in pairs are 256 * A + B
  /// modulo 2^32, B, 256 * C + D, D. 1: sums are kept in 32 bits and biases are plain; what lies beyond
  /// kMaxAccumulator must be clamped by any right shift that occurs, and right shifts are at least 1.
  int32_t wide_sums;
  const int32_t* weights;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("rows", self.rows);
    visitor.number("in_c", self.in_c);
    visitor.number("out_c", self.out_c);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.number("relu", self.relu);
    visitor.number("single", self.single);
    visitor.number("wide_sums", self.wide_sums);
    visitor.array("weights", self.weights,
                  (size_t(self.out_c) + 3) / 4 * dsp::dense_quad_words(size_t(self.in_c), self.single != 0));
  }
};

/// Bytes of scratch: the widened part of the input.
constexpr int32_t dsp_fully_connected_scratch_bytes(int32_t in_c) {
  return ((in_c < dsp::kDenseChunk ? in_c : dsp::kDenseChunk) + 7) / 8 * 16;
}

/// Weights in pairs; `long`: wide_sums. in and scratch: 4-byte aligned; in must not overlap out. Stack: 450
/// bytes.
void dsp_fully_connected_int8(const DspFullyConnectedInt8Params& params, const int8_t* in, int8_t* out,
                              int32_t* scratch);
void dsp_fully_connected_long_int8(const DspFullyConnectedInt8Params& params, const int8_t* in, int8_t* out,
                                   int32_t* scratch);
/// The same for single weights: twice the bytes, a fifth fewer instructions, no condition on the weights.
void dsp_fully_connected_wide_int8(const DspFullyConnectedInt8Params& params, const int8_t* in, int8_t* out,
                                   int32_t* scratch);
void dsp_fully_connected_wide_long_int8(const DspFullyConnectedInt8Params& params, const int8_t* in,
                                        int8_t* out, int32_t* scratch);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_FULLY_CONNECTED_H_
