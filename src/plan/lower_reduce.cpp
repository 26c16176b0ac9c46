// Operators over axes to their kernels.
#include <algorithm>
#include <cmath>

#include "device/kernels/ref/reduce.h"
#include "device/kernels/ref/softmax.h"
#include "plan/lower_cortex_m_dsp_elements.h"
#include "plan/lower_elements.h"

namespace tadpole::plan {

namespace {

using ir::DType;

constexpr size_t kDims = std::size(kernels::ReducedAxes{}.kept);

struct Stride {
  int32_t count, stride;
};

/// The dimensions outermost first at the end of the kernel's arrays; the rest stay 1.
void set_dims(const std::vector<Stride>& dims, int32_t* counts, int32_t* strides) {
  for (size_t i = 0; i < kDims; ++i) {
    const bool used = i + dims.size() >= kDims;
    counts[i] = used ? dims[i + dims.size() - kDims].count : 1;
    strides[i] = used ? dims[i + dims.size() - kDims].stride : 0;
  }
}

/// Neighbouring dimensions that are all kept, or all reduced, are one.
Result<kernels::ReducedAxes> reduced_axes(const NodeView& view) {
  const ir::Shape& in = view.in().shape;
  std::vector<bool> reduced(in.size(), false);
  for (const int32_t axis : view.in(1).values<int32_t>())
    reduced[static_cast<size_t>(ir::wrapped_axis(axis, in.size()))] = true;
  std::vector<Stride> kept, summed;  // innermost first
  int32_t stride = 1;
  bool last_was_reduced = false;
  for (size_t i = in.size(); i-- > 0;) {
    if (in[i] == 1) continue;
    std::vector<Stride>& side = reduced[i] ? summed : kept;
    if (stride > 1 && last_was_reduced == reduced[i]) {
      side.back().count *= in[i];
    } else {
      side.push_back({in[i], stride});
    }
    last_was_reduced = reduced[i];
    stride *= in[i];
  }
  if (kept.size() > kDims || summed.size() > kDims) {
    return view.unsupported("its axes cut " + ir::to_string(in) + " into more than " + std::to_string(kDims) +
                            " groups of dimensions. Transpose it first.");
  }
  std::reverse(kept.begin(), kept.end());
  std::reverse(summed.begin(), summed.end());
  kernels::ReducedAxes axes{};
  set_dims(kept, axes.kept, axes.kept_stride);
  set_dims(summed, axes.reduced, axes.reduced_stride);
  return axes;
}

// Source of the factors: TFLite reference kernels reduce.h.
Result<LoweredNode> lower_reduce(const NodeView& view, bool mean) {
  TADPOLE_TRY(const kernels::ReducedAxes axes, reduced_axes(view));
  const std::vector<int> inputs = {view.node.inputs[0]};
  const int32_t count = count_of(view.in()) / count_of(view.out());
  const kernels::ReduceParams plain{axes, mean ? count : 1};
  if (view.all_activations(DType::float32))
    return LoweredNode{make_call(TADPOLE_KERNEL("ref/reduce.h", ReduceParams, reduce_float), plain), inputs};
  if (view.all_activations(DType::int32)) {
    TADPOLE_CHECK(need_plain(view, view.in()));
    return LoweredNode{make_call(TADPOLE_KERNEL("ref/reduce.h", ReduceParams, reduce_int32), plain), inputs};
  }
  const bool int8 = view.all_activations(DType::int8);
  if (!int8 && !view.all_activations(DType::int16))
    return wrong_types(view, "float32, int8, int16 or int32, in and out alike");
  const int32_t most = int8 ? 1 << 22 : 1 << 15;  // |sum of differences| stays below 2^30
  if (count > most) {
    return view.unsupported("sums " + std::to_string(count) + " values; at most " + std::to_string(most) +
                            " are supported.");
  }
  const double scale = double{view.scale(view.in())} / double{view.scale(view.out())};
  const FixedFactor factor = mean ? fixed_factor_of_mean(scale, count) : fixed_factor(scale);
  const kernels::ReduceQuantisedParams params{axes, view.zero(view.in()), view.zero(view.out()),
                                              factor.multiplier, factor.shift};
  if (auto fast = int8 ? dsp_reduce(view, params) : nullptr) return LoweredNode{std::move(fast), inputs};
  return LoweredNode{
      int8 ? make_call(TADPOLE_KERNEL("ref/reduce.h", ReduceQuantisedParams, reduce_int8), params)
           : make_call(TADPOLE_KERNEL("ref/reduce.h", ReduceQuantisedParams, reduce_int16), params),
      inputs};
}

// Source of the tables and the factor: TFLite Micro softmax_common.cc.
Result<LoweredNode> lower_softmax_int16(const NodeView& view, int32_t rows, int32_t columns, float beta) {
  if (std::abs(view.scale(view.out()) * 32768 - 1) > 1e-3f || view.zero(view.out()) != 0)
    return view.bad_type("its output needs scale 1/32768 and zero point 0.");
  if (columns > UINT16_MAX)
    return view.unsupported("has " + std::to_string(columns) + " classes; at most 65535 are supported.");
  if (!(beta > 0)) return view.bad_type("its beta is not above 0.");
  const FixedFactor factor = fixed_factor(double{view.scale(view.in())} * double{beta} / (10.0 / 65535.0));
  if (factor.shift > 14)  // differences of 2^16 steps stay in 32 bits
    return view.bad_type("its input has scale " + std::to_string(view.scale(view.in())) +
                         ", so that one step decides everything; below 2.5 is needed.");
  Constants constants;
  const kernels::SoftmaxInt16Params params{
      rows,
      columns,
      factor.multiplier,
      factor.shift,
      constants.keep(samples_of(10.0f / 65535.0f, INT16_MAX, 2.0f / 65535.0f,
                                [](float x) { return static_cast<float>(std::exp(double{x})); })),
      constants.keep(samples_of(1.0f / 65535.0f, INT16_MIN, 2.0f / 65535.0f,
                                [](float x) { return 1.0f / (1.0f + x); }))};
  return LoweredNode{make_call(TADPOLE_KERNEL("ref/softmax.h", SoftmaxInt16Params, softmax_int16), params,
                               std::move(constants)),
                     {view.node.inputs[0]},
                     0,
                     {{0, 0}}};
}

}  // namespace

Result<LoweredNode> lower_mean(const NodeView& view) { return lower_reduce(view, true); }
Result<LoweredNode> lower_sum(const NodeView& view) { return lower_reduce(view, false); }

Result<LoweredNode> lower_arg_max(const NodeView& view) {
  const ir::Shape& in = view.in().shape;
  const auto axis = static_cast<size_t>(ir::wrapped_axis(view.in(1).values<int32_t>()[0], in.size()));
  const bool wide = view.out().type == DType::int64;
  kernels::ArgMaxParams params{1, in[axis], 1, wide ? 2 : 1};
  for (size_t i = 0; i < in.size(); ++i) {
    if (i != axis) (i < axis ? params.outer : params.inner) *= in[i];
  }
  const auto made = [&](std::shared_ptr<const KernelCall> call) {
    return LoweredNode{std::move(call), {view.node.inputs[0]}};
  };
  if (wide || view.out().type == DType::int32) {
    switch (view.in().type) {
      case DType::float32:
        return made(make_call(TADPOLE_KERNEL("ref/reduce.h", ArgMaxParams, arg_max_float), params));
      case DType::int8:
        return made(make_call(TADPOLE_KERNEL("ref/reduce.h", ArgMaxParams, arg_max_int8), params));
      case DType::int16:
        return made(make_call(TADPOLE_KERNEL("ref/reduce.h", ArgMaxParams, arg_max_int16), params));
      case DType::int32:
        return made(make_call(TADPOLE_KERNEL("ref/reduce.h", ArgMaxParams, arg_max_int32), params));
      default:
        break;
    }
  }
  return wrong_types(view, "float32, int8, int16 or int32 to int32 or int64");
}

Result<LoweredNode> lower_softmax(const NodeView& view) {
  const ir::Shape& shape = view.in().shape;
  const int32_t columns = shape.empty() ? 1 : shape.back();
  const int32_t rows = count_of(view.in()) / columns;
  const float beta = view.attributes<ir::SoftmaxAttributes>().beta;
  if (view.all_activations(DType::float32)) {
    return LoweredNode{make_call(TADPOLE_KERNEL("ref/softmax.h", SoftmaxFloatParams, softmax_float),
                                 kernels::SoftmaxFloatParams{rows, columns, beta}),
                       {view.node.inputs[0]},
                       0,
                       {{0, 0}}};
  }
  if (view.all_activations(DType::int16)) {
    if (view.zero(view.in()) != 0) return view.bad_type("its int16 input needs zero point 0.");
    return lower_softmax_int16(view, rows, columns, beta);
  }
  const bool wide = view.in().type == DType::int8 && view.out().type == DType::int16;
  if (!wide && !view.all_activations(DType::int8))
    return wrong_types(view, "float32, int8 or int16, in and out alike, or int8 to int16");
  // Source of the int16 form: TFLite Micro softmax_common.cc, reference kernels softmax.h.
  const float out_scale = wide ? 1.0f / 65536 : 1.0f / 256;
  const int32_t out_zero = wide ? -32768 : -128;
  if (std::abs(view.scale(view.out()) / out_scale - 1) > (wide ? 1e-3f : 0.0f) ||
      view.zero(view.out()) != out_zero) {
    return view.bad_type("its " + std::string(to_string(view.out().type)) + " output needs scale 1/" +
                         std::to_string(std::lround(1 / out_scale)) + " and zero point " +
                         std::to_string(out_zero) + ".");
  }
  if (columns > 4095) {
    return view.unsupported("has " + std::to_string(columns) + " classes; at most 4095 are supported.");
  }
  const SoftmaxFactor factor = softmax_factor(double{beta}, double{view.scale(view.in())});
  if (!(beta > 0) || factor.factor.shift < 0 || factor.factor.multiplier == 0) {
    return view.bad_type("beta times the input's scale is below 2^-26.");
  }
  const kernels::SoftmaxInt8Params params{rows, columns, factor.factor.multiplier, factor.factor.shift,
                                          factor.diff_min};
  if (wide) {
    return LoweredNode{
        make_call(TADPOLE_KERNEL("ref/softmax.h", SoftmaxInt8Params, softmax_int8_to_int16), params),
        {view.node.inputs[0]}};
  }
  auto call = dsp_softmax(view, params);
  if (!call) call = make_call(TADPOLE_KERNEL("ref/softmax.h", SoftmaxInt8Params, softmax_int8), params);
  return LoweredNode{std::move(call), {view.node.inputs[0]}, 0, {{0, 0}}};
}

}  // namespace tadpole::plan
