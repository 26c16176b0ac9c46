// The walk over an ONNX graph: constants, inputs, nodes, outputs, and the layouts between them.
#include "onnx/importer.h"

#include <algorithm>
#include <numeric>

#include "onnx/onnx.h"

namespace tadpole::onnx {

namespace {

constexpr int kOldestOpset = 11, kNewestOpset = 15;
/// No activation of a small device comes near.
constexpr int64_t kMaxElements = int64_t{1} << 26;
/// A network for a small device has some hundred nodes.
constexpr int kMaxNodes = 20000;
/// So many layers are shown in full in a message.
constexpr int kShownLayers = 50;
/// How far to look for a convolution behind an input.
constexpr int kLookAhead = 12;

bool is_safe(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

/// Printable and at most 60 characters.
std::string clean(const std::string& text) {
  std::string to = text.substr(0, 60);
  for (char& c : to) c = is_safe(std::string(1, c)) ? c : '?';
  return to;
}

}  // namespace

const proto::AttributeProto* NodeView::find(const std::string& attribute) const {
  for (const proto::AttributeProto& each : node.attribute()) {
    if (each.name() == attribute) return &each;
  }
  return nullptr;
}

int64_t NodeView::number(const std::string& attribute, int64_t absent) const {
  const auto* found = find(attribute);
  return found ? found->i() : absent;
}

float NodeView::real(const std::string& attribute, float absent) const {
  const auto* found = find(attribute);
  return found ? found->f() : absent;
}

std::string NodeView::text(const std::string& attribute, const std::string& absent) const {
  const auto* found = find(attribute);
  return found ? found->s() : absent;
}

std::vector<int64_t> NodeView::numbers(const std::string& attribute) const {
  const auto* found = find(attribute);
  return found ? std::vector<int64_t>(found->ints().begin(), found->ints().end()) : std::vector<int64_t>();
}

std::vector<int> plain_order(size_t rank) {
  std::vector<int> order(rank);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

std::vector<int> channels_last_order(size_t rank) {
  std::vector<int> order = plain_order(rank);
  for (size_t i = 1; i < rank; ++i) order[i] = i == 1 ? static_cast<int>(rank) - 1 : static_cast<int>(i) - 1;
  return order;
}

ir::Shape stored_shape(const ir::Shape& logical, const std::vector<int>& order) {
  ir::Shape stored(logical.size());
  for (size_t i = 0; i < logical.size(); ++i) stored[static_cast<size_t>(order[i])] = logical[i];
  return stored;
}

Value Importer::plain(int tensor) const {
  const ir::Shape& shape = graph_.tensors[static_cast<size_t>(tensor)].shape;
  return {tensor, shape, plain_order(shape.size()), {}};
}

Value Importer::with_channels_last(int tensor) const {
  const ir::Shape& stored = graph_.tensors[static_cast<size_t>(tensor)].shape;
  Value value{tensor, stored, channels_last_order(stored.size()), {}};
  for (size_t i = 0; i < stored.size(); ++i) value.shape[i] = stored[static_cast<size_t>(value.order[i])];
  return value;
}

int Importer::uses(const std::string& value) const {
  const auto found = uses_.find(value);
  return found == uses_.end() ? 0 : found->second;
}

int Importer::producer(int tensor) const {
  for (size_t i = graph_.nodes.size(); i-- > 0;) {
    if (graph_.nodes[i].outputs[0] == tensor) return static_cast<int>(i);
  }
  return -1;
}

int Importer::add_constant(const std::string& name, const ir::Shape& shape, std::vector<float> values) {
  ir::Tensor tensor;
  tensor.name = name;
  tensor.shape = shape;
  tensor.constant = ir::make_constant(std::span<const float>(values));
  graph_.tensors.push_back(std::move(tensor));
  return static_cast<int>(graph_.tensors.size()) - 1;
}

int Importer::add_numbers(const std::string& name, const std::vector<int64_t>& values) {
  const std::vector<int32_t> narrow(values.begin(), values.end());
  ir::Tensor tensor;
  tensor.name = name;
  tensor.type = ir::DType::int32;
  tensor.shape = {static_cast<int32_t>(narrow.size())};
  tensor.constant = ir::make_constant(std::span<const int32_t>(narrow));
  graph_.tensors.push_back(std::move(tensor));
  return static_cast<int>(graph_.tensors.size()) - 1;
}

Result<int> Importer::add(const NodeView& view, ir::Op op, std::vector<int> inputs, ir::Attributes attributes,
                          std::optional<ir::Shape> declared, ir::DType type) {
  const int count = static_cast<int>(graph_.nodes.size());
  const int out = static_cast<int>(graph_.tensors.size());
  ir::Node node{op, view.name, std::move(inputs), {out}, std::move(attributes)};
  // One ONNX node may become several of ours.
  if (!graph_.nodes.empty() && graph_.nodes.back().name.starts_with(view.name))
    node.name += "_" + std::to_string(count);
  ir::Tensor tensor;
  tensor.name = node.name;
  tensor.type = type;
  if (declared) tensor.shape = *declared;
  graph_.tensors.push_back(std::move(tensor));
  TADPOLE_TRY(const ir::Shape shape, ir::output_shape(graph_, node));
  int64_t elements = 1;
  for (const int32_t dimension : shape) {
    if (dimension < 1 || (elements *= dimension) > kMaxElements)
      return view.unsupported("makes a tensor of " + ir::to_string(shape) + ", which is empty or too large.");
  }
  graph_.tensors[static_cast<size_t>(out)].shape = shape;
  graph_.nodes.push_back(std::move(node));
  return out;
}

Result<int> Importer::stored_as(const NodeView& view, const Value& value, const std::vector<int>& order) {
  if (!value.columns.empty()) {
    const std::vector<int64_t> columns(value.columns.begin(), value.columns.end());
    return add(view, ir::Op::gather, {value.tensor, add_numbers(view.name + "_columns", columns)},
               ir::GatherAttributes{1, 0});
  }
  if (value.order == order) return value.tensor;
  std::vector<int64_t> permutation(order.size());
  for (size_t i = 0; i < order.size(); ++i) permutation[static_cast<size_t>(order[i])] = value.order[i];
  const ir::Shape to = stored_shape(value.shape, order);
  // Dimensions of one value may move freely: only the others have an order.
  std::vector<int> before, after;
  const ir::Shape from = stored_shape(value.shape, value.order);
  for (size_t d = 0; d < from.size(); ++d) {
    if (from[d] != 1) before.push_back(static_cast<int>(d));
    if (to[d] != 1) after.push_back(static_cast<int>(permutation[d]));
  }
  if (before == after) return add(view, ir::Op::reshape, {value.tensor}, ir::NoAttributes{}, to);
  return add(view, ir::Op::transpose, {value.tensor, add_numbers(view.name + "_order", permutation)},
             ir::NoAttributes{});
}

Result<int> Importer::logical(const NodeView& view, const Value& value) {
  return stored_as(view, value, plain_order(value.shape.size()));
}

Result<int> Importer::channels_last(const NodeView& view, const Value& value) {
  return stored_as(view, value, channels_last_order(value.shape.size()));
}

int Importer::constant_like(const std::string& name, const Constant& constant, const Value& like) {
  const size_t rank = like.shape.size();
  ir::Shape full(rank - std::min(rank, constant.shape.size()), 1);
  full.insert(full.end(), constant.shape.begin(), constant.shape.end());
  std::vector<float> values = constant.floats;
  if (!constant.is_float) values.assign(constant.ints.begin(), constant.ints.end());
  if (full.size() != rank || like.order == plain_order(rank))
    return add_constant(name, full, std::move(values));
  const ir::Shape stored = stored_shape(full, like.order);
  std::vector<float> moved(values.size());
  std::vector<int32_t> at(rank, 0);  // logical position of the element in hand
  for (const float value : values) {
    size_t index = 0;
    std::vector<int32_t> place(rank);
    for (size_t i = 0; i < rank; ++i) place[static_cast<size_t>(like.order[i])] = at[i];
    for (size_t i = 0; i < rank; ++i)
      index = index * static_cast<size_t>(stored[i]) + static_cast<size_t>(place[i]);
    moved[index] = value;
    for (size_t i = rank; i-- > 0;) {
      if (++at[i] < full[i]) break;
      at[i] = 0;
    }
  }
  return add_constant(name, stored, std::move(moved));
}

const Constant* Importer::constant(const NodeView& view, int index) const {
  if (!view.has_input(index)) return nullptr;
  const auto found = constants_.find(view.node.input(index));
  return found == constants_.end() ? nullptr : &found->second;
}

Result<const Constant*> Importer::need_constant(const NodeView& view, int index,
                                                const std::string& what) const {
  const Constant* found = constant(view, index);
  if (found) return found;
  return view.unsupported("its " + what +
                          " must be a constant in the file. Export the model in evaluation mode, with "
                          "constant folding.");
}

Result<Value> Importer::activation(const NodeView& view, int index) {
  if (!view.has_input(index)) return view.damaged("input " + std::to_string(index) + " is absent.");
  const std::string& name = view.node.input(index);
  if (const auto found = values_.find(name); found != values_.end()) return found->second;
  if (const auto found = constants_.find(name); found != constants_.end()) {
    std::vector<float> values = found->second.floats;
    if (!found->second.is_float) values.assign(found->second.ints.begin(), found->second.ints.end());
    return plain(add_constant(clean(name), found->second.shape, std::move(values)));
  }
  return view.damaged("reads '" + clean(name) + "', which nothing has made before.");
}

Result<std::optional<std::vector<int64_t>>> Importer::numbers(const NodeView& view, int index,
                                                              const std::string& attribute) {
  if (view.has_input(index)) {
    TADPOLE_TRY(const Constant* found, need_constant(view, index, attribute));
    if (found->is_float) return view.damaged("its " + attribute + " are not whole numbers.");
    return std::optional(found->ints);
  }
  if (!attribute.empty() && view.find(attribute)) return std::optional(view.numbers(attribute));
  return std::optional<std::vector<int64_t>>();
}

Result<void> Importer::check_model() {
  for (const auto& import : model_.opset_import()) {
    if (import.domain().empty() || import.domain() == "ai.onnx") opset_ = static_cast<int>(import.version());
  }
  if (opset_ < kOldestOpset || opset_ > kNewestOpset) {
    return Error{Code::onnx_unsupported, "the file follows opset " + std::to_string(opset_) +
                                             "; Tadpole reads " + std::to_string(kOldestOpset) + " to " +
                                             std::to_string(kNewestOpset) +
                                             ". Export it again with opset_version=13."};
  }
  if (from_.node_size() == 0 || from_.node_size() > kMaxNodes) {
    return Error{Code::onnx_damaged, "the model has " + std::to_string(from_.node_size()) +
                                         " nodes; needs 1 to " + std::to_string(kMaxNodes) + "."};
  }
  std::string list;
  int count = 0;
  for (int i = 0; i < from_.node_size(); ++i) {
    const proto::NodeProto& node = from_.node(i);
    if (node.output_size() == 0)
      return Error{Code::onnx_damaged, "node " + std::to_string(i) + " has no output."};
    const bool ours = node.domain().empty() || node.domain() == "ai.onnx";
    if (ours && convert_of(node.op_type())) continue;
    if (++count > kShownLayers) continue;
    list += (count > 1 ? ", '" : "'") + layer_name(node, i) + "' (" +
            (node.domain().empty() ? "" : clean(node.domain()) + ".") + clean(node.op_type()) + ")";
  }
  if (count == 0) return {};
  if (count > kShownLayers) list += " and " + std::to_string(count - kShownLayers) + " more";
  return Error{Code::op_unsupported,
               std::to_string(count) + " of " + std::to_string(from_.node_size()) +
                   " layers use operators that Tadpole does not read: " + list +
                   ". Replace them in the model by ones that it does (docs/formats/onnx.md)."};
}

std::string Importer::layer_name(const proto::NodeProto& node, int index) const {
  std::string name = clean(node.name());
  if (const size_t slash = name.find_last_of('/'); slash != std::string::npos && slash > 0) {
    // "/features/0/Conv" says more without its last part, which is the operator.
    const bool says_op = name.substr(slash + 1).starts_with(node.op_type());
    name = says_op ? name.substr(0, slash) + "_" + node.op_type() : name;
  }
  name.erase(std::remove(name.begin(), name.begin() + std::min<std::ptrdiff_t>(1, std::ssize(name)), '/'),
             name.begin() + std::min<std::ptrdiff_t>(1, std::ssize(name)));
  std::replace(name.begin(), name.end(), '/', '_');
  return name.empty() ? clean(node.op_type()) + "_" + std::to_string(index) : name;
}

Result<void> Importer::read_constants() {
  for (const proto::TensorProto& tensor : from_.initializer()) {
    TADPOLE_TRY(Constant constant, read_tensor(tensor));
    constants_[tensor.name()] = std::move(constant);
  }
  for (int i = 0; i < from_.node_size(); ++i) {
    for (const std::string& input : from_.node(i).input()) {
      ++uses_[input];
      readers_[input].push_back(i);
    }
  }
  for (const auto& output : from_.output()) ++uses_[output.name()];
  return {};
}

bool Importer::wants_channels_last(const std::string& value, int depth) const {
  static const char* const kWindows[] = {
      "Conv",     "ConvTranspose",     "MaxPool",       "AveragePool",       "Resize",
      "Upsample", "GlobalAveragePool", "GlobalMaxPool", "BatchNormalization"};
  // What is behind these has other dimensions.
  static const char* const kEnds[] = {"Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "MatMul",
                                      "Gemm",    "LSTM",    "GRU",       "Gather",  "Shape"};
  const auto found = readers_.find(value);
  if (found == readers_.end() || depth > kLookAhead) return false;
  for (const int reader : found->second) {
    const proto::NodeProto& node = from_.node(reader);
    const auto is = [&](const char* op) { return node.op_type() == op; };
    if (std::any_of(std::begin(kWindows), std::end(kWindows), is) && node.input(0) == value) return true;
    if (std::none_of(std::begin(kEnds), std::end(kEnds), is) &&
        wants_channels_last(node.output(0), depth + 1))
      return true;
  }
  return false;
}

Result<void> Importer::read_inputs() {
  for (const proto::ValueInfoProto& input : from_.input()) {
    if (constants_.contains(input.name())) continue;  // old files list weights here too
    const std::string where = "input '" + clean(input.name()) + "'";
    if (!input.type().has_tensor_type() ||
        input.type().tensor_type().elem_type() != proto::TensorProto::FLOAT) {
      return Error{Code::onnx_unsupported,
                   where + " is not a float32 tensor; export the model with float inputs."};
    }
    ir::Shape shape;
    int64_t elements = 1;
    const auto& dimensions = input.type().tensor_type().shape().dim();
    for (int i = 0; i < dimensions.size(); ++i) {
      // A batch size that is only named is 1 on a device.
      const int64_t size = dimensions[i].has_dim_value() ? dimensions[i].dim_value() : i == 0 ? 1 : 0;
      if (size < 1 || size > kMaxElements || (elements *= size) > kMaxElements || i >= 8) {
        return Error{Code::onnx_unsupported,
                     where + ": dimension " + std::to_string(i) +
                         " is only known while running, empty or too large. Export the model "
                         "with fixed sizes (without dynamic_axes)."};
      }
      shape.push_back(static_cast<int32_t>(size));
    }
    const bool turned = shape.size() >= 3 && shape.size() <= 4 && wants_channels_last(input.name(), 0);
    const std::vector<int> order = turned ? channels_last_order(shape.size()) : plain_order(shape.size());
    ir::Tensor tensor;
    tensor.name = clean(input.name());
    tensor.shape = stored_shape(shape, order);
    graph_.tensors.push_back(std::move(tensor));
    const int index = static_cast<int>(graph_.tensors.size()) - 1;
    graph_.inputs.push_back(index);
    values_[input.name()] = {index, shape, order, {}};
  }
  return {};
}

Result<void> Importer::read_nodes() {
  for (int i = 0; i < from_.node_size(); ++i) {
    const proto::NodeProto& node = from_.node(i);
    const NodeView view(node, layer_name(node, i));
    TADPOLE_TRY(const bool folded, fold(view));
    if (!folded) TADPOLE_CHECK(convert_of(node.op_type())(*this, view));
  }
  return {};
}

/// Outputs keep the layout in which they were made, as inputs do; flattened maps come in the model's order.
Result<void> Importer::read_outputs() {
  for (const proto::ValueInfoProto& output : from_.output()) {
    const auto found = values_.find(output.name());
    if (found == values_.end())
      return Error{Code::onnx_unsupported,
                   "output '" + clean(output.name()) + "' is a constant, or nothing makes it."};
    const proto::NodeProto none;
    const NodeView view(none, clean(output.name()));
    int tensor = found->second.tensor;
    if (!found->second.columns.empty()) {
      TADPOLE_TRY(tensor, logical(view, found->second));
    }
    graph_.outputs.push_back(tensor);
  }
  return {};
}

Result<ir::Graph> Importer::run() {
  TADPOLE_CHECK(check_model());
  graph_.name = clean(from_.name());
  TADPOLE_CHECK(read_constants());
  TADPOLE_CHECK(read_inputs());
  TADPOLE_CHECK(read_nodes());
  TADPOLE_CHECK(read_outputs());
  if (auto checked = ir::check_graph(graph_); !checked.ok())
    return Error{Code::onnx_damaged, checked.error().detail};
  return std::move(graph_);
}

Convert convert_of(const std::string& op_type) {
  static const auto* const kTable = [] {
    auto* table = new std::map<std::string, Convert>();
    for (const auto rows : {window_layers(), element_layers(), move_layers(), recurrent_layers()})
      table->insert(rows.begin(), rows.end());
    return table;
  }();
  const auto found = kTable->find(op_type);
  return found == kTable->end() ? nullptr : found->second;
}

Result<ir::Graph> read_onnx(std::span<const uint8_t> bytes) {
  proto::ModelProto model;
  if (bytes.size() >= (size_t{1} << 30) ||
      !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !model.has_graph()) {
    return Error{Code::onnx_damaged,
                 "the " + std::to_string(bytes.size()) + " bytes are not an ONNX model, or are cut off."};
  }
  return Importer(model).run();
}

/// Field 1 of ModelProto, ir_version, is a small number and comes first in every known writer's files.
bool looks_like_onnx(std::span<const uint8_t> bytes) {
  return bytes.size() > 2 && bytes[0] == 0x08 && bytes[1] < 32;
}

}  // namespace tadpole::onnx
