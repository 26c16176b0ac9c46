// The int8 specification holds for every graph, and int8 answers stay near the float ones.
#include "quantise/quantise.h"

#include <gmock/gmock.h>

#include <atomic>
#include <limits>

#include "nets.h"
#include "quantise/range.h"

namespace tadpole::quantise {
namespace {

using testing::AllOf;
using testing::HasSubstr;

ir::Graph folded_net(uint64_t seed) { return *fold_for_inference(small_net(seed)); }

CalibrationSet random_inputs(const ir::Graph& graph, int count, float low = -2, float high = 2) {
  const auto values = ir::element_count(graph.tensors[static_cast<size_t>(graph.inputs[0])].shape);
  return {count, [=](int index) {
            Rng rng(1000 + static_cast<uint64_t>(index));
            return random_values(rng, values, low, high);
          }};
}

QuantiseResult quantised(const ir::Graph& folded, const CalibrationSet& calibration,
                         const QuantiseOptions& options = {}, int threads = 1) {
  Silent silent;
  Workers workers(threads);
  auto result = quantise_int8(folded, calibration, options, workers, silent);
  EXPECT_TRUE(result.ok()) << result.error().message();
  return result.ok() ? std::move(result).value() : QuantiseResult{};
}

Error refusal(const ir::Graph& folded, const CalibrationSet& calibration) {
  Silent silent;
  const auto result = quantise_int8(folded, calibration, silent);
  EXPECT_FALSE(result.ok());
  return result.ok() ? Error{Code::internal, "was quantised"} : result.error();
}

const ir::Quantisation& scale_of(const ir::Tensor& tensor) { return *tensor.quantisation; }

void expect_int8_layer(const ir::Graph& graph, const ir::Node& node) {
  const ir::Tensor& weights = graph.input_of(node, 1);
  const ir::Tensor& bias = graph.input_of(node, 2);
  const bool dense = node.op == ir::Op::fully_connected;
  const int axis = node.op == ir::Op::depthwise_conv_2d ? 3 : 0;
  const auto channels = static_cast<size_t>(weights.shape[static_cast<size_t>(axis)]);
  EXPECT_EQ(weights.type, ir::DType::int8);
  EXPECT_EQ(scale_of(weights).scales.size(), dense ? 1u : channels) << node.name;
  EXPECT_EQ(scale_of(weights).axis, axis);
  for (const int8_t value : weights.values<int8_t>()) EXPECT_GE(value, -127) << node.name;
  EXPECT_EQ(bias.type, ir::DType::int32);
  EXPECT_EQ(bias.shape, ir::Shape{static_cast<int32_t>(channels)});
  ASSERT_EQ(scale_of(bias).scales.size(), scale_of(weights).scales.size());
  for (size_t c = 0; c < scale_of(bias).scales.size(); ++c) {
    EXPECT_EQ(scale_of(bias).scales[c],
              scale_of(graph.input_of(node, 0)).scales[0] * scale_of(weights).scales[c]);
    EXPECT_EQ(scale_of(bias).zero_points[c], 0);
    EXPECT_EQ(scale_of(weights).zero_points[c], 0);
  }
}

TEST(Int8Graph, follows_the_specification_on_random_nets) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const ir::Graph folded = folded_net(seed);
    const ir::Graph graph = quantised(folded, random_inputs(folded, 20)).graph.graph;
    ASSERT_TRUE(ir::check_graph(graph).ok());
    EXPECT_EQ(graph.tensors[static_cast<size_t>(graph.inputs[0])].type, ir::DType::int8);
    for (const ir::Node& node : graph.nodes) {
      const ir::Tensor &in = graph.input_of(node, 0), &out = graph.output_of(node);
      EXPECT_EQ(out.type, ir::DType::int8) << node.name;
      EXPECT_FALSE(scale_of(out).per_channel()) << node.name;
      const Range range = range_of(scale_of(out));
      EXPECT_LE(range.low, 0) << node.name;
      EXPECT_GE(range.high, 0) << node.name;
      if (node.op == ir::Op::softmax) {
        EXPECT_EQ(scale_of(out), (ir::Quantisation{{1.0f / 256}, {-128}, 0}));
      }
      const bool keeps =
          node.op == ir::Op::max_pool_2d || node.op == ir::Op::average_pool_2d || node.op == ir::Op::reshape;
      if (keeps) {
        EXPECT_EQ(scale_of(in), scale_of(out)) << node.name;
      }
      const bool weighted = node.op == ir::Op::conv_2d || node.op == ir::Op::depthwise_conv_2d ||
                            node.op == ir::Op::fully_connected;
      if (weighted) expect_int8_layer(graph, node);
    }
  }
}

/// 8 bits over a range that values fill evenly give 6.02 * 8 = 48 dB; real values fill a third of it and
/// noise adds up over 13 layers. Below 20 dB (a tenth of the signal) something is wrong, not rounded.
TEST(Int8Graph, every_layer_stays_within_20_db_of_float_on_random_nets) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const ir::Graph folded = folded_net(seed);
    const auto result = quantised(folded, random_inputs(folded, 30));
    ASSERT_EQ(result.layers.size(), folded.nodes.size());
    for (size_t i = 0; i < result.layers.size(); ++i) {
      EXPECT_EQ(result.layers[i].layer, folded.nodes[i].name);
      EXPECT_GT(result.layers[i].signal_to_noise_db, 20) << seed << " " << result.layers[i].layer;
      EXPECT_LT(result.layers[i].signal_to_noise_db, 80) << seed << " " << result.layers[i].layer;
    }
  }
}

TEST(Int8Graph, one_and_three_threads_give_the_same_bits) {
  const ir::Graph folded = folded_net(3);
  const auto a = quantised(folded, random_inputs(folded, 21), {}, 1);
  const auto b = quantised(folded, random_inputs(folded, 21), {}, 3);
  ASSERT_EQ(a.graph.graph.tensors.size(), b.graph.graph.tensors.size());
  for (size_t i = 0; i < a.graph.graph.tensors.size(); ++i) {
    const ir::Tensor &x = a.graph.graph.tensors[i], &y = b.graph.graph.tensors[i];
    EXPECT_EQ(x.quantisation, y.quantisation) << x.name;
    if (x.is_constant()) {
      EXPECT_EQ(*x.constant, *y.constant) << x.name;
    }
  }
  for (size_t i = 0; i < a.layers.size(); ++i) {
    EXPECT_EQ(a.layers[i].signal_to_noise_db, b.layers[i].signal_to_noise_db);
  }
}

TEST(Int8Graph, tensors_keep_their_places_and_missing_biases_are_added) {
  ir::GraphBuilder net("no bias", Rng(4));
  const auto x = net.conv_2d(net.input({1, 4, 4, 2}), 3, 3, 3, {}, false);
  const ir::Graph folded = finished(std::move(net), x, 4);
  const ir::Graph graph = quantised(folded, random_inputs(folded, 5)).graph.graph;
  ASSERT_EQ(graph.tensors.size(), folded.tensors.size() + 1);
  for (size_t i = 0; i < folded.tensors.size(); ++i) EXPECT_EQ(graph.tensors[i].name, folded.tensors[i].name);
  EXPECT_EQ(graph.tensors.back().name, "conv_1_bias");
  expect_int8_layer(graph, graph.nodes[0]);
}

/// One 1x1 convolution with given weights and bias.
ir::Graph one_conv(const std::vector<float>& weights, const std::vector<float>& bias, int side = 2) {
  ir::GraphBuilder net("one", Rng(5));
  const int filters = static_cast<int>(bias.size());
  const auto x = net.conv_2d(net.input({1, side, side, 1}), filters, 1, 1);
  auto graph = *std::move(net).finish(x);
  set_constant(graph, graph.nodes[0].inputs[1], weights);
  set_constant(graph, graph.nodes[0].inputs[2], bias);
  return graph;
}

TEST(Int8Graph, a_channel_of_zeros_keeps_its_bias) {
  const ir::Graph folded = one_conv({0.5f, 0.0f}, {0.1f, 0.7f});
  const ir::Graph graph = quantised(folded, random_inputs(folded, 5)).graph.graph;
  const ir::Tensor& bias = graph.input_of(graph.nodes[0], 2);
  EXPECT_GT(scale_of(graph.input_of(graph.nodes[0], 1)).scales[1], 0);
  const float kept = scale_of(bias).scales[1] * static_cast<float>(bias.values<int32_t>()[1]);
  EXPECT_NEAR(kept, 0.7f, 1e-3f);  // a thousandth of the output's range; its int8 step is three times that
}

TEST(Int8Graph, weights_of_nothing_but_zeros_are_quantised) {
  const ir::Graph folded = one_conv({0, 0}, {0, 0});
  const auto result = quantised(folded, random_inputs(folded, 5));
  EXPECT_EQ(result.layers[0].signal_to_noise_db, 120);
}

/// bias / (input scale * weight scale) would be 7e10 here; 32 bits hold 2e9.
TEST(Int8Graph, a_large_bias_beside_tiny_weights_fits_32_bits) {
  const ir::Graph folded = one_conv({1e-9f, 1.0f}, {9.0f, 0.0f});
  const auto result = quantised(folded, random_inputs(folded, 5));
  const ir::Tensor& bias = result.graph.graph.input_of(result.graph.graph.nodes[0], 2);
  EXPECT_NEAR(scale_of(bias).scales[0] * static_cast<float>(bias.values<int32_t>()[0]), 9.0f, 1e-4f);
  EXPECT_GT(result.layers[0].signal_to_noise_db, 30);
}

TEST(Int8Graph, a_channel_of_vanishing_weights_is_quantised) {
  const ir::Graph folded = one_conv({1e-40f, 1}, {0.5f, 0});
  EXPECT_GT(quantised(folded, random_inputs(folded, 5)).layers[0].signal_to_noise_db, 30);
}

TEST(Int8Graph, an_input_that_is_always_zero_gets_a_positive_scale) {
  const ir::Graph folded = one_conv({1, 2}, {0, 1});
  const auto result = quantised(folded, random_inputs(folded, 3, 0, 0));
  const auto& graph = result.graph.graph;
  EXPECT_GT(scale_of(graph.tensors[static_cast<size_t>(graph.inputs[0])]).scales[0], 0);
}

TEST(Int8Graph, a_constant_side_of_an_addition_is_quantised_too) {
  ir::GraphBuilder net("shift", Rng(6));
  const auto x = net.input({1, 4});
  ir::Graph folded = *std::move(net).finish(net.add(x, x));
  folded.tensors.push_back({"shift",
                            ir::DType::float32,
                            {1, 4},
                            std::nullopt,
                            ir::make_constant<float>(std::vector<float>{-1, 0, 2, 3})});
  folded.nodes[0].inputs[1] = static_cast<int>(folded.tensors.size()) - 1;
  const auto result = quantised(folded, random_inputs(folded, 10));
  EXPECT_EQ(result.graph.graph.tensors.back().type, ir::DType::int8);
  EXPECT_GT(result.layers[0].signal_to_noise_db, 30);
}

TEST(QuantiseRefusal, values_that_are_not_finite_are_named) {
  const ir::Graph folded = folded_net(1);
  CalibrationSet bad = random_inputs(folded, 4);
  const auto good = bad.at;
  bad.at = [good](int index) {
    auto values = good(index);
    if (index == 3) values[7] = std::numeric_limits<float>::quiet_NaN();
    return values;
  };
  const Error input = refusal(folded, bad);
  EXPECT_EQ(input.code, Code::quantise_bad_range);
  EXPECT_THAT(input.detail, HasSubstr("'input'"));
  const ir::Graph weights = one_conv({std::numeric_limits<float>::infinity(), 1}, {0, 0});
  const Error weight = refusal(weights, random_inputs(weights, 3, 0.5f, 1));
  EXPECT_EQ(weight.code, Code::quantise_bad_range);
  EXPECT_THAT(weight.detail, AllOf(HasSubstr("'conv_1_weights'"), HasSubstr("inf")));
}

TEST(QuantiseRefusal, weights_beyond_any_scale_are_named) {
  const ir::Graph folded = one_conv({3e38f, 1}, {0, 0});
  const Error error = refusal(folded, random_inputs(folded, 3, -1e6f, -1e5f));
  EXPECT_EQ(error.code, Code::quantise_bad_range) << error.message();
  EXPECT_THAT(error.detail, HasSubstr("conv_1"));
}

TEST(QuantiseRefusal, inputs_of_the_wrong_size_or_none_at_all_are_refused) {
  const ir::Graph folded = folded_net(1);
  const Error size = refusal(folded, {2, [](int) { return std::vector<float>(3); }});
  EXPECT_EQ(size.code, Code::input_size);
  EXPECT_THAT(size.detail, AllOf(HasSubstr("3 values"), HasSubstr("needs 80")));
  EXPECT_EQ(refusal(folded, {0, {}}).code, Code::quantise_bad_range);
}

TEST(QuantiseRefusal, a_graph_that_was_not_folded_is_refused_with_the_layer) {
  const ir::Graph trained = small_net(1);
  const Error error = refusal(trained, random_inputs(trained, 2));
  EXPECT_EQ(error.code, Code::op_unsupported);
  EXPECT_THAT(error.detail, HasSubstr("'batch_norm_1'"));
}

class StopsAfter final : public Progress {
 public:
  explicit StopsAfter(long reports) : left_(reports) {}
  void report(std::string_view, long, long, std::string_view) override { --left_; }
  void say(std::string_view) override {}
  bool cancelled() const override { return left_ <= 0; }

 private:
  std::atomic<long> left_;
};

TEST(QuantiseRefusal, cancelling_stops_in_each_stage) {
  const ir::Graph folded = folded_net(1);
  for (const long reports : {0, 5, 15, 25}) {
    StopsAfter progress(reports);
    const auto result = quantise_int8(folded, random_inputs(folded, 10), progress);
    ASSERT_FALSE(result.ok()) << reports;
    EXPECT_EQ(result.error().code, Code::cancelled);
  }
}

TEST(Range, known_ranges_have_the_specifications_scale_and_zero_point) {
  const auto expect = [](Range range, float scale, int32_t zero) {
    const auto q = activation_quantisation(range);
    EXPECT_FLOAT_EQ(q.scales[0], scale);
    EXPECT_EQ(q.zero_points[0], zero);
  };
  expect({0, 6}, 6.0f / 255, -128);
  expect({-6, 0}, 6.0f / 255, 127);
  expect({-1, 1}, 2.0f / 255, -1);  // -0.5 rounds away from zero
  expect({2, 4}, 4.0f / 255, -128);
  expect({0, 0}, 1e-6f / 255, -128);
}

TEST(Range, clipping_pays_only_when_extremes_are_rare) {
  Rng rng(9);
  std::vector<float> even = random_values(rng, 20'000, -1, 3), rare(400'000);
  for (float& value : rare) value = rng.normal();
  rare[0] = 12;
  const auto best = [](const std::vector<float>& values) {
    Extremes extremes;
    extremes.see(values);
    Histogram histogram(extremes);
    histogram.see(values);
    return histogram.best_range();
  };
  EXPECT_NEAR(best(even).high, 3, 0.1);
  EXPECT_NEAR(best(even).low, -1, 0.05);
  EXPECT_LT(best(rare).high, 11);
  EXPECT_GT(best(rare).high, 4);
}

TEST(Range, clipping_rare_extremes_improves_the_signal_to_noise_ratio) {
  const ir::Graph folded = one_conv({1, -1}, {0, 0}, 32);
  CalibrationSet set = random_inputs(folded, 400, -1, 1);
  const auto even = set.at;
  set.at = [even](int index) {
    auto values = even(index);
    if (index == 17) values[0] = 2;
    return values;
  };
  const auto all = quantised(folded, set, {.range = RangeMethod::min_max, .error_samples = 400});
  const auto best = quantised(folded, set, {.error_samples = 400});
  EXPECT_GT(best.layers[0].signal_to_noise_db, all.layers[0].signal_to_noise_db);
}

}  // namespace
}  // namespace tadpole::quantise
