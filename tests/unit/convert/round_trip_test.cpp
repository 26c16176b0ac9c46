// What is written can be read, and says the same.
#include <gmock/gmock.h>

#include "convert/model_generated.h"
#include "convert/schema.h"
#include "convert/tflite.h"
#include "test_graphs.h"

namespace tadpole::convert {
namespace {

using testing::HasSubstr;

ir::Graph round_trip(const ir::Graph& graph) {
  const auto bytes = write_tflite(graph, "a test");
  EXPECT_TRUE(bytes.ok()) << bytes.error().message();
  auto read = read_tflite(*bytes);
  EXPECT_TRUE(read.ok()) << read.error().message();
  return read.ok() ? *read : ir::Graph{};
}

TEST(Tflite, float_graph_with_every_operator_survives_the_round_trip) {
  const ir::Graph graph = small_float_graph();
  expect_equal(graph, round_trip(graph));
}

TEST(Tflite, int8_graph_with_absent_bias_and_odd_layer_names_survives_the_round_trip) {
  const ir::Graph graph = small_int8_graph();
  expect_equal(graph, round_trip(graph));
}

TEST(Tflite, same_graph_gives_the_same_bytes) {
  EXPECT_EQ(*write_tflite(small_int8_graph(), "x"), *write_tflite(small_int8_graph(), "x"));
  EXPECT_NE(*write_tflite(small_int8_graph(), "x"), *write_tflite(small_int8_graph(), "y"));
}

TEST(Tflite, constants_are_aligned_to_16_bytes_and_buffer_0_is_empty) {
  const auto bytes = *write_tflite(small_int8_graph(), "x");
  const schema::Model* model = schema::GetModel(bytes.data());
  EXPECT_EQ(model->version(), 3u);
  EXPECT_EQ(model->description()->str(), "x");
  ASSERT_GT(model->buffers()->size(), 5u);
  EXPECT_EQ(model->buffers()->Get(0)->data(), nullptr);
  for (uint32_t i = 1; i < model->buffers()->size(); ++i) {
    const auto offset = model->buffers()->Get(i)->data()->data() - bytes.data();
    EXPECT_EQ(offset % 16, 0) << "buffer " << i;
  }
}

TEST(Tflite, shared_constants_are_stored_once) {
  ir::Graph graph = small_int8_graph();
  const auto first = std::find_if(graph.tensors.begin(), graph.tensors.end(),
                                  [](const ir::Tensor& tensor) { return tensor.is_constant(); });
  const ir::Tensor original = *first;
  ir::Tensor twin = original;
  twin.constant = std::make_shared<const std::vector<uint8_t>>(*original.constant);
  graph.tensors.push_back(twin);
  const auto own = write_tflite(graph, "x")->size();
  graph.tensors.back().constant = original.constant;
  const auto shared = write_tflite(graph, "x")->size();
  EXPECT_LT(shared, own);
  expect_equal(graph, round_trip(graph));
}

/// Operator versions by which TensorFlow Lite Micro chooses int8 kernels.
TEST(Tflite, int8_operators_carry_the_versions_that_runtimes_ask_for) {
  const auto bytes = *write_tflite(small_int8_graph(), "x");
  const schema::Model* model = schema::GetModel(bytes.data());
  std::map<std::string, int> versions;
  for (const auto* code : *model->operator_codes()) {
    EXPECT_EQ(static_cast<int>(code->builtin_code()), code->one_byte_code());
    versions[builtin_name(static_cast<int>(code->builtin_code()))] = code->version();
  }
  const std::map<std::string, int> expected = {
      {"QUANTIZE", 1}, {"CONV_2D", 3}, {"DEPTHWISE_CONV_2D", 3}, {"ADD", 2},     {"AVERAGE_POOL_2D", 2},
      {"MEAN", 2},     {"RESHAPE", 1}, {"FULLY_CONNECTED", 4},   {"SOFTMAX", 2}, {"DEQUANTIZE", 2}};
  EXPECT_EQ(versions, expected);
}

TEST(Tflite, training_only_layers_are_refused_by_name_all_at_once) {
  ir::GraphBuilder net("trained", Rng(1));
  auto x = net.conv_2d(net.input({1, 4, 4, 1}), 2, 3, 3);
  x = net.dropout(net.batch_norm(x), 0.2f);
  const auto graph = std::move(net).finish(x);
  const auto bytes = write_tflite(*graph, "");
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.error().code, Code::op_unsupported);
  EXPECT_THAT(bytes.error().detail, HasSubstr("'batch_norm_1'"));
  EXPECT_THAT(bytes.error().detail, HasSubstr("'dropout_1'"));
}

TEST(Tflite, unaligned_bytes_are_read_too) {
  const ir::Graph graph = small_int8_graph();
  const auto bytes = *write_tflite(graph, "");
  std::vector<uint8_t> shifted(bytes.size() + 1);
  std::copy(bytes.begin(), bytes.end(), shifted.begin() + 1);
  const auto read = read_tflite(std::span(shifted).subspan(1));
  ASSERT_TRUE(read.ok()) << read.error().message();
  expect_equal(graph, *read);
}

TEST(CcArray, holds_every_byte_and_the_size) {
  const std::vector<uint8_t> bytes = {0x00, 0x7f, 0xff};
  const std::string text = write_cc_array(bytes, "g_model");
  EXPECT_THAT(text, HasSubstr("alignas(16) const unsigned char g_model[] = {\n    0x00, 0x7f, 0xff,\n};"));
  EXPECT_THAT(text, HasSubstr("const size_t g_model_size = 3;"));
}

TEST(LayerNames, the_telling_part_of_a_fused_path_remains) {
  const std::string fused =
      "functional_1/activation_4/Relu;functional_1/batch_normalization_4/FusedBatchNormV3;functional_1/"
      "conv2d_2/BiasAdd/ReadVariableOp;functional_1/conv2d_2/BiasAdd;functional_1/conv2d_2/Conv2D";
  EXPECT_EQ(short_layer_name(ir::Op::conv_2d, fused), "conv2d_2");
  EXPECT_EQ(short_layer_name(ir::Op::softmax, "model/activation/Softmax"), "activation");
  EXPECT_EQ(short_layer_name(ir::Op::conv_2d, "conv_1_out"), "conv_1");
  EXPECT_EQ(short_layer_name(ir::Op::conv_2d, "Relu"), "Relu");
  EXPECT_EQ(short_layer_name(ir::Op::conv_2d, std::string(70, 'a')).size(), 60u);
  EXPECT_EQ(short_layer_name(ir::Op::conv_2d, std::string(59, 'a') + "\u00e9"), std::string(59, 'a'));
}

TEST(LayerNames, equal_names_are_numbered_without_colliding) {
  std::vector<std::string> names = {"a", "a", "a_2", "", "a"};
  make_unique(names, {"f0", "f1", "f2", "f3", "f4"});
  EXPECT_EQ(names, (std::vector<std::string>{"a", "a_2", "a_2_2", "f3", "a_3"}));
}

TEST(CleanText, keeps_utf8_and_replaces_what_terminals_and_json_choke_on) {
  EXPECT_EQ(clean_text("p\u00e9, \u20ac, \U0001F600"), "p\u00e9, \u20ac, \U0001F600");
  EXPECT_EQ(clean_text("a\x1b[2J\n\x7f"), "a?[2J??");
  EXPECT_EQ(clean_text("\xc3("), "?(");
  EXPECT_EQ(clean_text("\xc0\xaf\xed\xa0\x80"), "?????");
}

}  // namespace
}  // namespace tadpole::convert
