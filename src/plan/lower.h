// Inside the room: what one node becomes. Each operator has one function, chosen in lower.cpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "device/kernels/params.h"
#include "plan/plan.h"

namespace tadpole::plan {

/// A node as a kernel call. `call` is null when the output is the first input under another shape.
struct LoweredNode {
  std::shared_ptr<const KernelCall> call = nullptr;
  /// Tensors, in the order of the kernel's arguments. A variable may stand among them and be written.
  std::vector<int> inputs = {};
  int64_t scratch_bytes = 0;
  /// Leave to overlap: offset(inputs[input]) - offset(output) >= distance (see Overlap in memory.h).
  struct Leave {
    int input = 0;
    int64_t distance = 0;
    bool exact = false;  ///< the difference must be `distance`, no more
  };
  std::vector<Leave> overlaps = {};
  /// Tensors that the call writes; none: the node's first output.
  std::vector<int> outputs = {};
  /// Further calls of the same node, run after this one (a concatenation copies its inputs one by one).
  std::vector<LoweredNode> then = {};
};

/// One node with its surroundings, and the questions that all operators ask.
class NodeView {
 public:
  NodeView(const ir::Graph& graph, const ir::Node& node, const Target& target)
      : graph(graph), node(node), target(target) {}

  const ir::Tensor& in(int index = 0) const { return graph.input_of(node, index); }
  const ir::Tensor& out(int index = 0) const { return graph.output_of(node, index); }
  template <class Attributes>
  const Attributes& attributes() const {
    return std::get<Attributes>(node.attributes);
  }
  bool wants(std::string_view kernels) const { return target.kernels == kernels; }

  bool all_activations(ir::DType type, int inputs = 1) const;
  /// Per-tensor scale and zero point of an int8 activation (checked before any operator is asked).
  float scale(const ir::Tensor& tensor) const { return tensor.quantisation->scales[0]; }
  int32_t zero(const ir::Tensor& tensor) const { return tensor.quantisation->zero_points[0]; }

  /// "layer 'conv_1' (conv_2d)"
  std::string where() const;
  Error unsupported(const std::string& what) const { return {Code::op_unsupported, where() + ": " + what}; }
  Error bad_type(const std::string& what) const { return {Code::type_unsupported, where() + ": " + what}; }

  const ir::Graph& graph;
  const ir::Node& node;
  const Target& target;
};

/// Int8 weights of a layer with everything that requantises its accumulators, one entry an output channel.
struct WeightsInt8 {
  std::span<const int8_t> weights;
  std::vector<int32_t> bias, multiplier, shift;
  /// Keeps `weights` alive when they were unpacked from int4.
  std::shared_ptr<const std::vector<int8_t>> unpacked = nullptr;
};

/// Reads weights, bias and scales of a conv, depthwise conv or dense node. `channels` output channels along
/// `axis` of the weights. Fails: type_unsupported, also when an accumulator could leave 32 bits.
Result<WeightsInt8> read_weights_int8(const NodeView& view, int channels, int axis);

/// The weights of an int8 layer with the input's zero point folded into the bias, and whether every partial
/// sum of plain products then fits 32 bits.
struct FoldedInt8 {
  std::vector<int32_t> bias;
  bool fits = false;
};
FoldedInt8 fold_input_zero(const WeightsInt8& from, int32_t in_zero, int axis);

/// The least offset(in) - offset(out) for a kernel that reads each output pixel's window just before it
/// writes that pixel, in row-major order. Cost: O(output pixels).
int64_t overlap_distance_by_pixel(const kernels::Window2d& window);
/// The same for a kernel that has copied all rows of an output row's windows before it writes the row.
int64_t overlap_distance_by_row(const kernels::Window2d& window);

/// The fast kernels for a layer, or one without a call when they do not apply.
LoweredNode generic_conv_2d(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                            const WeightsInt8& from);
LoweredNode generic_depthwise_conv_2d(const NodeView& view, const kernels::Window2d& window,
                                      ir::Activation activation, const WeightsInt8& from);
LoweredNode generic_fully_connected(const NodeView& view, int32_t rows, int32_t in_c, int32_t out_c,
                                    ir::Activation activation, const WeightsInt8& from);

LoweredNode dsp_conv_2d(const NodeView& view, const kernels::Window2d& window, ir::Activation activation,
                        const WeightsInt8& from);
LoweredNode dsp_depthwise_conv_2d(const NodeView& view, const kernels::Window2d& window,
                                  ir::Activation activation, const WeightsInt8& from);
LoweredNode dsp_fully_connected(const NodeView& view, int32_t rows, int32_t in_c, int32_t out_c,
                                ir::Activation activation, const WeightsInt8& from);

// One function an operator: lower_conv_2d, lower_add, ... Inputs and outputs are there and have the shapes of
// the op's rule; types and scales are the function's to check (check_activation).
#define TADPOLE_OP(name, tflite_code, attributes, shape_rule, options) \
  Result<LoweredNode> lower_##name(const NodeView& view);
#include "ir/ops.def"
#undef TADPOLE_OP

/// Int8 and int16 activations need one scale, int16 ones zero point 0; other types have none.
Result<void> check_activation(const NodeView& view, const ir::Tensor& tensor);

}  // namespace tadpole::plan
