// Kernels of the Arm DSP extension that this folder's random shapes reach too seldom, against the judge.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "device/kernels/cortex_m_dsp/add.h"
#include "device/kernels/cortex_m_dsp/pairs.h"
#include "device/kernels/fixed_point.h"
#include "device/kernels/ref/add.h"
#include "plan/fit_requantisation.h"
#include "plan/fit_sum.h"
#include "plan/plan.h"
#include "tests/conformance/random_graph.h"

namespace tadpole::conformance {
namespace {

ir::Tensor activation(const ir::Shape& shape, float scale, int32_t zero) {
  ir::Tensor tensor;
  tensor.shape = shape;
  tensor.type = ir::DType::int8;
  tensor.quantisation = ir::Quantisation{{scale}, {zero}, 0};
  return tensor;
}

/// One layer from an int8 input; `constants` are its further inputs. The output takes `out`'s quantisation.
ir::Graph layer(ir::Op op, const ir::Tensor& in, std::vector<ir::Tensor> constants, ir::Attributes attributes,
                const ir::Tensor& out) {
  ir::Graph graph;
  graph.name = "layer";
  graph.tensors = {in};
  graph.inputs = {0};
  ir::Node node{op, "layer", {0}, {}, std::move(attributes)};
  for (ir::Tensor& constant : constants) {
    node.inputs.push_back(static_cast<int>(graph.tensors.size()));
    graph.tensors.push_back(std::move(constant));
  }
  const auto shape = ir::output_shape(graph, node);
  if (!shape.ok()) return {};
  node.outputs = {static_cast<int>(graph.tensors.size())};
  graph.outputs = node.outputs;
  graph.tensors.push_back(out);
  graph.tensors.back().shape = *shape;
  for (size_t i = 0; i < graph.tensors.size(); ++i) graph.tensors[i].name = "t" + std::to_string(i);
  graph.nodes.push_back(std::move(node));
  return graph;
}

std::vector<uint8_t> run(const plan::Plan& plan, const std::vector<uint8_t>& in) {
  plan::Runner runner(plan);
  std::vector<uint8_t> out(static_cast<size_t>(plan.output_bytes()));
  runner.run(in, out);
  return out;
}

/// The plan for the chip equals the judge on random input, and its kernel is `function`... .
void expect_same(const ir::Graph& graph, Rng& rng, const std::string& function) {
  const auto fast = plan::lower(graph, {"cortex_m_dsp", true, false});
  const auto slow = plan::lower(graph, {"ref", false, false});
  ASSERT_TRUE(fast.ok() && slow.ok());
  ASSERT_TRUE(fast->steps()[0].call->name().function.starts_with(function))
      << fast->steps()[0].call->name().function;
  const auto in = random_input(graph, rng);
  ASSERT_EQ(run(*fast, in), run(*slow, in))
      << fast->steps()[0].call->name().function << " " << ir::to_string(graph.tensors[0].shape);
}

ir::Activation activation_kind(Rng& rng) { return static_cast<ir::Activation>(rng.below(4)); }
int32_t between(Rng& rng, int32_t low, int32_t high) {
  return low + static_cast<int32_t>(rng.below(static_cast<uint32_t>(high - low + 1)));
}

TEST(DspDepthwise, equals_reference_on_every_small_width_stride_and_rest_of_channels) {
  Rng rng(11);
  int compared = 0;
  for (int width = 1; width <= 21; ++width) {
    for (int channels = 2; channels <= 9; ++channels) {
      for (int stride = 1; stride <= 2; ++stride) {
        RandomGraph random(rng.fork(std::to_string(compared)), true);
        const ir::Graph graph =
            random.make_depthwise({1, between(rng, 1, 40), width, channels}, 3, 3,
                                  {random.padding(), stride, stride, 1, 1, 1, random.activation_kind()});
        if (graph.nodes.empty()) continue;
        const auto plan = plan::lower(graph, {"cortex_m_dsp", true, false});
        ASSERT_TRUE(plan.ok());
        const auto in = random_input(graph, rng);
        ASSERT_EQ(run(*plan, in), run(*plan::lower(graph, {"ref", false, false}), in))
            << plan->steps()[0].call->name().function << " " << ir::to_string(graph.tensors[0].shape);
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 300);
}

/// Weights and scales as trained layers have them: ReLU to zero point -128, channels of any strength.
ir::Graph trained_depthwise(Rng& rng, const ir::Shape& in, int stride, int32_t largest_bias) {
  const int channels = in[3];
  ir::Tensor weights = activation({1, 3, 3, channels}, 0, 0), bias = activation({channels}, 0, 0);
  std::vector<int8_t> values(static_cast<size_t>(9 * channels));
  for (int8_t& value : values) value = static_cast<int8_t>(between(rng, -128, 127));
  std::vector<int32_t> biases(static_cast<size_t>(channels));
  for (int32_t& value : biases) value = between(rng, -largest_bias, largest_bias);
  weights.constant = ir::make_constant<int8_t>(values);
  weights.quantisation = ir::Quantisation{};
  weights.quantisation->axis = 3;
  for (int i = 0; i < channels; ++i) {
    weights.quantisation->scales.push_back(std::ldexp(rng.uniform(1.0f, 2.0f), -between(rng, 4, 14)));
    weights.quantisation->zero_points.push_back(0);
  }
  bias.type = ir::DType::int32;
  bias.quantisation.reset();
  bias.constant = ir::make_constant<int32_t>(biases);
  const ir::DepthwiseConv2dAttributes attributes{ir::Padding::same,   stride, stride, 1, 1, 1,
                                                 ir::Activation::relu};
  return layer(ir::Op::depthwise_conv_2d, activation(in, 1.0f, between(rng, -128, 127)), {weights, bias},
               attributes, activation({}, 1.0f, -128));
}

TEST(DspDepthwise, takes_layers_with_any_strength_of_channels_and_large_biases) {
  Rng rng(12);
  for (int i = 0; i < 200; ++i) {
    const int32_t largest_bias = i % 2 ? 2000 : 4'000'000;
    const ir::Graph graph = trained_depthwise(
        rng, {1, between(rng, 2, 14), between(rng, 2, 14), between(rng, 2, 13)}, 1 + i % 2, largest_bias);
    ASSERT_FALSE(graph.nodes.empty());
    expect_same(graph, rng, "dsp_depthwise_3x3");
  }
}

TEST(FitOffset, gives_the_same_byte_for_every_reachable_sum) {
  Rng rng(13);
  int fitted = 0;
  for (int i = 0; i < 60; ++i) {
    plan::Requantisation wanted;
    wanted.least = -between(rng, 0, 150000);
    wanted.most = between(rng, 0, 150000);
    wanted.factor = {(1 << 30) + static_cast<int32_t>(rng.below(1u << 30)), -between(rng, 3, 12)};
    wanted.zero = i % 2 ? -128 : between(rng, -128, 127);
    const int scale_bits = between(rng, 2, 8), shift = scale_bits - 1 - wanted.factor.shift;
    const int32_t below_zero = wanted.zero == -128 ? 0 : 1 << (scale_bits - 1);
    const auto offset = plan::fit_offset(wanted, scale_bits, shift, below_zero);
    if (!offset) continue;
    ++fitted;
    for (int32_t sum = wanted.least; sum <= wanted.most; ++sum) {
      const int32_t specified =
          kernels::multiply_by_quantized_multiplier(sum, wanted.factor.multiplier, wanted.factor.shift);
      const int32_t scaled = kernels::dsp::smmla(sum * (1 << scale_bits), wanted.factor.multiplier, *offset) -
                             (sum < 0 ? below_zero : 0);
      ASSERT_EQ(kernels::dsp::ssat8(scaled >> shift), std::clamp(specified + wanted.zero, -128, 127))
          << "sum " << sum << " shift " << wanted.factor.shift << " bits " << scale_bits;
    }
  }
  EXPECT_EQ(fitted, 60);
}

struct Pairs {
  std::vector<int8_t> a = std::vector<int8_t>(65536), b = a, out = a;
  Pairs() {
    for (size_t i = 0; i < a.size(); ++i) {
      a[i] = static_cast<int8_t>(static_cast<int>(i / 256) - 128);
      b[i] = static_cast<int8_t>(static_cast<int>(i % 256) - 128);
    }
  }
};

/// Whether the fast kernel has a form for these scales; where it has, all pairs are compared.
bool add_equals_reference(const plan::SumToFit& real) {
  const double twice = 2 * std::max(real.a_scale, real.b_scale);
  const auto a = plan::fixed_factor(real.a_scale / twice), b = plan::fixed_factor(real.b_scale / twice);
  const auto out = plan::fixed_factor(twice / (1 << 20));
  Pairs pairs;
  kernels::AddInt8Params params{{{1, 1, 1, 65536}, {0, 0, 0, 1}, {0, 0, 0, 1}},
                                real.a_zero,
                                a.multiplier,
                                a.shift,
                                real.b_zero,
                                b.multiplier,
                                b.shift,
                                real.zero,
                                out.multiplier,
                                out.shift,
                                real.low,
                                real.high};
  kernels::add_int8(params, pairs.a.data(), pairs.b.data(), pairs.out.data());
  plan::PairTable wanted;
  std::copy(pairs.out.begin(), pairs.out.end(), wanted.begin());
  const auto fit = plan::fit_sum(wanted, real, kernels::kDspAddShift);
  if (!fit) return false;
  const kernels::DspAddInt8Params add{65536, fit->a_factor, fit->b_factor, fit->offset, real.low, real.high};
  std::vector<int8_t> got(65536);
  if (fit->ties) {
    kernels::dsp_add_ties_int8({add, fit->middle}, pairs.a.data(), pairs.b.data(), got.data());
  } else {
    kernels::dsp_add_int8(add, pairs.a.data(), pairs.b.data(), got.data());
  }
  EXPECT_EQ(got, pairs.out) << real.a_scale << " " << real.b_scale << (fit->ties ? " ties" : "");
  return true;
}

TEST(DspAdd, equals_reference_on_all_pairs_of_bytes_for_100_random_scales) {
  Rng rng(14);
  int fitted = 0;
  for (int i = 0; i < 100; ++i) {
    const plan::SumToFit real = {
        std::exp(rng.uniform(-3.0f, 1.0f)),
        std::exp(rng.uniform(-3.0f, 1.0f)),
        between(rng, -128, 127),
        between(rng, -128, 127),
        between(rng, -128, 127),
        i % 3 ? -128 : between(rng, -128, 0),
        i % 5 ? 127 : between(rng, 1, 127),
    };
    fitted += add_equals_reference(real) ? 1 : 0;
  }
  EXPECT_GE(fitted, 99);
}

TEST(DspAdd, equals_reference_on_all_pairs_of_bytes_where_halves_are_common) {
  Rng rng(15);
  for (const double a : {0.5, 1.0, 0.25, 2.0}) {
    for (const double b : {0.5, 1.0, 0.25, 0.125}) {
      EXPECT_TRUE(add_equals_reference(
          {a, b, between(rng, -128, 127), between(rng, -128, 127), between(rng, -128, 127), -128, 127}))
          << a << " " << b;
    }
  }
}

TEST(DspPool, equals_reference_on_300_random_shapes) {
  Rng rng(16);
  int compared = 0;
  for (int i = 0; compared < 300; ++i) {
    const int channels = i % 2 ? 4 * between(rng, 1, 6) : between(rng, 1, 9);
    const ir::Tensor in = activation({between(rng, 1, 2), between(rng, 1, 20), between(rng, 1, 20), channels},
                                     0.1f, between(rng, -128, 127));
    const ir::Pool2dAttributes attributes{rng.below(2) ? ir::Padding::same : ir::Padding::valid,
                                          between(rng, 1, 20),
                                          between(rng, 1, 20),
                                          between(rng, 1, 3),
                                          between(rng, 1, 3),
                                          activation_kind(rng)};
    const bool largest = rng.below(2) != 0;
    const ir::Graph graph =
        layer(largest ? ir::Op::max_pool_2d : ir::Op::average_pool_2d, in, {}, attributes, in);
    if (graph.nodes.empty()) continue;
    expect_same(graph, rng, largest ? "dsp_max_pool_2d" : "dsp_average_pool_2d");
    ++compared;
  }
}

TEST(DspPool, mean_equals_reference_on_100_random_shapes_and_beyond_256_pixels) {
  Rng rng(17);
  for (int i = 0; i < 100; ++i) {
    const int channels = i % 2 ? 4 * between(rng, 1, 6) : between(rng, 2, 9);
    ir::Tensor axes;
    axes.type = ir::DType::int32;
    axes.shape = {2};
    axes.constant = ir::make_constant<int32_t>(std::vector<int32_t>{1, 2});
    const ir::Tensor in = activation({between(rng, 1, 2), between(rng, 2, 30), between(rng, 1, 30), channels},
                                     0.1f, between(rng, -128, 127));
    const ir::Graph graph = layer(ir::Op::mean, in, {axes}, ir::ReduceAttributes{i % 3 == 0},
                                  activation({}, rng.uniform(0.02f, 0.2f), between(rng, -128, 127)));
    ASSERT_FALSE(graph.nodes.empty());
    expect_same(graph, rng, "dsp_mean");
  }
}

TEST(DspSoftmax, equals_reference_on_200_random_scales) {
  Rng rng(18);
  for (int i = 0; i < 200; ++i) {
    const float scale = std::exp(rng.uniform(-8.0f, 2.0f));
    const ir::Tensor in = activation({between(rng, 1, 3), between(rng, 1, i % 10 ? 20 : 256)}, scale, 0);
    const ir::Graph graph = layer(ir::Op::softmax, in, {}, ir::SoftmaxAttributes{rng.uniform(0.5f, 2.0f)},
                                  activation({}, 1.0f / 256, -128));
    ASSERT_FALSE(graph.nodes.empty());
    expect_same(graph, rng, "dsp_softmax");
  }
}

}  // namespace
}  // namespace tadpole::conformance
