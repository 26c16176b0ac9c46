// A damaged .tflite file gives an error or a graph that holds together; never a crash. Meant for a build with
// ASan and UBSan, where every read outside of the file is seen.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "convert/tflite.h"
#include "ir/builder.h"

namespace tadpole::convert {
namespace {

using ir::DType;
using ir::Quantisation;

std::vector<uint8_t> float_model() {
  ir::GraphBuilder net("net", Rng(3));
  auto x = net.conv_2d(net.input({1, 4, 4, 1}), 2, 2, 2, {.activation = ir::Activation::relu});
  x = net.add(x, net.depthwise_conv_2d(x, 2, 2));
  x = net.max_pool_2d(x, {.filter_h = 2, .filter_w = 2});
  x = net.softmax(net.fully_connected(net.flatten(net.global_average_pool(x)), 2));
  const auto graph = std::move(net).finish(x);
  EXPECT_TRUE(graph.ok());
  auto bytes = write_tflite(*graph, "flip me");
  EXPECT_TRUE(bytes.ok());
  return *bytes;
}

std::vector<uint8_t> int8_model() {
  const auto scaled = [](float scale, int zero) { return Quantisation{{scale}, {zero}, 0}; };
  const std::vector<int8_t> weights = {1, -2, 3, 4, -5, 6, 7, 8};
  const std::vector<int32_t> bias = {10, -10}, shape = {1, 8};
  ir::Graph graph{"net", {}, {}, {0}, {5}};
  graph.tensors = {
      {"in", DType::int8, {1, 2, 2, 1}, scaled(0.5f, 3), nullptr},
      {"w",
       DType::int8,
       {2, 2, 2, 1},
       Quantisation{{0.1f, 0.2f}, {0, 0}, 0},
       ir::make_constant<int8_t>(weights)},
      {"b", DType::int32, {2}, Quantisation{{0.05f, 0.1f}, {0, 0}, 0}, ir::make_constant<int32_t>(bias)},
      {"conv_out", DType::int8, {1, 2, 2, 2}, scaled(0.3f, -128), nullptr},
      {"shape", DType::int32, {2}, std::nullopt, ir::make_constant<int32_t>(shape)},
      {"out", DType::int8, {1, 8}, scaled(0.3f, -128), nullptr}};
  graph.nodes = {{ir::Op::conv_2d, "a conv", {0, 1, 2}, {3}, ir::Conv2dAttributes{}},
                 {ir::Op::reshape, "reshape", {3, 4}, {5}, ir::NoAttributes{}}};
  auto bytes = write_tflite(graph, "flip me");
  EXPECT_TRUE(bytes.ok()) << bytes.error().message();
  return *bytes;
}

/// A variable that is read and assigned, and two outputs of a split.
std::vector<uint8_t> model_with_states() {
  const Quantisation scale{{0.5f}, {3}, 0};
  const auto value = [&](const char* name, const ir::Shape& shape) {
    return ir::Tensor{name, DType::int8, shape, scale, nullptr};
  };
  const std::vector<int32_t> axis = {1};
  ir::Graph graph{"net", {}, {}, {0}, {3, 5, 6}};
  graph.tensors = {value("in", {1, 4}),
                   value("total", {1, 4}),
                   value("read", {1, 4}),
                   value("sum", {1, 4}),
                   {"axis", DType::int32, {1}, std::nullopt, ir::make_constant<int32_t>(axis)},
                   value("left", {1, 2}),
                   value("right", {1, 2})};
  graph.tensors[1].is_variable = true;
  graph.tensors[1].initial = std::make_shared<const std::vector<uint8_t>>(4, 9);
  graph.nodes = {{ir::Op::read_variable, "read", {1}, {2}, ir::NoAttributes{}},
                 {ir::Op::add, "sum", {2, 0}, {3}, ir::ActivationAttributes{}},
                 {ir::Op::assign_variable, "total", {3}, {1}, ir::NoAttributes{}},
                 {ir::Op::split, "left", {4, 3}, {5, 6}, ir::NoAttributes{}}};
  auto bytes = write_tflite(graph, "flip me");
  EXPECT_TRUE(bytes.ok()) << bytes.error().message();
  return *bytes;
}

struct Outcomes {
  int refused = 0, read = 0;
};

/// Bytes are copied into memory of exactly their size, so that a sanitizer sees one byte too far.
void read_and_judge(std::vector<uint8_t> bytes, Outcomes& outcomes) {
  bytes.shrink_to_fit();
  const auto graph = read_tflite(bytes);
  if (!graph.ok()) {
    ++outcomes.refused;
    EXPECT_FALSE(graph.error().detail.empty());
    return;
  }
  ++outcomes.read;
  const auto checked = ir::check_graph(*graph);
  EXPECT_TRUE(checked.ok()) << checked.error().message();
  const auto written = write_tflite(*graph, "");
  EXPECT_TRUE(written.ok()) << written.error().message();
}

void flip_everything(const std::vector<uint8_t>& model) {
  ASSERT_LT(model.size(), 4096u);
  Outcomes outcomes;
  for (size_t i = 0; i < model.size(); ++i) {
    std::vector<uint8_t> bytes = model;
    for (int bit = 0; bit < 8; ++bit) {
      bytes[i] = static_cast<uint8_t>(model[i] ^ (1 << bit));
      read_and_judge(bytes, outcomes);
    }
    for (const int value : {0x00, 0x7f, 0x80, 0xff}) {
      bytes[i] = static_cast<uint8_t>(value);
      read_and_judge(bytes, outcomes);
    }
  }
  // Weights and names may hold anything; offsets and indices may not.
  EXPECT_GT(outcomes.refused, 1000);
  EXPECT_GT(outcomes.read, 1000);
}

TEST(DamagedTflite, every_flip_in_a_float_model_is_an_error_or_a_valid_graph) {
  flip_everything(float_model());
}

TEST(DamagedTflite, every_flip_in_an_int8_model_is_an_error_or_a_valid_graph) {
  flip_everything(int8_model());
}

TEST(DamagedTflite, every_flip_in_a_model_with_variables_and_several_outputs_is_an_error_or_a_valid_graph) {
  flip_everything(model_with_states());
}

TEST(DamagedTflite, every_truncation_is_an_error_or_a_valid_graph) {
  for (const auto& model : {float_model(), int8_model(), model_with_states()}) {
    Outcomes outcomes;
    for (size_t size = 0; size < model.size(); ++size) {
      read_and_judge({model.begin(), model.begin() + static_cast<std::ptrdiff_t>(size)}, outcomes);
    }
    // What is cut off at the very end may be padding, never more.
    EXPECT_LT(outcomes.read, 16);
  }
}

TEST(DamagedTflite, two_changed_words_are_an_error_or_a_valid_graph) {
  Rng rng(5);
  for (const auto& model : {int8_model(), model_with_states()}) {
    Outcomes outcomes;
    for (int round = 0; round < 20'000; ++round) {
      std::vector<uint8_t> bytes = model;
      for (int change = 0; change < 2; ++change) {
        const size_t at = rng.below(static_cast<uint32_t>(model.size() / 4)) * 4;
        const uint32_t word = rng.below(2) ? rng.next() : rng.below(64);
        for (size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<uint8_t>(word >> (8 * i));
      }
      read_and_judge(std::move(bytes), outcomes);
    }
    EXPECT_GT(outcomes.refused, 1000);
  }
}

}  // namespace
}  // namespace tadpole::convert
