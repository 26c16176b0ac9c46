// Inside the room: int8 layers for the vector units of computers. One packing serves all instruction sets.
#pragma once

#include <string_view>

#include "device/kernels/ref/add.h"
#include "device/kernels/ref/conv_2d_float.h"
#include "device/kernels/ref/pool_2d.h"
#include "device/kernels/simd/layers_int8.h"
#include "plan/lower.h"

namespace tadpole::plan {

/// The kernels of one instruction set.
struct SimdSet {
  template <class Params, class... Operands>
  struct Kernel {
    KernelName name;
    void (*kernel)(const Params&, Operands*...);
  };
  template <class Params>
  using Weighted = Kernel<Params, const int8_t, int8_t, int16_t>;
  template <class Params, class T>
  using Plain = Kernel<Params, const T, T>;
  template <class Params, class T>
  using Binary = Kernel<Params, const T, const T, T>;

  int32_t lanes = 0;               ///< 32-bit numbers in a vector
  bool shifts_as_factors = false;  ///< see kSimdChannelRows
  Weighted<kernels::SimdPointwiseInt8Params> pointwise;
  Weighted<kernels::SimdConv2dInt8Params> conv_2d;
  Weighted<kernels::SimdDepthwiseInt8Params> depthwise_conv_2d;
  Binary<kernels::AddInt8Params, int8_t> add;
  Plain<kernels::Pool2dInt8Params, int8_t> average_pool_2d, max_pool_2d;
  Plain<kernels::Conv2dFloatParams, float> conv_2d_float;
  Plain<kernels::DepthwiseConv2dFloatParams, float> depthwise_conv_2d_float;
};

/// Null where this program has no such kernels or the processor does not run them.
const SimdSet* avx2_set();
const SimdSet* wasm_simd_set();

/// The target with "host" replaced by the best kernel set here. Fails: op_unsupported for a set that does not
/// exist or does not run here.
Result<Target> with_kernels_here(const Target& wanted);

/// The kernels for a layer, or a node without a call when the target wants others or they do not apply.
LoweredNode simd_conv_2d(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                         const WeightsInt8& from);
LoweredNode simd_depthwise_conv_2d(const NodeView& view, const kernels::Window2d& window,
                                   ir::Activation activation, const WeightsInt8& from);
LoweredNode simd_fully_connected(const NodeView& view, int32_t rows, int32_t in_c, int32_t out_c,
                                 ir::Activation activation, const WeightsInt8& from);
/// The same for layers without weights; null when there is none.
std::shared_ptr<const KernelCall> simd_add(const NodeView& view, const kernels::AddInt8Params& params);
std::shared_ptr<const KernelCall> simd_conv_2d_float(const NodeView& view,
                                                     const kernels::Conv2dFloatParams& params,
                                                     Constants constants);
std::shared_ptr<const KernelCall> simd_depthwise_conv_2d_float(
    const NodeView& view, const kernels::DepthwiseConv2dFloatParams& params, Constants constants);
std::shared_ptr<const KernelCall> simd_average_pool_2d(const NodeView& view,
                                                       const kernels::Pool2dInt8Params& params);
std::shared_ptr<const KernelCall> simd_max_pool_2d(const NodeView& view,
                                                   const kernels::Pool2dInt8Params& params);

}  // namespace tadpole::plan
