// Options of operators, both ways. One pair of functions, get and put, for each kind of attributes and table;
// which pair an operator uses stands in src/ir/ops.def, so an operator with known attributes needs no line
// here.
#include <algorithm>
#include <type_traits>

#include "convert/schema.h"
#include "flatbuffers/minireflect.h"

namespace tadpole::convert {

namespace {

using ir::Op;

Result<void> fused(ir::Activation& to, schema::Activation activation, const std::string& where) {
  if (const auto known = activation_of(activation)) {
    to = *known;
    return {};
  }
  const char* name = schema::EnumNameActivation(activation);
  const std::string text = *name ? name : "number " + std::to_string(static_cast<int>(activation));
  return Error{Code::op_unsupported,
               where + " has the fused activation " + text +
                   "; Tadpole runs NONE, RELU, RELU6 and RELU_N1_TO_1. Use one of those in the model."};
}

Result<void> padding_of(ir::Padding& to, schema::Padding padding, const std::string& where) {
  if (padding != schema::Padding::SAME && padding != schema::Padding::VALID) {
    return Error{Code::tflite_damaged, where + " has padding " + std::to_string(static_cast<int>(padding)) +
                                           "; needs 0 (SAME) or 1 (VALID)."};
  }
  to = padding == schema::Padding::SAME ? ir::Padding::same : ir::Padding::valid;
  return {};
}

// Reading: get(attributes, table, where).

template <class Attributes, class Table>
Result<void> get_window(Attributes& to, const Table& from, const std::string& where) {
  to.stride_h = from.stride_h();
  to.stride_w = from.stride_w();
  TADPOLE_CHECK(padding_of(to.padding, from.padding(), where));
  return fused(to.activation, from.activation(), where);
}

Result<void> get(ir::Conv2dAttributes& to, const schema::Conv2D& from, const std::string& where) {
  to.dilation_h = from.dilation_h();
  to.dilation_w = from.dilation_w();
  return get_window(to, from, where);
}

Result<void> get(ir::DepthwiseConv2dAttributes& to, const schema::DepthwiseConv2D& from,
                 const std::string& where) {
  to.dilation_h = from.dilation_h();
  to.dilation_w = from.dilation_w();
  to.depth_multiplier = from.depth_multiplier();
  return get_window(to, from, where);
}

Result<void> get(ir::TransposeConvAttributes& to, const schema::TransposeConv& from,
                 const std::string& where) {
  return get_window(to, from, where);
}

Result<void> get(ir::Pool2dAttributes& to, const schema::Pool2D& from, const std::string& where) {
  to.filter_h = from.filter_h();
  to.filter_w = from.filter_w();
  return get_window(to, from, where);
}

Result<void> get(ir::FullyConnectedAttributes& to, const schema::FullyConnected& from,
                 const std::string& where) {
  if (from.weights_format() != schema::WeightsFormat::DEFAULT) {
    return Error{Code::tflite_unsupported,
                 where +
                     " stores its weights shuffled for one kind of processor; export the model with "
                     "default weights."};
  }
  to.keep_dims = from.keep_num_dims();
  return fused(to.activation, from.activation(), where);
}

Result<void> get(ir::ReduceAttributes& to, const schema::Reducer& from, const std::string&) {
  to.keep_dims = from.keep_dims();
  return {};
}

template <class Table>
Result<void> get(ir::ActivationAttributes& to, const Table& from, const std::string& where) {
  return fused(to.activation, from.activation(), where);
}

Result<void> get(ir::SoftmaxAttributes& to, const schema::Softmax& from, const std::string&) {
  to.beta = from.beta();
  return {};
}

Result<void> get(ir::LeakyReluAttributes& to, const schema::LeakyRelu& from, const std::string&) {
  to.alpha = from.alpha();
  return {};
}

template <class Table>
Result<void> get(ir::AxisAttributes& to, const Table& from, const std::string&) {
  to.axis = from.axis();
  return {};
}

Result<void> get(ir::ConcatenationAttributes& to, const schema::Concatenation& from,
                 const std::string& where) {
  to.axis = from.axis();
  return fused(to.activation, from.activation(), where);
}

Result<void> get(ir::SqueezeAttributes& to, const schema::Squeeze& from, const std::string& where) {
  if (!from.squeeze_dims()) return {};
  if (from.squeeze_dims()->size() > 16) {
    return Error{Code::tflite_damaged, where + " squeezes " + std::to_string(from.squeeze_dims()->size()) +
                                           " dimensions; a tensor has up to 8."};
  }
  to.axes.assign(from.squeeze_dims()->begin(), from.squeeze_dims()->end());
  return {};
}

Result<void> get(ir::StridedSliceAttributes& to, const schema::StridedSlice& from, const std::string& where) {
  if (from.offset()) {
    return Error{Code::op_unsupported,
                 where + " counts its end from its begin (option offset). Give the end as a position."};
  }
  to.begin_mask = from.begin_mask();
  to.end_mask = from.end_mask();
  to.ellipsis_mask = from.ellipsis_mask();
  to.new_axis_mask = from.new_axis_mask();
  to.shrink_axis_mask = from.shrink_axis_mask();
  return {};
}

Result<void> get(ir::GatherAttributes& to, const schema::Gather& from, const std::string&) {
  to.axis = from.axis();
  to.batch_dims = from.batch_dims();
  return {};
}

template <class Table>
Result<void> get(ir::ResizeAttributes& to, const Table& from, const std::string&) {
  to.align_corners = from.align_corners();
  to.half_pixel_centers = from.half_pixel_centers();
  return {};
}

Result<void> get(ir::BatchMatMulAttributes& to, const schema::BatchMatMul& from, const std::string&) {
  to.adjoint_a = from.adj_x();
  to.adjoint_b = from.adj_y();
  return {};
}

Result<void> get(ir::LstmAttributes& to, const schema::UnidirectionalSequenceLSTM& from,
                 const std::string& where) {
  if (from.activation() != schema::Activation::TANH) {
    return Error{Code::op_unsupported, where + " has the activation " +
                                           std::string(schema::EnumNameActivation(from.activation())) +
                                           "; Tadpole runs LSTMs with TANH."};
  }
  if (from.diagonal_recurrent_tensors()) {
    return Error{
        Code::op_unsupported,
        where + " has diagonal recurrent weights; Tadpole runs full matrices. Use a plain LSTM layer."};
  }
  to.cell_clip = from.cell_clip();
  to.projection_clip = from.proj_clip();
  to.time_major = from.time_major();
  return {};
}

Result<void> get(ir::SvdfAttributes& to, const schema::SVDF& from, const std::string& where) {
  to.rank = from.rank();
  return fused(to.activation, from.activation(), where);
}

/// A table without fields: each reads as its default.
template <class Table>
const Table& empty_table() {
  alignas(8) static constexpr uint8_t kBytes[] = {4, 0, 4, 0,
                                                  4, 0, 0, 0};  // sizes; then the way back to them
  return *reinterpret_cast<const Table*>(kBytes + 4);
}

template <class Attributes, class Table>
Result<ir::Attributes> read_as(const schema::Operator& from, schema::Options kind, const std::string& where) {
  Attributes to;
  if constexpr (!std::is_same_v<Attributes, ir::NoAttributes> && !std::is_same_v<Table, schema::NONE>) {
    if (from.options_type() != schema::Options::NONE && from.options_type() != kind) {
      return Error{Code::tflite_damaged, where + " carries options of kind " +
                                             std::to_string(static_cast<int>(from.options_type())) +
                                             "; needs kind " + std::to_string(static_cast<int>(kind)) + "."};
    }
    const bool there = from.options_type() == kind && from.options();
    TADPOLE_CHECK(get(to, there ? *static_cast<const Table*>(from.options()) : empty_table<Table>(), where));
  }
  return ir::Attributes{std::move(to)};
}

// Writing: put(builder, graph, node, attributes, kind).

using Builder = flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
template <class Table>
struct Kind {};

struct Written {
  Builder& builder;
  const ir::Graph& graph;
  const ir::Node& node;

  int32_t inputs() const { return static_cast<int32_t>(node.inputs.size()); }
  int32_t outputs() const { return static_cast<int32_t>(node.outputs.size()); }
  schema::TensorType in_type() const { return schema_type(graph.input_of(node, 0).type); }
  schema::TensorType out_type() const { return schema_type(graph.output_of(node).type); }
};

/// Padding::given is turned into PAD before anything is written.
schema::Padding padding(ir::Padding from) {
  return from == ir::Padding::same ? schema::Padding::SAME : schema::Padding::VALID;
}

auto put(const Written& w, const ir::Conv2dAttributes& a, Kind<schema::Conv2D>) {
  return schema::CreateConv2D(w.builder, padding(a.padding), a.stride_w, a.stride_h,
                              schema_activation(a.activation), a.dilation_w, a.dilation_h);
}
auto put(const Written& w, const ir::DepthwiseConv2dAttributes& a, Kind<schema::DepthwiseConv2D>) {
  return schema::CreateDepthwiseConv2D(w.builder, padding(a.padding), a.stride_w, a.stride_h,
                                       a.depth_multiplier, schema_activation(a.activation), a.dilation_w,
                                       a.dilation_h);
}
auto put(const Written& w, const ir::TransposeConvAttributes& a, Kind<schema::TransposeConv>) {
  return schema::CreateTransposeConv(w.builder, padding(a.padding), a.stride_w, a.stride_h,
                                     schema_activation(a.activation));
}
auto put(const Written& w, const ir::Pool2dAttributes& a, Kind<schema::Pool2D>) {
  return schema::CreatePool2D(w.builder, padding(a.padding), a.stride_w, a.stride_h, a.filter_w, a.filter_h,
                              schema_activation(a.activation));
}
auto put(const Written& w, const ir::FullyConnectedAttributes& a, Kind<schema::FullyConnected>) {
  return schema::CreateFullyConnected(w.builder, schema_activation(a.activation),
                                      schema::WeightsFormat::DEFAULT, a.keep_dims);
}
auto put(const Written& w, const ir::ReduceAttributes& a, Kind<schema::Reducer>) {
  return schema::CreateReducer(w.builder, a.keep_dims);
}
auto put(const Written& w, const ir::ActivationAttributes& a, Kind<schema::Mul>) {
  return schema::CreateMul(w.builder, schema_activation(a.activation));
}
/// int16 with any scale, not the power-of-two scaling of old int16 models.
auto put(const Written& w, const ir::ActivationAttributes& a, Kind<schema::Add>) {
  return schema::CreateAdd(w.builder, schema_activation(a.activation),
                           w.in_type() != schema::TensorType::INT16);
}
auto put(const Written& w, const ir::ActivationAttributes& a, Kind<schema::Sub>) {
  return schema::CreateSub(w.builder, schema_activation(a.activation),
                           w.in_type() != schema::TensorType::INT16);
}
auto put(const Written& w, const ir::SoftmaxAttributes& a, Kind<schema::Softmax>) {
  return schema::CreateSoftmax(w.builder, a.beta);
}
auto put(const Written& w, const ir::LeakyReluAttributes& a, Kind<schema::LeakyRelu>) {
  return schema::CreateLeakyRelu(w.builder, a.alpha);
}
auto put(const Written& w, const ir::AxisAttributes& a, Kind<schema::Pack>) {
  return schema::CreatePack(w.builder, w.inputs(), a.axis);
}
auto put(const Written& w, const ir::AxisAttributes& a, Kind<schema::Unpack>) {
  return schema::CreateUnpack(w.builder, w.outputs(), a.axis);
}
auto put(const Written& w, const ir::ConcatenationAttributes& a, Kind<schema::Concatenation>) {
  return schema::CreateConcatenation(w.builder, a.axis, schema_activation(a.activation));
}
auto put(const Written& w, const ir::SqueezeAttributes& a, Kind<schema::Squeeze>) {
  return schema::CreateSqueeze(w.builder, w.builder.CreateVector(a.axes));
}
auto put(const Written& w, const ir::StridedSliceAttributes& a, Kind<schema::StridedSlice>) {
  return schema::CreateStridedSlice(w.builder, a.begin_mask, a.end_mask, a.ellipsis_mask, a.new_axis_mask,
                                    a.shrink_axis_mask);
}
auto put(const Written& w, const ir::GatherAttributes& a, Kind<schema::Gather>) {
  return schema::CreateGather(w.builder, a.axis, a.batch_dims);
}
auto put(const Written& w, const ir::ResizeAttributes& a, Kind<schema::ResizeBilinear>) {
  return schema::CreateResizeBilinear(w.builder, 0, 0, a.align_corners, a.half_pixel_centers);
}
auto put(const Written& w, const ir::ResizeAttributes& a, Kind<schema::ResizeNearestNeighbor>) {
  return schema::CreateResizeNearestNeighbor(w.builder, a.align_corners, a.half_pixel_centers);
}
auto put(const Written& w, const ir::BatchMatMulAttributes& a, Kind<schema::BatchMatMul>) {
  return schema::CreateBatchMatMul(w.builder, a.adjoint_a, a.adjoint_b);
}
auto put(const Written& w, const ir::LstmAttributes& a, Kind<schema::UnidirectionalSequenceLSTM>) {
  return schema::CreateUnidirectionalSequenceLSTM(w.builder, schema::Activation::TANH, a.cell_clip,
                                                  a.projection_clip, a.time_major);
}
auto put(const Written& w, const ir::SvdfAttributes& a, Kind<schema::SVDF>) {
  return schema::CreateSVDF(w.builder, a.rank, schema_activation(a.activation));
}

template <class Table>
auto put(const Written& w, const ir::NoAttributes&, Kind<Table>) {
  return Offset<Table>(w.builder.EndTable(w.builder.StartTable()));
}
auto put(const Written& w, const ir::NoAttributes&, Kind<schema::Reshape>) {
  return schema::CreateReshape(w.builder, w.builder.CreateVector(w.graph.output_of(w.node).shape));
}
auto put(const Written& w, const ir::NoAttributes&, Kind<schema::Split>) {
  return schema::CreateSplit(w.builder, w.outputs());
}
auto put(const Written& w, const ir::NoAttributes&, Kind<schema::Cast>) {
  return schema::CreateCast(w.builder, w.in_type(), w.out_type());
}
auto put(const Written& w, const ir::NoAttributes&, Kind<schema::ArgMax>) {
  return schema::CreateArgMax(w.builder, w.out_type());
}

template <class Attributes, class Table>
WrittenOptions write_as(const Written& w, schema::Options kind) {
  if constexpr (std::is_same_v<Table, schema::NONE>) {
    return {};
  } else {
    return {kind, put(w, std::get<Attributes>(w.node.attributes), Kind<Table>()).Union()};
  }
}

}  // namespace

Result<ir::Attributes> read_attributes(Op op, const schema::Operator& from, const std::string& where) {
  switch (op) {
#define TADPOLE_OP(name, tflite_code, attributes, shape_rule, options) \
  case Op::name:                                                       \
    return read_as<ir::attributes, schema::options>(from, schema::Options::options, where);
#include "ir/ops.def"
#undef TADPOLE_OP
  }
  return Error{Code::internal, "an operator without options"};
}

WrittenOptions write_attributes(flatbuffers::FlatBufferBuilder& builder, const ir::Graph& graph,
                                const ir::Node& node) {
  const Written written{builder, graph, node};
  switch (node.op) {
#define TADPOLE_OP(name, tflite_code, attributes, shape_rule, options) \
  case Op::name:                                                       \
    return write_as<ir::attributes, schema::options>(written, schema::Options::options);
#include "ir/ops.def"
#undef TADPOLE_OP
  }
  return {};
}

std::string options_text(const schema::Operator& from) {
  const flatbuffers::TypeTable* members = schema::OptionsTypeTable();
  const auto kind = static_cast<size_t>(from.options_type());
  if (!from.options() || kind == 0 || kind >= members->num_elems) return "";
  const flatbuffers::TypeTable* table = members->type_refs[members->type_codes[kind].sequence_ref]();
  flatbuffers::ToStringVisitor visitor(" ");
  flatbuffers::IterateObject(static_cast<const uint8_t*>(from.options()), table, &visitor);
  std::string text = clean_text(visitor.s);
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == '{' || c == '}'; }),
             text.end());
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  text = text.substr(first, text.find_last_not_of(' ') + 1 - first);
  return text.size() <= 120 ? text : text.substr(0, 117) + "...";
}

}  // namespace tadpole::convert
