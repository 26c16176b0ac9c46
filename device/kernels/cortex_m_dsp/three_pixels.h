// The inner loop of convolutions for the Arm DSP extension: three pixels by all output channels, two channels
// at a time. In assembly for Thumb-2, with a portable twin of the same bits.
// Two output channels A and B share one 16-bit lane: 256 * wA + wB, still one byte a weight. A
// multiply-accumulate of the lane gives 256 * SA + SB, one of its low byte gives SB alone; their difference
// is 256 * SA, which is just what requantise.h wants. Needs 256 * wA + wB to fit 16 bits and |accumulators|
// <= dsp::kMaxAccumulator.
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_THREE_PIXELS_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_THREE_PIXELS_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {
namespace dsp {

/// Words of the stream of weights beside the weights of a pair: 256 * biasA + biasB modulo 2^32 and biasB
/// before them; multiplier, offset (requantise_offset) and 7 + right shift of A, then of B after them. The
/// last one also has 2^8 times the step from B to the next pair's A: 1, or 0 before the last pair of an odd
/// number of channels, which begins with a channel that was computed already.
constexpr int32_t kPairWords = 8;

/// Words of weights and activations for `taps` taps: two in a word, four in a step of the loop.
constexpr int32_t words_of_taps(int32_t taps) { return (taps + 3) / 4 * 2; }

/// Words of the whole stream.
constexpr size_t stream_words(size_t taps, size_t channels) {
  return (channels + 1) / 2 * (kPairWords + (taps + 3) / 4 * 2);
}

/// What stays the same for all pixels of a layer, and where the next ones go. The assembly reads the members
/// up to out_c.
struct ThreePixels {
  const int32_t* wide;  ///< pairs of taps of the three pixels: pixel p of word k at wide[3 * k + p]
  const int32_t* end;   ///< of the stream
  int32_t passes;       ///< over the unrolled loop
  int32_t entry;        ///< bytes into it where the first pass begins
  int32_t finish;       ///< 0: ReLU (clamps to [-128, 127] with zero point -128), 1: otherwise
  int8_t* out;          ///< of the first pixel; the others follow
  int32_t out_c;
  int32_t words;          ///< of one pixel
  const int32_t* stream;  ///< stream_words(taps, out_c) words
  int32_t clamp_min, clamp_max;
};

/// Computes the channels of the first `count` of three widened pixels (1 to 3) and moves `out` on behind
/// them. Stack: 112 bytes.
void compute(ThreePixels& loop, int32_t count);

}  // namespace dsp

/// The parameters of all convolutions of this folder. weights: the stream of three_pixels.h; each kernel says
/// in which order it takes the taps; they are padded to a multiple of 4 with zeros. Biases are folded: minus
/// in_zero * (sum of weights). An odd number of channels ends with the last two channels as a pair; a single
/// one has nothing as its B.
struct DspConv2dInt8Params {
  Window2d window;
  int32_t in_zero;
  int32_t clamp_min, clamp_max;
  int32_t relu;  // 1: clamps to [-128, 127] with zero point -128; 0: all right shifts are at least 1
  const int32_t* weights;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const auto& w = self.window;
    visitor.group("window", self.window);
    visitor.number("in_zero", self.in_zero);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.number("relu", self.relu);
    visitor.array("weights", self.weights,
                  dsp::stream_words(size_t(w.filter_h) * w.filter_w * w.in_c, size_t(w.out_c)));
  }
};

namespace dsp {

/// The loop of a layer. `wide`: 3 * words_of_taps words; what no tap fills is set to 0.
ThreePixels three_pixels(const DspConv2dInt8Params& params, int32_t* wide, int8_t* out);

}  // namespace dsp
}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_THREE_PIXELS_H_
