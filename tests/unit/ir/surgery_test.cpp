// Graphs taken apart and put together.
#include "ir/surgery.h"

#include <gtest/gtest.h>

#include "ir/builder.h"

namespace tadpole::ir {
namespace {

/// conv - batch norm - relu, then a residual block, then a head.
Graph residual_graph() {
  GraphBuilder builder("residual", Rng(1));
  Value x = builder.input({1, 8, 8, 1});
  x = builder.relu(builder.batch_norm(builder.conv_2d(x, 4, 3, 3, {}, false)));
  const Value y = builder.relu(builder.conv_2d(x, 4, 3, 3));
  x = builder.add(x, y);
  x = builder.softmax(builder.fully_connected(builder.flatten(builder.global_average_pool(x)), 3));
  auto graph = std::move(builder).finish(x);
  EXPECT_TRUE(graph.ok());
  return std::move(graph).value();
}

std::string layer_of(const Graph& graph, Op op) {
  for (const Node& node : graph.nodes)
    if (node.op == op) return node.name;
  return "";
}

TEST(Surgery, parts_of_a_cut_graph_joined_again_are_the_graph) {
  const Graph graph = residual_graph();
  for (const std::string& layer : {layer_of(graph, Op::relu), layer_of(graph, Op::add)}) {
    const auto first = part_up_to(graph, layer), second = part_after(graph, layer);
    ASSERT_TRUE(first.ok() && second.ok()) << layer;
    EXPECT_EQ(first->nodes.size() + second->nodes.size(), graph.nodes.size());
    const auto joined = join(*first, *second);
    ASSERT_TRUE(joined.ok()) << joined.error().message();
    ASSERT_EQ(joined->nodes.size(), graph.nodes.size());
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      const Node &is = joined->nodes[i], &was = graph.nodes[i];
      EXPECT_EQ(is.name, was.name);
      ASSERT_EQ(is.inputs.size(), was.inputs.size());
      for (int k = 0; k < static_cast<int>(is.inputs.size()); ++k) {
        const Tensor &mine = joined->input_of(is, k), &theirs = graph.input_of(was, k);
        EXPECT_EQ(mine.name, theirs.name);
        EXPECT_EQ(mine.constant, theirs.constant);
      }
    }
    EXPECT_EQ(joined->tensors.size(), graph.tensors.size());
  }
}

TEST(Surgery, a_cut_beside_a_connection_is_refused_and_names_both_layers) {
  const Graph graph = residual_graph();
  std::string second_conv;
  for (const Node& node : graph.nodes)
    if (node.op == Op::conv_2d) second_conv = node.name;
  const auto part = part_after(graph, second_conv);
  ASSERT_FALSE(part.ok());
  EXPECT_EQ(part.error().code, Code::bad_shape);
  EXPECT_NE(part.error().detail.find(second_conv), std::string::npos);
  EXPECT_NE(part.error().detail.find(layer_of(graph, Op::add)), std::string::npos);
}

TEST(Surgery, an_unknown_layer_is_refused_with_the_nearest_name) {
  const Graph graph = residual_graph();
  const auto part = part_up_to(graph, layer_of(graph, Op::add) + "x");
  ASSERT_FALSE(part.ok());
  EXPECT_EQ(part.error().code, Code::unknown_layer);
  EXPECT_NE(part.error().detail.find("'" + layer_of(graph, Op::add) + "'"), std::string::npos);
}

TEST(Surgery, parts_of_other_shapes_are_not_joined) {
  const Graph graph = residual_graph();
  const auto first = part_up_to(graph, layer_of(graph, Op::relu));
  const auto second = part_after(graph, layer_of(graph, Op::average_pool_2d));
  ASSERT_TRUE(first.ok() && second.ok());
  const auto joined = join(*first, *second);
  ASSERT_FALSE(joined.ok());
  EXPECT_NE(joined.error().detail.find("1x8x8x4"), std::string::npos);
  EXPECT_NE(joined.error().detail.find("1x1x1x4"), std::string::npos);
}

TEST(Surgery, the_layer_before_the_head_is_what_the_last_dense_layer_reads) {
  const Graph graph = residual_graph();
  EXPECT_EQ(layer_before_head(graph), layer_of(graph, Op::reshape));
}

TEST(Surgery, names_that_both_parts_have_stay_apart) {
  const Graph graph = residual_graph();
  const auto first = part_up_to(graph, layer_of(graph, Op::relu));
  ASSERT_TRUE(first.ok());
  GraphBuilder builder("residual", Rng(2));
  const Value x = builder.input({1, 8, 8, 4});
  const auto second = std::move(builder).finish(builder.conv_2d(x, 2, 3, 3));
  ASSERT_TRUE(second.ok());
  const auto joined = join(*first, *second);
  ASSERT_TRUE(joined.ok());
  EXPECT_NE(joined->nodes.front().name, joined->nodes.back().name);
}

}  // namespace
}  // namespace tadpole::ir
