// Sums and means over any axes of a tensor, and the index of the largest value along one axis.
#ifndef TADPOLE_DEVICE_KERNELS_REF_REDUCE_H_
#define TADPOLE_DEVICE_KERNELS_REF_REDUCE_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// Which elements are summed: for each kept index (row-major), all reduced ones. Unused dimensions are 1.
struct ReducedAxes {
  int32_t kept[4], kept_stride[4];
  int32_t reduced[4], reduced_stride[4];

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.numbers("kept", self.kept);
    visitor.numbers("kept_stride", self.kept_stride);
    visitor.numbers("reduced", self.reduced);
    visitor.numbers("reduced_stride", self.reduced_stride);
  }
};

/// out = requantise(sum - count * in_zero) + out_zero, clamped to the type. multiplier and shift hold
/// in_scale / out_scale for SUM, and that divided by count for MEAN, as TFLite 2.9 and later compute it
/// (64-bit division after a shift). Source: TFLite reference kernels reduce.h.
struct ReduceQuantisedParams {
  ReducedAxes axes;
  int32_t in_zero, out_zero;
  int32_t multiplier, shift;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("axes", self.axes);
    visitor.number("in_zero", self.in_zero);
    visitor.number("out_zero", self.out_zero);
    visitor.number("multiplier", self.multiplier);
    visitor.number("shift", self.shift);
  }
};

/// out = sum / divisor: 1 for SUM, the count for MEAN.
struct ReduceParams {
  ReducedAxes axes;
  int32_t divisor;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("axes", self.axes);
    visitor.number("divisor", self.divisor);
  }
};

/// in [outer, size, inner], out [outer, inner].
struct ArgMaxParams {
  int32_t outer, size, inner;
  int32_t index_words;  // of 32 bits each in an index: 1 or 2, the low one first

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("outer", self.outer);
    visitor.number("size", self.size);
    visitor.number("inner", self.inner);
    visitor.number("index_words", self.index_words);
  }
};

// In all of these in and out must not overlap.

void reduce_int8(const ReduceQuantisedParams& params, const int8_t* in, int8_t* out);
void reduce_int16(const ReduceQuantisedParams& params, const int16_t* in, int16_t* out);
void reduce_float(const ReduceParams& params, const float* in, float* out);
/// The sum is taken in 64 bits; the quotient is cut towards zero and wraps around 32 bits.
void reduce_int32(const ReduceParams& params, const int32_t* in, int32_t* out);

/// Of equal values the first.
void arg_max_int8(const ArgMaxParams& params, const int8_t* in, int32_t* out);
void arg_max_int16(const ArgMaxParams& params, const int16_t* in, int32_t* out);
void arg_max_int32(const ArgMaxParams& params, const int32_t* in, int32_t* out);
void arg_max_float(const ArgMaxParams& params, const float* in, int32_t* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_REDUCE_H_
