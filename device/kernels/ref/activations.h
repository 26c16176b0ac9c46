// Activation functions of one value in float, int8 and int16. The integer forms are TFLite Micro's reference
// kernels to the bit; for int8, plan/ makes a table of 256 values from them where speed counts.
#ifndef TADPOLE_DEVICE_KERNELS_REF_ACTIVATIONS_H_
#define TADPOLE_DEVICE_KERNELS_REF_ACTIVATIONS_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// LOGISTIC and TANH of int8. multiplier and shift take in - in_zero to steps of 2^-27; values from
/// in_range_radius on saturate. out: scale 1/256, zero point -128 (logistic); 1/128, 0 (tanh).
struct SigmoidInt8Params {
  int32_t count;
  int32_t in_zero, in_range_radius;
  int32_t multiplier, shift;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("count", self.count);
    visitor.number("in_zero", self.in_zero);
    visitor.number("in_range_radius", self.in_range_radius);
    visitor.number("multiplier", self.multiplier);
    visitor.number("shift", self.shift);
  }
};

/// LOGISTIC and TANH of int16. (in * multiplier + half) >> shift is in steps of 1 / (3 * 4096); out has scale
/// 2^-15. multiplier < 2^15 or shift = 0, shift in [0, 31].
struct SigmoidInt16Params {
  int32_t count;
  int32_t multiplier, shift;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("count", self.count);
    visitor.number("multiplier", self.multiplier);
    visitor.number("shift", self.shift);
  }
};

/// HARD_SWISH: x * min(6, max(0, x + 3)) / 6 in 16-bit fixed point. out_multiplier * 2^(out_shift - 15) is
/// in_scale / 128 / out_scale with out_shift in [-15, 0]; the gate's factor is in_scale / 128 / (3 / 32768),
/// gate_shift in [-15, 30].
struct HardSwishInt8Params {
  int32_t count;
  int32_t in_zero, out_zero;
  int32_t out_multiplier, out_shift;
  int32_t gate_multiplier, gate_shift;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("count", self.count);
    visitor.number("in_zero", self.in_zero);
    visitor.number("out_zero", self.out_zero);
    visitor.number("out_multiplier", self.out_multiplier);
    visitor.number("out_shift", self.out_shift);
    visitor.number("gate_multiplier", self.gate_multiplier);
    visitor.number("gate_shift", self.gate_shift);
  }
};

/// LEAKY_RELU: one factor for each sign of in - in_zero.
struct TwoSlopesParams {
  int32_t count;
  int32_t in_zero, out_zero;
  int32_t positive_multiplier, positive_shift;
  int32_t negative_multiplier, negative_shift;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("count", self.count);
    visitor.number("in_zero", self.in_zero);
    visitor.number("out_zero", self.out_zero);
    visitor.number("positive_multiplier", self.positive_multiplier);
    visitor.number("positive_shift", self.positive_shift);
    visitor.number("negative_multiplier", self.negative_multiplier);
    visitor.number("negative_shift", self.negative_shift);
  }
};

/// ABS and RSQRT: multiplier and shift hold in_scale / out_scale, or 1 / (sqrt(in_scale) * out_scale) with a
/// shift in [-11, 30].
struct FactorParams {
  int32_t count;
  int32_t in_zero, out_zero;
  int32_t multiplier, shift;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("count", self.count);
    visitor.number("in_zero", self.in_zero);
    visitor.number("out_zero", self.out_zero);
    visitor.number("multiplier", self.multiplier);
    visitor.number("shift", self.shift);
  }
};

struct ActivationFloatParams {
  int32_t count;
  float slope;  // of negative values; LEAKY_RELU only

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("count", self.count);
    visitor.number("slope", self.slope);
  }
};

// In all of these out may be in.

void logistic_int8(const SigmoidInt8Params& params, const int8_t* in, int8_t* out);
void tanh_int8(const SigmoidInt8Params& params, const int8_t* in, int8_t* out);
void hard_swish_int8(const HardSwishInt8Params& params, const int8_t* in, int8_t* out);
void leaky_relu_int8(const TwoSlopesParams& params, const int8_t* in, int8_t* out);
void abs_int8(const FactorParams& params, const int8_t* in, int8_t* out);
/// 0 and what lies below (which TFLite Micro refuses) give the largest output.
void rsqrt_int8(const FactorParams& params, const int8_t* in, int8_t* out);

void logistic_int16(const SigmoidInt16Params& params, const int16_t* in, int16_t* out);
void tanh_int16(const SigmoidInt16Params& params, const int16_t* in, int16_t* out);
void leaky_relu_int16(const TwoSlopesParams& params, const int16_t* in, int16_t* out);
void abs_int16(const FactorParams& params, const int16_t* in, int16_t* out);

void logistic_float(const ActivationFloatParams& params, const float* in, float* out);
void tanh_float(const ActivationFloatParams& params, const float* in, float* out);
void hard_swish_float(const ActivationFloatParams& params, const float* in, float* out);
void leaky_relu_float(const ActivationFloatParams& params, const float* in, float* out);
void abs_float(const ActivationFloatParams& params, const float* in, float* out);
void exp_float(const ActivationFloatParams& params, const float* in, float* out);
void rsqrt_float(const ActivationFloatParams& params, const float* in, float* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_ACTIVATIONS_H_
