// Int4 weights, few levels, and how far a model may go with them.
#include "quantise/mixed.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "nets.h"
#include "quantise/cluster.h"
#include "quantise/weights.h"

namespace tadpole::quantise {
namespace {

using testing::HasSubstr;

CalibrationSet random_inputs(const ir::Graph& graph, int count) {
  const auto size = ir::element_count(graph.tensors[static_cast<size_t>(graph.inputs[0])].shape);
  return {count, [size](int index) {
            Rng rng(static_cast<uint64_t>(index), 3);
            return random_values(rng, size, -1, 1);
          }};
}

const ir::Tensor& weights_of(const ir::Graph& graph, const std::string& layer) {
  const auto node = std::find_if(graph.nodes.begin(), graph.nodes.end(),
                                 [&](const ir::Node& n) { return n.name == layer; });
  return graph.input_of(*node, 1);
}

ir::Graph folded_net(uint64_t seed) { return fold_for_inference(small_net(seed)).value(); }

TEST(Int4, weights_lie_within_half_a_step_of_the_float_ones_or_are_clipped) {
  const ir::Graph folded = folded_net(4);
  Workers workers(1);
  Silent quiet;
  const auto made =
      quantise_int8(folded, random_inputs(folded, 8), {.int4_layers = int4_layers(folded)}, workers, quiet);
  ASSERT_TRUE(made.ok()) << made.error().message();
  for (const std::string& layer : int4_layers(folded)) {
    const ir::Tensor& stored = weights_of(made->graph.graph, layer);
    EXPECT_EQ(stored.type, ir::DType::int4) << layer;
    EXPECT_EQ(static_cast<int64_t>(stored.constant->size()), (ir::element_count(stored.shape) + 1) / 2);
  }
  // Dequantising needs float activations; the constants alone say what the integers stand for.
  ir::Graph constants = made->graph.graph;
  for (ir::Tensor& tensor : constants.tensors)
    if (!tensor.is_constant()) tensor.quantisation.reset();
  const auto floats = dequantise_weights(constants);
  ASSERT_TRUE(floats.ok()) << floats.error().message();
  for (const std::string& layer : int4_layers(folded)) {
    const auto from = weights_of(folded, layer).values<float>();
    const auto to = weights_of(*floats, layer).values<float>();
    const auto& scales = weights_of(made->graph.graph, layer).quantisation->scales;
    const bool last = weights_of(made->graph.graph, layer).quantisation->axis == 3;
    for (size_t i = 0; i < from.size(); ++i) {
      const size_t channel = scales.size() == 1 ? 0
                             : last             ? i % scales.size()
                                                : i / (from.size() / scales.size());
      const float limit = 7 * scales[channel];
      EXPECT_NEAR(to[i], std::clamp(from[i], -limit, limit), 0.501f * scales[channel]) << layer;
    }
  }
}

TEST(Int4, a_layer_that_does_not_exist_is_refused_with_the_nearest_name) {
  const ir::Graph folded = folded_net(1);
  Workers workers(1);
  Silent quiet;
  const auto made =
      quantise_int8(folded, random_inputs(folded, 4), {.int4_layers = {"conv_33"}}, workers, quiet);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Code::unknown_layer);
  EXPECT_THAT(made.error().detail, HasSubstr("did you mean 'conv_3'"));
}

TEST(Mixed, the_budget_decides_how_many_layers_become_int4) {
  const ir::Graph folded = folded_net(2);
  Workers workers(2);
  Silent quiet;
  // Each int4 layer costs a point.
  const Score score = [](const ir::Graph& graph) -> Result<double> {
    return 1.0 - 0.01 * static_cast<double>(
                            std::count_if(graph.tensors.begin(), graph.tensors.end(),
                                          [](const ir::Tensor& t) { return t.type == ir::DType::int4; }));
  };
  for (const int allowed : {0, 2, 100}) {
    const auto mixed =
        quantise_mixed(folded, random_inputs(folded, 8), {}, 0.01 * allowed + 0.005, score, workers, quiet);
    ASSERT_TRUE(mixed.ok()) << mixed.error().message();
    const auto taken =
        std::count_if(mixed->layers.begin(), mixed->layers.end(), [](const Int4Layer& l) { return l.taken; });
    EXPECT_EQ(taken, std::min<int64_t>(allowed, static_cast<int64_t>(mixed->layers.size())));
    EXPECT_EQ(mixed->layers.size(), int4_layers(folded).size());
    for (const Int4Layer& layer : mixed->layers) {
      EXPECT_EQ(weights_of(mixed->graph.graph, layer.layer).type,
                layer.taken ? ir::DType::int4 : ir::DType::int8);
      EXPECT_GT(layer.saved_bytes, 0);
    }
    EXPECT_DOUBLE_EQ(mixed->score, 1.0 - 0.01 * static_cast<double>(taken));
  }
}

TEST(Mixed, what_a_score_refuses_ends_the_search) {
  const ir::Graph folded = folded_net(2);
  Workers workers(1);
  Silent quiet;
  const Score score = [](const ir::Graph&) -> Result<double> { return Error{Code::cancelled, "enough"}; };
  EXPECT_EQ(quantise_mixed(folded, random_inputs(folded, 4), {}, 0, score, workers, quiet).error().code,
            Code::cancelled);
}

TEST(Cluster, levels_of_well_parted_heaps_are_their_means) {
  const std::vector<double> values = {9, 11, -5, 0.5, -0.5, 10, -5, -5};
  EXPECT_THAT(levels_of(values, 3), testing::ElementsAre(-5, 0, 10));
  EXPECT_THAT(levels_of({}, 3), testing::IsEmpty());
  EXPECT_THAT(levels_of(std::vector<double>{2, 2, 2}, 16), testing::ElementsAre(2));
}

TEST(Cluster, no_layer_has_more_values_than_levels_and_each_weight_goes_to_the_nearest) {
  const ir::Graph folded = folded_net(5);
  Silent quiet;
  const auto int8 = quantise_int8(folded, random_inputs(folded, 4), quiet);
  ASSERT_TRUE(int8.ok());
  for (const ir::Graph& graph : {folded, int8->graph.graph}) {
    const auto clustered = cluster_weights(graph, 16);
    ASSERT_TRUE(clustered.ok());
    for (const std::string& layer : int4_layers(folded)) {
      const ir::Tensor& from = weights_of(graph, layer);
      const ir::Tensor& to = weights_of(*clustered, layer);
      if (ir::element_count(from.shape) < 64) {
        EXPECT_EQ(*from.constant, *to.constant);
        continue;
      }
      const auto values = [](const ir::Tensor& tensor) {
        if (tensor.type == ir::DType::float32)
          return std::vector<double>(tensor.values<float>().begin(), tensor.values<float>().end());
        return std::vector<double>(tensor.values<int8_t>().begin(), tensor.values<int8_t>().end());
      };
      const std::vector<double> before = values(from), after = values(to);
      const std::set<double> levels(after.begin(), after.end());
      EXPECT_LE(levels.size(), 16u);
      for (size_t i = 0; i < before.size(); ++i) {
        for (const double level : levels)
          EXPECT_LE(std::abs(before[i] - after[i]), std::abs(before[i] - level) + 1e-6) << layer;
      }
    }
  }
  EXPECT_EQ(cluster_weights(folded, 1).error().code, Code::train_bad_setting);
}

}  // namespace
}  // namespace tadpole::quantise
