// One value in, one value out.
#include "device/kernels/ref/elementwise.h"

#include "device/kernels/fixed_point.h"

namespace tadpole {
namespace kernels {

void requantise_int8(const RequantiseInt8Params& params, const int8_t* in, int8_t* out) {
  for (int32_t i = 0; i < params.count; ++i) {
    const int32_t scaled =
        multiply_by_quantized_multiplier(in[i] - params.in_zero, params.multiplier, params.shift);
    out[i] = add_zero_and_clamp(scaled, params.out_zero, params.clamp_min, params.clamp_max);
  }
}

void quantize_float_to_int8(const QuantizeParams& params, const float* in, int8_t* out) {
  for (int32_t i = 0; i < params.count; ++i) {
    const float steps = in[i] / params.scale;
    int32_t rounded = 0;
    if (steps >= 256.0f) {
      rounded = 256;
    } else if (steps <= -256.0f) {
      rounded = -256;
    } else if (steps == steps) {
      rounded = static_cast<int32_t>(steps);
      const float left = steps - static_cast<float>(rounded);  // exact: both are near
      rounded += left >= 0.5f ? 1 : left <= -0.5f ? -1 : 0;
    }
    out[i] = add_zero_and_clamp(rounded, params.zero, -128, 127);
  }
}

void dequantize_int8_to_float(const QuantizeParams& params, const int8_t* in, float* out) {
  for (int32_t i = 0; i < params.count; ++i) out[i] = params.scale * static_cast<float>(in[i] - params.zero);
}

void clamp_float(const ClampFloatParams& params, const float* in, float* out) {
  for (int32_t i = 0; i < params.count; ++i) {
    const float value = in[i];
    out[i] = value < params.clamp_min   ? params.clamp_min
             : value > params.clamp_max ? params.clamp_max
                                        : value;
  }
}

}  // namespace kernels
}  // namespace tadpole
