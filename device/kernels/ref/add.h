// Sum of two tensors with broadcasting over up to four dimensions, int8 and float32.
#ifndef TADPOLE_DEVICE_KERNELS_REF_ADD_H_
#define TADPOLE_DEVICE_KERNELS_REF_ADD_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// Index i of the output reads a at sum i[d] * a_stride[d]; a stride of 0 repeats. Leading dimensions are 1.
struct Broadcast {
  int32_t dims[4], a_stride[4], b_stride[4];

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.numbers("dims", self.dims);
    visitor.numbers("a_stride", self.a_stride);
    visitor.numbers("b_stride", self.b_stride);
  }
};

/// Both inputs are brought to a common scale, 2 * max(a_scale, b_scale) / 2^20, added, and requantised.
/// Source: TFLite int8 specification, ADD (left shift 20).
struct AddInt8Params {
  Broadcast broadcast;
  int32_t a_zero, a_multiplier, a_shift;
  int32_t b_zero, b_multiplier, b_shift;
  int32_t out_zero, out_multiplier, out_shift;
  int32_t clamp_min, clamp_max;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("broadcast", self.broadcast);
    visitor.number("a_zero", self.a_zero);
    visitor.number("a_multiplier", self.a_multiplier);
    visitor.number("a_shift", self.a_shift);
    visitor.number("b_zero", self.b_zero);
    visitor.number("b_multiplier", self.b_multiplier);
    visitor.number("b_shift", self.b_shift);
    visitor.number("out_zero", self.out_zero);
    visitor.number("out_multiplier", self.out_multiplier);
    visitor.number("out_shift", self.out_shift);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
  }
};

struct AddFloatParams {
  Broadcast broadcast;
  float clamp_min, clamp_max;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("broadcast", self.broadcast);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
  }
};

/// out may be a or b where that input has the output's shape.
void add_int8(const AddInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out);
void add_float(const AddFloatParams& params, const float* a, const float* b, float* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_ADD_H_
