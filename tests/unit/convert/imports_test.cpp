// What other and older writers put into files arrives as the graph that it means.
#include <gmock/gmock.h>

#include <cstdlib>

#include "convert/tensor_reader.h"
#include "convert/tflite.h"
#include "file_maker.h"
#include "test_graphs.h"

namespace tadpole::convert {
namespace {

using ir::DType;
using schema::BuiltinOperator;
using schema::TensorType;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

/// The fuzz target starts from these files too; TADPOLE_UPDATE_GOLDEN=1 writes them anew.
void keep_for_fuzzing(const std::vector<uint8_t>& bytes) {
  if (!std::getenv("TADPOLE_UPDATE_GOLDEN")) return;
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  std::ofstream file(TADPOLE_SOURCE_DIR "/fuzz/corpus/tflite/" + std::string(test->test_suite_name()) + "_" +
                         test->name() + ".tflite",
                     std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

ir::Graph read(const std::vector<uint8_t>& bytes) {
  keep_for_fuzzing(bytes);
  const auto graph = read_tflite(bytes);
  EXPECT_TRUE(graph.ok()) << graph.error().message();
  if (!graph.ok()) return {};
  // Whatever is read can be written, and says the same.
  const auto written = write_tflite(*graph, "");
  EXPECT_TRUE(written.ok()) << written.error().message();
  const auto again = read_tflite(*written);
  EXPECT_TRUE(again.ok()) << again.error().message();
  if (again.ok()) expect_equal(*graph, *again);
  return *graph;
}

Error refused(const std::vector<uint8_t>& bytes) {
  const auto graph = read_tflite(bytes);
  EXPECT_FALSE(graph.ok());
  return graph.ok() ? Error{Code::internal, "was read"} : graph.error();
}

std::vector<ir::Op> ops_of(const ir::Graph& graph) {
  std::vector<ir::Op> ops;
  for (const ir::Node& node : graph.nodes) ops.push_back(node.op);
  return ops;
}

TEST(OldWriter, one_byte_codes_without_buffers_and_without_options_are_read) {
  FileMaker file;
  file.old_codes = true;
  file.has_buffers = false;
  const int in = file.tensor("in", TensorType::FLOAT32, {1, 3});
  const int sum = file.tensor("sum", TensorType::FLOAT32, {1, 3});
  const int out = file.tensor("out", TensorType::FLOAT32, {1, 3});
  file.op(BuiltinOperator::ADD, {in, in}, {sum});
  file.op(BuiltinOperator::RELU, {sum}, {out}, {schema::Options::Abs, schema::CreateAbs(file.b).Union()});
  const ir::Graph graph = read(file.finish({in}, {out}));
  ASSERT_THAT(ops_of(graph), ElementsAre(ir::Op::add, ir::Op::relu));
  EXPECT_EQ(std::get<ir::ActivationAttributes>(graph.nodes[0].attributes).activation, ir::Activation::none);
}

TEST(OldWriter, a_convolution_without_options_is_refused_because_it_has_no_stride) {
  FileMaker file;
  const int in = file.tensor("in", TensorType::FLOAT32, {1, 3, 3, 1});
  const int weights = file.constant<float>("w", TensorType::FLOAT32, {1, 1, 1, 1}, {1});
  const int out = file.tensor("out", TensorType::FLOAT32, {1, 3, 3, 1});
  file.op(BuiltinOperator::CONV_2D, {in, weights}, {out});
  const Error error = refused(file.finish({in}, {out}));
  EXPECT_EQ(error.code, Code::tflite_damaged);
  EXPECT_THAT(error.detail, HasSubstr("stride 0x0"));
}

TEST(OldWriter, scales_without_zero_points_have_zero_points_of_0_and_one_stands_for_all) {
  FileMaker file;
  const int in = file.tensor("in", TensorType::INT8, {1, 2}, {{0.5f}, {}, 0});
  const std::vector<int8_t> values = {1, 2, 3, 4};
  const int weights = file.constant("w", TensorType::INT8, {2, 2}, values, {{0.1f, 0.2f}, {0}, 0});
  const int out = file.tensor("out", TensorType::INT8, {1, 2}, {{0.5f}, {4}, 0});
  file.op(BuiltinOperator::FULLY_CONNECTED, {in, weights, -1}, {out});
  const ir::Graph graph = read(file.finish({in}, {out}));
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_THAT(graph.tensors[0].quantisation->zero_points, ElementsAre(0));
  EXPECT_THAT(graph.tensors[1].quantisation->zero_points, ElementsAre(0, 0));
}

TEST(OldWriter, the_depth_multiplier_comes_from_the_shapes) {
  FileMaker file;
  const int in = file.tensor("in", TensorType::FLOAT32, {1, 2, 2, 2});
  const int weights = file.constant<float>("w", TensorType::FLOAT32, {1, 1, 1, 4}, {1, 2, 3, 4});
  const int out = file.tensor("out", TensorType::FLOAT32, {1, 2, 2, 4});
  const auto options = schema::CreateDepthwiseConv2D(file.b, schema::Padding::SAME, 1, 1, 0);
  file.op(BuiltinOperator::DEPTHWISE_CONV_2D, {in, weights}, {out},
          {schema::Options::DepthwiseConv2D, options.Union()});
  const ir::Graph graph = read(file.finish({in}, {out}));
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(std::get<ir::DepthwiseConv2dAttributes>(graph.nodes[0].attributes).depth_multiplier, 2);
}

TEST(HalfPrecision, every_kind_of_number_is_widened_exactly) {
  EXPECT_EQ(float_of_half(0x0000), 0.0f);
  EXPECT_EQ(float_of_half(0x3c00), 1.0f);
  EXPECT_EQ(float_of_half(0xc000), -2.0f);
  EXPECT_EQ(float_of_half(0x3555), 0.333251953125f);
  EXPECT_EQ(float_of_half(0x7bff), 65504.0f);
  EXPECT_EQ(float_of_half(0x0001), 1.0f / 16777216);
  EXPECT_EQ(float_of_half(0x03ff), 1023.0f / 16777216);
  EXPECT_TRUE(std::isinf(float_of_half(0xfc00)) && float_of_half(0xfc00) < 0);
  EXPECT_TRUE(std::isnan(float_of_half(0x7c01)));
}

TEST(HalfPrecision, weights_that_are_dequantised_become_float_constants) {
  FileMaker file;
  const int in = file.tensor("in", TensorType::FLOAT32, {1, 2});
  const int half = file.constant<uint16_t>("half", TensorType::FLOAT16, {1, 2}, {0x3c00, 0xc000});
  const int weights = file.tensor("weights", TensorType::FLOAT32, {1, 2});
  const int out = file.tensor("out", TensorType::FLOAT32, {1, 1});
  file.op(BuiltinOperator::DEQUANTIZE, {half}, {weights});
  file.op(BuiltinOperator::FULLY_CONNECTED, {in, weights, -1}, {out});
  const ir::Graph graph = read(file.finish({in}, {out}));
  ASSERT_THAT(ops_of(graph), ElementsAre(ir::Op::fully_connected));
  EXPECT_EQ(graph.tensors.size(), 3u);
  EXPECT_EQ(graph.input_of(graph.nodes[0], 1).name, "weights");
  EXPECT_THAT(graph.input_of(graph.nodes[0], 1).values<float>(), ElementsAre(1.0f, -2.0f));
}

TEST(WeightsOnly, int8_constants_that_are_dequantised_become_float_constants) {
  FileMaker file;
  const int in = file.tensor("in", TensorType::FLOAT32, {1, 2});
  const std::vector<int8_t> values = {1, -128, 5, 127};
  const int packed = file.constant("packed", TensorType::INT8, {2, 2}, values, {{0.5f, 0.25f}, {0, 1}, 0});
  const int weights = file.tensor("weights", TensorType::FLOAT32, {2, 2});
  const int out = file.tensor("out", TensorType::FLOAT32, {1, 2});
  file.op(BuiltinOperator::DEQUANTIZE, {packed}, {weights});
  file.op(BuiltinOperator::FULLY_CONNECTED, {in, weights, -1}, {out});
  const ir::Graph graph = read(file.finish({in}, {out}));
  ASSERT_THAT(ops_of(graph), ElementsAre(ir::Op::fully_connected));
  EXPECT_THAT(graph.input_of(graph.nodes[0], 1).values<float>(), ElementsAre(0.5f, -64.0f, 1.0f, 31.5f));
}

TEST(Int4, packed_weights_of_an_odd_count_are_read) {
  FileMaker file;
  const int in = file.tensor("in", TensorType::INT8, {1, 3}, {{0.5f}, {1}, 0});
  const int weights = file.tensor("w", TensorType::INT4, {1, 3}, {{0.1f}, {0}, 0}, {0x8f, 0x07});
  const int out = file.tensor("out", TensorType::INT8, {1, 1}, {{0.5f}, {4}, 0});
  file.op(BuiltinOperator::FULLY_CONNECTED, {in, weights, -1}, {out});
  const ir::Graph graph = read(file.finish({in}, {out}));
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(graph.tensors[1].type, DType::int4);
}

TEST(WideNumbers, int64_axes_become_int32_and_values_beyond_are_held) {
  FileMaker file;
  const int in = file.tensor("in", TensorType::FLOAT32, {2, 5});
  const std::vector<int64_t> from = {0, 1}, to = {INT64_MAX, INT64_MAX}, steps = {1, 2};
  const int begin = file.constant("begin", TensorType::INT64, {2}, from);
  const int end = file.constant("end", TensorType::INT64, {2}, to);
  const int stride = file.constant("stride", TensorType::INT64, {2}, steps);
  const int out = file.tensor("out", TensorType::FLOAT32, {2, 2});
  file.op(BuiltinOperator::STRIDED_SLICE, {in, begin, end, stride}, {out});
  const ir::Graph graph = read(file.finish({in}, {out}));
  ASSERT_EQ(graph.nodes.size(), 1u);
  EXPECT_EQ(graph.tensors.size(), 5u);
  EXPECT_THAT(graph.input_of(graph.nodes[0], 2).values<int32_t>(), ElementsAre(INT32_MAX, INT32_MAX));
}

/// As Keras' Reshape is converted for a batch of any size.
TEST(ComputedShapes, a_reshape_by_the_batch_of_its_input_is_constant) {
  FileMaker file;
  const int in = file.tensor("in", TensorType::FLOAT32, {1, 6});
  const int shape = file.tensor("shape", TensorType::INT32, {2});
  const int zero = file.constant<int32_t>("0", TensorType::INT32, {1}, {0});
  const int one = file.constant<int32_t>("1", TensorType::INT32, {1}, {1});
  const int batch = file.tensor("batch", TensorType::INT32, {});
  const int three = file.constant<int32_t>("3", TensorType::INT32, {}, {3});
  const int wanted = file.tensor("wanted", TensorType::INT32, {3});
  const int out = file.tensor("out", TensorType::FLOAT32, {1, 3, 2});
  const int two = file.constant<int32_t>("2", TensorType::INT32, {}, {2});
  file.op(BuiltinOperator::SHAPE, {in}, {shape});
  file.op(BuiltinOperator::STRIDED_SLICE, {shape, zero, one, one}, {batch},
          {schema::Options::StridedSlice, schema::CreateStridedSlice(file.b, 0, 0, 0, 0, 1).Union()});
  file.op(BuiltinOperator::PACK, {batch, three, two}, {wanted},
          {schema::Options::Pack, schema::CreatePack(file.b, 3, 0).Union()});
  file.op(BuiltinOperator::RESHAPE, {in, wanted}, {out});
  const ir::Graph graph = read(file.finish({in}, {out}));
  ASSERT_THAT(ops_of(graph), ElementsAre(ir::Op::reshape));
  EXPECT_THAT(graph.input_of(graph.nodes[0], 1).values<int32_t>(), ElementsAre(1, 3, 2));
  EXPECT_EQ(graph.tensors.size(), 3u);
}

TEST(ComputedShapes, a_reshape_to_a_scalar_has_a_shape_without_values) {
  FileMaker file;
  const int in = file.tensor("in", TensorType::FLOAT32, {1, 1});
  const int shape = file.tensor("shape", TensorType::INT32, {0});
  const int out = file.tensor("out", TensorType::FLOAT32, {});
  file.op(BuiltinOperator::RESHAPE, {in, shape}, {out});
  const ir::Graph graph = read(file.finish({in}, {out}));
  ASSERT_THAT(ops_of(graph), ElementsAre(ir::Op::reshape));
  EXPECT_EQ(graph.tensors.size(), 2u);
}

std::vector<uint8_t> uint8_model(int weight_zero) {
  FileMaker file;
  const int in = file.tensor("in", TensorType::UINT8, {1, 2}, {{0.5f}, {100}, 0});
  const int weights =
      file.tensor("w", TensorType::UINT8, {2, 2}, {{0.1f}, {weight_zero}, 0}, {0, 128, 255, 130});
  const int bias = file.constant<int32_t>("b", TensorType::INT32, {2}, {7, -7}, {{0.05f}, {0}, 0});
  const int dense = file.tensor("dense_out", TensorType::UINT8, {1, 2}, {{0.3f}, {128}, 0});
  const int out = file.tensor("out", TensorType::UINT8, {1, 2}, {{1.0f / 256}, {0}, 0});
  file.op(BuiltinOperator::FULLY_CONNECTED, {in, weights, bias}, {dense});
  file.op(BuiltinOperator::SOFTMAX, {dense}, {out},
          {schema::Options::Softmax, schema::CreateSoftmax(file.b, 1).Union()});
  return file.finish({in}, {out});
}

TEST(Uint8Model, becomes_int8_inside_and_keeps_its_inputs_and_outputs) {
  const ir::Graph graph = read(uint8_model(128));
  ASSERT_THAT(ops_of(graph),
              ElementsAre(ir::Op::quantize, ir::Op::fully_connected, ir::Op::softmax, ir::Op::quantize));
  const ir::Tensor& in = graph.tensors[static_cast<size_t>(graph.inputs[0])];
  const ir::Tensor& out = graph.tensors[static_cast<size_t>(graph.outputs[0])];
  EXPECT_EQ(in.name, "in");
  EXPECT_EQ(in.type, DType::uint8);
  EXPECT_THAT(in.quantisation->zero_points, ElementsAre(100));
  EXPECT_EQ(out.name, "out");
  EXPECT_EQ(out.type, DType::uint8);
  EXPECT_THAT(out.quantisation->zero_points, ElementsAre(0));
  const ir::Node& dense = graph.nodes[1];
  EXPECT_EQ(graph.input_of(dense, 0).type, DType::int8);
  EXPECT_THAT(graph.input_of(dense, 0).quantisation->zero_points, ElementsAre(-28));
  EXPECT_THAT(graph.input_of(dense, 1).values<int8_t>(), ElementsAre(-128, 0, 127, 2));
  EXPECT_THAT(graph.output_of(dense).quantisation->zero_points, ElementsAre(0));
  EXPECT_THAT(graph.output_of(graph.nodes[2]).quantisation->zero_points, ElementsAre(-128));
}

TEST(Uint8Model, with_weights_around_another_zero_point_is_named) {
  const Error error = refused(uint8_model(120));
  EXPECT_EQ(error.code, Code::tflite_unsupported);
  EXPECT_THAT(error.detail, AllOf(HasSubstr("'w'"), HasSubstr("zero point -8"), HasSubstr("128 in a uint8")));
}

TEST(Uint8Model, an_int8_model_with_uint8_input_and_output_stays_as_it_is) {
  FileMaker file;
  const int in = file.tensor("in", TensorType::UINT8, {1, 2}, {{0.5f}, {100}, 0});
  const int inner = file.tensor("inner", TensorType::INT8, {1, 2}, {{0.5f}, {-28}, 0});
  const int relu = file.tensor("relu", TensorType::INT8, {1, 2}, {{0.5f}, {-128}, 0});
  const int out = file.tensor("out", TensorType::UINT8, {1, 2}, {{0.5f}, {0}, 0});
  file.op(BuiltinOperator::QUANTIZE, {in}, {inner});
  file.op(BuiltinOperator::RELU, {inner}, {relu});
  file.op(BuiltinOperator::QUANTIZE, {relu}, {out});
  const ir::Graph graph = read(file.finish({in}, {out}));
  EXPECT_THAT(ops_of(graph), ElementsAre(ir::Op::quantize, ir::Op::relu, ir::Op::quantize));
  EXPECT_EQ(graph.tensors.size(), 4u);
  EXPECT_EQ(graph.tensors[0].type, DType::uint8);
}

/// Handles for each use, as converters make them; the first value comes from the subgraph that CALL_ONCE
/// names.
std::vector<uint8_t> counter(BuiltinOperator in_initialiser = BuiltinOperator::ASSIGN_VARIABLE,
                             int called = 1) {
  FileMaker file;
  const auto handle = [&](const std::string& tensor) {
    const int at = file.tensor(tensor, TensorType::RESOURCE, {});
    const auto options =
        schema::CreateVarHandle(file.b, file.b.CreateString(""), file.b.CreateString("total"));
    file.op(BuiltinOperator::VAR_HANDLE, {}, {at}, {schema::Options::VarHandle, options.Union()});
    return at;
  };
  file.op(BuiltinOperator::CALL_ONCE, {}, {},
          {schema::Options::CallOnce, schema::CreateCallOnce(file.b, called).Union()});
  const int in = file.tensor("in", TensorType::FLOAT32, {2});
  const int from = handle("total to read"), to = handle("total to assign");
  const int read = file.tensor("read", TensorType::FLOAT32, {2});
  const int sum = file.tensor("sum", TensorType::FLOAT32, {2});
  file.op(BuiltinOperator::READ_VARIABLE, {from}, {read});
  file.op(BuiltinOperator::ADD, {read, in}, {sum});
  file.op(BuiltinOperator::ASSIGN_VARIABLE, {to, sum}, {});
  file.next_subgraph({in}, {sum});
  const int initialised = handle("total");
  const int value = file.constant<float>("value", TensorType::FLOAT32, {2}, {3, 4});
  file.op(in_initialiser, {initialised, value}, {});
  return file.finish({}, {});
}

TEST(Variables, handles_of_one_name_are_one_tensor_with_its_first_value) {
  const ir::Graph graph = read(counter());
  ASSERT_THAT(ops_of(graph), ElementsAre(ir::Op::read_variable, ir::Op::add, ir::Op::assign_variable));
  EXPECT_EQ(graph.nodes[0].inputs, graph.nodes[2].outputs);
  EXPECT_EQ(graph.tensors.size(), 4u);
  const ir::Tensor& total = graph.input_of(graph.nodes[0], 0);
  EXPECT_EQ(total.name, "total to read");
  EXPECT_TRUE(total.is_variable);
  EXPECT_EQ(total.shape, ir::Shape{2});
  ASSERT_NE(total.initial, nullptr);
  EXPECT_EQ(*total.initial, *ir::make_constant<float>(std::vector<float>{3, 4}));
}

TEST(Variables, an_initialiser_that_computes_is_refused_by_name) {
  const Error error = refused(counter(BuiltinOperator::ADD));
  EXPECT_EQ(error.code, Code::tflite_unsupported);
  EXPECT_THAT(error.detail, AllOf(HasSubstr("subgraph 1"), HasSubstr("ADD")));
}

TEST(Variables, a_call_of_a_subgraph_that_is_not_there_is_damage) {
  for (const int index : {-1, 0, 2}) {
    const Error error = refused(counter(BuiltinOperator::ASSIGN_VARIABLE, index));
    EXPECT_EQ(error.code, Code::tflite_damaged) << index;
    EXPECT_THAT(error.detail, HasSubstr("CALL_ONCE"));
  }
}

TEST(Subgraphs, one_that_nothing_calls_is_refused_by_number) {
  FileMaker file;
  for (int i = 0; i < 2; ++i) {
    const int in = file.tensor("in", TensorType::FLOAT32, {1}),
              out = file.tensor("out", TensorType::FLOAT32, {1});
    file.op(BuiltinOperator::RELU, {in}, {out});
    file.next_subgraph({in}, {out});
  }
  const Error error = refused(file.finish());
  EXPECT_EQ(error.code, Code::tflite_unsupported);
  EXPECT_THAT(error.detail, AllOf(HasSubstr("2 subgraphs"), HasSubstr("subgraph 1")));
}

TEST(Unsupported, operators_and_options_are_named_together) {
  FileMaker file;
  const int in = file.tensor("in", TensorType::FLOAT32, {1, 2});
  const int ratio = file.tensor("ratio", TensorType::FLOAT32, {1, 2});
  const int sum = file.tensor("sum", TensorType::FLOAT32, {1, 2});
  const int out = file.tensor("out", TensorType::FLOAT32, {1, 2});
  file.op(BuiltinOperator::DIV, {in, in}, {ratio},
          {schema::Options::Div, schema::CreateDiv(file.b, schema::Activation::RELU).Union()});
  file.op(BuiltinOperator::ADD, {in, ratio}, {sum},
          {schema::Options::Add, schema::CreateAdd(file.b, schema::Activation::TANH).Union()});
  file.op(BuiltinOperator::CUSTOM, {sum}, {out});
  const Error error = refused(file.finish({in}, {out}));
  EXPECT_EQ(error.code, Code::op_unsupported);
  EXPECT_THAT(error.detail,
              AllOf(HasSubstr("2 of 3 layers"), HasSubstr("'ratio' (DIV: activation: RELU)"),
                    HasSubstr("'out' (CUSTOM"), HasSubstr("'sum' (add) has the fused activation TANH")));
}

}  // namespace
}  // namespace tadpole::convert
