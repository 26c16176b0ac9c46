// Layers with int16 activations, int4 weights and float activations beside int8 weights, against sums written
// here.
#include <gmock/gmock.h>

#include <cmath>
#include <tuple>

#include "device/kernels/fixed_point.h"
#include "device/kernels/fixed_point_64.h"
#include "plan/scaling.h"
#include "tests/unit/plan/one_node.h"

namespace tadpole::plan {
namespace {

using testing::HasSubstr;

int range(Rng& rng, int low, int high) {
  return low + static_cast<int>(rng.below(static_cast<uint32_t>(high - low + 1)));
}

/// A convolution, depthwise convolution or dense layer of random size.
struct Layer {
  ir::Op op;
  ir::Shape in, weights, out;
  ir::Attributes attributes;
  ir::Activation activation;
  int stride_h = 1, stride_w = 1, dilation = 1, pad_top = 0, pad_left = 0;

  int channels() const { return op == ir::Op::depthwise_conv_2d ? weights[3] : weights[0]; }
  int axis() const { return op == ir::Op::depthwise_conv_2d ? 3 : 0; }
};

Layer random_layer(Rng& rng, int kind) {
  Layer layer;
  layer.activation = static_cast<ir::Activation>(rng.below(4));
  if (kind == 2) {
    layer.op = ir::Op::fully_connected;
    layer.in = {range(rng, 1, 3), range(rng, 1, 30)};
    layer.weights = {range(rng, 1, 9), layer.in[1]};
    layer.out = {layer.in[0], layer.weights[0]};
    layer.attributes = ir::FullyConnectedAttributes{layer.activation};
    return layer;
  }
  layer.op = kind == 0 ? ir::Op::conv_2d : ir::Op::depthwise_conv_2d;
  layer.in = {range(rng, 1, 2), range(rng, 1, 8), range(rng, 1, 8), range(rng, 1, 5)};
  layer.stride_h = range(rng, 1, 2);
  layer.stride_w = range(rng, 1, 2);
  layer.dilation = range(rng, 1, 2);
  const int h = range(rng, 1, 3), w = range(rng, 1, 3), multiplier = range(rng, 1, 2);
  const int dilation = layer.dilation;
  const auto window = [&](int in, int filter, int stride) {
    return ir::window_of(in, filter, stride, dilation, ir::Padding::same);
  };
  layer.pad_top = window(layer.in[1], h, layer.stride_h).pad_before;
  layer.pad_left = window(layer.in[2], w, layer.stride_w).pad_before;
  if (kind == 0) {
    layer.weights = {range(rng, 1, 6), h, w, layer.in[3]};
    layer.attributes = ir::Conv2dAttributes{ir::Padding::same, layer.stride_h, layer.stride_w,
                                            dilation,          dilation,       layer.activation};
  } else {
    layer.weights = {1, h, w, layer.in[3] * multiplier};
    layer.attributes = ir::DepthwiseConv2dAttributes{
        ir::Padding::same, layer.stride_h, layer.stride_w, dilation, dilation, multiplier, layer.activation};
  }
  layer.out = {layer.in[0], window(layer.in[1], h, layer.stride_h).out,
               window(layer.in[2], w, layer.stride_w).out, layer.channels()};
  return layer;
}

/// Sums of (in - zero(batch)) * weight for every output value.
std::vector<int64_t> sums_of(const Layer& layer, const std::vector<int64_t>& in,
                             const std::vector<int8_t>& weights, const std::vector<int64_t>& zeros) {
  std::vector<int64_t> sums;
  if (layer.op == ir::Op::fully_connected) {
    for (int n = 0; n < layer.in[0]; ++n)
      for (int o = 0; o < layer.weights[0]; ++o) {
        int64_t sum = 0;
        for (int k = 0; k < layer.in[1]; ++k)
          sum += (in[static_cast<size_t>(n * layer.in[1] + k)] - zeros[static_cast<size_t>(n)]) *
                 weights[static_cast<size_t>(o * layer.in[1] + k)];
        sums.push_back(sum);
      }
    return sums;
  }
  const bool depthwise = layer.op == ir::Op::depthwise_conv_2d;
  const int multiplier = depthwise ? layer.weights[3] / layer.in[3] : 1;
  for (int n = 0; n < layer.out[0]; ++n)
    for (int i = 0; i < layer.out[1] * layer.out[2] * layer.out[3]; ++i) {
      const int o = i % layer.out[3], x = i / layer.out[3] % layer.out[2],
                y = i / layer.out[3] / layer.out[2];
      int64_t sum = 0;
      for (int p = 0; p < layer.weights[1]; ++p)
        for (int q = 0; q < layer.weights[2]; ++q)
          for (int c = 0; c < layer.in[3]; ++c) {
            if (depthwise && c != o / multiplier) continue;
            const int row = y * layer.stride_h - layer.pad_top + p * layer.dilation;
            const int column = x * layer.stride_w - layer.pad_left + q * layer.dilation;
            if (row < 0 || row >= layer.in[1] || column < 0 || column >= layer.in[2]) continue;
            const int tap = depthwise ? (p * layer.weights[2] + q) * layer.weights[3] + o
                                      : ((o * layer.weights[1] + p) * layer.weights[2] + q) * layer.in[3] + c;
            const int from = ((n * layer.in[1] + row) * layer.in[2] + column) * layer.in[3] + c;
            sum += (in[static_cast<size_t>(from)] - zeros[static_cast<size_t>(n)]) *
                   weights[static_cast<size_t>(tap)];
          }
      sums.push_back(sum);
    }
  return sums;
}

std::vector<int8_t> random_weights(const ir::Shape& shape, Rng& rng, int most = 127) {
  std::vector<int8_t> weights(static_cast<size_t>(ir::element_count(shape)));
  for (int8_t& weight : weights) weight = static_cast<int8_t>(range(rng, -most, most));
  return weights;
}

ir::Tensor with_scales(ir::Tensor weights, const Layer& layer, bool per_channel, Rng& rng) {
  const auto count = static_cast<size_t>(per_channel ? layer.channels() : 1);
  weights.quantisation = ir::Quantisation{{}, std::vector<int32_t>(count, 0), layer.axis()};
  for (size_t i = 0; i < count; ++i) weights.quantisation->scales.push_back(rng.uniform(0.002f, 0.02f));
  return weights;
}

float scale_of(const ir::Tensor& weights, size_t o) {
  const auto& scales = weights.quantisation->scales;
  return scales[scales.size() > 1 ? o : 0];
}

TEST(Int16Layers, equal_64_bit_sums_requantised_once_and_32_bit_ones_twice) {
  Rng rng(1);
  for (int i = 0; i < 300; ++i) {
    const Layer layer = random_layer(rng, i % 3);
    const int bias_kind = static_cast<int>(rng.below(3));  // int64, int32, none
    const auto channels = static_cast<size_t>(layer.channels());
    const std::vector<int8_t> weights = random_weights(layer.weights, rng);
    const ir::Tensor kept =
        with_scales(constant(layer.weights, ir::DType::int8, weights), layer, rng.below(2) != 0, rng);
    std::vector<int64_t> bias(channels, 0);
    for (int64_t& value : bias) value = bias_kind < 2 ? range(rng, -2'000'000, 2'000'000) : 0;
    ir::Tensor kept_bias = constant<int64_t>({layer.channels()}, ir::DType::int64, bias);
    if (bias_kind == 1)
      kept_bias = constant<int32_t>({layer.channels()}, ir::DType::int32, {bias.begin(), bias.end()});
    if (bias_kind == 2) kept_bias.name = "-";
    const float in_scale = 0.002f, out_scale = 0.003f;
    const ir::Graph graph = one_node(layer.op, layer.attributes,
                                     {activation(layer.in, ir::DType::int16, in_scale), kept, kept_bias},
                                     {activation(layer.out, ir::DType::int16, out_scale)});
    std::vector<int16_t> in(static_cast<size_t>(ir::element_count(layer.in)));
    for (int16_t& value : in) value = static_cast<int16_t>(rng.below(65536));
    const auto sums = sums_of(layer, {in.begin(), in.end()}, weights, {0, 0, 0});
    const ClampInt8 clamp = clamp_int16(layer.activation, out_scale);
    const bool wide = bias_kind == 0 || layer.op == ir::Op::depthwise_conv_2d;
    std::vector<int16_t> expected;
    for (size_t k = 0; k < sums.size(); ++k) {
      const float weight_scale = scale_of(kept, k % channels);
      const bool in_float = layer.op == ir::Op::fully_connected && kept.quantisation->scales.size() == 1;
      const double product =
          in_float ? double{in_scale * weight_scale} : double{in_scale} * double{weight_scale};
      const FixedFactor factor = fixed_factor(product / double{out_scale});
      const int64_t sum = sums[k] + bias[k % channels];
      const int32_t scaled =
          wide ? kernels::requantise_64(sum, (factor.multiplier + (1 << 15)) >> 16, 15 - factor.shift)
               : kernels::multiply_by_quantized_multiplier(static_cast<int32_t>(sum), factor.multiplier,
                                                           factor.shift);
      expected.push_back(static_cast<int16_t>(std::clamp(scaled, clamp.low, clamp.high)));
    }
    for (const char* kernels : {"ref", "generic", "cortex_m_dsp"})
      ASSERT_EQ(run_as<int16_t>(graph, in, {kernels, true}), expected) << i << " " << kernels;
  }
}

TEST(Int16Layers, hold_32_bit_sums_that_would_overflow) {
  ir::Tensor weights = constant<int8_t>({1, 2000}, ir::DType::int8, std::vector<int8_t>(2000, 127));
  weights.quantisation = ir::Quantisation{{1.0f}, {0}, 0};
  ir::Tensor none;
  none.name = "-";
  const ir::Graph graph = one_node(ir::Op::fully_connected, ir::FullyConnectedAttributes{},
                                   {activation({1, 2000}, ir::DType::int16, 1), weights, none},
                                   {activation({1, 1}, ir::DType::int16, 1e5f)});
  EXPECT_EQ(run_as<int16_t>(graph, std::vector<int16_t>(2000, 32767)),
            (std::vector<int16_t>{21475}));  // 2^31 / 1e5
}

TEST(Int16Layers, refuse_a_factor_that_64_bit_requantisation_cannot_hold) {
  ir::Tensor weights = constant<int8_t>({1, 1}, ir::DType::int8, {1});
  weights.quantisation = ir::Quantisation{{1.0f}, {0}, 0};
  const ir::Graph graph = one_node(
      ir::Op::fully_connected, ir::FullyConnectedAttributes{},
      {activation({1, 1}, ir::DType::int16, 1), weights, constant<int64_t>({1}, ir::DType::int64, {0})},
      {activation({1, 1}, ir::DType::int16, 1.0f / 128)});
  EXPECT_THAT(refusal(graph), HasSubstr("128 times"));
}

TEST(Int16Pools, equal_means_and_maxima_of_their_windows) {
  Rng rng(2);
  for (int i = 0; i < 100; ++i) {
    const bool average = i % 2 != 0;
    const ir::Shape shape = {1, range(rng, 1, 8), range(rng, 1, 8), range(rng, 1, 3)};
    const ir::Pool2dAttributes attributes{ir::Padding::same, range(rng, 1, 3), range(rng, 1, 3),
                                          range(rng, 1, 2), range(rng, 1, 2)};
    const ir::Graph graph =
        one_node(average ? ir::Op::average_pool_2d : ir::Op::max_pool_2d, attributes,
                 {activation(shape, ir::DType::int16)}, {activation({}, ir::DType::int16)});
    const ir::Shape out = graph.output_of(graph.nodes[0]).shape;
    const auto [rows, columns] = ir::windows_of(shape, attributes);
    std::vector<int16_t> in(static_cast<size_t>(ir::element_count(shape))), expected;
    for (int16_t& value : in) value = static_cast<int16_t>(rng.below(65536));
    for (int y = 0; y < out[1]; ++y)
      for (int x = 0; x < out[2]; ++x)
        for (int c = 0; c < out[3]; ++c) {
          double sum = 0, count = 0, most = -32768;
          for (int p = 0; p < attributes.filter_h; ++p)
            for (int q = 0; q < attributes.filter_w; ++q) {
              const int row = y * attributes.stride_h - rows.pad_before + p;
              const int column = x * attributes.stride_w - columns.pad_before + q;
              if (row < 0 || row >= shape[1] || column < 0 || column >= shape[2]) continue;
              const double value = in[static_cast<size_t>((row * shape[2] + column) * shape[3] + c)];
              sum += value;
              count += 1;
              most = std::max(most, value);
            }
          expected.push_back(static_cast<int16_t>(average ? std::round(sum / count) : most));
        }
    ASSERT_EQ(run_as<int16_t>(graph, in), expected) << i;
  }
}

/// Two values a byte, the earlier one in the low half.
std::shared_ptr<const std::vector<uint8_t>> packed(const std::vector<int8_t>& values) {
  std::vector<uint8_t> bytes((values.size() + 1) / 2, 0);
  for (size_t i = 0; i < values.size(); ++i)
    bytes[i / 2] = static_cast<uint8_t>(bytes[i / 2] | (values[i] & 15) << i % 2 * 4);
  return std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
}

TEST(Int4Weights, give_the_bytes_of_the_same_weights_as_int8_packed_and_unpacked) {
  Rng rng(3);
  for (int i = 0; i < 200; ++i) {
    const Layer layer = random_layer(rng, i % 3);
    std::vector<int8_t> weights = random_weights(layer.weights, rng, 8);
    for (int8_t& weight : weights) weight = std::min<int8_t>(weight, 7);
    ir::Tensor bytes =
        with_scales(constant(layer.weights, ir::DType::int8, weights), layer, rng.below(2) != 0, rng);
    ir::Tensor halves = bytes;
    halves.type = ir::DType::int4;
    halves.constant = packed(weights);
    std::vector<int32_t> bias(static_cast<size_t>(layer.channels()));
    for (int32_t& value : bias) value = range(rng, -500, 500);
    const int32_t in_zero = range(rng, -128, 127), out_zero = range(rng, -128, 127);
    const auto graph = [&](const ir::Tensor& kept) {
      return one_node(layer.op, layer.attributes,
                      {activation(layer.in, ir::DType::int8, 0.1f, in_zero), kept,
                       constant({layer.channels()}, ir::DType::int32, bias)},
                      {activation(layer.out, ir::DType::int8, 0.05f, out_zero)});
    };
    const auto in = random_bytes(ir::element_count(layer.in), rng);
    const auto expected = run(graph(bytes), in);
    ASSERT_EQ(run(graph(halves), in), expected) << i;
    Target small_flash{"cortex_m_dsp", true};
    ASSERT_EQ(run(graph(halves), in, small_flash), expected) << i;
    small_flash.flash_limit_bytes = 1;
    ASSERT_EQ(run(graph(halves), in, small_flash), expected) << i;
    EXPECT_EQ(lower(graph(halves), small_flash)->steps()[0].call->name().header,
              "device/kernels/ref/weighted_int4.h");
  }
}

TEST(Int4Weights, stay_packed_only_where_unpacked_ones_exceed_the_flash_limit) {
  ir::Tensor weights = activation({64, 100}, ir::DType::int4);
  weights.constant = std::make_shared<const std::vector<uint8_t>>(std::vector<uint8_t>(3200, 0x7a));
  weights.quantisation = ir::Quantisation{{0.1f}, {0}, 0};
  ir::Tensor none;
  none.name = "-";
  const ir::Graph graph = one_node(ir::Op::fully_connected, ir::FullyConnectedAttributes{},
                                   {activation({1, 100}, ir::DType::int8), weights, none},
                                   {activation({1, 64}, ir::DType::int8)});
  Target target{"generic", true};
  EXPECT_GT(lower(graph, target)->constant_bytes(), 6400);
  target.flash_limit_bytes = 6400;
  EXPECT_GT(lower(graph, target)->constant_bytes(), 6400);
  target.flash_limit_bytes = 6399;
  EXPECT_LT(lower(graph, target)->constant_bytes(), 3200 + 64 * 12 + 200);
}

/// One batch quantised as TFLite does it: stored values, scale and zero point.
std::tuple<std::vector<int64_t>, float, int64_t> quantised(const float* in, size_t count, bool symmetric) {
  const auto [least, most] = std::minmax_element(in, in + count);
  std::vector<int64_t> stored(count, 0);
  if (symmetric) {
    const float reach = std::max(std::abs(*least), std::abs(*most));
    if (reach == 0) return {stored, 1.0f, 0};
    for (size_t i = 0; i < count; ++i)
      stored[i] = std::clamp<int64_t>(std::llround(in[i] * (127 / reach)), -127, 127);
    return {stored, reach / 127, 0};
  }
  const double low = std::min(0.0f, *least), high = std::max(0.0f, *most);
  if (low == high) return {stored, 1.0f, 0};
  const double step = (high - low) / 255;
  const double zero = -128 - low / step, other = 127 - high / step;
  const bool use_low = 128 + std::abs(low / step) < 127 + std::abs(high / step);
  const auto nudged = static_cast<int64_t>(std::clamp(std::round(use_low ? zero : other), -128.0, 127.0));
  const float scale = static_cast<float>(step), inverse = 1.0f / scale;
  for (size_t i = 0; i < count; ++i) {
    stored[i] = std::clamp<int64_t>(
        static_cast<int64_t>(std::round(static_cast<float>(nudged) + in[i] * inverse)), -128, 127);
  }
  return {stored, scale, nudged};
}

TEST(HybridLayers, have_the_bits_of_quantised_inputs_integer_sums_and_float_scales) {
  Rng rng(4);
  for (int i = 0; i < 300; ++i) {
    const Layer layer = random_layer(rng, i % 3);
    const bool per_channel = rng.below(2) != 0;
    const bool conv = layer.op == ir::Op::conv_2d;
    const std::vector<int8_t> weights = random_weights(layer.weights, rng);
    const ir::Tensor kept =
        with_scales(constant(layer.weights, ir::DType::int8, weights), layer, per_channel, rng);
    const auto channels = static_cast<size_t>(layer.channels());
    std::vector<float> bias(channels), in(static_cast<size_t>(ir::element_count(layer.in)));
    for (float& value : bias) value = rng.normal();
    for (float& value : in) value = i % 20 == 7 ? 0 : rng.normal() + (i % 2 ? 1.0f : 0.0f);
    const ir::Graph graph = one_node(layer.op, layer.attributes,
                                     {activation(layer.in, ir::DType::float32), kept,
                                      constant({layer.channels()}, ir::DType::float32, bias)},
                                     {activation(layer.out, ir::DType::float32)});

    std::vector<int64_t> stored, zeros;
    std::vector<float> scales;
    const auto batches = static_cast<size_t>(layer.in[0]), size = in.size() / batches;
    const bool symmetric = conv && !per_channel && kept.quantisation->scales.size() == 1;
    for (size_t n = 0; n < batches; ++n) {
      const auto [values, scale, zero] =
          quantised(in.data() + n * size, size, conv && kept.quantisation->scales.size() == 1);
      stored.insert(stored.end(), values.begin(), values.end());
      scales.push_back(scale);
      zeros.push_back(zero);
    }
    const auto sums = sums_of(layer, stored, weights, zeros);
    const ClampFloat clamp = clamp_float(layer.activation);
    std::vector<float> expected;
    for (size_t k = 0; k < sums.size(); ++k) {
      const float scale = scales[k / (sums.size() / batches)], weight_scale = scale_of(kept, k % channels);
      const auto sum = static_cast<float>(sums[k]);
      const bool sum_first = conv && kept.quantisation->scales.size() > 1;
      const float scaled = sum_first ? (sum * weight_scale) * scale : sum * (weight_scale * scale);
      expected.push_back(std::clamp(scaled + bias[k % channels], clamp.low, clamp.high));
    }
    ASSERT_EQ(run_as<float>(graph, in), expected) << i << " " << symmetric;
  }
}

TEST(HybridLayers, keep_their_heads_whatever_the_input) {
  ir::Tensor weights = constant<int8_t>({1, 4}, ir::DType::int8, {1, 1, 1, 1});
  weights.quantisation = ir::Quantisation{{1.0f}, {0}, 0};
  const ir::Graph graph = one_node(
      ir::Op::fully_connected, ir::FullyConnectedAttributes{},
      {activation({1, 4}, ir::DType::float32), weights, constant<float>({1}, ir::DType::float32, {2})},
      {activation({1, 1}, ir::DType::float32)});
  EXPECT_NEAR(run_as<float>(graph, {NAN, 1, 2, 3})[0], 8, 0.05);  // what is not a number counts as nothing
  EXPECT_NO_THROW(run_as<float>(graph, {INFINITY, -INFINITY, 3e38f, -3e38f}));
  EXPECT_NO_THROW(run_as<float>(graph, {1e-45f, 0, 0, 0}));
}

}  // namespace
}  // namespace tadpole::plan
