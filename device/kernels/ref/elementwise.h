// Operators that look at one value at a time: requantise (also RELU, RELU6), quantize, dequantize, clamp.
#ifndef TADPOLE_DEVICE_KERNELS_REF_ELEMENTWISE_H_
#define TADPOLE_DEVICE_KERNELS_REF_ELEMENTWISE_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// out = requantise(in - in_zero) + out_zero, clamped. QUANTIZE from int8, RELU and RELU6 with their clamps.
struct RequantiseInt8Params {
  int32_t count;
  int32_t in_zero, out_zero;
  int32_t multiplier, shift;
  int32_t clamp_min, clamp_max;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("count", self.count);
    visitor.number("in_zero", self.in_zero);
    visitor.number("out_zero", self.out_zero);
    visitor.number("multiplier", self.multiplier);
    visitor.number("shift", self.shift);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
  }
};

struct QuantizeParams {
  int32_t count;
  float scale;
  int32_t zero;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("count", self.count);
    visitor.number("scale", self.scale);
    visitor.number("zero", self.zero);
  }
};

struct ClampFloatParams {
  int32_t count;
  float clamp_min, clamp_max;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("count", self.count);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
  }
};

/// out may be in.
void requantise_int8(const RequantiseInt8Params& params, const int8_t* in, int8_t* out);
/// round(in / scale) + zero, halves away from zero, saturated; NaN gives zero.
void quantize_float_to_int8(const QuantizeParams& params, const float* in, int8_t* out);
/// scale * (in - zero).
void dequantize_int8_to_float(const QuantizeParams& params, const int8_t* in, float* out);
/// out may be in.
void clamp_float(const ClampFloatParams& params, const float* in, float* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_ELEMENTWISE_H_
