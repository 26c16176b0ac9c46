// Inside the room: what lowering of element-wise operators, pairs and reductions shares.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "device/kernels/ref/samples.h"
#include "plan/lower.h"
#include "plan/scaling.h"

namespace tadpole::plan {

inline int32_t count_of(const ir::Tensor& tensor) {
  return static_cast<int32_t>(ir::element_count(tensor.shape));
}

/// "goes from int8 to float32; " + what is supported.
inline Error wrong_types(const NodeView& view, const std::string& supported) {
  return view.bad_type("goes from " + std::string(to_string(view.in().type)) + " to " +
                       std::string(to_string(view.out().type)) + "; it takes " + supported +
                       ". Quantise the model again, or put a quantize, dequantize or cast before it.");
}

/// That a tensor, constant or not, has one scale and zero point.
inline Result<void> need_one_scale(const NodeView& view, const ir::Tensor& tensor) {
  if (tensor.quantisation && !tensor.quantisation->per_channel()) return check_activation(view, tensor);
  return view.bad_type(std::string(to_string(tensor.type)) + " tensor '" + tensor.name +
                       "' needs one scale and zero point.");
}

/// That a tensor's numbers are what they stand for.
inline Result<void> need_plain(const NodeView& view, const ir::Tensor& tensor) {
  if (!tensor.quantisation) return {};
  return view.bad_type(std::string(to_string(tensor.type)) + " tensor '" + tensor.name +
                       "' has a scale; it must be plain numbers.");
}

/// The clamp of an activation for an int8 or int16 tensor with a scale.
inline ClampInt8 clamp_of(const NodeView& view, ir::Activation activation, const ir::Tensor& tensor) {
  return tensor.type == ir::DType::int16 ? clamp_int16(activation, view.scale(tensor))
                                         : clamp_int8(activation, view.scale(tensor), view.zero(tensor));
}

/// multiplier and shift of a real of either sign.
inline FixedFactor signed_factor(double real) {
  FixedFactor factor = fixed_factor(real < 0 ? -real : real);
  if (real < 0) factor.multiplier = -factor.multiplier;
  return factor;
}

/// 513 samples of a function for interpolation over all of int16: sample i is moved by half the error that
/// interpolating to the next one makes half-way. In float, as there; the function gives the nearest float.
/// Source: TFLite internal/common.h, LUTPopulate.
template <class Function>
std::vector<int16_t> samples_of(float in_scale, int32_t in_zero, float out_scale, Function function) {
  constexpr int kSteps = kernels::kSamples - 1;
  const float first = in_scale * static_cast<float>(INT16_MIN - in_zero);
  const float last = in_scale * static_cast<float>(INT16_MAX - in_zero);
  const float step = (last - first) / kSteps;
  const float to_steps = 65536.0f / (out_scale * INT16_MAX - out_scale * INT16_MIN);
  const auto held = [](float value) { return static_cast<int16_t>(std::clamp(value, -32768.0f, 32767.0f)); };
  std::vector<int16_t> samples;
  for (int i = 0; i < kSteps; ++i) {
    const float at = first + static_cast<float>(i) * step;
    const float sample = std::round(function(at) * to_steps);
    const float next = function(first + static_cast<float>(i + 1) * step) * to_steps;
    const float half_way = std::round(function(at + step / 2) * to_steps);
    const float error = std::round((next + sample) / 2) - half_way;
    samples.push_back(held(sample - std::round(error / 2)));
  }
  samples.push_back(held(std::round(function(last) * to_steps)));
  return samples;
}

}  // namespace tadpole::plan
