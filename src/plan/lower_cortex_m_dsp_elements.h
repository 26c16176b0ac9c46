// Inside the room: layers without weights for the Arm DSP extension, sums and pools also for Helium. Each
// gives null when the target wants other kernels or this one does not apply.
#pragma once

#include "device/kernels/ref/add.h"
#include "device/kernels/ref/pool_2d.h"
#include "device/kernels/ref/reduce.h"
#include "device/kernels/ref/softmax.h"
#include "plan/lower.h"

namespace tadpole::plan {

/// Both inputs of the output's shape; neither constant, but for Helium.
std::shared_ptr<const KernelCall> dsp_add(const NodeView& view, const kernels::AddInt8Params& params);
/// Average and maximum, by the node's operator.
std::shared_ptr<const KernelCall> dsp_pool_2d(const NodeView& view, const kernels::Pool2dInt8Params& params);
/// Sums and means over all dimensions between the first and the last.
std::shared_ptr<const KernelCall> dsp_reduce(const NodeView& view,
                                             const kernels::ReduceQuantisedParams& params);
std::shared_ptr<const KernelCall> dsp_softmax(const NodeView& view, const kernels::SoftmaxInt8Params& params);

}  // namespace tadpole::plan
