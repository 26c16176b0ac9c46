// Inside the room: the graph under construction, and what ONNX values are in it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "onnx/onnx_pb.h"

namespace tadpole::onnx {

namespace proto = ::onnx;

/// A constant with its logical shape: numbers of either kind.
struct Constant {
  ir::Shape shape;
  bool is_float = true;
  std::vector<float> floats;
  std::vector<int64_t> ints;

  int64_t count() const { return static_cast<int64_t>(is_float ? floats.size() : ints.size()); }
};

/// An activation. ONNX sees `shape`; the tensor may store its dimensions in another order.
struct Value {
  int tensor = -1;
  ir::Shape shape;         ///< logical
  std::vector<int> order;  ///< logical dimension i is stored dimension order[i]
  /// Of a flattened map with channels last: logical column i of dimension 1 is stored column columns[i].
  std::vector<int32_t> columns;
};

/// One ONNX node with the questions that all operators ask.
class NodeView {
 public:
  NodeView(const proto::NodeProto& node, std::string name) : node(node), name(std::move(name)) {}

  const proto::AttributeProto* find(const std::string& attribute) const;
  int64_t number(const std::string& attribute, int64_t absent) const;
  float real(const std::string& attribute, float absent) const;
  std::string text(const std::string& attribute, const std::string& absent) const;
  std::vector<int64_t> numbers(const std::string& attribute) const;
  bool has_input(int index) const { return index < node.input_size() && !node.input(index).empty(); }

  /// "layer 'conv1' (Conv)"
  std::string where() const { return "layer '" + name + "' (" + node.op_type() + ")"; }
  Error unsupported(const std::string& what) const { return {Code::op_unsupported, where() + ": " + what}; }
  Error damaged(const std::string& what) const { return {Code::onnx_damaged, where() + ": " + what}; }

  const proto::NodeProto& node;
  std::string name;
};

class Importer {
 public:
  explicit Importer(const proto::ModelProto& model) : model_(model), from_(model.graph()) {}
  Result<ir::Graph> run();

  // What the operators' functions use (layers_*.cpp).

  /// The activation of an input; a constant one becomes a constant tensor. Fails: onnx_damaged.
  Result<Value> activation(const NodeView& view, int index);
  /// The constant of an input, or nothing when it is an activation or absent.
  const Constant* constant(const NodeView& view, int index) const;
  Result<const Constant*> need_constant(const NodeView& view, int index, const std::string& what) const;
  /// Integers of a constant input, or of an attribute in older opsets; nothing when neither is there.
  Result<std::optional<std::vector<int64_t>>> numbers(const NodeView& view, int index,
                                                      const std::string& attribute);

  /// A constant tensor.
  int add_constant(const std::string& name, const ir::Shape& shape, std::vector<float> values);
  int add_numbers(const std::string& name, const std::vector<int64_t>& values);
  /// An IR node with one output; `declared`: the output's shape where the operator has no rule of its own.
  Result<int> add(const NodeView& view, ir::Op op, std::vector<int> inputs, ir::Attributes attributes,
                  std::optional<ir::Shape> declared = std::nullopt, ir::DType type = ir::DType::float32);
  /// The tensor of `value` with its dimensions stored in `order`: itself, reshaped, or transposed.
  Result<int> stored_as(const NodeView& view, const Value& value, const std::vector<int>& order);
  Result<int> logical(const NodeView& view, const Value& value);
  Result<int> channels_last(const NodeView& view, const Value& value);
  /// A constant as a tensor whose dimensions are stored as `like` stores its own, for broadcasting against
  /// it.
  int constant_like(const std::string& name, const Constant& constant, const Value& like);

  void set(const NodeView& view, int output, Value value) {
    values_[view.node.output(output)] = std::move(value);
  }
  void set_constant(const NodeView& view, Constant value) {
    constants_[view.node.output(0)] = std::move(value);
  }
  /// A value without reordering.
  Value plain(int tensor) const;
  /// A value that is stored with channels last.
  Value with_channels_last(int tensor) const;

  int opset() const { return opset_; }
  ir::Graph& graph() { return graph_; }
  /// How many nodes and outputs of the model read an ONNX value.
  int uses(const std::string& value) const;
  /// The IR node that made a tensor, or -1.
  int producer(int tensor) const;

 private:
  Result<void> check_model();
  Result<void> read_constants();
  Result<void> read_inputs();
  Result<void> read_nodes();
  Result<void> read_outputs();
  Result<bool> fold(const NodeView& view);
  Result<bool> keep_folded(const NodeView& view, Constant value);
  bool wants_channels_last(const std::string& value, int depth) const;
  std::string layer_name(const proto::NodeProto& node, int index) const;

  const proto::ModelProto& model_;
  const proto::GraphProto& from_;
  ir::Graph graph_;
  int opset_ = 0;
  std::map<std::string, Value> values_;
  std::map<std::string, Constant> constants_;
  std::map<std::string, int> uses_;
  std::map<std::string, std::vector<int>> readers_;
  int64_t folded_values_ = 0;  ///< of all constants that nodes made
};

using Convert = Result<void> (*)(Importer&, const NodeView&);
/// The function of an ONNX operator, or null.
Convert convert_of(const std::string& op_type);

/// The numbers of an ONNX tensor. Fails: onnx_damaged, onnx_unsupported (names the tensor).
Result<Constant> read_tensor(const proto::TensorProto& from);

/// 0, 1, ..., rank - 1.
std::vector<int> plain_order(size_t rank);
/// N, then what is between, then C: the order of a logical [N, C, ...].
std::vector<int> channels_last_order(size_t rank);
ir::Shape stored_shape(const ir::Shape& logical, const std::vector<int>& order);

// Operators by family; each file lists its own.
using Row = std::pair<const char*, Convert>;
std::span<const Row> window_layers();
std::span<const Row> element_layers();
std::span<const Row> move_layers();
std::span<const Row> recurrent_layers();

}  // namespace tadpole::onnx
