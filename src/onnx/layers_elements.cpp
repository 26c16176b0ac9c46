// Element-wise operators, reductions and softmax.
#include <algorithm>
#include <cmath>
#include <limits>

#include "onnx/importer.h"

namespace tadpole::onnx {

namespace {

/// The same order and columns as `like`, another tensor.
Value alike(const Value& like, int tensor) {
  Value value = like;
  value.tensor = tensor;
  return value;
}

Result<void> unary(Importer& importer, const NodeView& view, ir::Op op, ir::Attributes attributes) {
  TADPOLE_TRY(const Value value, importer.activation(view, 0));
  TADPOLE_TRY(const int out, importer.add(view, op, {value.tensor}, std::move(attributes)));
  importer.set(view, 0, alike(value, out));
  return {};
}

Result<void> one_to_one(Importer& importer, const NodeView& view) {
  static const std::pair<const char*, ir::Op> kOps[] = {
      {"Relu", ir::Op::relu}, {"Sigmoid", ir::Op::logistic},     {"Tanh", ir::Op::tanh},
      {"Abs", ir::Op::abs},   {"HardSwish", ir::Op::hard_swish}, {"Exp", ir::Op::exp}};
  const auto found = std::find_if(std::begin(kOps), std::end(kOps),
                                  [&](const auto& row) { return view.node.op_type() == row.first; });
  return unary(importer, view, found->second, ir::NoAttributes{});
}

Result<void> leaky_relu(Importer& importer, const NodeView& view) {
  return unary(importer, view, ir::Op::leaky_relu, ir::LeakyReluAttributes{view.real("alpha", 0.01f)});
}

Result<void> identity(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(Value value, importer.activation(view, 0));
  importer.set(view, 0, std::move(value));
  return {};
}

Result<void> cast(Importer& importer, const NodeView& view) {
  if (view.number("to", 0) != proto::TensorProto::FLOAT)
    return view.unsupported("turns an activation into another number type than float.");
  return identity(importer, view);
}

Result<int> with_number(Importer& importer, const NodeView& view, int in, ir::Op op, float number) {
  const int constant = importer.add_constant(view.name + "_number", {}, {number});
  ir::Attributes attributes = ir::default_attributes(op);
  return importer.add(view, op, {in, constant}, std::move(attributes));
}

Result<int> held_between(Importer& importer, const NodeView& view, int in, float low, float high) {
  if (low == 0 && high == 6) return importer.add(view, ir::Op::relu6, {in}, ir::NoAttributes{});
  if (low == 0 && high == std::numeric_limits<float>::infinity())
    return importer.add(view, ir::Op::relu, {in}, ir::NoAttributes{});
  int out = in;
  if (high < std::numeric_limits<float>::max()) {
    TADPOLE_TRY(out, with_number(importer, view, out, ir::Op::minimum, high));
  }
  if (low > std::numeric_limits<float>::lowest()) {
    TADPOLE_TRY(out, with_number(importer, view, out, ir::Op::maximum, low));
  }
  return out;
}

Result<float> limit_of(const Importer& importer, const NodeView& view, int index, float absent) {
  if (!view.has_input(index)) return absent;
  TADPOLE_TRY(const Constant* limit, importer.need_constant(view, index, "limits"));
  if (!limit->is_float || limit->count() != 1) return view.damaged("its limits are not single numbers.");
  return limit->floats[0];
}

Result<void> clip(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, importer.activation(view, 0));
  const float infinity = std::numeric_limits<float>::infinity();
  TADPOLE_TRY(const float low, limit_of(importer, view, 1, -infinity));
  TADPOLE_TRY(float high, limit_of(importer, view, 2, infinity));
  if (high == std::numeric_limits<float>::max()) high = infinity;
  TADPOLE_TRY(const int out, held_between(importer, view, value.tensor, low, high));
  importer.set(view, 0, alike(value, out));
  return {};
}

/// max(0, min(1, alpha * x + beta)) as relu6(6 * alpha * x + 6 * beta) / 6, which quantises well.
Result<void> hard_sigmoid(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, importer.activation(view, 0));
  const float alpha = view.real("alpha", 0.2f), beta = view.real("beta", 0.5f);
  int out = value.tensor;
  if (6 * alpha != 1) {
    TADPOLE_TRY(out, with_number(importer, view, out, ir::Op::mul, 6 * alpha));
  }
  TADPOLE_TRY(out, with_number(importer, view, out, ir::Op::add, 6 * beta));
  TADPOLE_TRY(out, importer.add(view, ir::Op::relu6, {out}, ir::NoAttributes{}));
  TADPOLE_TRY(out, with_number(importer, view, out, ir::Op::mul, 1.0f / 6));
  importer.set(view, 0, alike(value, out));
  return {};
}

Result<void> negate(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, importer.activation(view, 0));
  TADPOLE_TRY(const int out, with_number(importer, view, value.tensor, ir::Op::mul, -1));
  importer.set(view, 0, alike(value, out));
  return {};
}

Result<void> power(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, importer.activation(view, 0));
  TADPOLE_TRY(const Constant* exponent, importer.need_constant(view, 1, "exponent"));
  const double by = exponent->count() != 1 ? 0
                    : exponent->is_float   ? exponent->floats[0]
                                           : static_cast<double>(exponent->ints[0]);
  if (by != 2) return view.unsupported("raises to another power than 2.");
  TADPOLE_TRY(const int out,
              importer.add(view, ir::Op::mul, {value.tensor, value.tensor}, ir::ActivationAttributes{}));
  importer.set(view, 0, alike(value, out));
  return {};
}

/// Slopes [C] or [C,1,1] belong to the channels, whatever the layout.
Result<void> prelu(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, importer.activation(view, 0));
  TADPOLE_TRY(const Constant* found, importer.need_constant(view, 1, "slopes"));
  Constant slope = *found;
  if (slope.shape.size() == 1 && value.shape.size() > 2 && slope.count() == value.shape[1]) {
    // PyTorch writes [C,1,1]; a bare [C] would be broadcast along the last dimension.
    slope.shape.resize(value.shape.size() - 1, 1);
  }
  TADPOLE_TRY(const int out,
              importer.add(view, ir::Op::prelu,
                           {value.tensor, importer.constant_like(view.name + "_slope", slope, value)},
                           ir::NoAttributes{}));
  importer.set(view, 0, alike(value, out));
  return {};
}

ir::Op binary_op(const std::string& op_type) {
  if (op_type == "Add" || op_type == "Sum") return ir::Op::add;
  if (op_type == "Sub") return ir::Op::sub;
  if (op_type == "Max") return ir::Op::maximum;
  if (op_type == "Min") return ir::Op::minimum;
  return ir::Op::mul;
}

/// A constant of one number an output, added to a dense layer without a bias, is its bias.
bool add_as_bias(Importer& importer, const NodeView& view, const Value& value, int other,
                 const Constant& bias) {
  ir::Graph& graph = importer.graph();
  const int maker = importer.producer(value.tensor);
  const bool is_row = bias.is_float && !value.shape.empty() && bias.count() == value.shape.back() &&
                      !bias.shape.empty() && bias.shape.back() == bias.count();
  if (maker < 0 || !is_row || importer.uses(view.node.input(1 - other)) != 1) return false;
  ir::Node& node = graph.nodes[static_cast<size_t>(maker)];
  if (node.op != ir::Op::fully_connected || node.inputs.size() != 2) return false;
  node.inputs.push_back(
      importer.add_constant(view.name + "_bias", {static_cast<int32_t>(bias.count())}, bias.floats));
  importer.set(view, 0, value);
  return true;
}

Result<void> with_constant(Importer& importer, const NodeView& view, int other) {
  TADPOLE_TRY(const Value value, importer.activation(view, 1 - other));
  Constant constant = *importer.constant(view, other);
  const std::string& op_type = view.node.op_type();
  if (!constant.is_float) {
    constant.is_float = true;
    constant.floats.assign(constant.ints.begin(), constant.ints.end());
  }
  if (op_type == "Add" && add_as_bias(importer, view, value, other, constant)) return {};
  if (op_type == "Div") {
    if (other == 0) return view.unsupported("divides by an activation.");
    for (float& each : constant.floats) each = 1 / each;
  }
  if (!value.columns.empty() && constant.count() != 1)
    return view.unsupported("adds a row to a flattened map.");
  if (constant.shape.size() > value.shape.size()) {
    return view.unsupported("broadcasts " + ir::to_string(value.shape) + " to " +
                            ir::to_string(constant.shape) + ".");
  }
  const int tensor = constant.count() == 1
                         ? importer.add_constant(view.name + "_number", {}, {constant.floats[0]})
                         : importer.constant_like(view.name + "_constant", constant, value);
  const ir::Op op = binary_op(op_type);
  const std::vector<int> inputs =
      other == 0 ? std::vector<int>{tensor, value.tensor} : std::vector<int>{value.tensor, tensor};
  TADPOLE_TRY(const int out, importer.add(view, op, inputs, ir::default_attributes(op)));
  const ir::Shape& made = importer.graph().tensors[static_cast<size_t>(out)].shape;
  if (made != stored_shape(value.shape, value.order) && value.columns.empty() &&
      value.order != plain_order(value.shape.size()))
    return view.unsupported("broadcasts the activation itself.");
  Value result = alike(value, out);
  if (value.order == plain_order(value.shape.size()) && value.columns.empty()) result = importer.plain(out);
  importer.set(view, 0, std::move(result));
  return {};
}

Result<void> binary(Importer& importer, const NodeView& view) {
  if (view.node.input_size() == 1) return identity(importer, view);
  if (view.node.input_size() != 2)
    return view.unsupported("has " + std::to_string(view.node.input_size()) + " inputs; Tadpole takes two.");
  for (const int other : {0, 1}) {
    if (importer.constant(view, other) && !importer.constant(view, 1 - other))
      return with_constant(importer, view, other);
  }
  if (view.node.op_type() == "Div") return view.unsupported("divides by an activation.");
  TADPOLE_TRY(Value a, importer.activation(view, 0));
  TADPOLE_TRY(Value b, importer.activation(view, 1));
  if (a.shape.size() < b.shape.size()) std::swap(a, b);
  const bool swapped = view.node.op_type() == "Sub" && importer.activation(view, 0)->tensor != a.tensor;
  int other = b.tensor;
  if (b.shape.size() != a.shape.size()) {
    // A value of lower rank is broadcast by its logical dimensions.
    TADPOLE_TRY(other, importer.logical(view, b));
    ir::Shape full(a.shape.size() - b.shape.size(), 1);
    full.insert(full.end(), b.shape.begin(), b.shape.end());
    TADPOLE_TRY(other, importer.add(view, ir::Op::reshape, {other}, ir::NoAttributes{}, full));
    b = importer.plain(other);
  }
  if (a.columns != b.columns) {
    TADPOLE_TRY(const int first, importer.logical(view, a));
    TADPOLE_TRY(const int second, importer.logical(view, b));
    a = importer.plain(first);
    b = importer.plain(second);
    other = second;
  } else if (a.columns.empty()) {
    TADPOLE_TRY(other, importer.stored_as(view, b, a.order));
  }
  const ir::Op op = binary_op(view.node.op_type());
  const std::vector<int> inputs =
      swapped ? std::vector<int>{other, a.tensor} : std::vector<int>{a.tensor, other};
  TADPOLE_TRY(const int out, importer.add(view, op, inputs, ir::default_attributes(op)));
  const ir::Shape& stored = importer.graph().tensors[static_cast<size_t>(out)].shape;
  Value made{out, ir::Shape(stored.size()), a.order, a.columns};
  for (size_t i = 0; i < stored.size(); ++i) made.shape[i] = stored[static_cast<size_t>(a.order[i])];
  importer.set(view, 0, std::move(made));
  return {};
}

Result<void> softmax(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, importer.activation(view, 0));
  const size_t rank = value.shape.size();
  const int axis = ir::wrapped_axis(view.number("axis", importer.opset() >= 13 ? -1 : 1), rank);
  if (axis < 0) return view.damaged("has no such axis.");
  int64_t behind = 1;
  for (size_t i = static_cast<size_t>(axis) + 1; i < rank; ++i) behind *= value.shape[i];
  if (importer.opset() < 13 && behind != 1)
    return view.unsupported(
        "runs over several dimensions at once, as opset 12 has it. Export with opset_version=13.");
  // The axis must be stored last: exchange it with the last one where it is not.
  std::vector<int> order = value.order;
  const int last = static_cast<int>(rank) - 1;
  if (value.columns.empty() && order[static_cast<size_t>(axis)] != last) {
    const auto holder = std::find(order.begin(), order.end(), last);
    std::swap(order[static_cast<size_t>(axis)], *holder);
  }
  TADPOLE_TRY(const int in,
              value.columns.empty() ? importer.stored_as(view, value, order) : importer.logical(view, value));
  TADPOLE_TRY(const int out, importer.add(view, ir::Op::softmax, {in}, ir::SoftmaxAttributes{1}));
  importer.set(view, 0, {out, value.shape, order, {}});
  return {};
}

/// What is left of `value` when some logical dimensions go, or become 1.
Value reduced(const Value& value, int tensor, const std::vector<bool>& gone, bool keep) {
  Value out{tensor, {}, {}, {}};
  for (size_t i = 0; i < value.shape.size(); ++i) {
    if (gone[i] && !keep) continue;
    out.shape.push_back(gone[i] ? 1 : value.shape[i]);
    int place = 0;
    for (size_t j = 0; j < value.shape.size(); ++j)
      place += (keep || !gone[j]) && value.order[j] < value.order[i];
    out.order.push_back(place);
  }
  return out;
}

Result<void> reduce(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(Value value, importer.activation(view, 0));
  if (!value.columns.empty()) {
    TADPOLE_TRY(const int plain, importer.logical(view, value));
    value = importer.plain(plain);
  }
  TADPOLE_TRY(const auto given, importer.numbers(view, 1, "axes"));
  std::vector<bool> gone(value.shape.size(), !given || given->empty());
  std::vector<int64_t> stored;
  for (const int64_t axis : given.value_or(std::vector<int64_t>())) {
    const int wrapped = ir::wrapped_axis(axis, value.shape.size());
    if (wrapped < 0) return view.damaged("has no axis " + std::to_string(axis) + ".");
    gone[static_cast<size_t>(wrapped)] = true;
  }
  for (size_t i = 0; i < gone.size(); ++i) {
    if (gone[i]) stored.push_back(value.order[i]);
  }
  std::sort(stored.begin(), stored.end());
  const bool keep = view.number("keepdims", 1) != 0;
  const ir::Op op = view.node.op_type() == "ReduceSum" ? ir::Op::sum : ir::Op::mean;
  TADPOLE_TRY(const int out,
              importer.add(view, op, {value.tensor, importer.add_numbers(view.name + "_axes", stored)},
                           ir::ReduceAttributes{keep}));
  importer.set(view, 0, reduced(value, out, gone, keep));
  return {};
}

Result<void> arg_max(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, importer.activation(view, 0));
  TADPOLE_TRY(const int in, importer.logical(view, value));
  const int axis = ir::wrapped_axis(view.number("axis", 0), value.shape.size());
  if (axis < 0 || view.number("select_last_index", 0) != 0)
    return view.unsupported("has options that Tadpole lacks.");
  TADPOLE_TRY(int out,
              importer.add(view, ir::Op::arg_max, {in, importer.add_numbers(view.name + "_axis", {axis})},
                           ir::NoAttributes{}, std::nullopt, ir::DType::int32));
  if (view.number("keepdims", 1) != 0) {
    ir::Shape shape = value.shape;
    shape[static_cast<size_t>(axis)] = 1;
    TADPOLE_TRY(out, importer.add(view, ir::Op::reshape, {out}, ir::NoAttributes{}, shape, ir::DType::int32));
  }
  importer.set(view, 0, importer.plain(out));
  return {};
}

constexpr Row kRows[] = {{"Relu", one_to_one},
                         {"Sigmoid", one_to_one},
                         {"Tanh", one_to_one},
                         {"Abs", one_to_one},
                         {"HardSwish", one_to_one},
                         {"Exp", one_to_one},
                         {"LeakyRelu", leaky_relu},
                         {"PRelu", prelu},
                         {"Clip", clip},
                         {"HardSigmoid", hard_sigmoid},
                         {"Neg", negate},
                         {"Pow", power},
                         {"Identity", identity},
                         {"Dropout", identity},
                         {"Cast", cast},
                         {"Add", binary},
                         {"Sub", binary},
                         {"Mul", binary},
                         {"Div", binary},
                         {"Max", binary},
                         {"Min", binary},
                         {"Sum", binary},
                         {"Softmax", softmax},
                         {"ReduceMean", reduce},
                         {"ReduceSum", reduce},
                         {"ArgMax", arg_max}};

}  // namespace

std::span<const Row> element_layers() { return kRows; }

}  // namespace tadpole::onnx
