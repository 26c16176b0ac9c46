// The architectures against published sizes, and what they refuse.
#include "zoo/zoo.h"

#include <gtest/gtest.h>

namespace tadpole::zoo {
namespace {

/// What a device stores: batch norms folded, so that each of their channels leaves a bias.
int64_t folded_parameters(const ir::Graph& graph) {
  int64_t count = ir::parameter_count(graph);
  for (const ir::Node& node : graph.nodes) {
    if (node.op == ir::Op::batch_norm) count -= 3 * ir::element_count(graph.input_of(node, 3).shape);
  }
  return count;
}

TEST(Zoo, every_example_has_the_published_parameters_and_multiply_accumulates) {
  for (const Architecture& row : architectures()) {
    const auto graph = make(row.example, row.input, row.outputs, 1, row.head);
    ASSERT_TRUE(graph.ok()) << row.example << ": " << graph.error().message();
    const auto near = [&](int64_t ours, int64_t published, const char* what) {
      if (published == 0) return;
      EXPECT_NEAR(static_cast<double>(ours), static_cast<double>(published),
                  static_cast<double>(published) * row.published.within)
          << row.example << " " << what;
    };
    near(trained_parameters(*graph), row.published.parameters, "parameters");
    near(ir::multiply_accumulates(*graph), row.published.macs, "multiply-accumulates");
  }
}

TEST(Zoo, ds_cnn_takes_the_memory_that_its_paper_gives) {
  // Hello Edge, table 5: weights and biases as bytes, and the largest layer's input and output, in KB of
  // 1,000.
  struct Row {
    const char* name;
    double kilobytes;
    int64_t activations;
  };
  for (const Row& row : {Row{"ds_cnn_s", 38.6, 2 * 125 * 64}, Row{"ds_cnn_m", 189.2, (250 + 65) * 172},
                         Row{"ds_cnn_l", 497.6, (250 + 65) * 276}}) {
    const auto graph = make(row.name, {1, 49, 10, 1}, 12, 1);
    const int64_t bytes = folded_parameters(*graph) + row.activations;
    EXPECT_NEAR(static_cast<double>(bytes) / 1000, row.kilobytes, 0.05) << row.name;  // their rounding
  }
}

TEST(Zoo, gru_takes_the_memory_that_its_paper_gives) {
  const auto graph = make("gru", {1, 25, 10, 1}, 12, 1);
  // Hello Edge, table 5: 78.8 KB; how it counts biases and states is not said.
  EXPECT_NEAR(static_cast<double>(ir::parameter_count(*graph)) / 1000, 78.8, 0.8);
}

TEST(Zoo, full_mobilenets_have_the_published_sizes) {
  struct Row {
    const char* name;
    double parameters, macs, within;
  };
  // Howard et al. 2017, tables 8 and 6; Sandler et al. 2018, table 4 (3.4 M is 3.5 M with all of its
  // classifier).
  for (const Row& row : {Row{"mobilenet_v1", 4.2e6, 569e6, 0.01}, Row{"mobilenet_v1_0.25", 0.5e6, 41e6, 0.07},
                         Row{"mobilenet_v2", 3.4e6, 300e6, 0.04}}) {
    const auto graph = make(row.name, {1, 224, 224, 3}, 1000, 1);
    ASSERT_TRUE(graph.ok()) << graph.error().message();
    EXPECT_NEAR(static_cast<double>(trained_parameters(*graph)), row.parameters, row.parameters * row.within);
    EXPECT_NEAR(static_cast<double>(ir::multiply_accumulates(*graph)), row.macs, row.macs * row.within);
  }
}

TEST(Zoo, bc_resnet_lacks_only_the_groups_of_its_norms) {
  const auto graph = make("bc_resnet", {1, 101, 40, 1}, 12, 1);
  // Kim et al. 2021: 9.2 k parameters. Norms over five groups of features would have four times more numbers
  // in each of the twelve blocks: 4 * 2 * (2 * 8 + 2 * 12 + 4 * 16 + 4 * 20).
  EXPECT_NEAR(static_cast<double>(trained_parameters(*graph)) + 8 * 184, 9200, 100);
}

TEST(Zoo, a_width_behind_the_name_scales_the_channels) {
  const auto quarter = make("mobilenet_v1_0.25", {1, 96, 96, 3}, 2, 1);
  const auto old_name = make("mobilenet_v1_025", {1, 96, 96, 3}, 2, 1);
  ASSERT_TRUE(quarter.ok() && old_name.ok());
  EXPECT_EQ(ir::parameter_count(*quarter), ir::parameter_count(*old_name));
  EXPECT_EQ(quarter->output_of(quarter->nodes[0]).shape.back(), 8);
  EXPECT_EQ(make("ds_cnn_s_1.5", {1, 49, 10, 1}, 3, 1)->nodes[0].op, ir::Op::conv_2d);
  for (const char* name : {"ds_cnn_s_", "ds_cnn_s_9", "ds_cnn_s_0.01", "ds_cnn_s_x", "ds_cnn_s_0.5.5", "_1"})
    EXPECT_EQ(make(name, {1, 49, 10, 1}, 3, 1).error().code, Code::unknown_architecture) << name;
  EXPECT_EQ(find_architecture("lenet_2")->name, "lenet");
}

TEST(Zoo, heads_are_probabilities_questions_or_numbers) {
  EXPECT_EQ(make("mlp", {1, 4}, 3, 1)->nodes.back().op, ir::Op::softmax);
  EXPECT_EQ(make("mlp", {1, 4}, 3, 1, Head::logistic)->nodes.back().op, ir::Op::logistic);
  EXPECT_EQ(make("mlp", {1, 4}, 1, 1, Head::plain)->nodes.back().op, ir::Op::fully_connected);
  const auto autoencoder = make("conv_autoencoder", {1, 31, 17, 2}, 0, 1, Head::plain);
  ASSERT_TRUE(autoencoder.ok()) << autoencoder.error().message();
  EXPECT_EQ(autoencoder->output_of(autoencoder->nodes.back()).shape, (ir::Shape{1, 31, 17, 2}));
}

TEST(Zoo, every_architecture_adapts_to_odd_inputs) {
  for (const Architecture& architecture : architectures()) {
    for (const ir::Shape& input : {ir::Shape{1, 49, 10, 1}, {1, 7, 3, 2}, {1, 1, 1, 1}, {1, 98, 40, 1}}) {
      const auto graph = make(std::string(architecture.name) + "_0.25", input, 4, 1);
      ASSERT_TRUE(graph.ok()) << architecture.name << ": " << graph.error().message();
      EXPECT_TRUE(ir::check_graph(*graph).ok());
      EXPECT_EQ(graph->output_of(graph->nodes.back()).shape,
                architecture.reconstructs ? input : (ir::Shape{1, 4}));
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
  EXPECT_NE(unknown.error().detail.find("Did you mean 'ds_cnn_l'? There are: tiny_conv"), std::string::npos);
  EXPECT_EQ(make("ds_cnn_s", {1, 490}, 3, 1).error().code, Code::bad_shape);
  EXPECT_EQ(make("ds_cnn_s", {1, 0, 10, 1}, 3, 1).error().code, Code::bad_shape);
  EXPECT_EQ(make("ds_cnn_s", {1, 49, 10, 1}, 1, 1).error().code, Code::bad_shape);
}

}  // namespace
}  // namespace tadpole::zoo
