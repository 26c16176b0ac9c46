// Layers without weights to the kernels of the Arm DSP extension, where their conditions hold.
#include "plan/lower_cortex_m_dsp_elements.h"

#include <algorithm>

#include "device/kernels/cortex_m_dsp/add.h"
#include "device/kernels/cortex_m_dsp/pool_2d.h"
#include "device/kernels/cortex_m_dsp/softmax.h"
#include "device/kernels/cortex_m_helium/elements_int8.h"
#include "device/kernels/fixed_point.h"
#include "device/kernels/fixed_point_functions.h"
#include "plan/fit_sum.h"

namespace tadpole::plan {

namespace {

constexpr std::string_view kKernels = "cortex_m_dsp", kHelium = "cortex_m_helium";
static_assert(kernels::kHeliumAddShift == kernels::kDspAddShift, "one fit serves both");

/// What the reference kernel makes of every pair of bytes.
PairTable all_pairs(kernels::AddInt8Params params,
                    void (*kernel)(const kernels::AddInt8Params&, const int8_t*, const int8_t*, int8_t*)) {
  PairTable a, b, out;
  for (size_t i = 0; i < out.size(); ++i) {
    a[i] = static_cast<int8_t>(static_cast<int>(i / 256) - 128);
    b[i] = static_cast<int8_t>(static_cast<int>(i % 256) - 128);
  }
  params.broadcast = {{1, 1, 1, static_cast<int32_t>(out.size())}, {0, 0, 0, 1}, {0, 0, 0, 1}};
  kernel(params, a.data(), b.data(), out.data());
  return out;
}

}  // namespace

std::shared_ptr<const KernelCall> dsp_add(const NodeView& view, const kernels::AddInt8Params& params) {
  const ir::Shape& shape = view.out().shape;
  const bool helium = view.wants(kHelium);
  if ((!helium && !view.wants(kKernels)) || view.in(0).shape != shape || view.in(1).shape != shape)
    return nullptr;
  if (!helium && (view.in(0).is_constant() || view.in(1).is_constant())) return nullptr;  // any alignment
  const PairTable wanted = all_pairs(params, &kernels::add_int8);
  const double out_scale = view.scale(view.out());
  const SumToFit real = {view.scale(view.in(0)) / out_scale,
                         view.scale(view.in(1)) / out_scale,
                         params.a_zero,
                         params.b_zero,
                         params.out_zero,
                         params.clamp_min,
                         params.clamp_max};
  const auto fit = fit_sum(wanted, real, kernels::kDspAddShift);
  if (!fit) return nullptr;
  const auto count = static_cast<int32_t>(ir::element_count(shape));
  if (helium) {
    const kernels::HeliumAddInt8Params add = {count,
                                              fit->a_factor,
                                              fit->b_factor,
                                              fit->offset,
                                              fit->ties ? fit->middle : INT32_MIN,
                                              params.clamp_min,
                                              params.clamp_max};
    return make_call(TADPOLE_KERNEL("cortex_m_helium/elements_int8.h", HeliumAddInt8Params, helium_add_int8),
                     add);
  }
  const kernels::DspAddInt8Params add = {count,       fit->a_factor,    fit->b_factor,
                                         fit->offset, params.clamp_min, params.clamp_max};
  if (!fit->ties) {
    return make_call(TADPOLE_KERNEL("cortex_m_dsp/add.h", DspAddInt8Params, dsp_add_int8), add);
  }
  const kernels::DspAddTiesInt8Params ties = {add, fit->middle};
  return make_call(TADPOLE_KERNEL("cortex_m_dsp/add.h", DspAddTiesInt8Params, dsp_add_ties_int8), ties);
}

namespace {

std::shared_ptr<const KernelCall> helium_pool_2d(const NodeView& view,
                                                 const kernels::Pool2dInt8Params& params) {
  if (view.node.op == ir::Op::max_pool_2d) {
    return make_call(
        TADPOLE_KERNEL("cortex_m_helium/elements_int8.h", Pool2dInt8Params, helium_max_pool_2d_int8), params);
  }
  if (int64_t{params.window.filter_h} * params.window.filter_w > kernels::kHeliumMaxPoolTaps) return nullptr;
  return make_call(
      TADPOLE_KERNEL("cortex_m_helium/elements_int8.h", Pool2dInt8Params, helium_average_pool_2d_int8),
      params);
}

}  // namespace

std::shared_ptr<const KernelCall> dsp_pool_2d(const NodeView& view, const kernels::Pool2dInt8Params& params) {
  if (view.wants(kHelium)) return helium_pool_2d(view, params);
  if (!view.wants(kKernels)) return nullptr;
  return view.node.op == ir::Op::max_pool_2d
             ? make_call(TADPOLE_KERNEL("cortex_m_dsp/pool_2d.h", Pool2dInt8Params, dsp_max_pool_2d_int8),
                         params)
             : make_call(TADPOLE_KERNEL("cortex_m_dsp/pool_2d.h", Pool2dInt8Params, dsp_average_pool_2d_int8),
                         params);
}

std::shared_ptr<const KernelCall> dsp_reduce(const NodeView& view,
                                             const kernels::ReduceQuantisedParams& params) {
  const kernels::ReducedAxes& axes = params.axes;
  const int32_t batches = axes.kept[2], channels = axes.kept[3], count = axes.reduced[3];
  const bool one_run = axes.kept[0] == 1 && axes.kept[1] == 1 && axes.reduced[0] == 1 &&
                       axes.reduced[1] == 1 && axes.reduced[2] == 1;
  if (!view.wants(kKernels) || !one_run || channels < 2 || axes.kept_stride[3] != 1 || count < 2 ||
      axes.reduced_stride[3] != channels || (batches > 1 && axes.kept_stride[2] != count * channels)) {
    return nullptr;
  }
  const kernels::DspMeanInt8Params mean = {
      batches, count, channels, count * params.in_zero, params.out_zero, params.multiplier, params.shift};
  return make_call(TADPOLE_KERNEL("cortex_m_dsp/pool_2d.h", DspMeanInt8Params, dsp_mean_int8), mean);
}

std::shared_ptr<const KernelCall> dsp_softmax(const NodeView& view,
                                              const kernels::SoftmaxInt8Params& params) {
  if (!view.wants(kKernels) || params.cols > kernels::kDspSoftmaxMaxColumns) return nullptr;
  std::vector<int32_t> table;
  for (int32_t difference = 0; difference <= std::min(255, -params.diff_min); ++difference) {
    const int32_t scaled =
        kernels::multiply_by_quantized_multiplier(-difference, params.multiplier, params.shift);
    table.push_back(kernels::exp_of_negative_fixed(scaled, 5));
  }
  // What ends in zeros is as good as cut off.
  while (table.size() > 1 && table.back() == 0) table.pop_back();
  Constants constants;
  kernels::DspSoftmaxInt8Params softmax = {params.rows, params.cols, static_cast<int32_t>(table.size()),
                                           nullptr};
  softmax.exponentials = constants.keep(std::move(table));
  return make_call(TADPOLE_KERNEL("cortex_m_dsp/softmax.h", DspSoftmaxInt8Params, dsp_softmax_int8), softmax,
                   constants);
}

}  // namespace tadpole::plan
