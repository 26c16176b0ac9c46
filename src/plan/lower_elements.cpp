// Operators of one value to their kernels. Of int8 functions every kernel set but "ref" has a table of 256
// values, made here by the reference kernel itself.
#include "plan/lower_elements.h"

#include <array>
#include <cmath>
#include <type_traits>

#include "device/kernels/ref/activations.h"
#include "device/kernels/ref/elementwise.h"

namespace tadpole::plan {

namespace {

using ir::DType;

#define TADPOLE_ELEMENTWISE(params, function) TADPOLE_KERNEL("ref/elementwise.h", params, function)
#define TADPOLE_ACTIVATION(params, function) TADPOLE_KERNEL("ref/activations.h", params, function)

template <class Params, class In, class Out>
using UnaryKernel = void (*)(const Params&, const In*, Out*);

LoweredNode lookup(const NodeView& view, const std::array<int8_t, 256>& table) {
  Constants constants;
  const int8_t* kept = constants.keep(std::vector<int8_t>(table.begin(), table.end()));
  const kernels::LookupParams params{count_of(view.in()), kept};
  return {make_call(TADPOLE_ELEMENTWISE(LookupParams, lookup), params, std::move(constants)),
          {view.node.inputs[0]},
          0,
          {{0, 0}}};
}

/// The kernel itself, or a table of what it does to all bytes.
template <class Params, class In, class Out>
LoweredNode element_wise(const NodeView& view, const KernelName& name, UnaryKernel<Params, In, Out> kernel,
                         Params params) {
  if constexpr (sizeof(In) == 1 && sizeof(Out) == 1) {
    if (!view.wants("ref")) {
      std::array<In, 256> all;
      std::array<Out, 256> results;
      std::array<int8_t, 256> table;
      for (int i = 0; i < 256; ++i) all[static_cast<size_t>(i)] = static_cast<In>(i);
      params.count = 256;
      kernel(params, all.data(), results.data());
      for (size_t i = 0; i < 256; ++i) table[i] = static_cast<int8_t>(results[i]);
      return lookup(view, table);
    }
  }
  params.count = count_of(view.in());
  std::vector<LoweredNode::Leave> in_place;
  if (sizeof(Out) <= sizeof(In)) in_place = {{0, 0}};
  return {make_call(name, kernel, params), {view.node.inputs[0]}, 0, std::move(in_place)};
}

template <class In, class Out>
Result<LoweredNode> requantise(const NodeView& view, ir::Activation activation, const KernelName& name,
                               UnaryKernel<kernels::RequantiseParams, In, Out> kernel) {
  const ir::Tensor& in = view.in();
  const ir::Tensor& out = view.out();
  TADPOLE_CHECK(need_one_scale(view, in));
  TADPOLE_CHECK(need_one_scale(view, out));
  const FixedFactor factor = fixed_factor(double{view.scale(in)} / double{view.scale(out)});
  const ClampInt8 clamp = std::is_same_v<Out, uint8_t> ? ClampInt8{0, 255} : clamp_of(view, activation, out);
  return element_wise(view, name, kernel,
                      kernels::RequantiseParams{0, view.zero(in), view.zero(out), factor.multiplier,
                                                factor.shift, clamp.low, clamp.high});
}

Result<LoweredNode> lower_clamp(const NodeView& view, ir::Activation activation) {
  if (view.all_activations(DType::int8))
    return requantise(view, activation, TADPOLE_ELEMENTWISE(RequantiseParams, requantise_int8));
  if (view.all_activations(DType::int16))
    return requantise(view, activation, TADPOLE_ELEMENTWISE(RequantiseParams, requantise_int16));
  if (!view.all_activations(DType::float32))
    return wrong_types(view, "float32, int8 or int16, in and out alike");
  const ClampFloat clamp = clamp_float(activation);
  return element_wise(view, TADPOLE_ELEMENTWISE(ClampFloatParams, clamp_float),
                      kernels::ClampFloatParams{0, clamp.low, clamp.high});
}

/// A float function without parameters.
Result<LoweredNode> lower_float(const NodeView& view, const std::string& supported, const KernelName& name,
                                UnaryKernel<kernels::ActivationFloatParams, float, float> kernel) {
  if (!view.all_activations(DType::float32)) return wrong_types(view, supported + ", in and out alike");
  return element_wise(view, name, kernel, kernels::ActivationFloatParams{0, 0});
}

/// The output that a function with a fixed range must have.
Result<void> need_output(const NodeView& view, double scale, int32_t zero) {
  const ir::Tensor& out = view.out();
  if (std::abs(view.scale(out) / scale - 1) < 1e-3 && view.zero(out) == zero) return {};
  return view.bad_type("its output has scale " + std::to_string(view.scale(out)) + " and zero point " +
                       std::to_string(view.zero(out)) + "; it needs 1/" +
                       std::to_string(std::lround(1 / scale)) + " and " + std::to_string(zero) +
                       ", as the TFLite specification has it.");
}

/// Source: TFLite Micro logistic_common.cc and tanh.cc, int8.
kernels::SigmoidInt8Params sigmoid_int8(const NodeView& view) {
  constexpr int kFractionBits = 27;
  const double real = double{view.scale(view.in())} * (1 << kFractionBits);
  int shift = 0;
  std::frexp(real, &shift);
  const FixedFactor factor = fixed_factor(real);
  // The largest input whose value, 15 at most, still fits; what lies beyond saturates.
  const double radius = std::min(std::floor(std::ldexp(15.0, kFractionBits - shift)), 256.0);
  return {0, view.zero(view.in()), static_cast<int32_t>(radius), factor.multiplier, factor.shift};
}

/// Source: TFLite Micro logistic_common.cc and tanh.cc, int16. `exact_steps`: the powers of two times 2^-12
/// that an input's scale may be to be taken as they are.
Result<kernels::SigmoidInt16Params> sigmoid_int16(const NodeView& view, int exact_steps) {
  const float scale = view.scale(view.in());
  const float log2 = std::log(scale) * (1.0f / std::log(2.0f));
  const int steps = 12 + static_cast<int>(std::round(log2));
  if (std::abs(log2 - std::round(log2)) < 1e-3f && steps >= 0 && steps < exact_steps)
    return kernels::SigmoidInt16Params{0, 3 << steps, 0};
  double multiplier = double{scale} * 4096 * 3;
  int shift = 0;
  for (; multiplier <= 32767.0 / 2 && shift <= 30; ++shift) multiplier *= 2;
  if (multiplier > 32767)
    return view.bad_type("its input has scale " + std::to_string(scale) + "; at most 2.66 is supported.");
  return kernels::SigmoidInt16Params{0, static_cast<int32_t>(multiplier), shift};
}

}  // namespace

Result<LoweredNode> lower_relu(const NodeView& view) { return lower_clamp(view, ir::Activation::relu); }
Result<LoweredNode> lower_relu6(const NodeView& view) { return lower_clamp(view, ir::Activation::relu6); }

Result<LoweredNode> lower_logistic(const NodeView& view) {
  if (view.all_activations(DType::int8)) {
    TADPOLE_CHECK(need_output(view, 1.0 / 256, -128));
    return element_wise(view, TADPOLE_ACTIVATION(SigmoidInt8Params, logistic_int8), sigmoid_int8(view));
  }
  if (view.all_activations(DType::int16)) {
    TADPOLE_CHECK(need_output(view, 1.0 / 32768, 0));
    TADPOLE_TRY(const kernels::SigmoidInt16Params params, sigmoid_int16(view, 1));
    return element_wise(view, TADPOLE_ACTIVATION(SigmoidInt16Params, logistic_int16), params);
  }
  return lower_float(view, "float32, int8 or int16",
                     TADPOLE_ACTIVATION(ActivationFloatParams, logistic_float));
}

Result<LoweredNode> lower_tanh(const NodeView& view) {
  if (view.all_activations(DType::int8)) {
    TADPOLE_CHECK(need_output(view, 1.0 / 128, 0));
    return element_wise(view, TADPOLE_ACTIVATION(SigmoidInt8Params, tanh_int8), sigmoid_int8(view));
  }
  if (view.all_activations(DType::int16)) {
    TADPOLE_CHECK(need_output(view, 1.0 / 32768, 0));
    TADPOLE_TRY(const kernels::SigmoidInt16Params params, sigmoid_int16(view, 2));
    return element_wise(view, TADPOLE_ACTIVATION(SigmoidInt16Params, tanh_int16), params);
  }
  return lower_float(view, "float32, int8 or int16", TADPOLE_ACTIVATION(ActivationFloatParams, tanh_float));
}

// Source: TFLite Micro hard_swish_common.cc; the products are taken in float, as there.
Result<LoweredNode> lower_hard_swish(const NodeView& view) {
  if (!view.all_activations(DType::int8))
    return lower_float(view, "float32 or int8", TADPOLE_ACTIVATION(ActivationFloatParams, hard_swish_float));
  const float fine_scale = (1.0f / 128.0f) * view.scale(view.in());
  const auto sixteen_bits = [](int32_t multiplier) {
    return multiplier >= INT32_MAX - (1 << 15) ? INT16_MAX : (multiplier + (1 << 15)) >> 16;
  };
  const FixedFactor out = fixed_factor(double{fine_scale} / double{view.scale(view.out())});
  const FixedFactor gate = fixed_factor(double{fine_scale / (3.0f / 32768.0f)});
  if (out.shift > 0 || out.shift < -15 || gate.shift < -15) {
    return view.bad_type("its scales, " + std::to_string(view.scale(view.in())) + " and " +
                         std::to_string(view.scale(view.out())) + ", are too far apart or too small.");
  }
  return element_wise(view, TADPOLE_ACTIVATION(HardSwishInt8Params, hard_swish_int8),
                      kernels::HardSwishInt8Params{0, view.zero(view.in()), view.zero(view.out()),
                                                   sixteen_bits(out.multiplier), out.shift,
                                                   sixteen_bits(gate.multiplier), gate.shift});
}

// Source: TFLite Micro leaky_relu_common.cc; the factors are taken in float, as there.
Result<LoweredNode> lower_leaky_relu(const NodeView& view) {
  const float alpha = view.attributes<ir::LeakyReluAttributes>().alpha;
  if (view.all_activations(DType::float32)) {
    return element_wise(view, TADPOLE_ACTIVATION(ActivationFloatParams, leaky_relu_float),
                        kernels::ActivationFloatParams{0, alpha});
  }
  const bool int8 = view.all_activations(DType::int8);
  if (!int8 && !view.all_activations(DType::int16))
    return wrong_types(view, "float32, int8 or int16, in and out alike");
  const float positive_real = view.scale(view.in()) / view.scale(view.out());
  const float negative_real = view.scale(view.in()) * alpha / view.scale(view.out());
  if (!std::isfinite(positive_real) || !std::isfinite(negative_real))
    return view.bad_type("its slope, " + std::to_string(alpha) + ", or its scales are no usable numbers.");
  const FixedFactor positive = signed_factor(double{positive_real});
  const FixedFactor negative = signed_factor(double{negative_real});
  const kernels::TwoSlopesParams params{0,
                                        view.zero(view.in()),
                                        view.zero(view.out()),
                                        positive.multiplier,
                                        positive.shift,
                                        negative.multiplier,
                                        negative.shift};
  if (int8) return element_wise(view, TADPOLE_ACTIVATION(TwoSlopesParams, leaky_relu_int8), params);
  return element_wise(view, TADPOLE_ACTIVATION(TwoSlopesParams, leaky_relu_int16), params);
}

Result<LoweredNode> lower_abs(const NodeView& view) {
  const bool int8 = view.all_activations(DType::int8);
  if (!int8 && !view.all_activations(DType::int16)) {
    return lower_float(view, "float32, int8 or int16", TADPOLE_ACTIVATION(ActivationFloatParams, abs_float));
  }
  const FixedFactor factor = fixed_factor(double{view.scale(view.in())} / double{view.scale(view.out())});
  const kernels::FactorParams params{0, view.zero(view.in()), view.zero(view.out()), factor.multiplier,
                                     factor.shift};
  if (int8) return element_wise(view, TADPOLE_ACTIVATION(FactorParams, abs_int8), params);
  return element_wise(view, TADPOLE_ACTIVATION(FactorParams, abs_int16), params);
}

// Source: TFLite's tables of 256 and of 513 values (internal/common.h, LUTPopulate), in float as there.
Result<LoweredNode> lower_exp(const NodeView& view) {
  const auto nearest_exp = [](float x) { return static_cast<float>(std::exp(double{x})); };
  if (view.all_activations(DType::int16)) {
    Constants constants;
    const int16_t* samples =
        constants.keep(samples_of(view.scale(view.in()), 0, view.scale(view.out()), nearest_exp));
    return LoweredNode{make_call(TADPOLE_ELEMENTWISE(SampledParams, sampled_int16),
                                 kernels::SampledParams{count_of(view.in()), samples}, std::move(constants)),
                       {view.node.inputs[0]},
                       0,
                       {{0, 0}}};
  }
  if (!view.all_activations(DType::int8))
    return lower_float(view, "float32, int8 or int16", TADPOLE_ACTIVATION(ActivationFloatParams, exp_float));
  const float inverse_scale = 1 / view.scale(view.out());
  std::array<int8_t, 256> table;
  for (int i = -128; i < 128; ++i) {
    const float real = view.scale(view.in()) * static_cast<float>(i - view.zero(view.in()));
    const float result = nearest_exp(real);
    const float steps = std::min(std::round(result * inverse_scale), 1024.0f);
    table[static_cast<uint8_t>(i)] =
        static_cast<int8_t>(std::min(static_cast<int32_t>(steps) + view.zero(view.out()), 127));
  }
  return lookup(view, table);
}

Result<LoweredNode> lower_rsqrt(const NodeView& view) {
  if (!view.all_activations(DType::int8))
    return lower_float(view, "float32 or int8", TADPOLE_ACTIVATION(ActivationFloatParams, rsqrt_float));
  const double real = 1.0 / (std::sqrt(double{view.scale(view.in())}) * double{view.scale(view.out())});
  const FixedFactor factor = fixed_factor(real);
  if (factor.shift < -11) {
    return view.bad_type("its scales, " + std::to_string(view.scale(view.in())) + " and " +
                         std::to_string(view.scale(view.out())) + ", make every output 0.");
  }
  return element_wise(
      view, TADPOLE_ACTIVATION(FactorParams, rsqrt_int8),
      kernels::FactorParams{0, view.zero(view.in()), view.zero(view.out()), factor.multiplier, factor.shift});
}

Result<LoweredNode> lower_quantize(const NodeView& view) {
  const DType from = view.in().type, to = view.out().type;
  const kernels::QuantizeParams plain{0, view.out().quantisation ? view.scale(view.out()) : 1.0f,
                                      view.out().quantisation ? view.zero(view.out()) : 0};
#define TADPOLE_FROM_FLOAT(type)                                                                     \
  if (from == DType::float32 && to == DType::type) {                                                 \
    TADPOLE_CHECK(need_one_scale(view, view.out()));                                                 \
    return element_wise(view, TADPOLE_ELEMENTWISE(QuantizeParams, quantize_float_to_##type), plain); \
  }
#define TADPOLE_REQUANTISE(in, out, function) \
  if (from == DType::in && to == DType::out)  \
    return requantise(view, ir::Activation::none, TADPOLE_ELEMENTWISE(RequantiseParams, function));
  TADPOLE_FROM_FLOAT(int8)
  TADPOLE_FROM_FLOAT(int16)
  TADPOLE_FROM_FLOAT(uint8)
  TADPOLE_REQUANTISE(int8, int8, requantise_int8)
  TADPOLE_REQUANTISE(int8, int16, requantise_int8_to_int16)
  TADPOLE_REQUANTISE(int8, int32, requantise_int8_to_int32)
  TADPOLE_REQUANTISE(int8, uint8, requantise_int8_to_uint8)
  TADPOLE_REQUANTISE(uint8, int8, requantise_uint8_to_int8)
  TADPOLE_REQUANTISE(int16, int8, requantise_int16_to_int8)
  TADPOLE_REQUANTISE(int16, int16, requantise_int16)
  TADPOLE_REQUANTISE(int16, int32, requantise_int16_to_int32)
  TADPOLE_REQUANTISE(int32, int8, requantise_int32_to_int8)
  TADPOLE_REQUANTISE(int32, int16, requantise_int32_to_int16)
#undef TADPOLE_REQUANTISE
#undef TADPOLE_FROM_FLOAT
  return wrong_types(view,
                     "float32 to int8, int16 or uint8, int8 to all integers, uint8 to int8, int16 to int8, "
                     "int16 or int32, and int32 to int8 or int16");
}

Result<LoweredNode> lower_dequantize(const NodeView& view) {
  const DType from = view.in().type;
  const bool known = from == DType::int8 || from == DType::int16 || from == DType::uint8;
  if (!known || view.out().type != DType::float32)
    return wrong_types(view, "int8, int16 or uint8 to float32");
  TADPOLE_CHECK(need_one_scale(view, view.in()));
  const kernels::QuantizeParams params{0, view.scale(view.in()), view.zero(view.in())};
  if (from == DType::int8)
    return element_wise(view, TADPOLE_ELEMENTWISE(QuantizeParams, dequantize_int8_to_float), params);
  if (from == DType::int16)
    return element_wise(view, TADPOLE_ELEMENTWISE(QuantizeParams, dequantize_int16_to_float), params);
  return element_wise(view, TADPOLE_ELEMENTWISE(QuantizeParams, dequantize_uint8_to_float), params);
}

Result<LoweredNode> lower_cast(const NodeView& view) {
  const auto number_of = [](DType type) {
    switch (type) {
      case DType::float32:
        return kernels::kCastFloat32;
      case DType::int8:
        return kernels::kCastInt8;
      case DType::int16:
        return kernels::kCastInt16;
      case DType::int32:
        return kernels::kCastInt32;
      case DType::int64:
        return kernels::kCastInt64;
      case DType::uint8:
      case DType::int4:  // a constant only; refused below
        return kernels::kCastUint8;
      case DType::boolean:
        return kernels::kCastBool;
    }
    return kernels::kCastFloat32;
  };
  const DType from = view.in().type, to = view.out().type;
  if (from == DType::int4 || to == DType::int4) return wrong_types(view, "every type but int4");
  LoweredNode lowered{make_call(TADPOLE_ELEMENTWISE(CastParams, cast),
                                kernels::CastParams{count_of(view.in()), number_of(from), number_of(to)}),
                      {view.node.inputs[0]}};
  if (ir::byte_size(to) <= ir::byte_size(from)) lowered.overlaps = {{0, 0}};
  return lowered;
}

#undef TADPOLE_ACTIVATION
#undef TADPOLE_ELEMENTWISE

}  // namespace tadpole::plan
