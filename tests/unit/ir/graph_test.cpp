// Shape rules, the check, and the builder.
#include "ir/graph.h"

#include <gtest/gtest.h>

#include "ir/builder.h"

namespace tadpole::ir {
namespace {

Graph small_graph() {
  GraphBuilder builder("small", Rng(1));
  Value x = builder.input({1, 49, 10, 1});
  x = builder.conv_2d(x, 8, 10, 4, {.stride_h = 2, .stride_w = 2}, false);
  x = builder.relu(builder.batch_norm(x));
  x = builder.global_average_pool(x);
  x = builder.softmax(builder.fully_connected(builder.flatten(x), 4));
  auto graph = std::move(builder).finish(x);
  EXPECT_TRUE(graph.ok()) << graph.error().message();
  return std::move(graph).value();
}

TEST(Window, same_and_valid_padding_follow_the_tflite_formulas) {
  // kws: 49 rows, 10 taps, stride 2, SAME -> 25 rows, 9 of padding, 4 before.
  const Window rows = window_of(49, 10, 2, 1, Padding::same);
  EXPECT_EQ(rows.out, 25);
  EXPECT_EQ(rows.pad_before, 4);
  EXPECT_EQ(rows.pad_after, 5);
  EXPECT_EQ(window_of(49, 10, 2, 1, Padding::valid).out, 20);
  EXPECT_EQ(window_of(5, 3, 1, 3, Padding::valid).out, 0);
  EXPECT_EQ(window_of(7, 3, 1, 3, Padding::valid).out, 1);
}

TEST(OpTable, every_tflite_code_leads_back_to_its_operator) {
  for (int i = 0; i < kOpCount; ++i) {
    const Op op = static_cast<Op>(i);
    if (tflite_code(op) < 0) continue;
    EXPECT_EQ(op_of_tflite_code(tflite_code(op)), op) << op_name(op);
  }
  EXPECT_FALSE(op_of_tflite_code(-1).has_value());
}

TEST(Builder, makes_a_graph_with_the_right_shapes_and_counts) {
  const Graph graph = small_graph();
  EXPECT_EQ(graph.output_of(graph.nodes[0]).shape, (Shape{1, 25, 5, 8}));
  EXPECT_EQ(graph.output_of(graph.nodes.back()).shape, (Shape{1, 4}));
  EXPECT_EQ(multiply_accumulates(graph), 25 * 5 * 8 * 40 + 8 * 4);
  EXPECT_EQ(parameter_count(graph), 8 * 40 + 4 * 8 + 8 * 4 + 4);
}

TEST(Builder, same_seed_same_weights) {
  const Graph a = small_graph(), b = small_graph();
  for (size_t i = 0; i < a.tensors.size(); ++i) {
    ASSERT_EQ(a.tensors[i].is_constant(), b.tensors[i].is_constant());
    if (!a.tensors[i].is_constant()) continue;
    EXPECT_EQ(*a.tensors[i].constant, *b.tensors[i].constant) << a.tensors[i].name;
  }
}

TEST(Builder, the_first_error_sticks_and_names_the_layer) {
  GraphBuilder builder("bad", Rng(1));
  Value x = builder.input({1, 4, 4, 1});
  x = builder.conv_2d(x, 8, 7, 7, {.padding = Padding::valid});
  x = builder.fully_connected(builder.flatten(x), 3);
  const auto graph = std::move(builder).finish(x);
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, Code::bad_shape);
  EXPECT_NE(graph.error().detail.find("'conv_1'"), std::string::npos) << graph.error().detail;
  EXPECT_NE(graph.error().detail.find("7x7"), std::string::npos) << graph.error().detail;
}

/// Applies a change that breaks one promise, and expects the check to see it.
template <class Change>
void expect_refused(const char* what, Change change) {
  Graph graph = small_graph();
  ASSERT_TRUE(check_graph(graph).ok());
  change(graph);
  EXPECT_FALSE(check_graph(graph).ok()) << what;
}

TEST(CheckGraph, refuses_every_broken_promise) {
  expect_refused("input index", [](Graph& g) { g.nodes[0].inputs[0] = 99; });
  expect_refused("negative input", [](Graph& g) { g.nodes[0].inputs[0] = -2; });
  expect_refused("absent required input", [](Graph& g) { g.nodes[0].inputs[1] = -1; });
  expect_refused("order", [](Graph& g) { std::swap(g.nodes[0], g.nodes[1]); });
  expect_refused("two writers", [](Graph& g) { g.nodes[1].outputs = g.nodes[0].outputs; });
  expect_refused("no output", [](Graph& g) { g.nodes[1].outputs.clear(); });
  expect_refused("attributes", [](Graph& g) { g.nodes[0].attributes = NoAttributes{}; });
  expect_refused("stride", [](Graph& g) { std::get<Conv2dAttributes>(g.nodes[0].attributes).stride_h = 0; });
  expect_refused("shape",
                 [](Graph& g) { g.tensors[static_cast<size_t>(g.nodes[0].outputs[0])].shape[1] = 24; });
  expect_refused("zero dimension", [](Graph& g) { g.tensors[0].shape[1] = 0; });
  expect_refused("huge", [](Graph& g) { g.tensors[0].shape = {1, 65536, 65536, 1}; });
  expect_refused("constant size", [](Graph& g) { g.tensors[1].shape[0] = 9; });
  expect_refused("scale", [](Graph& g) { g.tensors[0].quantisation = Quantisation{{-1.0f}, {0}, 0}; });
  expect_refused("zero points", [](Graph& g) {
    g.tensors[0].quantisation = Quantisation{{1.0f, 1.0f}, {0}, 0};
  });
  expect_refused("output", [](Graph& g) { g.outputs = {1000}; });
  expect_refused("no outputs", [](Graph& g) { g.outputs.clear(); });
  expect_refused("constant input", [](Graph& g) { g.inputs = {1}; });
}

TEST(CheckGraph, names_every_layer_whose_options_or_shapes_do_not_fit) {
  Graph graph = small_graph();
  std::get<Conv2dAttributes>(graph.nodes[0].attributes).stride_h = 0;
  graph.tensors[static_cast<size_t>(graph.nodes.back().outputs[0])].shape.back() += 1;
  const auto checked = check_graph(graph);
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().code, Code::bad_attribute);
  for (const Node& node : {graph.nodes.front(), graph.nodes.back()})
    EXPECT_NE(checked.error().detail.find("'" + node.name + "'"), std::string::npos)
        << checked.error().detail;
  EXPECT_NE(checked.error().detail.find("2 of "), std::string::npos);
}

}  // namespace
}  // namespace tadpole::ir
