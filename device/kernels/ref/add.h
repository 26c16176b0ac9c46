// Sums, differences and squared differences of two tensors of int8 or int16, with broadcasting.
#ifndef TADPOLE_DEVICE_KERNELS_REF_ADD_H_
#define TADPOLE_DEVICE_KERNELS_REF_ADD_H_

#include "device/kernels/ref/broadcast.h"

namespace tadpole {
namespace kernels {

/// Both inputs are brought to a common scale, 2 * max(a_scale, b_scale) / 2^left shift, combined, and
/// requantised. The left shift is 20 (int8) or 15 (int16) for sums and differences, 7 or 0 for squared ones.
/// Sources: TFLite int8 specification, ADD; TFLite reference kernels add.h, sub.h, squared_difference.
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

/// out may be a or b where that input has the output's shape.
void add_int8(const AddInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out);
void add_int16(const AddInt8Params& params, const int16_t* a, const int16_t* b, int16_t* out);
void sub_int8(const AddInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out);
void sub_int16(const AddInt8Params& params, const int16_t* a, const int16_t* b, int16_t* out);
void squared_difference_int8(const AddInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out);
void squared_difference_int16(const AddInt8Params& params, const int16_t* a, const int16_t* b, int16_t* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_ADD_H_
