// Networks from lists of layers: what they become, and what is refused.
#include "zoo/custom.h"

#include <gtest/gtest.h>

namespace tadpole::zoo {
namespace {

/// A layer of that kind with its defaults, changed by `change`.
template <class Change>
LayerSpec layer(std::string_view kind, Change change) {
  LayerSpec spec = find_layer_kind(kind)->defaults;
  change(spec);
  return spec;
}

LayerSpec layer(std::string_view kind) {
  return layer(kind, [](LayerSpec&) {});
}

LayerSpec conv(int filters, const char* name = "") {
  return layer("conv_2d", [&](LayerSpec& spec) {
    spec.filters = filters;
    spec.name = name;
  });
}

void expect_refused(const std::vector<LayerSpec>& layers, Code code, const std::string& message) {
  const auto graph = make_custom(layers, {1, 20, 10, 1}, 3, 1);
  ASSERT_FALSE(graph.ok()) << message;
  EXPECT_EQ(graph.error().code, code);
  EXPECT_EQ(graph.error().detail, message);
}

TEST(CustomNetwork, every_kind_with_its_defaults_makes_a_graph) {
  for (const LayerKind& kind : layer_kinds()) {
    const std::string first = kind.name == "last_row" ? "gru" : "conv_2d";
    const std::vector<LayerSpec> layers = {layer(first,
                                                 [](LayerSpec& spec) {
                                                   spec.filters = spec.units = 4;
                                                   spec.name = "first";
                                                 }),
                                           layer(kind.name, [&](LayerSpec& spec) {
                                             if (takes(kind, "filters")) spec.filters = 4;
                                             if (takes(kind, "units")) spec.units = 5;
                                             if (takes(kind, "with")) spec.with = {"first"};
                                             if (kind.name == "activation") spec.activation = "tanh";
                                           })};
    const auto graph = make_custom(layers, {1, 20, 10, 1}, 3, 1);
    ASSERT_TRUE(graph.ok()) << kind.name << ": " << graph.error().message();
    EXPECT_EQ(graph->output_of(graph->nodes.back()).shape, (ir::Shape{1, 3}));
    for (const std::string_view key : kind.keys) EXPECT_NE(find_layer_key(key), nullptr) << key;
  }
}

TEST(CustomNetwork, layers_carry_their_names_and_a_residual_adds_the_layer_it_names) {
  std::vector<LayerSpec> layers = {conv(6, "stem"), conv(6, "inside"), layer("add", [](LayerSpec& spec) {
                                     spec.name = "sum";
                                     spec.with = {"stem"};
                                     spec.activation = "relu";
                                   })};
  layers[0].batch_norm = true;
  layers[0].activation = "relu6";
  const auto graph = make_custom(layers, {1, 20, 10, 1}, 3, 1);
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  std::vector<std::string> names;
  for (const ir::Node& node : graph->nodes) names.push_back(node.name);
  EXPECT_EQ(names, (std::vector<std::string>{"stem", "stem_norm", "stem_relu6", "inside", "sum", "sum_relu",
                                             "reshape_2", "answer", "softmax"}));
  const ir::Node& sum = graph->nodes[4];
  EXPECT_EQ(sum.inputs, (std::vector<int>{graph->nodes[3].outputs[0], graph->nodes[2].outputs[0]}));
  EXPECT_EQ(graph->nodes[0].inputs.size(), 2u);  // no bias before a batch norm
}

TEST(CustomNetwork, layers_may_read_any_earlier_one_and_concatenate) {
  std::vector<LayerSpec> layers = {conv(2, "a"), conv(3, "b"), layer("concatenate", [](LayerSpec& spec) {
                                     spec.with = {"a", "input"};
                                   })};
  layers[1].input = "input";
  const auto graph = make_custom(layers, {1, 20, 10, 1}, 3, 1);
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  EXPECT_EQ(graph->output_of(graph->nodes[2]).shape, (ir::Shape{1, 20, 10, 6}));
}

TEST(CustomNetwork, without_an_answer_the_last_layer_is_the_output) {
  const std::vector<LayerSpec> layers = {conv(1)};
  const auto graph = make_custom(layers, {1, 20, 10, 1}, 0, 1, Head::plain, false);
  ASSERT_TRUE(graph.ok());
  EXPECT_EQ(graph->nodes.size(), 1u);
}

TEST(CustomNetwork, unknown_names_are_refused_with_the_nearest_one) {
  LayerSpec wrong = conv(3);
  wrong.kind = "conv2d";
  expect_refused({wrong}, Code::config_bad_value,
                 "layer 'conv2d_1': there is no kind 'conv2d'. Did you mean 'conv_2d'?");
  LayerSpec reads = conv(3, "second");
  reads.input = "frist";
  expect_refused(
      {conv(3, "first"), reads}, Code::config_bad_value,
      "layer 'second': input = \"frist\", and no earlier layer has that name. Did you mean 'first'?");
  expect_refused({conv(3, "first"), conv(3, "first")}, Code::config_bad_value,
                 "layer 'first': an earlier layer has that name too.");
  expect_refused({conv(0, "first")}, Code::config_bad_value, "layer 'first' (conv_2d) needs 'filters'.");
  expect_refused({conv(1, "answer")}, Code::config_bad_value,
                 "layer 'answer': the layer at the end has that name. Choose another.");
  EXPECT_EQ(make_custom({}, {1, 20, 10, 1}, 3, 1).error().code, Code::config_bad_value);
}

TEST(CustomNetwork, shapes_that_do_not_fit_are_refused_with_the_layer_and_both_shapes) {
  const LayerSpec sum = layer("add", [](LayerSpec& spec) {
    spec.name = "sum";
    spec.with = {"first"};
  });
  expect_refused({conv(3, "first"), conv(4), sum}, Code::bad_shape,
                 "layer 'sum' (add): 'first' is 1x20x10x3 and its input is 1x20x10x4; needs equal shapes.");
  LayerSpec wide = conv(3, "wide");
  wide.padding = "valid";
  wide.size = {3, 11};
  expect_refused(
      {wide}, Code::bad_shape,
      "layer 'wide' (conv_2d): its window covers 11 columns of an input of 1x20x10x1. Make the size "
      "smaller, or padding = \"same\".");
  expect_refused({layer("flatten"), conv(3, "late")}, Code::bad_shape,
                 "layer 'late' (conv_2d): its input is 1x200; needs 1 x height x width x channels.");
}

}  // namespace
}  // namespace tadpole::zoo
