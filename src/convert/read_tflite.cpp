// Untrusted .tflite bytes to a checked graph. The FlatBuffers verifier proves that every table, vector and
// string lies inside the file; what the numbers in them mean is checked here, by hand.
#include <cstring>
#include <limits>
#include <map>

#include "convert/schema.h"
#include "convert/tflite.h"

namespace tadpole::convert {

namespace {

using flatbuffers::Vector;

/// Deeper or richer than any model for a microcontroller; bounds the verifier's work.
constexpr flatbuffers::uoffset_t kMaxDepth = 32;
constexpr flatbuffers::uoffset_t kMaxTables = 200'000;
/// No activation of a small device comes near; keeps sizes far from 31 bits.
constexpr int64_t kMaxTensorBytes = int64_t{256} << 20;
constexpr size_t kMaxDimensions = 8;
/// So many layers are shown in full in a message.
constexpr size_t kShownLayers = 50;

Error damaged(const std::string& what) { return {Code::tflite_damaged, what}; }
Error unsupported(const std::string& what) { return {Code::tflite_unsupported, what}; }

template <class T>
size_t size_of(const Vector<T>* vector) {
  return vector ? vector->size() : 0;
}

std::string text_of(const flatbuffers::String* text) {
  return text ? clean_text({text->c_str(), text->size()}) : std::string();
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
      : model_(model), budget_(4 * static_cast<uint64_t>(file_bytes) + 65536) {}

  Result<ir::Graph> read();

 private:
  /// Tables may share vectors, so a small file could ask for endless copies; this bounds what is copied.
  Result<void> spend(uint64_t bytes);
  Result<void> check_container() const;
  Result<void> read_operators();
  Result<void> name_layers();
  Result<std::vector<std::string>> stored_layer_names() const;
  Result<void> check_operators_supported() const;
  Result<void> read_tensors();
  Result<ir::Tensor> read_tensor(const schema::Tensor& from, size_t index);
  Result<std::optional<ir::Quantisation>> read_quantisation(const schema::QuantisationParameters& from,
                                                            const std::string& where);
  Result<std::shared_ptr<const std::vector<uint8_t>>> read_constant(uint32_t buffer,
                                                                    const std::string& where);
  Result<void> read_nodes();
  Result<void> check_reshape(const ir::Node& node) const;
  Result<std::vector<int>> read_indices(const Vector<int32_t>* from, int least, const std::string& where);
  const schema::SubGraph& subgraph() const { return *model_.subgraphs()->Get(0); }

  const schema::Model& model_;
  uint64_t budget_;
  ir::Graph graph_;
  std::vector<int> codes_;          ///< builtin code of each operator
  std::vector<std::string> names_;  ///< layer name of each operator
  std::map<uint32_t, std::shared_ptr<const std::vector<uint8_t>>> constants_;
};

Result<void> Reader::spend(uint64_t bytes) {
  if (bytes > budget_)
    return damaged("the file refers to the same data again and again, more than it holds.");
  budget_ -= bytes;
  return {};
}

Result<void> Reader::check_container() const {
  if (model_.version() != 3) {
    return unsupported("the file follows version " + std::to_string(model_.version()) +
                       " of the TensorFlow Lite schema; Tadpole reads version 3. Convert the model again.");
  }
  if (size_of(model_.subgraphs()) != 1) {
    return unsupported("the file holds " + std::to_string(size_of(model_.subgraphs())) +
                       " subgraphs; Tadpole reads models with one (no IF, WHILE or CALL).");
  }
  if (size_of(subgraph().tensors()) == 0 || size_of(subgraph().operators()) == 0) {
    return damaged("the model has " + std::to_string(size_of(subgraph().tensors())) + " tensors and " +
                   std::to_string(size_of(subgraph().operators())) + " operators; needs some of each.");
  }
  return {};
}

Result<void> Reader::read_operators() {
  const size_t count = size_of(model_.operator_codes());
  for (const schema::Operator* op : *subgraph().operators()) {
    if (op->opcode_index() >= count) {
      return damaged("operator " + std::to_string(codes_.size()) + " has code index " +
                     std::to_string(op->opcode_index()) + " of " + std::to_string(count) + ".");
    }
    const schema::OperatorCode& code = *model_.operator_codes()->Get(op->opcode_index());
    codes_.push_back(std::max(static_cast<int>(code.builtin_code()), int{code.one_byte_code()}));
  }
  return {};
}

Result<std::vector<std::string>> Reader::stored_layer_names() const {
  std::vector<std::string> names;
  for (size_t i = 0; i < size_of(model_.metadata()); ++i) {
    const schema::Metadata& entry = *model_.metadata()->Get(static_cast<uint32_t>(i));
    if (text_of(entry.name()) != kLayerNamesMetadata) continue;
    if (entry.buffer() >= size_of(model_.buffers())) {
      return damaged("metadata '" + std::string(kLayerNamesMetadata) + "' refers to buffer " +
                     std::to_string(entry.buffer()) + " of " + std::to_string(size_of(model_.buffers())) +
                     ".");
    }
    const auto* data = model_.buffers()->Get(entry.buffer())->data();
    const std::string_view text(data ? reinterpret_cast<const char*>(data->data()) : "", size_of(data));
    for (size_t start = 0; start < text.size() && names.size() < codes_.size();) {
      const size_t end = std::min(text.find('\0', start), text.size());
      names.push_back(clean_text(text.substr(start, end - start)));
      start = end + 1;
    }
    break;
  }
  return names;
}

Result<void> Reader::name_layers() {
  TADPOLE_TRY(names_, stored_layer_names());
  const bool stored = names_.size() == codes_.size();
  if (!stored) names_.clear();
  std::vector<std::string> fallbacks;
  const auto& operators = *subgraph().operators();
  for (size_t i = 0; i < codes_.size(); ++i) {
    const auto* outputs = operators.Get(static_cast<uint32_t>(i))->outputs();
    const auto op = ir::op_of_tflite_code(codes_[i]);
    fallbacks.push_back((op ? std::string(ir::op_name(*op)) : builtin_name(codes_[i])) + "_" +
                        std::to_string(i));
    if (stored) continue;
    const int out = size_of(outputs) > 0 ? outputs->Get(0) : -1;
    const bool named = out >= 0 && static_cast<uint32_t>(out) < subgraph().tensors()->size();
    const auto* name = named ? subgraph().tensors()->Get(static_cast<uint32_t>(out))->name() : nullptr;
    TADPOLE_CHECK(spend(name ? name->size() : 0));
    names_.push_back(short_layer_name(op.value_or(ir::Op::reshape), text_of(name)));
  }
  make_unique(names_, fallbacks);
  return {};
}

/// Names all of them at once, so that a user learns everything from one try.
Result<void> Reader::check_operators_supported() const {
  std::string list;
  size_t count = 0;
  for (size_t i = 0; i < codes_.size(); ++i) {
    if (ir::op_of_tflite_code(codes_[i])) continue;
    if (++count > kShownLayers) continue;
    const schema::Operator& op = *subgraph().operators()->Get(static_cast<uint32_t>(i));
    const schema::OperatorCode& code = *model_.operator_codes()->Get(op.opcode_index());
    list += (count > 1 ? ", '" : "'") + names_[i] + "' (" + builtin_name(codes_[i]);
    if (code.custom_code()) {
      list += " " + clean_text({code.custom_code()->c_str(), std::min(code.custom_code()->size(), 60u)});
    }
    const std::string options = options_text(op);
    list += (options.empty() ? "" : ": " + options) + ")";
  }
  if (count == 0) return {};
  if (count > kShownLayers) list += " and " + std::to_string(count - kShownLayers) + " more";
  return Error{Code::op_unsupported, std::to_string(count) + " of " + std::to_string(codes_.size()) +
                                         " layers use operators that Tadpole does not run: " + list +
                                         ". Replace them in the model, or add the operator."};
}

Result<std::optional<ir::Quantisation>> Reader::read_quantisation(const schema::QuantisationParameters& from,
                                                                  const std::string& where) {
  const size_t count = size_of(from.scale());
  if (from.details_type() != schema::QuantisationDetails::NONE)
    return unsupported(where + " has a custom quantisation; Tadpole reads scales and zero points.");
  if (count == 0) return std::optional<ir::Quantisation>();
  if (size_of(from.zero_point()) != count) {
    return damaged(where + " has " + std::to_string(count) + " scales and " +
                   std::to_string(size_of(from.zero_point())) + " zero points; needs as many of each.");
  }
  TADPOLE_CHECK(spend(count * 8));
  ir::Quantisation to;
  to.scales.assign(from.scale()->begin(), from.scale()->end());
  to.axis = from.quantised_dimension();
  for (size_t i = 0; i < count; ++i) {
    // The verifier aligns a vector's length, not its 8-byte elements, so they are copied out.
    int64_t zero = 0;
    std::memcpy(&zero, from.zero_point()->Data() + i * sizeof zero, sizeof zero);
    if (zero < std::numeric_limits<int32_t>::min() || zero > std::numeric_limits<int32_t>::max())
      return damaged(where + " has zero point " + std::to_string(zero) + ".");
    to.zero_points.push_back(static_cast<int32_t>(zero));
  }
  return std::optional<ir::Quantisation>(std::move(to));
}

Result<std::shared_ptr<const std::vector<uint8_t>>> Reader::read_constant(uint32_t buffer,
                                                                          const std::string& where) {
  using Constant = std::shared_ptr<const std::vector<uint8_t>>;
  // Old writers leave the list out when a model has no constants; 0 stands for "none" either way.
  if (buffer == 0 && size_of(model_.buffers()) == 0) return Constant();
  if (buffer >= size_of(model_.buffers())) {
    return damaged(where + " refers to buffer " + std::to_string(buffer) + " of " +
                   std::to_string(size_of(model_.buffers())) + ".");
  }
  const schema::Buffer& from = *model_.buffers()->Get(buffer);
  if (from.offset() > 1 || from.size() > 1)
    return unsupported(where + " keeps its data behind the FlatBuffer, as files beyond 2 GB do.");
  if (size_of(from.data()) == 0) return Constant();
  Constant& constant = constants_[buffer];
  if (!constant) {
    TADPOLE_CHECK(spend(from.data()->size()));
    constant = std::make_shared<const std::vector<uint8_t>>(from.data()->begin(), from.data()->end());
  }
  return Constant(constant);
}

Result<ir::Tensor> Reader::read_tensor(const schema::Tensor& from, size_t index) {
  ir::Tensor to;
  TADPOLE_CHECK(spend(from.name() ? from.name()->size() : 0));
  to.name = text_of(from.name());
  const std::string where = "tensor " + std::to_string(index) + " '" + to.name + "'";
  const auto type = dtype_of(from.type());
  if (!type) {
    const char* name = schema::EnumNameTensorType(from.type());
    return Error{Code::type_unsupported,
                 where + " has type " +
                     (*name ? std::string(name) : std::to_string(static_cast<int>(from.type()))) +
                     "; Tadpole reads float32, int8, int16, int32, int64, uint8 and bool. Export the model "
                     "as float32 or int8."};
  }
  to.type = *type;
  if (from.is_variable()) return unsupported(where + " is a variable that keeps its value between runs.");
  if (from.sparsity()) return unsupported(where + " is stored sparse; export the model with dense weights.");
  if (size_of(from.shape()) > kMaxDimensions) {
    return unsupported(where + " has " + std::to_string(size_of(from.shape())) + " dimensions; at most " +
                       std::to_string(kMaxDimensions) + " are read.");
  }
  if (from.shape()) to.shape.assign(from.shape()->begin(), from.shape()->end());
  int64_t bytes = ir::byte_size(to.type);
  for (const int32_t dimension : to.shape) {
    if (dimension == 0)
      return unsupported(where + " has shape " + ir::to_string(to.shape) + ", which holds no values.");
    if (dimension < 0) {
      return unsupported(where + " has shape " + ir::to_string(to.shape) +
                         ", which is only known while running. Export the model with fixed sizes.");
    }
    bytes *= dimension;
    if (bytes > kMaxTensorBytes) {
      return unsupported(where + " of shape " + ir::to_string(to.shape) + " is larger than " +
                         std::to_string(kMaxTensorBytes >> 20) + " MB.");
    }
  }
  TADPOLE_TRY(to.constant, read_constant(from.buffer(), where));
  const bool scaled = to.type == ir::DType::int8 || to.type == ir::DType::int16 ||
                      to.type == ir::DType::int32 || to.type == ir::DType::int64 ||
                      to.type == ir::DType::uint8;
  if (from.quantisation() && scaled) {
    TADPOLE_TRY(to.quantisation, read_quantisation(*from.quantisation(), where));
  }
  return to;
}

Result<void> Reader::read_tensors() {
  for (const schema::Tensor* from : *subgraph().tensors()) {
    TADPOLE_TRY(ir::Tensor to, read_tensor(*from, graph_.tensors.size()));
    graph_.tensors.push_back(std::move(to));
  }
  return {};
}

Result<std::vector<int>> Reader::read_indices(const Vector<int32_t>* from, int least,
                                              const std::string& where) {
  TADPOLE_CHECK(spend(4 * size_of(from)));
  std::vector<int> to;
  for (size_t i = 0; i < size_of(from); ++i) {
    const int index = from->Get(static_cast<uint32_t>(i));
    if (index < least || index >= static_cast<int>(graph_.tensors.size())) {
      return damaged(where + " refers to tensor " + std::to_string(index) + " of " +
                     std::to_string(graph_.tensors.size()) + ".");
    }
    to.push_back(index);
  }
  return to;
}

/// The output tensor's shape rules; a constant that says something else is damage, a computed one is a
/// dynamic model.
Result<void> Reader::check_reshape(const ir::Node& node) const {
  if (node.op != ir::Op::reshape || !ir::Graph::has_input(node, 1)) return {};
  const ir::Tensor& wanted = graph_.input_of(node, 1);
  if (!wanted.is_constant() || wanted.type != ir::DType::int32) {
    return unsupported("layer '" + node.name + "' (reshape) gets its shape from '" + wanted.name +
                       "' while it runs; needs an int32 constant.");
  }
  if (node.outputs.empty() || static_cast<int64_t>(wanted.constant->size()) != wanted.bytes()) return {};
  const ir::Shape& shape = graph_.output_of(node).shape;
  const auto values = wanted.values<int32_t>();
  bool fits = values.size() == shape.size();
  for (size_t i = 0; fits && i < shape.size(); ++i) fits = values[i] == -1 || values[i] == shape[i];
  if (fits) return {};
  return damaged("layer '" + node.name + "' (reshape): its output is declared as " + ir::to_string(shape) +
                 " but '" + wanted.name + "' asks for " +
                 ir::to_string(ir::Shape(values.begin(), values.end())) + ".");
}

Result<void> Reader::read_nodes() {
  for (size_t i = 0; i < codes_.size(); ++i) {
    const schema::Operator& from = *subgraph().operators()->Get(static_cast<uint32_t>(i));
    const ir::Op op = *ir::op_of_tflite_code(codes_[i]);
    const std::string where = "layer '" + names_[i] + "' (" + std::string(ir::op_name(op)) + ")";
    ir::Node node{op, names_[i], {}, {}, {}};
    TADPOLE_TRY(node.inputs, read_indices(from.inputs(), -1, where));
    TADPOLE_TRY(node.outputs, read_indices(from.outputs(), 0, where));
    TADPOLE_TRY(node.attributes, read_attributes(op, from, where));
    TADPOLE_CHECK(check_reshape(node));
    graph_.nodes.push_back(std::move(node));
  }
  TADPOLE_TRY(graph_.inputs, read_indices(subgraph().inputs(), 0, "the list of inputs"));
  TADPOLE_TRY(graph_.outputs, read_indices(subgraph().outputs(), 0, "the list of outputs"));
  return {};
}

Result<ir::Graph> Reader::read() {
  TADPOLE_CHECK(check_container());
  TADPOLE_CHECK(read_operators());
  TADPOLE_CHECK(name_layers());
  TADPOLE_CHECK(check_operators_supported());
  TADPOLE_CHECK(spend(subgraph().name() ? subgraph().name()->size() : 0));
  graph_.name = text_of(subgraph().name());
  TADPOLE_CHECK(read_tensors());
  TADPOLE_CHECK(read_nodes());
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
