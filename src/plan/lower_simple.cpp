// Pools to their kernels; what belongs to training has none.
#include <algorithm>

#include "device/kernels/ref/pool_2d.h"
#include "plan/lower.h"
#include "plan/lower_cortex_m_dsp_elements.h"
#include "plan/lower_simd.h"
#include "plan/scaling.h"

namespace tadpole::plan {

namespace {

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
using PoolInt16 = void (*)(const kernels::Pool2dInt8Params&, const int16_t*, int16_t*);
using PoolFloat = void (*)(const kernels::Pool2dFloatParams&, const float*, float*);

Result<LoweredNode> lower_pool(const NodeView& view, SimdPool simd, std::pair<KernelName, PoolInt8> on_int8,
                               std::pair<KernelName, PoolInt16> on_int16,
                               std::pair<KernelName, PoolFloat> on_float) {
  const auto activation = view.attributes<ir::Pool2dAttributes>().activation;
  if (view.all_activations(ir::DType::float32)) {
    const ClampFloat clamp = clamp_float(activation);
    const kernels::Pool2dFloatParams params{pool_window(view), clamp.low, clamp.high};
    return LoweredNode{make_call(on_float.first, on_float.second, params), {view.node.inputs[0]}};
  }
  const bool int16 = view.all_activations(ir::DType::int16);
  if (!int16 && !view.all_activations(ir::DType::int8)) return view.bad_type("mixes number types.");
  if (*view.in().quantisation != *view.out().quantisation) {
    return view.bad_type("its output has another scale or zero point than its input; both must be the same.");
  }
  const kernels::Window2d window = pool_window(view);
  const int64_t pixels =
      int64_t{std::min(window.filter_h, window.in_h)} * std::min(window.filter_w, window.in_w);
  if (pixels > (int16 ? 65535 : 16'000'000)) {
    return view.unsupported("has windows of " + std::to_string(pixels) + " pixels; at most " +
                            (int16 ? "65535" : "16000000") + " are supported.");
  }
  const ClampInt8 clamp = int16 ? clamp_int16(activation, view.scale(view.out()))
                                : clamp_int8(activation, view.scale(view.out()), view.zero(view.out()));
  const kernels::Pool2dInt8Params params{window, clamp.low, clamp.high};
  if (int16) return LoweredNode{make_call(on_int16.first, on_int16.second, params), {view.node.inputs[0]}};
  auto call = simd(view, params);
  if (!call) call = dsp_pool_2d(view, params);
  if (!call) call = make_call(on_int8.first, on_int8.second, params);
  return LoweredNode{std::move(call), {view.node.inputs[0]}};
}

}  // namespace

#define TADPOLE_PAIR(header, params, function) \
  { TADPOLE_KERNEL(header, params, function) }

Result<LoweredNode> lower_average_pool_2d(const NodeView& view) {
  return lower_pool(view, simd_average_pool_2d,
                    TADPOLE_PAIR("ref/pool_2d.h", Pool2dInt8Params, average_pool_2d_int8),
                    TADPOLE_PAIR("ref/pool_2d.h", Pool2dInt8Params, average_pool_2d_int16),
                    TADPOLE_PAIR("ref/pool_2d.h", Pool2dFloatParams, average_pool_2d_float));
}

Result<LoweredNode> lower_max_pool_2d(const NodeView& view) {
  return lower_pool(view, simd_max_pool_2d, TADPOLE_PAIR("ref/pool_2d.h", Pool2dInt8Params, max_pool_2d_int8),
                    TADPOLE_PAIR("ref/pool_2d.h", Pool2dInt8Params, max_pool_2d_int16),
                    TADPOLE_PAIR("ref/pool_2d.h", Pool2dFloatParams, max_pool_2d_float));
}

#undef TADPOLE_PAIR

Result<LoweredNode> lower_batch_norm(const NodeView& view) {
  return view.unsupported("belongs to training. Fold the graph for inference first.");
}

Result<LoweredNode> lower_dropout(const NodeView& view) {
  return view.unsupported("belongs to training. Fold the graph for inference first.");
}

}  // namespace tadpole::plan
