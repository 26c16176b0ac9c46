// One value in, one value out.
#include "device/kernels/ref/elementwise.h"

#include <string.h>

#include "device/kernels/fixed_point.h"
#include "device/kernels/ref/samples.h"

namespace tadpole {
namespace kernels {

namespace {

/// Source of the formula: TFLite reference kernels requantize.h.
template <class In, class Out>
void requantise(const RequantiseParams& params, const In* in, Out* out) {
  for (int32_t i = 0; i < params.count; ++i) {
    const int32_t scaled =
        multiply_by_quantized_multiplier(in[i] - params.in_zero, params.multiplier, params.shift);
    out[i] = add_zero_and_clamp<Out>(scaled, params.out_zero, params.clamp_min, params.clamp_max);
  }
}

/// The nearest integer, halves away from zero, held to +-2^17; 0 for NaN.
int32_t rounded(float value) {
  constexpr float kMost = 131072.0f;
  if (value >= kMost) return 131072;
  if (value <= -kMost) return -131072;
  if (value != value) return 0;
  const int32_t whole = static_cast<int32_t>(value);
  const float left = value - static_cast<float>(whole);  // exact: both are near
  return whole + (left >= 0.5f ? 1 : left <= -0.5f ? -1 : 0);
}

template <class Out>
void quantize(const QuantizeParams& params, const float* in, Out* out, int32_t low, int32_t high) {
  for (int32_t i = 0; i < params.count; ++i) {
    out[i] = add_zero_and_clamp<Out>(rounded(in[i] / params.scale), params.zero, low, high);
  }
}

template <class In>
void dequantize(const QuantizeParams& params, const In* in, float* out) {
  for (int32_t i = 0; i < params.count; ++i) out[i] = params.scale * static_cast<float>(in[i] - params.zero);
}

template <class T>
T read(const uint8_t* in, int32_t index) {
  T value;
  memcpy(&value, in + static_cast<size_t>(index) * sizeof(T), sizeof(T));
  return value;
}

template <class T>
void write(uint8_t* out, int32_t index, T value) {
  memcpy(out + static_cast<size_t>(index) * sizeof(T), &value, sizeof(T));
}

int64_t read_integer(int32_t type, const uint8_t* in, int32_t index) {
  switch (type) {
    case kCastInt8:
      return read<int8_t>(in, index);
    case kCastInt16:
      return read<int16_t>(in, index);
    case kCastInt32:
      return read<int32_t>(in, index);
    case kCastInt64:
      return read<int64_t>(in, index);
    case kCastBool:
      return in[index] != 0;
    default:
      return in[index];
  }
}

void write_integer(int32_t type, uint8_t* out, int32_t index, int64_t value) {
  switch (type) {
    case kCastFloat32:
      return write(out, index, static_cast<float>(value));
    case kCastInt16:
      return write(out, index, static_cast<int16_t>(static_cast<uint64_t>(value)));
    case kCastInt32:
      return write(out, index, static_cast<int32_t>(static_cast<uint64_t>(value)));
    case kCastInt64:
      return write(out, index, value);
    case kCastBool:
      return write(out, index, static_cast<uint8_t>(value != 0));
    default:
      return write(out, index, static_cast<uint8_t>(static_cast<uint64_t>(value)));
  }
}

/// Cut towards zero and held to the range of an integer type of `bits` bits.
int64_t saturated(float value, int32_t bits, bool is_signed) {
  if (value != value) return 0;
  // Powers of two up to 2^63 are floats; below them every cut value fits.
  const uint64_t end = uint64_t{1} << (is_signed ? bits - 1 : bits);
  if (value >= static_cast<float>(end)) return static_cast<int64_t>(end - 1);
  if (!is_signed) return value <= 0 ? 0 : static_cast<int64_t>(value);
  if (value <= -static_cast<float>(end)) return -static_cast<int64_t>(end - 1) - 1;
  return static_cast<int64_t>(value);
}

void write_float(int32_t type, uint8_t* out, int32_t index, float value) {
  switch (type) {
    case kCastFloat32:
      return write(out, index, value);
    case kCastBool:
      return write(out, index, static_cast<uint8_t>(value != 0));
    case kCastUint8:
      return write_integer(type, out, index, saturated(value, 8, false));
    case kCastInt8:
      return write_integer(type, out, index, saturated(value, 8, true));
    case kCastInt16:
      return write_integer(type, out, index, saturated(value, 16, true));
    case kCastInt32:
      return write_integer(type, out, index, saturated(value, 32, true));
    default:
      return write_integer(type, out, index, saturated(value, 64, true));
  }
}

}  // namespace

void requantise_int8(const RequantiseParams& params, const int8_t* in, int8_t* out) {
  requantise(params, in, out);
}
void requantise_int8_to_int16(const RequantiseParams& params, const int8_t* in, int16_t* out) {
  requantise(params, in, out);
}
void requantise_int8_to_uint8(const RequantiseParams& params, const int8_t* in, uint8_t* out) {
  requantise(params, in, out);
}
void requantise_uint8_to_int8(const RequantiseParams& params, const uint8_t* in, int8_t* out) {
  requantise(params, in, out);
}
void requantise_int16_to_int8(const RequantiseParams& params, const int16_t* in, int8_t* out) {
  requantise(params, in, out);
}
void requantise_int16(const RequantiseParams& params, const int16_t* in, int16_t* out) {
  requantise(params, in, out);
}
void requantise_int32_to_int8(const RequantiseParams& params, const int32_t* in, int8_t* out) {
  requantise(params, in, out);
}
void requantise_int32_to_int16(const RequantiseParams& params, const int32_t* in, int16_t* out) {
  requantise(params, in, out);
}

// With int32 the whole range is the output's, and its zero point is 0.
void requantise_int8_to_int32(const RequantiseParams& params, const int8_t* in, int32_t* out) {
  for (int32_t i = 0; i < params.count; ++i)
    out[i] = multiply_by_quantized_multiplier(in[i] - params.in_zero, params.multiplier, params.shift);
}
void requantise_int16_to_int32(const RequantiseParams& params, const int16_t* in, int32_t* out) {
  for (int32_t i = 0; i < params.count; ++i)
    out[i] = multiply_by_quantized_multiplier(in[i] - params.in_zero, params.multiplier, params.shift);
}

void quantize_float_to_int8(const QuantizeParams& params, const float* in, int8_t* out) {
  quantize(params, in, out, INT8_MIN, INT8_MAX);
}
void quantize_float_to_int16(const QuantizeParams& params, const float* in, int16_t* out) {
  quantize(params, in, out, INT16_MIN, INT16_MAX);
}
void quantize_float_to_uint8(const QuantizeParams& params, const float* in, uint8_t* out) {
  quantize(params, in, out, 0, UINT8_MAX);
}

void dequantize_int8_to_float(const QuantizeParams& params, const int8_t* in, float* out) {
  dequantize(params, in, out);
}
void dequantize_int16_to_float(const QuantizeParams& params, const int16_t* in, float* out) {
  dequantize(params, in, out);
}
void dequantize_uint8_to_float(const QuantizeParams& params, const uint8_t* in, float* out) {
  dequantize(params, in, out);
}

void clamp_float(const ClampFloatParams& params, const float* in, float* out) {
  for (int32_t i = 0; i < params.count; ++i) {
    const float value = in[i];
    out[i] = value < params.clamp_min   ? params.clamp_min
             : value > params.clamp_max ? params.clamp_max
                                        : value;
  }
}

void cast(const CastParams& params, const uint8_t* in, uint8_t* out) {
  for (int32_t i = 0; i < params.count; ++i) {
    if (params.from == kCastFloat32) {
      write_float(params.to, out, i, read<float>(in, i));
    } else {
      write_integer(params.to, out, i, read_integer(params.from, in, i));
    }
  }
}

void lookup(const LookupParams& params, const uint8_t* in, uint8_t* out) {
  for (int32_t i = 0; i < params.count; ++i) out[i] = static_cast<uint8_t>(params.table[in[i]]);
}

void sampled_int16(const SampledParams& params, const int16_t* in, int16_t* out) {
  for (int32_t i = 0; i < params.count; ++i) out[i] = interpolate(params.samples, in[i]);
}

}  // namespace kernels
}  // namespace tadpole
