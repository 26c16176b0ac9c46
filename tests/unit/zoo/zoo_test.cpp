// The architectures against published sizes, and what they refuse.
#include "zoo/zoo.h"

#include <gtest/gtest.h>

namespace tadpole::zoo {
namespace {

TEST(Zoo, ds_cnn_s_has_the_published_size) {
  const auto graph = make("ds_cnn_s", {1, 49, 10, 1}, 12, 1);
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  // MLPerf Tiny's keyword model: 2,656,768 multiply-accumulates of its 8-bit model; its weights and biases
  // after folding are 22,604 (conv 2,560 + 64; 4 x (576 + 64 + 4,096 + 64); dense 768 + 12).
  EXPECT_EQ(ir::multiply_accumulates(*graph), 320000 + 4 * (72000 + 512000) + 768);
  const int64_t folded = 2560 + 64 + 4 * (576 + 64 + 4096 + 64) + 768 + 12;
  EXPECT_EQ(folded, 22604);
  // Each of the nine batch norms holds four numbers a channel where the folded model has one bias.
  EXPECT_EQ(ir::parameter_count(*graph), folded + 9 * 64 * 3);
}

TEST(Zoo, mobilenet_and_resnet_have_the_published_multiply_accumulates) {
  const auto mobilenet = make("mobilenet_v1_025", {1, 96, 96, 3}, 2, 1);
  const auto resnet = make("resnet8", {1, 32, 32, 3}, 10, 1);
  ASSERT_TRUE(mobilenet.ok() && resnet.ok());
  // 7.49 M and 12.5 M in MLPerf Tiny (Banbury et al. 2021).
  EXPECT_NEAR(static_cast<double>(ir::multiply_accumulates(*mobilenet)), 7.49e6, 0.01e6);
  EXPECT_NEAR(static_cast<double>(ir::multiply_accumulates(*resnet)), 12.5e6, 0.05e6);
}

TEST(Zoo, every_architecture_adapts_to_odd_inputs) {
  for (const Architecture& architecture : architectures()) {
    for (const ir::Shape& input : {ir::Shape{1, 49, 10, 1}, {1, 7, 3, 2}, {1, 1, 1, 1}, {1, 98, 40, 1}}) {
      const auto graph = make(architecture.name, input, 4, 1);
      ASSERT_TRUE(graph.ok()) << architecture.name << ": " << graph.error().message();
      EXPECT_TRUE(ir::check_graph(*graph).ok());
      EXPECT_EQ(graph->output_of(graph->nodes.back()).shape, (ir::Shape{1, 4}));
    }
  }
}

TEST(Zoo, weights_depend_on_the_seed_alone) {
  const auto first = make("tiny_conv", {1, 49, 10, 1}, 3, 7), again = make("tiny_conv", {1, 49, 10, 1}, 3, 7);
  const auto other = make("tiny_conv", {1, 49, 10, 1}, 3, 8);
  const size_t weights = static_cast<size_t>(first->nodes[0].inputs[1]);
  EXPECT_EQ(*first->tensors[weights].constant, *again->tensors[weights].constant);
  EXPECT_NE(*first->tensors[weights].constant, *other->tensors[weights].constant);
}

TEST(Zoo, refuses_by_name_and_lists_what_there_is) {
  const auto unknown = make("ds_cnn_xl", {1, 49, 10, 1}, 3, 1);
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, Code::unknown_architecture);
  EXPECT_NE(unknown.error().detail.find("ds_cnn_s, ds_cnn_m"), std::string::npos);
  EXPECT_EQ(make("ds_cnn_s", {1, 490}, 3, 1).error().code, Code::bad_shape);
  EXPECT_EQ(make("ds_cnn_s", {1, 0, 10, 1}, 3, 1).error().code, Code::bad_shape);
  EXPECT_EQ(make("ds_cnn_s", {1, 49, 10, 1}, 1, 1).error().code, Code::bad_shape);
}

}  // namespace
}  // namespace tadpole::zoo
