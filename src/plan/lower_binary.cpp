// Operators with two inputs to their kernels. The factors are TFLite Micro's to the bit.
#include <algorithm>

#include "device/kernels/ref/add.h"
#include "device/kernels/ref/binary.h"
#include "plan/lower_cortex_m_dsp_elements.h"
#include "plan/lower_elements.h"
#include "plan/lower_simd.h"

namespace tadpole::plan {

namespace {

using ir::DType;

constexpr size_t kDims = std::size(kernels::Broadcast{}.dims);

/// One dimension of the output: how far each input moves with it, 0 where the input is repeated.
struct Stride {
  int32_t count, a, b;
};

/// Row-major strides of `shape` along the dimensions of `out`; 0 where it is stretched.
std::vector<int32_t> strides_of(const ir::Shape& shape, const ir::Shape& out) {
  std::vector<int32_t> strides(out.size(), 0);
  int32_t stride = 1;
  for (size_t i = 1; i <= shape.size(); ++i) {
    const int32_t dimension = shape[shape.size() - i];
    if (dimension > 1) strides[out.size() - i] = stride;
    stride *= dimension;
  }
  return strides;
}

/// Neighbouring dimensions along which both inputs go on, or repeat, are one.
Result<kernels::Broadcast> broadcast_of(const NodeView& view) {
  const ir::Shape& out = view.out().shape;
  const std::vector<int32_t> a = strides_of(view.in(0).shape, out), b = strides_of(view.in(1).shape, out);
  std::vector<Stride> strides;
  for (size_t i = 0; i < out.size(); ++i) {
    if (out[i] == 1) continue;
    if (!strides.empty() && strides.back().a == a[i] * out[i] && strides.back().b == b[i] * out[i]) {
      strides.back() = {strides.back().count * out[i], a[i], b[i]};
    } else {
      strides.push_back({out[i], a[i], b[i]});
    }
  }
  if (strides.size() > kDims) {
    return view.unsupported("brings " + ir::to_string(view.in(0).shape) + " and " +
                            ir::to_string(view.in(1).shape) + " together in " +
                            std::to_string(strides.size()) + " groups of dimensions; up to " +
                            std::to_string(kDims) + " are supported. Reshape them first.");
  }
  kernels::Broadcast shape{{1, 1, 1, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}};
  for (size_t i = 0; i < strides.size(); ++i) {
    const size_t at = kDims - strides.size() + i;
    shape.dims[at] = strides[i].count;
    shape.a_stride[at] = strides[i].a;
    shape.b_stride[at] = strides[i].b;
  }
  return shape;
}

/// A kernel of two inputs of T.
template <class Params, class T>
struct PairKernel {
  KernelName name;
  void (*kernel)(const Params&, const T*, const T*, T*);
};

/// out may lie exactly over an input of its own size.
LoweredNode lowered(const NodeView& view, std::shared_ptr<const KernelCall> call) {
  LoweredNode made{std::move(call), {view.node.inputs[0], view.node.inputs[1]}};
  for (int i = 0; i < 2; ++i) {
    if (view.in(i).bytes() == view.out().bytes()) made.overlaps.push_back({i, 0});
  }
  return made;
}

Result<void> need_scales(const NodeView& view) {
  TADPOLE_CHECK(need_one_scale(view, view.in(0)));
  return need_one_scale(view, view.in(1));
}

/// The kernels of plain numbers that every operator here has.
struct PlainKernels {
  PairKernel<kernels::IntegerPairParams, int32_t> int32;
  PairKernel<kernels::FloatPairParams, float> float32;
};
#define TADPOLE_PLAIN(op)                                              \
  PlainKernels {                                                       \
    {TADPOLE_KERNEL("ref/binary.h", IntegerPairParams, op##_int32)}, { \
      TADPOLE_KERNEL("ref/binary.h", FloatPairParams, op##_float)      \
    }                                                                  \
  }

/// Plain numbers; what is left when the operator's own types do not apply.
Result<LoweredNode> lower_plain(const NodeView& view, ir::Activation activation,
                                const PlainKernels& kernels) {
  TADPOLE_TRY(const kernels::Broadcast shape, broadcast_of(view));
  if (view.all_activations(DType::float32, 2)) {
    const ClampFloat clamp = clamp_float(activation);
    return lowered(view, make_call(kernels.float32.name, kernels.float32.kernel,
                                   kernels::FloatPairParams{shape, clamp.low, clamp.high}));
  }
  if (!view.all_activations(DType::int32, 2))
    return wrong_types(view, "float32, int8, int16 or int32, all inputs and the output alike");
  for (const ir::Tensor* tensor : {&view.in(0), &view.in(1), &view.out()})
    TADPOLE_CHECK(need_plain(view, *tensor));
  const ClampInt8 clamp = clamp_int32(activation);
  return lowered(view, make_call(kernels.int32.name, kernels.int32.kernel,
                                 kernels::IntegerPairParams{shape, clamp.low, clamp.high}));
}

/// What brings both inputs to one scale: each input's factor, and the output's.
struct CommonScale {
  double a, b, out;
};

Result<kernels::AddInt8Params> common_scale_params(const NodeView& view, ir::Activation activation,
                                                   const CommonScale& scale) {
  TADPOLE_CHECK(need_scales(view));
  TADPOLE_TRY(const kernels::Broadcast shape, broadcast_of(view));
  const FixedFactor a = fixed_factor(scale.a), b = fixed_factor(scale.b), out = fixed_factor(scale.out);
  const ClampInt8 clamp = clamp_of(view, activation, view.out());
  return kernels::AddInt8Params{shape,
                                view.zero(view.in(0)),
                                a.multiplier,
                                a.shift,
                                view.zero(view.in(1)),
                                b.multiplier,
                                b.shift,
                                view.zero(view.out()),
                                out.multiplier,
                                out.shift,
                                clamp.low,
                                clamp.high};
}

Result<LoweredNode> lower_larger_or_smaller(const NodeView& view, const PlainKernels& plain,
                                            PairKernel<kernels::IntegerPairParams, int8_t> on_int8,
                                            PairKernel<kernels::IntegerPairParams, int16_t> on_int16) {
  const bool int8 = view.all_activations(DType::int8, 2);
  if (!int8 && !view.all_activations(DType::int16, 2)) return lower_plain(view, ir::Activation::none, plain);
  TADPOLE_CHECK(need_scales(view));
  for (int i = 0; i < 2; ++i) {
    if (*view.in(i).quantisation != *view.out().quantisation)
      return view.bad_type("'" + view.in(i).name +
                           "' has another scale or zero point than the output; all three must be the same.");
  }
  TADPOLE_TRY(const kernels::Broadcast shape, broadcast_of(view));
  const kernels::IntegerPairParams params{shape, INT16_MIN, INT16_MAX};
  return lowered(view, int8 ? make_call(on_int8.name, on_int8.kernel, params)
                            : make_call(on_int16.name, on_int16.kernel, params));
}

}  // namespace

// Source of the factors: TFLite Micro add_common.cc, in double as there.
Result<LoweredNode> lower_add(const NodeView& view) {
  const auto activation = view.attributes<ir::ActivationAttributes>().activation;
  const bool int8 = view.all_activations(DType::int8, 2);
  if (!int8 && !view.all_activations(DType::int16, 2))
    return lower_plain(view, activation, TADPOLE_PLAIN(add));
  TADPOLE_CHECK(need_scales(view));
  const double a = view.scale(view.in(0)), b = view.scale(view.in(1));
  const double twice = 2 * std::max(a, b);
  TADPOLE_TRY(const kernels::AddInt8Params params,
              common_scale_params(view, activation,
                                  {a / twice, b / twice,
                                   twice / ((1 << (int8 ? 20 : 15)) * double{view.scale(view.out())})}));
  if (!int8) return lowered(view, make_call(TADPOLE_KERNEL("ref/add.h", AddInt8Params, add_int16), params));
  auto call = simd_add(view, params);
  if (!call) call = dsp_add(view, params);
  if (!call) call = make_call(TADPOLE_KERNEL("ref/add.h", AddInt8Params, add_int8), params);
  return lowered(view, std::move(call));
}

// Source of the factors: TFLite Micro sub_common.cc, in float as there.
Result<LoweredNode> lower_sub(const NodeView& view) {
  const auto activation = view.attributes<ir::ActivationAttributes>().activation;
  const bool int8 = view.all_activations(DType::int8, 2);
  if (!int8 && !view.all_activations(DType::int16, 2))
    return lower_plain(view, activation, TADPOLE_PLAIN(sub));
  TADPOLE_CHECK(need_scales(view));
  const float a = view.scale(view.in(0)), b = view.scale(view.in(1));
  const float twice = 2 * std::max(a, b);
  const float out = twice / (static_cast<float>(1 << (int8 ? 20 : 15)) * view.scale(view.out()));
  if (!(twice <= 3e38f) || !(out <= 3e38f)) return view.bad_type("its scales are no usable numbers.");
  TADPOLE_TRY(const kernels::AddInt8Params params,
              common_scale_params(view, activation, {double{a / twice}, double{b / twice}, double{out}}));
  return lowered(view, int8 ? make_call(TADPOLE_KERNEL("ref/add.h", AddInt8Params, sub_int8), params)
                            : make_call(TADPOLE_KERNEL("ref/add.h", AddInt8Params, sub_int16), params));
}

// Source of the factors: TFLite Micro squared_difference.cc.
Result<LoweredNode> lower_squared_difference(const NodeView& view) {
  const bool int8 = view.all_activations(DType::int8, 2);
  if (!int8 && !view.all_activations(DType::int16, 2))
    return lower_plain(view, ir::Activation::none, TADPOLE_PLAIN(squared_difference));
  TADPOLE_CHECK(need_scales(view));
  const double a = view.scale(view.in(0)), b = view.scale(view.in(1));
  const double twice = 2 * std::max(a, b);
  const double out = twice * twice / ((int8 ? 1 << 14 : 1) * double{view.scale(view.out())});
  TADPOLE_TRY(const kernels::AddInt8Params params,
              common_scale_params(view, ir::Activation::none, {a / twice, b / twice, out}));
  return lowered(
      view, int8 ? make_call(TADPOLE_KERNEL("ref/add.h", AddInt8Params, squared_difference_int8), params)
                 : make_call(TADPOLE_KERNEL("ref/add.h", AddInt8Params, squared_difference_int16), params));
}

// Source of the factor: TFLite Micro mul_common.cc.
Result<LoweredNode> lower_mul(const NodeView& view) {
  const auto activation = view.attributes<ir::ActivationAttributes>().activation;
  const bool int8 = view.all_activations(DType::int8, 2);
  if (!int8 && !view.all_activations(DType::int16, 2))
    return lower_plain(view, activation, TADPOLE_PLAIN(mul));
  TADPOLE_CHECK(need_scales(view));
  TADPOLE_TRY(const kernels::Broadcast shape, broadcast_of(view));
  const FixedFactor factor = fixed_factor(double{view.scale(view.in(0))} * double{view.scale(view.in(1))} /
                                          double{view.scale(view.out())});
  const ClampInt8 clamp = clamp_of(view, activation, view.out());
  const kernels::MulParams params{shape,
                                  view.zero(view.in(0)),
                                  view.zero(view.in(1)),
                                  view.zero(view.out()),
                                  factor.multiplier,
                                  factor.shift,
                                  clamp.low,
                                  clamp.high};
  return lowered(view, int8 ? make_call(TADPOLE_KERNEL("ref/binary.h", MulParams, mul_int8), params)
                            : make_call(TADPOLE_KERNEL("ref/binary.h", MulParams, mul_int16), params));
}

Result<LoweredNode> lower_maximum(const NodeView& view) {
  return lower_larger_or_smaller(view, TADPOLE_PLAIN(maximum),
                                 {TADPOLE_KERNEL("ref/binary.h", IntegerPairParams, maximum_int8)},
                                 {TADPOLE_KERNEL("ref/binary.h", IntegerPairParams, maximum_int16)});
}

Result<LoweredNode> lower_minimum(const NodeView& view) {
  return lower_larger_or_smaller(view, TADPOLE_PLAIN(minimum),
                                 {TADPOLE_KERNEL("ref/binary.h", IntegerPairParams, minimum_int8)},
                                 {TADPOLE_KERNEL("ref/binary.h", IntegerPairParams, minimum_int16)});
}

// Source of the factors: TFLite Micro prelu_common.cc.
Result<LoweredNode> lower_prelu(const NodeView& view) {
  TADPOLE_TRY(const kernels::Broadcast shape, broadcast_of(view));
  const auto call = [&](std::shared_ptr<const KernelCall> made) {
    return LoweredNode{std::move(made), {view.node.inputs[0], view.node.inputs[1]}, 0, {{0, 0}}};
  };
  if (view.all_activations(DType::float32, 2)) {
    const ClampFloat clamp = clamp_float(ir::Activation::none);
    return call(make_call(TADPOLE_KERNEL("ref/binary.h", FloatPairParams, prelu_float),
                          kernels::FloatPairParams{shape, clamp.low, clamp.high}));
  }
  const bool int8 = view.all_activations(DType::int8);
  if ((!int8 && !view.all_activations(DType::int16)) || view.in(1).type != DType::int8)
    return wrong_types(view, "float32, or int8 or int16 with slopes of int8");
  TADPOLE_CHECK(need_scales(view));
  const double ratio = double{view.scale(view.in())} / double{view.scale(view.out())};
  const FixedFactor positive = fixed_factor(ratio);
  const FixedFactor negative = fixed_factor(double{view.scale(view.in())} * double{view.scale(view.in(1))} /
                                            double{view.scale(view.out())});
  const kernels::PreluParams params{
      shape,          view.zero(view.in()), view.zero(view.in(1)), view.zero(view.out()), positive.multiplier,
      positive.shift, negative.multiplier,  negative.shift};
  return call(int8 ? make_call(TADPOLE_KERNEL("ref/binary.h", PreluParams, prelu_int8), params)
                   : make_call(TADPOLE_KERNEL("ref/binary.h", PreluParams, prelu_int16), params));
}

#undef TADPOLE_PLAIN

}  // namespace tadpole::plan
