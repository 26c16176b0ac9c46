// Operators that look at one value at a time: requantise (also RELU, RELU6), quantize, dequantize, clamp,
// cast, a table of 256 values.
#ifndef TADPOLE_DEVICE_KERNELS_REF_ELEMENTWISE_H_
#define TADPOLE_DEVICE_KERNELS_REF_ELEMENTWISE_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// out = requantise(in - in_zero) + out_zero, clamped. QUANTIZE from integers, RELU and RELU6 with their
/// clamps.
struct RequantiseParams {
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

/// The types that CAST goes between.
enum CastType : int32_t {
  kCastFloat32 = 0,
  kCastInt8 = 1,
  kCastInt16 = 2,
  kCastInt32 = 3,
  kCastInt64 = 4,
  kCastUint8 = 5,
  kCastBool = 6
};

struct CastParams {
  int32_t count;
  int32_t from, to;  // CastType

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("count", self.count);
    visitor.number("from", self.from);
    visitor.number("to", self.to);
  }
};

/// table[b] is the output's byte for the input's byte b.
struct LookupParams {
  int32_t count;
  const int8_t* table;  // 256

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("count", self.count);
    visitor.array("table", self.table, 256);
  }
};

/// A function of int16 by interpolation, see samples.h.
struct SampledParams {
  int32_t count;
  const int16_t* samples;  // kSamples

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("count", self.count);
    visitor.array("samples", self.samples, 513);
  }
};

// out may be in where both have elements of one size.

void requantise_int8(const RequantiseParams& params, const int8_t* in, int8_t* out);
void requantise_int8_to_int16(const RequantiseParams& params, const int8_t* in, int16_t* out);
void requantise_int8_to_int32(const RequantiseParams& params, const int8_t* in, int32_t* out);
void requantise_int8_to_uint8(const RequantiseParams& params, const int8_t* in, uint8_t* out);
void requantise_uint8_to_int8(const RequantiseParams& params, const uint8_t* in, int8_t* out);
void requantise_int16_to_int8(const RequantiseParams& params, const int16_t* in, int8_t* out);
void requantise_int16(const RequantiseParams& params, const int16_t* in, int16_t* out);
void requantise_int16_to_int32(const RequantiseParams& params, const int16_t* in, int32_t* out);
void requantise_int32_to_int8(const RequantiseParams& params, const int32_t* in, int8_t* out);
void requantise_int32_to_int16(const RequantiseParams& params, const int32_t* in, int16_t* out);

/// round(in / scale) + zero, halves away from zero, saturated; NaN gives zero.
void quantize_float_to_int8(const QuantizeParams& params, const float* in, int8_t* out);
void quantize_float_to_int16(const QuantizeParams& params, const float* in, int16_t* out);
void quantize_float_to_uint8(const QuantizeParams& params, const float* in, uint8_t* out);

/// scale * (in - zero).
void dequantize_int8_to_float(const QuantizeParams& params, const int8_t* in, float* out);
void dequantize_int16_to_float(const QuantizeParams& params, const int16_t* in, float* out);
void dequantize_uint8_to_float(const QuantizeParams& params, const uint8_t* in, float* out);

void clamp_float(const ClampFloatParams& params, const float* in, float* out);

/// As C++ converts, with these cases defined: floats are cut towards zero and saturated (NaN gives 0),
/// integers lose their upper bits, what is not 0 is true. Elements lie as in memory, little-endian.
void cast(const CastParams& params, const uint8_t* in, uint8_t* out);

void lookup(const LookupParams& params, const uint8_t* in, uint8_t* out);
void sampled_int16(const SampledParams& params, const int16_t* in, int16_t* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_ELEMENTWISE_H_
