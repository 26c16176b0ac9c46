// Checks that a graph can be written, and says explicit padding in the format's words.
#include <algorithm>
#include <limits>

#include "convert/export.h"

namespace tadpole::convert {

namespace {

using ir::DType;
using ir::Op;
using ir::Pads;

Pads pads_of(const ir::Windows& windows) {
  return {windows.rows.pad_before, windows.rows.pad_after, windows.columns.pad_before,
          windows.columns.pad_after};
}

class PaddingExport {
 public:
  explicit PaddingExport(const ir::Graph& graph) : from_(graph), to_(graph) { to_.nodes.clear(); }

  Result<ir::Graph> run() {
    for (const ir::Node& node : from_.nodes) TADPOLE_CHECK(add(node));
    return std::move(to_);
  }

 private:
  Result<void> add(ir::Node node) {
    if (auto* conv = std::get_if<ir::Conv2dAttributes>(&node.attributes)) return windowed(node, *conv);
    if (auto* conv = std::get_if<ir::DepthwiseConv2dAttributes>(&node.attributes))
      return windowed(node, *conv);
    if (auto* pool = std::get_if<ir::Pool2dAttributes>(&node.attributes)) return windowed(node, *pool);
    if (auto* conv = std::get_if<ir::TransposeConvAttributes>(&node.attributes))
      return transposed(std::move(node), *conv);
    to_.nodes.push_back(std::move(node));
    return {};
  }

  ir::Windows windows(const ir::Node& node, const ir::Pool2dAttributes& a) const {
    return ir::windows_of(from_.input_of(node, 0).shape, a);
  }
  template <class Attributes>
  ir::Windows windows(const ir::Node& node, const Attributes& a) const {
    const ir::Shape& weights = from_.input_of(node, 1).shape;
    return ir::windows_of(from_.input_of(node, 0).shape, weights[1], weights[2], a);
  }

  /// SAME or VALID when it pads as given.
  template <class Attributes>
  bool say_otherwise(const ir::Node& node, Attributes& a) const {
    const Pads given = pads_of(windows(node, a));
    for (const ir::Padding other : {ir::Padding::valid, ir::Padding::same}) {
      Attributes changed = a;
      changed.padding = other;
      if (pads_of(windows(node, changed)) != given) continue;
      a.padding = other;
      a.pads = {};
      return true;
    }
    return false;
  }

  template <class Attributes>
  Result<void> windowed(ir::Node& node, Attributes& a) {
    if (a.padding == ir::Padding::given && !say_otherwise(node, a)) {
      if (node.op == Op::average_pool_2d) {
        return Error{Code::tflite_unsupported,
                     "layer '" + node.name +
                         "' (average_pool_2d) has padding of its own, and .tflite counts padding into an "
                         "average unless it is SAME. Use SAME or VALID padding."};
      }
      const ir::Tensor& in = from_.input_of(node, 0);
      node.inputs[0] = pad(node, in, a.pads);
      a.padding = ir::Padding::valid;
      a.pads = {};
    }
    to_.nodes.push_back(std::move(node));
    return {};
  }

  int add_tensor(ir::Tensor tensor) {
    to_.tensors.push_back(std::move(tensor));
    return static_cast<int>(to_.tensors.size()) - 1;
  }

  int integers(const std::string& name, const ir::Shape& shape, const std::vector<int32_t>& values) {
    return add_tensor({name, DType::int32, shape, std::nullopt, ir::make_constant<int32_t>(values)});
  }

  /// What no maximum takes.
  int lowest(const std::string& name, const ir::Tensor& like) {
    ir::Tensor value{name, like.type, {}, like.quantisation, nullptr};
    if (like.type == DType::float32) {
      value.constant = ir::make_constant<float>(std::vector<float>{std::numeric_limits<float>::lowest()});
    } else if (like.type == DType::int16) {
      value.constant = ir::make_constant<int16_t>(std::vector<int16_t>{-32768});
    } else {
      value.constant = ir::make_constant<int8_t>(std::vector<int8_t>{-128});
    }
    return add_tensor(std::move(value));
  }

  int pad(const ir::Node& node, const ir::Tensor& in, const Pads& pads) {
    ir::Tensor padded{in.name + "_padded", in.type, in.shape, in.quantisation, nullptr};
    padded.shape[1] += pads.top + pads.bottom;
    padded.shape[2] += pads.left + pads.right;
    std::vector<int> inputs = {node.inputs[0],
                               integers(node.name + "_paddings", {4, 2},
                                        {0, 0, pads.top, pads.bottom, pads.left, pads.right, 0, 0})};
    const bool maximum = node.op == Op::max_pool_2d;
    if (maximum) inputs.push_back(lowest(node.name + "_lowest", in));
    const int out = add_tensor(std::move(padded));
    to_.nodes.push_back(
        {maximum ? Op::pad_v2 : Op::pad, node.name + "_pad", std::move(inputs), {out}, ir::NoAttributes{}});
    return out;
  }

  /// The whole output, of which a slice is kept.
  Result<void> transposed(ir::Node node, ir::TransposeConvAttributes& a) {
    const ir::Shape kept = from_.output_of(node).shape;
    const ir::Shape& weights = from_.input_of(node, 1).shape;
    if (a.padding == ir::Padding::given) {
      const auto pads = [&](ir::Padding padding) {
        return pads_of({ir::window_of(kept[1], weights[1], a.stride_h, 1, padding),
                        ir::window_of(kept[2], weights[2], a.stride_w, 1, padding)});
      };
      const bool none = a.pads == Pads{};
      if (!none && a.pads != pads(ir::Padding::same)) return sliced(std::move(node), a);
      a.padding = none ? ir::Padding::valid : ir::Padding::same;
      a.pads = {};
    }
    to_.nodes.push_back(std::move(node));
    return {};
  }

  Result<void> sliced(ir::Node node, ir::TransposeConvAttributes& a) {
    const ir::Tensor& out = from_.output_of(node);
    ir::Tensor whole{out.name + "_whole", out.type, out.shape, out.quantisation, nullptr};
    whole.shape[1] += a.pads.top + a.pads.bottom;
    whole.shape[2] += a.pads.left + a.pads.right;
    const ir::Shape whole_shape = whole.shape;
    ir::Node slice{Op::slice, node.name + "_slice", {}, node.outputs, ir::NoAttributes{}};
    const int between = add_tensor(std::move(whole));
    slice.inputs = {between, integers(node.name + "_begin", {4}, {0, a.pads.top, a.pads.left, 0}),
                    integers(node.name + "_size", {4}, out.shape)};
    node.inputs[0] = integers(node.name + "_whole_shape", {4}, whole_shape);
    node.outputs = {between};
    a.padding = ir::Padding::valid;
    a.pads = {};
    to_.nodes.push_back(std::move(node));
    to_.nodes.push_back(std::move(slice));
    return {};
  }

  const ir::Graph& from_;
  ir::Graph to_;
};

Result<void> check_operators(const ir::Graph& graph) {
  std::string training, own;
  for (const ir::Node& node : graph.nodes) {
    if (ir::tflite_code(node.op) >= 0) continue;
    std::string& list = node.op == Op::batch_norm || node.op == Op::dropout ? training : own;
    list += (list.empty() ? "'" : ", '") + node.name + "' (" + std::string(ir::op_name(node.op)) + ")";
  }
  std::string text;
  if (!training.empty()) {
    text = "layers that exist only while training cannot go into a .tflite file: " + training +
           ". Fold the graph for inference first.";
  }
  if (!own.empty()) {
    text +=
        (text.empty() ? "" : " ") + ("layers for which .tflite has no operator: " + own +
                                     ". Use an LSTM instead, or deploy the model straight from its source.");
  }
  return text.empty() ? Result<void>{} : Error{Code::op_unsupported, text};
}

/// A variable is either read and assigned by nodes, or the state of a layer that starts from 0.
Result<void> check_variables(const ir::Graph& graph) {
  const std::vector<bool> resource = resource_variables(graph);
  const auto name = [&](int index) { return graph.tensors[static_cast<size_t>(index)].name; };
  const auto is_resource = [&](int index) { return index >= 0 && resource[static_cast<size_t>(index)]; };
  for (const ir::Node& node : graph.nodes) {
    if (node.op == Op::read_variable) continue;
    for (const int input : node.inputs) {
      if (!is_resource(input)) continue;
      return Error{Code::tflite_unsupported,
                   "layer '" + node.name + "' takes variable '" + name(input) +
                       "' itself, which other layers read or assign; in a .tflite file it needs a "
                       "read_variable before it."};
    }
  }
  for (const int output : graph.outputs) {
    if (!is_resource(output)) continue;
    return Error{Code::tflite_unsupported, "variable '" + name(output) +
                                               "' is an output; in a .tflite file it needs a read_variable "
                                               "before it."};
  }
  for (size_t i = 0; i < graph.tensors.size(); ++i) {
    if (!graph.tensors[i].initial || resource[i]) continue;
    return Error{Code::tflite_unsupported, "state '" + graph.tensors[i].name +
                                               "' has a first value of its own; in a .tflite file the states "
                                               "of layers start from 0."};
  }
  return {};
}

}  // namespace

std::vector<bool> resource_variables(const ir::Graph& graph) {
  std::vector<bool> resource(graph.tensors.size());
  for (const ir::Node& node : graph.nodes) {
    if (node.op == Op::read_variable && graph.input_of(node, 0).is_variable)
      resource[static_cast<size_t>(node.inputs[0])] = true;
    if (node.op == Op::assign_variable) resource[static_cast<size_t>(node.outputs[0])] = true;
  }
  return resource;
}

Result<ir::Graph> writable_graph(const ir::Graph& graph) {
  TADPOLE_CHECK(ir::check_graph(graph));
  TADPOLE_CHECK(check_operators(graph));
  TADPOLE_CHECK(check_variables(graph));
  TADPOLE_CHECK(check_types(graph));
  return PaddingExport(graph).run();
}

}  // namespace tadpole::convert
