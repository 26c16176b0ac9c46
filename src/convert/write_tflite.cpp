// A graph to .tflite bytes: the same graph gives the same bytes.
#include <map>

#include "convert/schema.h"
#include "convert/tflite.h"

namespace tadpole::convert {

namespace {

using flatbuffers::Offset;

/// What TFLite kernels load weights with; the schema asks for it too.
constexpr size_t kBufferAlignment = 16;

class Writer {
 public:
  explicit Writer(const ir::Graph& graph) : graph_(graph) {}

  std::vector<uint8_t> write(const std::string& description);

 private:
  uint32_t buffer_of(const ir::Tensor& tensor);
  uint32_t add_buffer(const std::vector<uint8_t>& bytes);
  Offset<schema::Tensor> tensor(const ir::Tensor& from);
  Offset<schema::QuantisationParameters> quantisation(const ir::Quantisation& from);
  Offset<schema::Operator> node(const ir::Node& from);
  Offset<flatbuffers::Vector<Offset<schema::Metadata>>> metadata();

  const ir::Graph& graph_;
  flatbuffers::FlatBufferBuilder builder_{1 << 16};
  std::vector<Offset<schema::Buffer>> buffers_;
  std::map<const void*, uint32_t> shared_;
  std::vector<Offset<schema::OperatorCode>> codes_;
  std::map<std::pair<int, int>, uint32_t> code_index_;
};

uint32_t Writer::add_buffer(const std::vector<uint8_t>& bytes) {
  builder_.ForceVectorAlignment(bytes.size(), 1, kBufferAlignment);
  const auto data = builder_.CreateVector(bytes);
  buffers_.push_back(schema::CreateBuffer(builder_, data));
  return static_cast<uint32_t>(buffers_.size() - 1);
}

uint32_t Writer::buffer_of(const ir::Tensor& tensor) {
  if (!tensor.is_constant()) return 0;
  const auto [found, added] = shared_.try_emplace(tensor.constant.get(), 0);
  if (added) found->second = add_buffer(*tensor.constant);
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
  const uint32_t buffer = buffer_of(from);
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
  to.add_has_rank(true);
  return to.Finish();
}

Offset<schema::Operator> Writer::node(const ir::Node& from) {
  const int code = ir::tflite_code(from.op);
  const int version = operator_version(graph_, from);
  const auto [found, added] = code_index_.try_emplace({code, version}, static_cast<uint32_t>(codes_.size()));
  if (added) {
    // All our codes are below 127, so both fields hold them, as new TFLite writers do.
    codes_.push_back(schema::CreateOperatorCode(builder_, static_cast<int8_t>(code), 0, version,
                                                static_cast<schema::BuiltinOperator>(code)));
  }
  const WrittenOptions options = write_attributes(builder_, graph_, from);
  const auto inputs = builder_.CreateVector(from.inputs);
  const auto outputs = builder_.CreateVector(from.outputs);
  return schema::CreateOperator(builder_, found->second, inputs, outputs, options.type, options.offset);
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

std::vector<uint8_t> Writer::write(const std::string& description) {
  buffers_.push_back(schema::CreateBuffer(builder_));
  std::vector<Offset<schema::Tensor>> tensors;
  for (const ir::Tensor& from : graph_.tensors) tensors.push_back(tensor(from));
  std::vector<Offset<schema::Operator>> operators;
  for (const ir::Node& from : graph_.nodes) operators.push_back(node(from));
  const auto entries = metadata();

  const auto tensor_list = builder_.CreateVector(tensors);
  const auto inputs = builder_.CreateVector(graph_.inputs);
  const auto outputs = builder_.CreateVector(graph_.outputs);
  const auto operator_list = builder_.CreateVector(operators);
  const auto name = builder_.CreateString(graph_.name);
  const std::vector<Offset<schema::SubGraph>> subgraphs = {
      schema::CreateSubGraph(builder_, tensor_list, inputs, outputs, operator_list, name)};

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

Result<void> check_writable(const ir::Graph& graph) {
  TADPOLE_CHECK(ir::check_graph(graph));
  std::string list;
  for (const ir::Node& node : graph.nodes) {
    if (ir::tflite_code(node.op) >= 0) continue;
    list += (list.empty() ? "'" : ", '") + node.name + "' (" + std::string(ir::op_name(node.op)) + ")";
  }
  if (!list.empty()) {
    return Error{Code::op_unsupported,
                 "layers that exist only while training cannot go into a .tflite file: " + list +
                     ". Fold the graph for inference first."};
  }
  return check_types(graph);
}

}  // namespace

Result<std::vector<uint8_t>> write_tflite(const ir::Graph& graph, const std::string& description) {
  TADPOLE_CHECK(check_writable(graph));
  // FlatBuffers offsets have 31 bits, and its builder asserts instead of reporting.
  int64_t bytes = static_cast<int64_t>(description.size()) + 65536;
  for (const ir::Tensor& tensor : graph.tensors) {
    bytes += (tensor.is_constant() ? tensor.bytes() : 0) + static_cast<int64_t>(tensor.name.size()) + 256;
  }
  if (bytes > int64_t{1} << 30)
    return Error{Code::tflite_unsupported, "the model needs " + std::to_string(bytes >> 20) +
                                               " MB; a .tflite file holds up to 1024 MB."};
  return Writer(graph).write(description);
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
