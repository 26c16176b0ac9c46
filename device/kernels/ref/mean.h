// Mean over any axes of a tensor with up to four dimensions, int8 and float32.
#ifndef TADPOLE_DEVICE_KERNELS_REF_MEAN_H_
#define TADPOLE_DEVICE_KERNELS_REF_MEAN_H_

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

/// out = requantise(sum - count * in_zero) + out_zero, clamped to int8; multiplier and shift hold
/// in_scale / out_scale / count as TFLite 2.9 and later compute it (64-bit division after a shift).
struct MeanInt8Params {
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

struct MeanFloatParams {
  ReducedAxes axes;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("axes", self.axes);
  }
};

/// in and out must not overlap.
void mean_int8(const MeanInt8Params& params, const int8_t* in, int8_t* out);
void mean_float(const MeanFloatParams& params, const float* in, float* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_MEAN_H_
