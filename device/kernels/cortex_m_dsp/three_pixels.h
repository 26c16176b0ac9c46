// The inner loop of convolutions for the Arm DSP extension: three pixels by all output channels, two channels
// at a time. In assembly for Thumb-2, with a portable twin of the same bits.
// Two output channels A and B share one 16-bit lane: 256 * wA + wB, still one byte a weight. A
// multiply-accumulate of the lane gives 256 * SA + SB, one of its low byte gives SB alone; their difference
// is 256 * SA, which is just what requantise.h wants. Needs 256 * wA + wB to fit 16 bits and |accumulators|
// <= dsp::kMaxAccumulator.
// Where larger weights are allowed each channel has lanes of its own ("single"), scaled by 2^s so that the
// right shift of the requantisation is the same for all channels: a tenth fewer instructions.
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_THREE_PIXELS_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_THREE_PIXELS_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {
namespace dsp {

/// The stream of weights. For each pair of channels A and B: two biases, the words of weights, then what
/// requantises; the step is 1, or 0 before the last pair of an odd number of channels, which begins with a
/// channel that was computed already.
/// In pairs: 256 * biasA + biasB modulo 2^32 and biasB; one word for two taps; multiplier, offset
/// (requantise_offset) and 7 + right shift of A, then of B, the last one with 256 * step added.
/// Single: biases times 2^s, s = kSingleShift + 1 - right shift, in [2, 8]; a word of A and one of B for two
/// taps, times 2^s; with ReLU multiplier and offset (of s) of A, of B, and the step; otherwise with 2^(s - 1)
/// after each offset.
constexpr int32_t kSingleShift = 12;

/// Whose products share a lane, and how many channels are computed at once: pairs; single channels, for the
/// kernels that are called wide; two pairs, for those that are called quads.
enum Lanes : int32_t { kPairedLanes, kSingleLanes, kQuadLanes };

/// Words of activations for `taps` taps, two in a word: of single lanes, and of pairs, which are summed in
/// steps of four.
constexpr size_t words_of_taps(size_t taps, bool single) {
  return single ? (taps + 1) / 2 : (taps + 3) / 4 * 2;
}

/// Words of the whole stream.
constexpr size_t stream_words(size_t taps, size_t channels, bool single, bool relu) {
  return (channels + 1) / 2 *
         (single ? 2 + 2 * words_of_taps(taps, true) + (relu ? 5 : 7) : 8 + words_of_taps(taps, false));
}

/// Words of the stream of two_pixels.h. For each four channels A, B, C, D: the biases 256 * A + B, B, 256 * C
/// + D and D; for each two taps a word of A and B and one of C and D; multiplier, offset and 7 + right shift
/// of A, B, C and D. What no channel and no tap fills is 0; two pixels are computed at once only where out_c
/// is a multiple of 4.
constexpr size_t quad_stream_words(size_t taps, size_t channels) {
  return (channels + 3) / 4 * (16 + (taps + 1) / 2 * 2);
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
};

/// Computes the channels of the first `count` of three widened pixels (1 to 3) and moves `out` on behind
/// them. Stack: 112 bytes.
void compute_paired(ThreePixels& loop, int32_t count);
void compute_single(ThreePixels& loop, int32_t count);

/// Holds the values from `at` to `end` to [low, high].
void clamp(int8_t* at, const int8_t* end, int32_t low, int32_t high);

}  // namespace dsp

/// The parameters of all convolutions of this folder. weights: the stream of three_pixels.h or, for kernels
/// that are called quads, of two_pixels.h; each kernel says in which order it takes the taps; words are
/// padded with zeros. Biases are folded: minus in_zero * (sum of weights). An odd number of channels ends
/// with the last two channels as a pair; a single one has nothing as its B.
struct DspConv2dInt8Params {
  Window2d window;
  int32_t in_zero;
  int32_t clamp_min, clamp_max;
  int32_t relu;   // 1: clamps to [-128, 127] with zero point -128; 0: all right shifts are at least 1
  int32_t lanes;  // a dsp::Lanes
  const int32_t* weights;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const auto& w = self.window;
    visitor.group("window", self.window);
    visitor.number("in_zero", self.in_zero);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.number("relu", self.relu);
    visitor.number("lanes", self.lanes);
    const size_t taps = size_t(w.filter_h) * w.filter_w * w.in_c, channels = size_t(w.out_c);
    visitor.array("weights", self.weights,
                  self.lanes == dsp::kQuadLanes
                      ? dsp::quad_stream_words(taps, channels)
                      : dsp::stream_words(taps, channels, self.lanes == dsp::kSingleLanes, self.relu != 0));
  }
};

namespace dsp {

/// The loop of a layer. `wide`: 3 * words_of_taps words; what no tap fills is set to 0.
ThreePixels three_pixels(const DspConv2dInt8Params& params, int32_t* wide, int8_t* out);

/// Bytes of scratch for `wide`.
constexpr int32_t wide_bytes(const Window2d& w) { return (w.filter_h * w.filter_w * w.in_c + 3) / 4 * 24; }

}  // namespace dsp
}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_THREE_PIXELS_H_
