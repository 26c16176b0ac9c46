// A graph to .tflite bytes: the same graph gives the same bytes.
#include <algorithm>
#include <map>

#include "convert/export.h"
#include "convert/tflite.h"

namespace tadpole::convert {

namespace {

using flatbuffers::Offset;

/// What TFLite kernels load weights with; the schema asks for it too.
constexpr size_t kBufferAlignment = 16;
/// In the code's first byte it says: look at the wider field. Source: TensorFlow Lite schema, version 3a.
constexpr int kLargestOneByteCode = 127;

class Writer {
 public:
  explicit Writer(const ir::Graph& graph) : graph_(graph), resource_(resource_variables(graph)) {}

  std::vector<uint8_t> write(const std::string& description);

 private:
  uint32_t buffer_of(const std::shared_ptr<const std::vector<uint8_t>>& constant);
  uint32_t add_buffer(const std::vector<uint8_t>& bytes);
  Offset<schema::Tensor> tensor(const ir::Tensor& from);
  Offset<schema::Tensor> handle(const std::string& name);
  Offset<schema::QuantisationParameters> quantisation(const ir::Quantisation& from);
  uint32_t code_index(int code, int version);
  Offset<schema::Operator> node(const ir::Node& from);
  Offset<schema::Operator> variable_operator(int code, const std::vector<int>& inputs,
                                             const std::vector<int>& outputs, WrittenOptions options);
  Offset<schema::Operator> var_handle(const std::string& shared_name, int tensor);
  std::vector<std::string> name_variables();
  Offset<schema::SubGraph> main_subgraph(const std::vector<std::string>& variables);
  Offset<schema::SubGraph> initialiser(const std::vector<std::string>& variables);
  bool has_variables() const { return std::count(resource_.begin(), resource_.end(), true) > 0; }
  Offset<flatbuffers::Vector<Offset<schema::Metadata>>> metadata();

  const ir::Graph& graph_;
  const std::vector<bool> resource_;
  flatbuffers::FlatBufferBuilder builder_{1 << 16};
  std::vector<Offset<schema::Buffer>> buffers_;
  std::map<const void*, uint32_t> shared_;
  std::vector<std::shared_ptr<const std::vector<uint8_t>>>
      kept_;  ///< so that no two have one address in shared_
  std::vector<Offset<schema::OperatorCode>> codes_;
  std::map<std::pair<int, int>, uint32_t> code_index_;
};

uint32_t Writer::add_buffer(const std::vector<uint8_t>& bytes) {
  builder_.ForceVectorAlignment(bytes.size(), 1, kBufferAlignment);
  const auto data = builder_.CreateVector(bytes);
  buffers_.push_back(schema::CreateBuffer(builder_, data));
  return static_cast<uint32_t>(buffers_.size() - 1);
}

uint32_t Writer::buffer_of(const std::shared_ptr<const std::vector<uint8_t>>& constant) {
  if (!constant) return 0;
  const auto [found, added] = shared_.try_emplace(constant.get(), 0);
  if (added) found->second = add_buffer(*constant);
  return found->second;
}

Offset<schema::QuantisationParameters> Writer::quantisation(const ir::Quantisation& from) {
  const auto scales = builder_.CreateVector(from.scales);
  const std::vector<int64_t> zero_points(from.zero_points.begin(), from.zero_points.end());
  const auto zeros = builder_.CreateVector(zero_points);
  schema::QuantisationParametersBuilder to(builder_);
  to.add_scale(scales);
  to.add_zero_point(zeros);
  to.add_quantised_dimension(from.axis);
  return to.Finish();
}

Offset<schema::Tensor> Writer::tensor(const ir::Tensor& from) {
  const uint32_t buffer = buffer_of(from.constant);
  const auto name = builder_.CreateString(from.name);
  const auto shape = builder_.CreateVector(from.shape);
  Offset<schema::QuantisationParameters> scaled;
  if (from.quantisation) scaled = quantisation(*from.quantisation);
  schema::TensorBuilder to(builder_);
  to.add_shape(shape);
  to.add_type(schema_type(from.type));
  to.add_buffer(buffer);
  to.add_name(name);
  if (from.quantisation) to.add_quantisation(scaled);
  to.add_is_variable(from.is_variable);
  to.add_has_rank(true);
  return to.Finish();
}

Offset<schema::Tensor> Writer::handle(const std::string& from) {
  const auto name = builder_.CreateString(from);
  const auto shape = builder_.CreateVector(ir::Shape{});
  schema::TensorBuilder to(builder_);
  to.add_shape(shape);
  to.add_type(schema::TensorType::RESOURCE);
  to.add_name(name);
  to.add_has_rank(true);
  return to.Finish();
}

uint32_t Writer::code_index(int code, int version) {
  const auto [found, added] = code_index_.try_emplace({code, version}, static_cast<uint32_t>(codes_.size()));
  if (added) {
    // Both fields, as new TFLite writers do; old readers know the first one only.
    codes_.push_back(schema::CreateOperatorCode(builder_,
                                                static_cast<int8_t>(std::min(code, kLargestOneByteCode)), 0,
                                                version, static_cast<schema::BuiltinOperator>(code)));
  }
  return found->second;
}

Offset<schema::Operator> Writer::node(const ir::Node& from) {
  const uint32_t code = code_index(ir::tflite_code(from.op), operator_version(graph_, from));
  const WrittenOptions options = write_attributes(builder_, graph_, from);
  const bool assigns = from.op == ir::Op::assign_variable;
  const auto inputs =
      builder_.CreateVector(assigns ? std::vector<int>{from.outputs[0], from.inputs[0]} : from.inputs);
  const auto outputs = builder_.CreateVector(assigns ? std::vector<int>{} : from.outputs);
  Offset<flatbuffers::Vector<int32_t>> intermediates;
  // Integer LSTMs give five scales of values inside; the last one, of the hidden state, is the output's.
  const bool integer_lstm =
      from.op == ir::Op::unidirectional_sequence_lstm && graph_.input_of(from, 0).type != ir::DType::float32;
  if (integer_lstm) intermediates = builder_.CreateVector(std::vector<int>(5, from.outputs[0]));
  return schema::CreateOperator(builder_, code, inputs, outputs, options.type, options.offset, 0, 0, 0,
                                intermediates);
}

Offset<schema::Operator> Writer::variable_operator(int code, const std::vector<int>& inputs,
                                                   const std::vector<int>& outputs, WrittenOptions options) {
  const uint32_t index = code_index(code, 1);
  const auto in = builder_.CreateVector(inputs);
  const auto out = builder_.CreateVector(outputs);
  return schema::CreateOperator(builder_, index, in, out, options.type, options.offset);
}

Offset<schema::Operator> Writer::var_handle(const std::string& shared_name, int tensor) {
  const auto container = builder_.CreateString("");
  const auto name = builder_.CreateString(shared_name);
  const auto options = schema::CreateVarHandle(builder_, container, name).Union();
  return variable_operator(kVarHandleCode, {}, {tensor}, {schema::Options::VarHandle, options});
}

Offset<flatbuffers::Vector<Offset<schema::Metadata>>> Writer::metadata() {
  std::vector<ir::Op> ops;
  std::vector<std::string> outputs, names;
  for (const ir::Node& node : graph_.nodes) {
    ops.push_back(node.op);
    outputs.push_back(graph_.output_of(node).name);
    names.push_back(node.name);
  }
  if (names == derived_layer_names(ops, outputs)) return 0;
  std::vector<uint8_t> text;
  for (const std::string& name : names) {
    text.insert(text.end(), name.begin(), name.end());
    text.push_back(0);
  }
  const uint32_t buffer = add_buffer(text);
  const auto name = builder_.CreateString(kLayerNamesMetadata);
  const std::vector<Offset<schema::Metadata>> entries = {schema::CreateMetadata(builder_, name, buffer)};
  return builder_.CreateVector(entries);
}

/// A name for each variable that no other has; of other tensors none.
std::vector<std::string> Writer::name_variables() {
  std::vector<std::string> names, fallbacks, all(graph_.tensors.size());
  for (size_t i = 0; i < graph_.tensors.size(); ++i) {
    if (!resource_[i]) continue;
    names.push_back(clean_text(graph_.tensors[i].name));
    fallbacks.push_back("variable_" + std::to_string(i));
  }
  make_unique(names, fallbacks);
  size_t next = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    if (resource_[i]) all[i] = names[next++];
  }
  return all;
}

Offset<schema::SubGraph> Writer::main_subgraph(const std::vector<std::string>& variables) {
  std::vector<Offset<schema::Tensor>> tensors;
  for (size_t i = 0; i < graph_.tensors.size(); ++i)
    tensors.push_back(resource_[i] ? handle(graph_.tensors[i].name) : tensor(graph_.tensors[i]));
  std::vector<Offset<schema::Operator>> operators;
  if (has_variables()) {
    const auto options = schema::CreateCallOnce(builder_, 1).Union();
    operators.push_back(variable_operator(kCallOnceCode, {}, {}, {schema::Options::CallOnce, options}));
  }
  for (size_t i = 0; i < graph_.tensors.size(); ++i) {
    if (resource_[i]) operators.push_back(var_handle(variables[i], static_cast<int>(i)));
  }
  for (const ir::Node& from : graph_.nodes) operators.push_back(node(from));
  const auto tensor_list = builder_.CreateVector(tensors);
  const auto inputs = builder_.CreateVector(graph_.inputs);
  const auto outputs = builder_.CreateVector(graph_.outputs);
  const auto operator_list = builder_.CreateVector(operators);
  const auto name = builder_.CreateString(graph_.name);
  return schema::CreateSubGraph(builder_, tensor_list, inputs, outputs, operator_list, name);
}

/// Assigns every variable its first value; without one, the real 0.
Offset<schema::SubGraph> Writer::initialiser(const std::vector<std::string>& variables) {
  std::vector<Offset<schema::Tensor>> tensors;
  std::vector<Offset<schema::Operator>> operators;
  for (size_t i = 0; i < graph_.tensors.size(); ++i) {
    if (!resource_[i]) continue;
    ir::Tensor first = graph_.tensors[i];
    const bool byte = first.type == ir::DType::int8 || first.type == ir::DType::uint8;
    const int32_t zero = byte && first.quantisation ? first.quantisation->zero_points[0] : 0;
    const std::vector<uint8_t> zeros(static_cast<size_t>(first.bytes()), static_cast<uint8_t>(zero));
    first.constant = first.initial ? first.initial : std::make_shared<const std::vector<uint8_t>>(zeros);
    kept_.push_back(first.constant);
    first.initial = nullptr;
    first.is_variable = false;
    const int at = static_cast<int>(tensors.size());
    tensors.push_back(handle(first.name));
    first.name += "_initial";
    tensors.push_back(tensor(first));
    operators.push_back(var_handle(variables[i], at));
    operators.push_back(variable_operator(ir::tflite_code(ir::Op::assign_variable), {at, at + 1}, {}, {}));
  }
  const auto tensor_list = builder_.CreateVector(tensors);
  const auto none = builder_.CreateVector(std::vector<int>{});
  const auto operator_list = builder_.CreateVector(operators);
  const auto name = builder_.CreateString("initialise variables");
  return schema::CreateSubGraph(builder_, tensor_list, none, none, operator_list, name);
}

std::vector<uint8_t> Writer::write(const std::string& description) {
  buffers_.push_back(schema::CreateBuffer(builder_));
  const std::vector<std::string> variables = name_variables();
  std::vector<Offset<schema::SubGraph>> subgraphs = {main_subgraph(variables)};
  if (has_variables()) subgraphs.push_back(initialiser(variables));
  const auto entries = metadata();

  const auto code_list = builder_.CreateVector(codes_);
  const auto subgraph_list = builder_.CreateVector(subgraphs);
  const auto text = builder_.CreateString(description);
  const auto buffer_list = builder_.CreateVector(buffers_);
  schema::ModelBuilder model(builder_);
  model.add_version(3);
  model.add_operator_codes(code_list);
  model.add_subgraphs(subgraph_list);
  model.add_description(text);
  model.add_buffers(buffer_list);
  if (!entries.IsNull()) model.add_metadata(entries);
  schema::FinishModelBuffer(builder_, model.Finish());
  const auto bytes = builder_.GetBufferSpan();
  return {bytes.begin(), bytes.end()};
}

}  // namespace

Result<std::vector<uint8_t>> write_tflite(const ir::Graph& graph, const std::string& description) {
  TADPOLE_TRY(const ir::Graph writable, writable_graph(graph));
  // FlatBuffers offsets have 31 bits, and its builder asserts instead of reporting.
  int64_t bytes = static_cast<int64_t>(description.size()) + 65536;
  for (const ir::Tensor& tensor : writable.tensors) {
    const bool stored = tensor.is_constant() || tensor.is_variable;
    bytes += (stored ? tensor.bytes() : 0) + 3 * static_cast<int64_t>(tensor.name.size()) + 512;
  }
  if (bytes > int64_t{1} << 30)
    return Error{Code::tflite_unsupported, "the model needs " + std::to_string(bytes >> 20) +
                                               " MB; a .tflite file holds up to 1024 MB."};
  return Writer(writable).write(description);
}

std::string write_cc_array(std::span<const uint8_t> bytes, const std::string& name) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text =
      "// A .tflite model as bytes. Made by tadpole export.\n#include <cstddef>\n\nextern \"C\" {\n";
  text += "extern const unsigned char " + name + "[];\nextern const size_t " + name + "_size;\n";
  text += "alignas(16) const unsigned char " + name + "[] = {";
  for (size_t i = 0; i < bytes.size(); ++i) {
    text += i % 16 == 0 ? "\n    0x" : " 0x";
    text += kHex[bytes[i] >> 4];
    text += kHex[bytes[i] & 15];
    text += ',';
  }
  text += "\n};\nconst size_t " + name + "_size = " + std::to_string(bytes.size()) + ";\n}\n";
  return text;
}

}  // namespace tadpole::convert
