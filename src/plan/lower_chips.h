// Inside the room: int8 layers for the smaller instruction sets, Thumb-1 and RV32, and for Helium.
#pragma once

#include "plan/lower.h"

namespace tadpole::plan {

/// The kernels of cortex_m0, rv32 or cortex_m_helium for a layer, or a node without a call when the target
/// wants others or they do not apply.
LoweredNode chip_conv_2d(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                         const WeightsInt8& from);
LoweredNode chip_depthwise_conv_2d(const NodeView& view, const kernels::Window2d& window,
                                   ir::Activation activation, const WeightsInt8& from);
LoweredNode chip_fully_connected(const NodeView& view, int32_t rows, int32_t in_c, int32_t out_c,
                                 ir::Activation activation, const WeightsInt8& from);

}  // namespace tadpole::plan
