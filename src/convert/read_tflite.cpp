// Untrusted .tflite bytes to a checked graph. The FlatBuffers verifier proves that every table, vector and
// string lies inside the file; what the numbers in them mean is checked here, by hand.
#include <cstring>
#include <map>

#include "convert/import.h"
#include "convert/tflite.h"

namespace tadpole::convert {

namespace {

using flatbuffers::Vector;

/// Deeper or richer than any model for a microcontroller; bounds the verifier's work.
constexpr flatbuffers::uoffset_t kMaxDepth = 32;
constexpr flatbuffers::uoffset_t kMaxTables = 200'000;
/// So many layers are shown in full in a message.
constexpr size_t kShownLayers = 50;

Error damaged(const std::string& what) { return {Code::tflite_damaged, what}; }
Error unsupported(const std::string& what) { return {Code::tflite_unsupported, what}; }

template <class T>
size_t size_of(const Vector<T>* vector) {
  return vector ? vector->size() : 0;
}

std::string first_bytes(std::span<const uint8_t> bytes) {
  std::string text;
  constexpr char kHex[] = "0123456789ABCDEF";
  for (size_t i = 0; i < bytes.size() && i < 8; ++i) {
    if (i) text += ' ';
    text += kHex[bytes[i] >> 4];
    text += kHex[bytes[i] & 15];
  }
  return text;
}

class Reader {
 public:
  Reader(const schema::Model& model, size_t file_bytes)
      : model_(model), tensors_(model, 4 * static_cast<uint64_t>(file_bytes) + 65536) {}

  Result<ir::Graph> read();

 private:
  Result<void> check_container() const;
  Result<void> read_codes();
  Result<void> name_layers();
  Result<std::vector<std::string>> stored_layer_names() const;
  std::string unreadable_types() const;
  Result<void> check_operators_supported() const;
  Result<void> read_tensors();
  Result<void> read_operators();
  Result<void> read_shape_operator(const schema::Operator& from);
  Result<void> read_node(size_t index, const schema::Operator& from);
  Result<void> call_once(const schema::Operator& from);
  Result<void> check_subgraphs() const;
  Result<void> convert();
  Result<void> drop_empty_shapes();
  Result<void> check_reshape(const ir::Node& node) const;
  void set_depth_multiplier(ir::Node& node) const;
  Result<std::vector<int>> read_indices(const Vector<int32_t>* from, int least, const std::string& where);
  Result<int> tensor_at(const Vector<int32_t>* from, const std::string& where) const;

  const schema::SubGraph& subgraph() const { return *model_.subgraphs()->Get(0); }
  const schema::Operator& operator_at(size_t i) const {
    return *subgraph().operators()->Get(static_cast<uint32_t>(i));
  }
  /// Operators that become constants and variables, not nodes.
  bool is_absorbed(size_t i) const {
    return codes_[i] == kShapeCode || codes_[i] == kCallOnceCode || codes_[i] == kVarHandleCode;
  }

  const schema::Model& model_;
  TensorReader tensors_;
  Import import_;
  ir::Graph& graph_ = import_.graph;
  std::vector<int> codes_;          ///< builtin code of each operator
  std::vector<std::string> names_;  ///< layer name of each operator; of absorbed ones none
  std::map<std::string, ir::Tensor> initial_;
  std::set<int> called_;  ///< subgraphs
};

Result<void> Reader::check_container() const {
  if (model_.version() != 3) {
    return unsupported("the file follows version " + std::to_string(model_.version()) +
                       " of the TensorFlow Lite schema; Tadpole reads version 3. Convert the model again.");
  }
  if (size_of(model_.subgraphs()) == 0) return damaged("the file holds no subgraph; needs at least one.");
  if (size_of(subgraph().tensors()) == 0 || size_of(subgraph().operators()) == 0) {
    return damaged("the model has " + std::to_string(size_of(subgraph().tensors())) + " tensors and " +
                   std::to_string(size_of(subgraph().operators())) + " operators; needs some of each.");
  }
  return {};
}

Result<void> Reader::read_codes() {
  for (const schema::Operator* op : *subgraph().operators()) {
    const int code = builtin_code(model_, *op);
    if (code < 0) {
      return damaged("operator " + std::to_string(codes_.size()) + " has code index " +
                     std::to_string(op->opcode_index()) + " of " +
                     std::to_string(size_of(model_.operator_codes())) + ".");
    }
    codes_.push_back(code);
  }
  return {};
}

Result<std::vector<std::string>> Reader::stored_layer_names() const {
  std::vector<std::string> names;
  for (size_t i = 0; i < size_of(model_.metadata()); ++i) {
    const schema::Metadata& entry = *model_.metadata()->Get(static_cast<uint32_t>(i));
    if (!entry.name() || entry.name()->string_view() != kLayerNamesMetadata) continue;
    if (entry.buffer() >= size_of(model_.buffers())) {
      return damaged("metadata '" + std::string(kLayerNamesMetadata) + "' refers to buffer " +
                     std::to_string(entry.buffer()) + " of " + std::to_string(size_of(model_.buffers())) +
                     ".");
    }
    const auto* data = model_.buffers()->Get(entry.buffer())->data();
    const std::string_view text(data ? reinterpret_cast<const char*>(data->data()) : "", size_of(data));
    for (size_t start = 0; start < text.size() && names.size() <= codes_.size();) {
      const size_t end = std::min(text.find('\0', start), text.size());
      names.push_back(clean_text(text.substr(start, end - start)));
      start = end + 1;
    }
    break;
  }
  return names;
}

Result<void> Reader::name_layers() {
  TADPOLE_TRY(const std::vector<std::string> stored, stored_layer_names());
  std::vector<size_t> nodes;
  for (size_t i = 0; i < codes_.size(); ++i) {
    if (!is_absorbed(i)) nodes.push_back(i);
  }
  std::vector<std::string> names, fallbacks;
  for (const size_t i : nodes) {
    const auto op = ir::op_of_tflite_code(codes_[i]);
    fallbacks.push_back((op ? std::string(ir::op_name(*op)) : builtin_name(codes_[i])) + "_" +
                        std::to_string(names.size()));
    if (stored.size() == nodes.size()) {
      names.push_back(stored[names.size()]);
      continue;
    }
    // ASSIGN_VARIABLE has no output; in a graph its output is the variable.
    const schema::Operator& from = operator_at(i);
    const auto* outputs = op == ir::Op::assign_variable ? from.inputs() : from.outputs();
    const int out = size_of(outputs) > 0 ? outputs->Get(0) : -1;
    const bool named = out >= 0 && static_cast<uint32_t>(out) < subgraph().tensors()->size();
    TADPOLE_TRY(
        const std::string name,
        tensors_.text(named ? subgraph().tensors()->Get(static_cast<uint32_t>(out))->name() : nullptr));
    names.push_back(short_layer_name(op.value_or(ir::Op::reshape), name));
  }
  make_unique(names, fallbacks);
  names_.resize(codes_.size());
  for (size_t i = 0; i < nodes.size(); ++i) names_[nodes[i]] = names[i];
  return {};
}

/// " Tensor 3 ('text') has type STRING; ..." of every tensor; "" when all are readable.
std::string Reader::unreadable_types() const {
  std::string list;
  size_t count = 0, at = 0;
  for (const schema::Tensor* from : *subgraph().tensors()) {
    const size_t index = at++;
    if (from->type() == schema::TensorType::RESOURCE) continue;  // of a variable: VAR_HANDLE's to judge
    const std::string name =
        from->name() ? clean_text({from->name()->c_str(), std::min(from->name()->size(), 60u)}) : "";
    const auto unreadable = TensorReader::unreadable(from->type(), TensorReader::where(index, name));
    if (!unreadable || ++count > kShownLayers) continue;
    list += " " + unreadable->detail;
  }
  return list;
}

/// Names all operators, options and types at once, so that a user learns everything from one try.
Result<void> Reader::check_operators_supported() const {
  std::string list, options_list;
  size_t count = 0, refused = 0;
  for (size_t i = 0; i < codes_.size(); ++i) {
    if (is_absorbed(i)) continue;
    const schema::Operator& from = operator_at(i);
    if (const auto op = ir::op_of_tflite_code(codes_[i])) {
      const auto read = read_attributes(*op, from, layer({*op, names_[i], {}, {}, {}}));
      if (read.ok() || read.error().code != Code::op_unsupported) continue;
      if (++refused <= kShownLayers) options_list += " " + read.error().detail;
      continue;
    }
    if (++count > kShownLayers) continue;
    const schema::OperatorCode& code = *model_.operator_codes()->Get(from.opcode_index());
    list += (count > 1 ? ", '" : "'") + names_[i] + "' (" + builtin_name(codes_[i]);
    if (code.custom_code())
      list += " " + clean_text({code.custom_code()->c_str(), std::min(code.custom_code()->size(), 60u)});
    const std::string options = options_text(from);
    list += (options.empty() ? "" : ": " + options) + ")";
  }
  const std::string types_list = unreadable_types();
  if (count == 0 && refused == 0 && types_list.empty()) return {};
  if (count > kShownLayers) list += " and " + std::to_string(count - kShownLayers) + " more";
  std::string text = std::to_string(count) + " of " + std::to_string(codes_.size()) +
                     " layers use operators that Tadpole does not run: " + list +
                     ". Replace them in the model, or add the operator.";
  if (count == 0) text.clear();
  text += options_list + types_list;
  return Error{count + refused > 0 ? Code::op_unsupported : Code::type_unsupported,
               text.front() == ' ' ? text.substr(1) : text};
}

Result<void> Reader::read_tensors() {
  // Handles of variables have no type of ours.
  std::map<int, std::string> handles;
  for (size_t i = 0; i < codes_.size(); ++i) {
    if (codes_[i] != kVarHandleCode) continue;
    TADPOLE_TRY(const int handle, tensor_at(operator_at(i).outputs(), "VAR_HANDLE"));
    TADPOLE_TRY(handles[handle], variable_key(operator_at(i), tensors_));
  }
  for (const schema::Tensor* from : *subgraph().tensors()) {
    const int index = static_cast<int>(graph_.tensors.size());
    ir::Tensor to;
    if (handles.count(index)) {
      TADPOLE_TRY(to.name, tensors_.text(from->name()));
    } else {
      TADPOLE_TRY(to, tensors_.read(*from, graph_.tensors.size()));
    }
    if (ir::element_count(to.shape) == 0) import_.without_values.insert(index);
    graph_.tensors.push_back(std::move(to));
  }
  import_.handles = std::move(handles);
  return {};
}

Result<std::vector<int>> Reader::read_indices(const Vector<int32_t>* from, int least,
                                              const std::string& where) {
  TADPOLE_CHECK(tensors_.spend(4 * size_of(from)));
  std::vector<int> to;
  for (size_t i = 0; i < size_of(from); ++i) {
    const int index = from->Get(static_cast<uint32_t>(i));
    if (index < least || index >= static_cast<int>(size_of(subgraph().tensors()))) {
      return damaged(where + " refers to tensor " + std::to_string(index) + " of " +
                     std::to_string(size_of(subgraph().tensors())) + ".");
    }
    to.push_back(index);
  }
  return to;
}

Result<int> Reader::tensor_at(const Vector<int32_t>* from, const std::string& where) const {
  const int index = size_of(from) > 0 ? from->Get(0) : -1;
  if (index >= 0 && index < static_cast<int>(size_of(subgraph().tensors()))) return index;
  return damaged(where + " refers to tensor " + std::to_string(index) + " of " +
                 std::to_string(size_of(subgraph().tensors())) + ".");
}

/// The shape of a tensor whose size is fixed is a constant.
Result<void> Reader::read_shape_operator(const schema::Operator& from) {
  TADPOLE_TRY(const int in, tensor_at(from.inputs(), "SHAPE"));
  TADPOLE_TRY(const int out, tensor_at(from.outputs(), "SHAPE"));
  const ir::Shape shape = import_.tensor(in).shape;
  ir::Tensor& to = import_.tensor(out);
  const bool wide = to.type == ir::DType::int64;
  if ((!wide && to.type != ir::DType::int32) || to.shape != ir::Shape{static_cast<int32_t>(shape.size())} ||
      to.is_variable || import_.handles.count(in) > 0) {
    return damaged("SHAPE of " + ir::to_string(shape) + " gives '" + to.name + "', which is " +
                   std::string(ir::to_string(to.type)) + " " + ir::to_string(to.shape) + ".");
  }
  const std::vector<int64_t> sizes(shape.begin(), shape.end());
  to.constant = wide ? ir::make_constant<int64_t>(sizes) : ir::make_constant<int32_t>(shape);
  import_.spare.insert(out);
  return {};
}

Result<void> Reader::call_once(const schema::Operator& from) {
  for (const ir::Node& node : graph_.nodes) {
    if (node.op != ir::Op::read_variable && node.op != ir::Op::assign_variable) continue;
    return unsupported(layer(node) +
                       " comes before the CALL_ONCE that gives variables their first values; CALL_ONCE must "
                       "be first.");
  }
  const schema::CallOnce* options = from.options_as_CallOnce();
  const int index = options ? options->init_subgraph_index() : 0;
  called_.insert(index);
  return read_initialiser(model_, index, tensors_, initial_);
}

void Reader::set_depth_multiplier(ir::Node& node) const {
  auto* attributes = std::get_if<ir::DepthwiseConv2dAttributes>(&node.attributes);
  if (!attributes || !ir::Graph::has_input(node, 0) || !ir::Graph::has_input(node, 1)) return;
  const ir::Shape &in = graph_.input_of(node, 0).shape, &weights = graph_.input_of(node, 1).shape;
  if (in.size() != 4 || weights.size() != 4 || in[3] < 1 || weights[3] % in[3] != 0) return;
  attributes->depth_multiplier = weights[3] / in[3];
}

Result<void> Reader::read_node(size_t index, const schema::Operator& from) {
  const ir::Op op = *ir::op_of_tflite_code(codes_[index]);
  ir::Node node{op, names_[index], {}, {}, {}};
  const std::string where = layer(node);
  TADPOLE_TRY(node.inputs, read_indices(from.inputs(), -1, where));
  TADPOLE_TRY(node.outputs, read_indices(from.outputs(), 0, where));
  TADPOLE_TRY(node.attributes, read_attributes(op, from, where));
  if (op == ir::Op::assign_variable) {
    if (node.inputs.size() != 2 || node.inputs[0] < 0 || !node.outputs.empty())
      return damaged(where + " needs a variable and a value, and no output.");
    node.outputs = {node.inputs[0]};
    node.inputs = {node.inputs[1]};
  }
  // Runtimes take the depth multiplier from the shapes.
  set_depth_multiplier(node);
  graph_.nodes.push_back(std::move(node));
  return {};
}

Result<void> Reader::read_operators() {
  for (size_t i = 0; i < codes_.size(); ++i) {
    const schema::Operator& from = operator_at(i);
    if (codes_[i] == kVarHandleCode) continue;
    if (codes_[i] == kShapeCode) {
      TADPOLE_CHECK(read_shape_operator(from));
    } else if (codes_[i] == kCallOnceCode) {
      TADPOLE_CHECK(call_once(from));
    } else {
      TADPOLE_CHECK(read_node(i, from));
    }
  }
  TADPOLE_TRY(graph_.inputs, read_indices(subgraph().inputs(), 0, "the list of inputs"));
  TADPOLE_TRY(graph_.outputs, read_indices(subgraph().outputs(), 0, "the list of outputs"));
  return check_subgraphs();
}

Result<void> Reader::check_subgraphs() const {
  for (size_t i = 1; i < size_of(model_.subgraphs()); ++i) {
    if (called_.count(static_cast<int>(i))) continue;
    return unsupported("the file holds " + std::to_string(size_of(model_.subgraphs())) +
                       " subgraphs, and nothing calls subgraph " + std::to_string(i) +
                       "; Tadpole reads models with one, and first values of variables (CALL_ONCE). Export "
                       "each function as a model of its own.");
  }
  return {};
}

/// RESHAPE to a scalar carries a shape without values; any other tensor without values cannot be computed
/// with.
Result<void> Reader::drop_empty_shapes() {
  const auto check = [&](int index) -> Result<void> {
    if (import_.without_values.count(index) == 0) return {};
    const ir::Tensor& tensor = import_.tensor(index);
    return unsupported(TensorReader::where(static_cast<size_t>(index), tensor.name) + " has shape " +
                       ir::to_string(tensor.shape) + ", which holds no values.");
  };
  for (ir::Node& node : graph_.nodes) {
    if (node.op == ir::Op::reshape && node.inputs.size() == 2 &&
        import_.without_values.count(node.inputs[1])) {
      node.inputs.resize(1);
    }
    for (const int index : node.inputs) TADPOLE_CHECK(check(index));
    for (const int index : node.outputs) TADPOLE_CHECK(check(index));
  }
  for (const auto* list : {&graph_.inputs, &graph_.outputs}) {
    for (const int index : *list) TADPOLE_CHECK(check(index));
  }
  import_.spare.insert(import_.without_values.begin(), import_.without_values.end());
  return {};
}

/// The output tensor's shape rules; a constant that says something else is damage, a computed one is a
/// dynamic model.
Result<void> Reader::check_reshape(const ir::Node& node) const {
  if (node.op != ir::Op::reshape || !ir::Graph::has_input(node, 1) || node.outputs.empty()) return {};
  const ir::Tensor& wanted = graph_.input_of(node, 1);
  if (!wanted.is_constant() || wanted.type != ir::DType::int32) {
    return unsupported("layer '" + node.name + "' (reshape) gets its shape from '" + wanted.name +
                       "' while it runs; needs an int32 constant.");
  }
  const ir::Shape& shape = graph_.output_of(node).shape;
  const auto values = wanted.values<int32_t>();
  bool fits = values.size() == shape.size();
  for (size_t i = 0; fits && i < shape.size(); ++i) fits = values[i] == -1 || values[i] == shape[i];
  if (fits) return {};
  return damaged("layer '" + node.name + "' (reshape): its output is declared as " + ir::to_string(shape) +
                 " but '" + wanted.name + "' asks for " +
                 ir::to_string(ir::Shape(values.begin(), values.end())) + ".");
}

/// What the format says in its own way, in ours.
Result<void> Reader::convert() {
  TADPOLE_CHECK(drop_empty_shapes());
  TADPOLE_CHECK(resolve_variables(import_, initial_));
  fold_dequantised_constants(import_);
  narrow_integers(import_);
  fold_integers(import_);
  narrow_integers(import_);
  for (const ir::Node& node : graph_.nodes) TADPOLE_CHECK(check_reshape(node));
  TADPOLE_CHECK(uint8_to_int8(import_));
  compact(import_);
  return {};
}

Result<ir::Graph> Reader::read() {
  TADPOLE_CHECK(check_container());
  TADPOLE_CHECK(read_codes());
  TADPOLE_CHECK(name_layers());
  TADPOLE_CHECK(check_operators_supported());
  TADPOLE_TRY(graph_.name, tensors_.text(subgraph().name()));
  TADPOLE_CHECK(read_tensors());
  TADPOLE_CHECK(read_operators());
  TADPOLE_CHECK(convert());
  if (auto checked = ir::check_graph(graph_); !checked.ok()) return damaged(checked.error().detail);
  TADPOLE_CHECK(check_types(graph_));
  return std::move(graph_);
}

}  // namespace

Result<ir::Graph> read_tflite(std::span<const uint8_t> bytes) {
  if (bytes.size() < 16) {
    return damaged("not a .tflite file: it has " + std::to_string(bytes.size()) + " bytes (" +
                   first_bytes(bytes) + ").");
  }
  if (bytes.size() >= FLATBUFFERS_MAX_BUFFER_SIZE)
    return unsupported("the file has " + std::to_string(bytes.size()) + " bytes; at most 2 GB are read.");
  if (!flatbuffers::BufferHasIdentifier(bytes.data(), schema::ModelIdentifier())) {
    return damaged("not a .tflite file: it starts with " + first_bytes(bytes) +
                   "; needs 54 46 4C 33 (\"TFL3\") at byte 4.");
  }
  // Accessors load numbers in place, which needs the file aligned in memory as it is inside.
  std::vector<std::max_align_t> aligned;
  const uint8_t* start = bytes.data();
  if (reinterpret_cast<uintptr_t>(start) % alignof(std::max_align_t) != 0) {
    aligned.resize(bytes.size() / sizeof(std::max_align_t) + 1);
    std::memcpy(aligned.data(), bytes.data(), bytes.size());
    start = reinterpret_cast<const uint8_t*>(aligned.data());
  }
  flatbuffers::Verifier verifier(start, bytes.size(), kMaxDepth, kMaxTables);
  if (!schema::VerifyModelBuffer(verifier)) {
    return damaged("the .tflite file is cut off or damaged: an offset in its " +
                   std::to_string(bytes.size()) + " bytes points outside of them.");
  }
  return Reader(*schema::GetModel(start), bytes.size()).read();
}

}  // namespace tadpole::convert
