// Weights alone as int8, activations as floats: small files ("dynamic range" models), and back to floats for
// training on.
#pragma once

#include <vector>

#include "base/result.h"
#include "ir/graph.h"

namespace tadpole::quantise {

/// Convolutions and dense layers: those with a kernel that is quantised as weights.
bool has_weights(ir::Op op);

/// The kernels of convolutions and dense layers as int8 in [-127, 127], zero point 0: one scale for each
/// output channel of a convolution, one for a dense layer. Biases, small kernels (under 64 weights) and
/// everything else stay as they are. `folded` comes from fold_for_inference. Fails: quantise_bad_range when a
/// weight is not finite (names the tensor). Source: TensorFlow Lite's dynamic range quantisation.
Result<ir::Graph> quantise_weights(const ir::Graph& folded);

/// What the integers of a constant stand for. `constant` is int8, int4 or int32 with scales.
std::vector<float> real_numbers(const ir::Tensor& constant);

/// Every int8 or int4 constant of a float model as the floats that it stands for; other graphs come back as
/// they are. Fails: type_unsupported when activations are integers (names the tensor): such a model cannot
/// be trained on.
Result<ir::Graph> dequantise_weights(const ir::Graph& graph);

}  // namespace tadpole::quantise
