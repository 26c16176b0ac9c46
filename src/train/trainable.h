// This room's column of the op table: what each operator becomes in a network, and which of its constants are
// trained. Private to this room.
#pragma once

#include <optional>
#include <string>

#include "train/layer.h"

namespace tadpole::train {

/// A layer computes; a norm or an activation waits on a value where it can; a reshape is another name for
/// one.
enum class Role : uint8_t { layer, norm, activation, reshape };

struct OpColumn {
  ir::Op op;
  Role role;
  std::unique_ptr<Layer> (*make)(const LayerInputs&);
};

/// Null for operators without a gradient.
const OpColumn* column_of(ir::Op op);

/// The activation that a node applies at its end.
ir::Activation activation_of(const ir::Node& node);

/// How a constant input is trained; nothing when it stays as it is. Constants of sums and products are
/// trained when they hold several numbers: they are scales and shifts, a single number is part of a formula.
struct ParameterLayout {
  int rows = 1, columns = 0;
  bool transposed = false, decays = false, overwritten = false;  ///< as in Parameter
};
std::optional<ParameterLayout> parameter_layout(const ir::Graph& graph, const ir::Node& node,
                                                size_t position);

/// Inputs that are values of the network.
bool is_value(const ir::Graph& graph, const ir::Node& node, size_t position);

/// Why a node cannot be trained, to follow its name; "" when it can.
std::string why_not_trainable(const ir::Graph& graph, const ir::Node& node);

}  // namespace tadpole::train
