// Operators without weights to their kernels.
#include <algorithm>
#include <cfloat>

#include "device/kernels/ref/add.h"
#include "device/kernels/ref/elementwise.h"
#include "device/kernels/ref/mean.h"
#include "device/kernels/ref/pool_2d.h"
#include "device/kernels/ref/softmax.h"
#include "plan/lower.h"
#include "plan/lower_simd.h"
#include "plan/scaling.h"

namespace tadpole::plan {

namespace {

constexpr int kMaxRank = 4;

int32_t count_of(const ir::Tensor& tensor) { return static_cast<int32_t>(ir::element_count(tensor.shape)); }

kernels::Window2d pool_window(const NodeView& view) {
  const auto& attributes = view.attributes<ir::Pool2dAttributes>();
  const ir::Shape& in = view.in().shape;
  const ir::Shape& out = view.out().shape;
  const auto [rows, columns] = ir::windows_of(in, attributes);
  return {in[0],
          in[1],
          in[2],
          in[3],
          out[1],
          out[2],
          out[3],
          attributes.filter_h,
          attributes.filter_w,
          attributes.stride_h,
          attributes.stride_w,
          1,
          1,
          rows.pad_before,
          columns.pad_before};
}

using PoolInt8 = void (*)(const kernels::Pool2dInt8Params&, const int8_t*, int8_t*);
using SimdPool = std::shared_ptr<const KernelCall> (*)(const NodeView&, const kernels::Pool2dInt8Params&);
using PoolFloat = void (*)(const kernels::Pool2dFloatParams&, const float*, float*);

Result<LoweredNode> lower_pool(const NodeView& view, SimdPool simd, std::pair<KernelName, PoolInt8> on_int8,
                               std::pair<KernelName, PoolFloat> on_float) {
  const auto activation = view.attributes<ir::Pool2dAttributes>().activation;
  if (view.all_activations(ir::DType::float32)) {
    const ClampFloat clamp = clamp_float(activation);
    const kernels::Pool2dFloatParams params{pool_window(view), clamp.low, clamp.high};
    return LoweredNode{make_call(on_float.first, on_float.second, params), {view.node.inputs[0]}};
  }
  if (!view.all_activations(ir::DType::int8)) return view.bad_type("mixes number types.");
  if (*view.in().quantisation != *view.out().quantisation) {
    return view.bad_type("its output has another scale or zero point than its input; both must be the same.");
  }
  const ClampInt8 clamp = clamp_int8(activation, view.scale(view.out()), view.zero(view.out()));
  const kernels::Pool2dInt8Params params{pool_window(view), clamp.low, clamp.high};
  auto call = simd(view, params);
  if (!call) call = make_call(on_int8.first, on_int8.second, params);
  return LoweredNode{std::move(call), {view.node.inputs[0]}};
}

/// An int8 node that requantises each value and clamps it.
Result<LoweredNode> requantise(const NodeView& view, ir::Activation activation) {
  const ir::Tensor& in = view.in();
  const ir::Tensor& out = view.out();
  const FixedFactor factor = fixed_factor(double{view.scale(in)} / double{view.scale(out)});
  const ClampInt8 clamp = clamp_int8(activation, view.scale(out), view.zero(out));
  const kernels::RequantiseInt8Params params{count_of(in), view.zero(in), view.zero(out), factor.multiplier,
                                             factor.shift, clamp.low,     clamp.high};
  return LoweredNode{
      make_call(TADPOLE_KERNEL("ref/elementwise.h", RequantiseInt8Params, requantise_int8), params),
      {view.node.inputs[0]},
      0,
      {{0, 0}}};
}

Result<LoweredNode> lower_activation(const NodeView& view, ir::Activation activation) {
  if (view.all_activations(ir::DType::int8)) return requantise(view, activation);
  if (!view.all_activations(ir::DType::float32)) return view.bad_type("mixes number types.");
  const ClampFloat clamp = clamp_float(activation);
  const kernels::ClampFloatParams params{count_of(view.in()), clamp.low, clamp.high};
  return LoweredNode{make_call(TADPOLE_KERNEL("ref/elementwise.h", ClampFloatParams, clamp_float), params),
                     {view.node.inputs[0]},
                     0,
                     {{0, 0}}};
}

/// Row-major strides of `shape` seen as `rank` dimensions with leading ones; 0 where it is stretched to `to`.
void broadcast_strides(const ir::Shape& shape, const int32_t* to, int32_t* strides) {
  int32_t stride = 1;
  for (int i = kMaxRank - 1, j = static_cast<int>(shape.size()) - 1; i >= 0; --i, --j) {
    const int32_t dimension = j >= 0 ? shape[static_cast<size_t>(j)] : 1;
    strides[i] = dimension == to[i] ? stride : 0;
    stride *= dimension;
  }
}

Result<kernels::Broadcast> broadcast_of(const NodeView& view) {
  const ir::Shape& out = view.out().shape;
  kernels::Broadcast shape{{1, 1, 1, 1}, {0, 0, 0, 0}, {0, 0, 0, 0}};
  if (view.in(0).shape == out && view.in(1).shape == out) {
    shape.dims[3] = count_of(view.out());
    shape.a_stride[3] = shape.b_stride[3] = 1;
    return shape;
  }
  if (out.size() > kMaxRank) {
    return view.unsupported("broadcasts to " + ir::to_string(out) + "; up to four dimensions are supported.");
  }
  std::copy(out.begin(), out.end(), shape.dims + (kMaxRank - out.size()));
  broadcast_strides(view.in(0).shape, shape.dims, shape.a_stride);
  broadcast_strides(view.in(1).shape, shape.dims, shape.b_stride);
  return shape;
}

/// out may lie exactly over an input of its own size.
std::vector<LoweredNode::Leave> in_place_where_equal(const NodeView& view) {
  std::vector<LoweredNode::Leave> leaves;
  for (int i = 0; i < 2; ++i) {
    if (view.in(i).bytes() == view.out().bytes()) leaves.push_back({i, 0});
  }
  return leaves;
}

}  // namespace

#define TADPOLE_PAIR(header, params, function) \
  { TADPOLE_KERNEL(header, params, function) }

Result<LoweredNode> lower_average_pool_2d(const NodeView& view) {
  return lower_pool(view, simd_average_pool_2d,
                    TADPOLE_PAIR("ref/pool_2d.h", Pool2dInt8Params, average_pool_2d_int8),
                    TADPOLE_PAIR("ref/pool_2d.h", Pool2dFloatParams, average_pool_2d_float));
}

Result<LoweredNode> lower_max_pool_2d(const NodeView& view) {
  return lower_pool(view, simd_max_pool_2d, TADPOLE_PAIR("ref/pool_2d.h", Pool2dInt8Params, max_pool_2d_int8),
                    TADPOLE_PAIR("ref/pool_2d.h", Pool2dFloatParams, max_pool_2d_float));
}

#undef TADPOLE_PAIR

Result<LoweredNode> lower_mean(const NodeView& view) {
  const ir::Shape& in = view.in().shape;
  if (in.size() > kMaxRank) {
    return view.unsupported("input is " + ir::to_string(in) + "; up to four dimensions are supported.");
  }
  kernels::ReducedAxes axes{{1, 1, 1, 1}, {0, 0, 0, 0}, {1, 1, 1, 1}, {0, 0, 0, 0}};
  std::vector<bool> reduced(in.size(), false);
  const int rank = static_cast<int>(in.size());
  for (const int32_t axis : view.in(1).values<int32_t>()) {
    reduced[static_cast<size_t>(axis < 0 ? axis + rank : axis)] = true;
  }
  int32_t stride = 1;
  int64_t count = 1;
  for (int i = rank - 1; i >= 0; --i) {
    const int at = kMaxRank - rank + i;
    const int32_t dimension = in[static_cast<size_t>(i)];
    const bool is_reduced = reduced[static_cast<size_t>(i)];
    (is_reduced ? axes.reduced : axes.kept)[at] = dimension;
    (is_reduced ? axes.reduced_stride : axes.kept_stride)[at] = stride;
    if (is_reduced) count *= dimension;
    stride *= dimension;
  }
  if (view.all_activations(ir::DType::float32)) {
    return LoweredNode{
        make_call(TADPOLE_KERNEL("ref/mean.h", MeanFloatParams, mean_float), kernels::MeanFloatParams{axes}),
        {view.node.inputs[0]}};
  }
  if (!view.all_activations(ir::DType::int8)) return view.bad_type("mixes number types.");
  constexpr int64_t kMostElements = int64_t{1} << 22;  // |sum of differences| stays below 2^30
  if (count > kMostElements) {
    return view.unsupported("averages " + std::to_string(count) + " values; at most " +
                            std::to_string(kMostElements) + " are supported.");
  }
  const FixedFactor factor =
      fixed_factor_of_mean(double{view.scale(view.in())} / double{view.scale(view.out())}, count);
  const kernels::MeanInt8Params params{axes, view.zero(view.in()), view.zero(view.out()), factor.multiplier,
                                       factor.shift};
  return LoweredNode{make_call(TADPOLE_KERNEL("ref/mean.h", MeanInt8Params, mean_int8), params),
                     {view.node.inputs[0]}};
}

Result<LoweredNode> lower_add(const NodeView& view) {
  TADPOLE_TRY(const kernels::Broadcast shape, broadcast_of(view));
  const auto activation = view.attributes<ir::ActivationAttributes>().activation;
  const std::vector<int> inputs = {view.node.inputs[0], view.node.inputs[1]};
  if (view.all_activations(ir::DType::float32, 2)) {
    const ClampFloat clamp = clamp_float(activation);
    const kernels::AddFloatParams params{shape, clamp.low, clamp.high};
    return LoweredNode{make_call(TADPOLE_KERNEL("ref/add.h", AddFloatParams, add_float), params), inputs, 0,
                       in_place_where_equal(view)};
  }
  if (!view.all_activations(ir::DType::int8, 2)) return view.bad_type("mixes number types.");
  const double a_scale = view.scale(view.in(0)), b_scale = view.scale(view.in(1));
  const double twice_largest = 2 * std::max(a_scale, b_scale);
  const FixedFactor a = fixed_factor(a_scale / twice_largest), b = fixed_factor(b_scale / twice_largest);
  const FixedFactor out = fixed_factor(twice_largest / ((1 << 20) * double{view.scale(view.out())}));
  const ClampInt8 clamp = clamp_int8(activation, view.scale(view.out()), view.zero(view.out()));
  const kernels::AddInt8Params params{shape,
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
  auto call = simd_add(view, params);
  if (!call) call = make_call(TADPOLE_KERNEL("ref/add.h", AddInt8Params, add_int8), params);
  return LoweredNode{std::move(call), inputs, 0, in_place_where_equal(view)};
}

Result<LoweredNode> lower_softmax(const NodeView& view) {
  const ir::Shape& shape = view.in().shape;
  const int32_t columns = shape.empty() ? 1 : shape.back();
  const int32_t rows = count_of(view.in()) / columns;
  const float beta = view.attributes<ir::SoftmaxAttributes>().beta;
  if (view.all_activations(ir::DType::float32)) {
    return LoweredNode{make_call(TADPOLE_KERNEL("ref/softmax.h", SoftmaxFloatParams, softmax_float),
                                 kernels::SoftmaxFloatParams{rows, columns, beta}),
                       {view.node.inputs[0]},
                       0,
                       {{0, 0}}};
  }
  if (!view.all_activations(ir::DType::int8)) return view.bad_type("mixes number types.");
  if (view.scale(view.out()) != 1.0f / 256 || view.zero(view.out()) != -128) {
    return view.bad_type("its output needs scale 1/256 and zero point -128.");
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
  return LoweredNode{make_call(TADPOLE_KERNEL("ref/softmax.h", SoftmaxInt8Params, softmax_int8), params),
                     {view.node.inputs[0]},
                     0,
                     {{0, 0}}};
}

Result<LoweredNode> lower_relu(const NodeView& view) { return lower_activation(view, ir::Activation::relu); }

Result<LoweredNode> lower_relu6(const NodeView& view) {
  return lower_activation(view, ir::Activation::relu6);
}

Result<LoweredNode> lower_quantize(const NodeView& view) {
  if (view.all_activations(ir::DType::int8)) return requantise(view, ir::Activation::none);
  if (view.in().type != ir::DType::float32 || view.out().type != ir::DType::int8) {
    return view.bad_type("goes from " + std::string(to_string(view.in().type)) + " to " +
                         std::string(to_string(view.out().type)) + "; float32 or int8 to int8 is supported.");
  }
  const kernels::QuantizeParams params{count_of(view.in()), view.scale(view.out()), view.zero(view.out())};
  return LoweredNode{
      make_call(TADPOLE_KERNEL("ref/elementwise.h", QuantizeParams, quantize_float_to_int8), params),
      {view.node.inputs[0]}};
}

Result<LoweredNode> lower_dequantize(const NodeView& view) {
  if (view.in().type != ir::DType::int8 || view.out().type != ir::DType::float32) {
    return view.bad_type("goes from " + std::string(to_string(view.in().type)) + " to " +
                         std::string(to_string(view.out().type)) + "; int8 to float32 is supported.");
  }
  const kernels::QuantizeParams params{count_of(view.in()), view.scale(view.in()), view.zero(view.in())};
  return LoweredNode{
      make_call(TADPOLE_KERNEL("ref/elementwise.h", QuantizeParams, dequantize_int8_to_float), params),
      {view.node.inputs[0]}};
}

Result<LoweredNode> lower_batch_norm(const NodeView& view) {
  return view.unsupported("belongs to training. Fold the graph for inference first.");
}

Result<LoweredNode> lower_dropout(const NodeView& view) {
  return view.unsupported("belongs to training. Fold the graph for inference first.");
}

}  // namespace tadpole::plan
