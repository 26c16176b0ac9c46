// Operators with two inputs and broadcasting: products, PRELU, the larger and the smaller, and plain
// arithmetic. Sums of int8 and int16: add.h.
#ifndef TADPOLE_DEVICE_KERNELS_REF_BINARY_H_
#define TADPOLE_DEVICE_KERNELS_REF_BINARY_H_

#include "device/kernels/ref/broadcast.h"

namespace tadpole {
namespace kernels {

/// out = requantise((a - a_zero) * (b - b_zero)) + out_zero, clamped.
struct MulParams {
  Broadcast broadcast;
  int32_t a_zero, b_zero, out_zero;
  int32_t multiplier, shift;
  int32_t clamp_min, clamp_max;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("broadcast", self.broadcast);
    visitor.number("a_zero", self.a_zero);
    visitor.number("b_zero", self.b_zero);
    visitor.number("out_zero", self.out_zero);
    visitor.number("multiplier", self.multiplier);
    visitor.number("shift", self.shift);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
  }
};

/// Values above in_zero are requantised by positive, the others by their slope and negative.
struct PreluParams {
  Broadcast broadcast;
  int32_t in_zero, slope_zero, out_zero;
  int32_t positive_multiplier, positive_shift;  // in_scale / out_scale
  int32_t negative_multiplier, negative_shift;  // in_scale * slope_scale / out_scale

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("broadcast", self.broadcast);
    visitor.number("in_zero", self.in_zero);
    visitor.number("slope_zero", self.slope_zero);
    visitor.number("out_zero", self.out_zero);
    visitor.number("positive_multiplier", self.positive_multiplier);
    visitor.number("positive_shift", self.positive_shift);
    visitor.number("negative_multiplier", self.negative_multiplier);
    visitor.number("negative_shift", self.negative_shift);
  }
};

/// Plain numbers, clamped.
struct FloatPairParams {
  Broadcast broadcast;
  float clamp_min, clamp_max;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("broadcast", self.broadcast);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
  }
};

/// Plain integers, which wrap around, then clamped.
struct IntegerPairParams {
  Broadcast broadcast;
  int32_t clamp_min, clamp_max;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("broadcast", self.broadcast);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
  }
};

// In all of these out may be a or b where that input has the output's shape.

void mul_int8(const MulParams& params, const int8_t* a, const int8_t* b, int8_t* out);
void mul_int16(const MulParams& params, const int16_t* a, const int16_t* b, int16_t* out);

void prelu_int8(const PreluParams& params, const int8_t* in, const int8_t* slope, int8_t* out);
void prelu_int16(const PreluParams& params, const int16_t* in, const int8_t* slope, int16_t* out);
void prelu_float(const FloatPairParams& params, const float* in, const float* slope, float* out);

void add_float(const FloatPairParams& params, const float* a, const float* b, float* out);
void sub_float(const FloatPairParams& params, const float* a, const float* b, float* out);
void mul_float(const FloatPairParams& params, const float* a, const float* b, float* out);
void maximum_float(const FloatPairParams& params, const float* a, const float* b, float* out);
void minimum_float(const FloatPairParams& params, const float* a, const float* b, float* out);
void squared_difference_float(const FloatPairParams& params, const float* a, const float* b, float* out);

void add_int32(const IntegerPairParams& params, const int32_t* a, const int32_t* b, int32_t* out);
void sub_int32(const IntegerPairParams& params, const int32_t* a, const int32_t* b, int32_t* out);
void mul_int32(const IntegerPairParams& params, const int32_t* a, const int32_t* b, int32_t* out);
void maximum_int32(const IntegerPairParams& params, const int32_t* a, const int32_t* b, int32_t* out);
void minimum_int32(const IntegerPairParams& params, const int32_t* a, const int32_t* b, int32_t* out);
void squared_difference_int32(const IntegerPairParams& params, const int32_t* a, const int32_t* b,
                              int32_t* out);

void maximum_int8(const IntegerPairParams& params, const int8_t* a, const int8_t* b, int8_t* out);
void maximum_int16(const IntegerPairParams& params, const int16_t* a, const int16_t* b, int16_t* out);
void minimum_int8(const IntegerPairParams& params, const int8_t* a, const int8_t* b, int8_t* out);
void minimum_int16(const IntegerPairParams& params, const int16_t* a, const int16_t* b, int16_t* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_BINARY_H_
