// Transposed convolution and matrix products against plain sums written here.
#include <gmock/gmock.h>

#include <cmath>
#include <functional>
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

TEST(FixedPoint64, rounds_once_with_halves_up) {
  EXPECT_EQ(kernels::requantise_64(3, 1 << 14, 15), 2);    // 1.5
  EXPECT_EQ(kernels::requantise_64(-3, 1 << 14, 15), -1);  // -1.5
  EXPECT_EQ(kernels::requantise_64(-5, 1 << 14, 15), -2);  // -2.5
  EXPECT_EQ(kernels::requantise_64((int64_t{1} << 47) - 1, 32767, 46), 65534);
  EXPECT_EQ(kernels::requantise_64(-(int64_t{1} << 47), 32767, 46), -65534);
  const int32_t words[] = {-1, 0, 0, -1, -2, -1};
  EXPECT_EQ(kernels::number_64(words, 0), 0xffffffff);
  EXPECT_EQ(kernels::number_64(words, 1), -(int64_t{1} << 32));
  EXPECT_EQ(kernels::number_64(words, 2), -2);
}

/// A transposed convolution of random size.
struct TransposeConv {
  ir::Shape in, weights, out;
  ir::TransposeConvAttributes attributes;
  int pad_top, pad_left;
};

TransposeConv random_transpose_conv(Rng& rng) {
  TransposeConv c;
  c.in = {range(rng, 1, 2), range(rng, 1, 5), range(rng, 1, 5), range(rng, 1, 4)};
  c.weights = {range(rng, 1, 4), range(rng, 1, 4), range(rng, 1, 4), c.in[3]};
  c.attributes.stride_h = range(rng, 1, 3);
  c.attributes.stride_w = range(rng, 1, 3);
  c.attributes.padding = rng.below(2) ? ir::Padding::same : ir::Padding::valid;
  const bool same = c.attributes.padding == ir::Padding::same;
  // The largest output or, with SAME, any that a convolution takes back to the input.
  const auto size = [&](int in, int stride, int filter) {
    if (same) return (in - 1) * stride + 1 + range(rng, 0, stride - 1);
    return (in - 1) * stride + filter + (filter >= stride ? 0 : range(rng, 0, stride - filter));
  };
  c.out = {c.in[0], size(c.in[1], c.attributes.stride_h, c.weights[1]),
           size(c.in[2], c.attributes.stride_w, c.weights[2]), c.weights[0]};
  c.attributes.activation = static_cast<ir::Activation>(rng.below(4));
  const auto pad = [&](int out, int in, int stride, int filter) {
    return same ? std::max(0, (in - 1) * stride + filter - out) / 2 : 0;
  };
  c.pad_top = pad(c.out[1], c.in[1], c.attributes.stride_h, c.weights[1]);
  c.pad_left = pad(c.out[2], c.in[2], c.attributes.stride_w, c.weights[2]);
  return c;
}

/// Every input is sent to the outputs that it reaches, in the order in which TFLite does it.
template <class Sum, class T, class Weight>
std::vector<Sum> scatter(const TransposeConv& c, const std::vector<T>& in, const std::vector<Weight>& weights,
                         T zero) {
  std::vector<Sum> out(static_cast<size_t>(ir::element_count(c.out)), 0);
  const auto at = [](const ir::Shape& s, int a, int b, int d, int e) {
    return static_cast<size_t>(((a * s[1] + b) * s[2] + d) * s[3] + e);
  };
  for (int n = 0; n < c.in[0]; ++n)
    for (int i = 0; i < c.in[1]; ++i)
      for (int j = 0; j < c.in[2]; ++j)
        for (int k = 0; k < c.in[3]; ++k)
          for (int p = 0; p < c.weights[1]; ++p)
            for (int q = 0; q < c.weights[2]; ++q)
              for (int o = 0; o < c.weights[0]; ++o) {
                const int y = i * c.attributes.stride_h - c.pad_top + p;
                const int x = j * c.attributes.stride_w - c.pad_left + q;
                if (y < 0 || y >= c.out[1] || x < 0 || x >= c.out[2]) continue;
                out[at(c.out, n, y, x, o)] +=
                    (static_cast<Sum>(in[at(c.in, n, i, j, k)]) - static_cast<Sum>(zero)) *
                    static_cast<Sum>(weights[at(c.weights, o, p, q, k)]);
              }
  return out;
}

ir::Tensor out_shape(const TransposeConv& c) { return numbers(c.out); }

TEST(TransposeConv, float_has_the_bits_of_the_scattered_sums) {
  Rng rng(1);
  for (int i = 0; i < 200; ++i) {
    const TransposeConv c = random_transpose_conv(rng);
    std::vector<float> in(static_cast<size_t>(ir::element_count(c.in)));
    std::vector<float> weights(static_cast<size_t>(ir::element_count(c.weights)));
    std::vector<float> bias(static_cast<size_t>(c.weights[0]));
    for (auto* values : {&in, &weights, &bias})
      for (float& value : *values) value = rng.normal();
    const ir::Graph graph =
        one_node(ir::Op::transpose_conv, c.attributes,
                 {out_shape(c), constant(c.weights, ir::DType::float32, weights),
                  activation(c.in, ir::DType::float32), constant({c.weights[0]}, ir::DType::float32, bias)},
                 {activation(c.out, ir::DType::float32)});
    std::vector<float> expected = scatter<float>(c, in, weights, 0.0f);
    const ClampFloat clamp = clamp_float(c.attributes.activation);
    for (size_t k = 0; k < expected.size(); ++k)
      expected[k] = std::clamp(expected[k] + bias[k % bias.size()], clamp.low, clamp.high);
    ASSERT_EQ(run_as<float>(graph, in), expected) << i;
  }
}

TEST(TransposeConv, int8_and_int16_equal_the_scattered_sums_requantised) {
  Rng rng(2);
  for (int i = 0; i < 200; ++i) {
    const TransposeConv c = random_transpose_conv(rng);
    const bool wide = i % 2 != 0;
    const ir::DType type = wide ? ir::DType::int16 : ir::DType::int8;
    const auto channels = static_cast<size_t>(c.weights[0]);
    std::vector<int8_t> weights(static_cast<size_t>(ir::element_count(c.weights)));
    for (int8_t& value : weights) value = static_cast<int8_t>(range(rng, -127, 127));
    ir::Tensor kept = constant(c.weights, ir::DType::int8, weights);
    kept.quantisation = ir::Quantisation{{}, std::vector<int32_t>(channels, 0), 0};
    for (size_t o = 0; o < channels; ++o) kept.quantisation->scales.push_back(rng.uniform(0.001f, 0.01f));
    std::vector<int64_t> bias(channels);
    for (int64_t& value : bias) value = range(rng, -20000, 20000);
    const ir::Tensor kept_bias =
        wide ? constant<int64_t>({c.weights[0]}, ir::DType::int64, bias)
             : constant<int32_t>({c.weights[0]}, ir::DType::int32, {bias.begin(), bias.end()});
    const float in_scale = wide ? 0.001f : 0.1f, out_scale = wide ? 0.002f : 0.13f;
    const int32_t in_zero = wide ? 0 : range(rng, -128, 127), out_zero = wide ? 0 : range(rng, -128, 127);
    const ir::Graph graph =
        one_node(ir::Op::transpose_conv, c.attributes,
                 {out_shape(c), kept, activation(c.in, type, in_scale, in_zero), kept_bias},
                 {activation(c.out, type, out_scale, out_zero)});
    const auto bytes = random_bytes(input_bytes(graph), rng);
    std::vector<int64_t> in;
    for (size_t k = 0; k < bytes.size(); k += wide ? 2 : 1)
      in.push_back(wide ? static_cast<int16_t>(bytes[k] | bytes[k + 1] << 8) : static_cast<int8_t>(bytes[k]));
    const auto sums = scatter<int64_t>(c, in, weights, int64_t{in_zero});
    const auto got = run(graph, bytes);
    for (size_t k = 0; k < sums.size(); ++k) {
      const size_t o = k % channels;
      const FixedFactor factor =
          fixed_factor(double{in_scale} * double{kept.quantisation->scales[o]} / double{out_scale});
      const ClampInt8 clamp = wide ? clamp_int16(c.attributes.activation, out_scale)
                                   : clamp_int8(c.attributes.activation, out_scale, out_zero);
      const int64_t sum = sums[k] + bias[o];
      const int32_t scaled =
          wide ? kernels::requantise_64(sum, (factor.multiplier + (1 << 15)) >> 16, 15 - factor.shift)
               : kernels::multiply_by_quantized_multiplier(static_cast<int32_t>(sum), factor.multiplier,
                                                           factor.shift);
      const int32_t expected = std::clamp(scaled + out_zero, clamp.low, clamp.high);
      const int32_t value =
          wide ? static_cast<int16_t>(got[2 * k] | got[2 * k + 1] << 8) : static_cast<int8_t>(got[k]);
      ASSERT_EQ(value, expected) << i << " " << k;
    }
  }
}

/// Products of random size: operands [.., rows, depth] and [.., depth, columns], stored adjoint where asked.
struct Products {
  ir::Shape a, b;
  ir::BatchMatMulAttributes attributes;
  int rows, depth, columns;
};

Products random_products(Rng& rng) {
  Products p{
      {}, {}, {rng.below(2) != 0, rng.below(2) != 0}, range(rng, 1, 5), range(rng, 1, 6), range(rng, 1, 5)};
  const int batches = range(rng, 0, 3);
  for (int i = 0; i < batches; ++i) {
    const int32_t size = range(rng, 1, 3);
    const int stretched = range(rng, 0, 3);
    p.a.push_back(stretched == 1 ? 1 : size);
    p.b.push_back(stretched == 2 ? 1 : size);
  }
  if (batches > 0 && rng.below(3) == 0) p.b.erase(p.b.begin());
  p.a.insert(p.a.end(),
             {p.attributes.adjoint_a ? p.depth : p.rows, p.attributes.adjoint_a ? p.rows : p.depth});
  p.b.insert(p.b.end(),
             {p.attributes.adjoint_b ? p.columns : p.depth, p.attributes.adjoint_b ? p.depth : p.columns});
  return p;
}

/// Element of an operand by its batch index within the output's, and its row and column.
template <class T>
T element(const std::vector<T>& values, const ir::Shape& shape, bool adjoint, const std::vector<int>& batch,
          int row, int column) {
  size_t at = 0;
  const size_t own = shape.size() - 2, skipped = batch.size() - own;
  for (size_t i = 0; i < own; ++i)
    at = at * static_cast<size_t>(shape[i]) + static_cast<size_t>(shape[i] == 1 ? 0 : batch[skipped + i]);
  if (adjoint) std::swap(row, column);
  return values[(at * static_cast<size_t>(shape[own]) + static_cast<size_t>(row)) *
                    static_cast<size_t>(shape[own + 1]) +
                static_cast<size_t>(column)];
}

template <class Sum, class T>
std::vector<Sum> sums_of(const Products& p, const ir::Shape& out, const std::vector<T>& a,
                         const std::vector<T>& b, Sum a_zero, Sum b_zero) {
  std::vector<Sum> sums;
  const size_t rank = out.size() - 2;
  int64_t matrices = 1;
  for (size_t i = 0; i < rank; ++i) matrices *= out[i];
  for (int64_t n = 0; n < matrices; ++n) {
    std::vector<int> batch(rank);
    int64_t left = n;
    for (size_t i = rank; i-- > 0; left /= out[i]) batch[i] = static_cast<int>(left % out[i]);
    for (int r = 0; r < p.rows; ++r)
      for (int c = 0; c < p.columns; ++c) {
        Sum sum = 0;
        for (int k = 0; k < p.depth; ++k)
          sum += (static_cast<Sum>(element(a, p.a, p.attributes.adjoint_a, batch, r, k)) - a_zero) *
                 (static_cast<Sum>(element(b, p.b, p.attributes.adjoint_b, batch, k, c)) - b_zero);
        sums.push_back(sum);
      }
  }
  return sums;
}

TEST(TransposeConv, int8_weights_beside_floats_give_the_scaled_sums_of_stored_weights) {
  Rng rng(5);
  for (int i = 0; i < 100; ++i) {
    const TransposeConv c = random_transpose_conv(rng);
    const auto channels = static_cast<size_t>(c.weights[0]);
    std::vector<float> in(static_cast<size_t>(ir::element_count(c.in))), scales(i % 2 ? channels : 1);
    std::vector<int8_t> weights(static_cast<size_t>(ir::element_count(c.weights)));
    for (float& value : in) value = rng.normal();
    for (int8_t& value : weights) value = static_cast<int8_t>(range(rng, -127, 127));
    for (float& scale : scales) scale = rng.uniform(0.001f, 0.1f);
    ir::Tensor stored = constant(c.weights, ir::DType::int8, weights);
    stored.quantisation = ir::Quantisation{scales, std::vector<int32_t>(scales.size(), 0), 0};
    const ir::Graph graph = one_node(ir::Op::transpose_conv, c.attributes,
                                     {out_shape(c), stored, activation(c.in, ir::DType::float32)},
                                     {activation(c.out, ir::DType::float32)});
    std::vector<float> expected = scatter<float>(c, in, weights, 0.0f);
    const ClampFloat clamp = clamp_float(c.attributes.activation);
    for (size_t k = 0; k < expected.size(); ++k) {
      const float scaled = expected[k] * scales[scales.size() > 1 ? k % channels : 0];
      expected[k] = std::clamp(scaled + 0.0f, clamp.low, clamp.high);
    }
    ASSERT_EQ(run_as<float>(graph, in), expected) << i;
  }
}

TEST(BatchMatMul, float_has_the_bits_of_sums_along_the_depth) {
  Rng rng(3);
  for (int i = 0; i < 300; ++i) {
    const Products p = random_products(rng);
    const ir::Graph graph =
        one_node(ir::Op::batch_matmul, p.attributes,
                 {activation(p.a, ir::DType::float32), activation(p.b, ir::DType::float32)},
                 {activation({}, ir::DType::float32)});
    std::vector<float> a(static_cast<size_t>(ir::element_count(p.a))),
        b(static_cast<size_t>(ir::element_count(p.b)));
    for (auto* values : {&a, &b})
      for (float& value : *values) value = rng.normal();
    std::vector<float> in = a;
    in.insert(in.end(), b.begin(), b.end());
    ASSERT_EQ(run_as<float>(graph, in),
              (sums_of<float>(p, graph.output_of(graph.nodes[0]).shape, a, b, 0, 0)));
  }
}

TEST(BatchMatMul, int8_and_int16_equal_sums_requantised_and_take_constants) {
  Rng rng(4);
  for (int i = 0; i < 300; ++i) {
    const Products p = random_products(rng);
    const bool wide = i % 2 != 0, fixed = i % 3 == 0;
    const ir::DType type = wide ? ir::DType::int16 : ir::DType::int8;
    const int32_t a_zero = wide ? 0 : range(rng, -128, 127), b_zero = wide ? 0 : range(rng, -128, 127);
    const int32_t out_zero = wide ? 0 : range(rng, -128, 127);
    const float a_scale = rng.uniform(0.01f, 0.1f), b_scale = rng.uniform(0.001f, 0.01f);
    const float out_scale = wide ? 1.0f : 0.05f;
    const auto values = [&](const ir::Shape& shape) {
      std::vector<int16_t> made(static_cast<size_t>(ir::element_count(shape)));
      for (int16_t& value : made)
        value = static_cast<int16_t>(wide ? range(rng, -32768, 32767) : range(rng, -128, 127));
      return made;
    };
    const auto stored = [&](const std::vector<int16_t>& from) {
      return wide ? *ir::make_constant<int16_t>(from)
                  : *ir::make_constant<int8_t>(std::vector<int8_t>(from.begin(), from.end()));
    };
    const std::vector<int16_t> a = values(p.a), b = values(p.b);
    ir::Tensor second = activation(p.b, type, b_scale, b_zero);
    std::vector<uint8_t> in = stored(a);
    const auto b_bytes = stored(b);
    if (fixed) {
      second.constant = std::make_shared<const std::vector<uint8_t>>(b_bytes);
    } else {
      in.insert(in.end(), b_bytes.begin(), b_bytes.end());
    }
    const ir::Graph graph =
        one_node(ir::Op::batch_matmul, p.attributes, {activation(p.a, type, a_scale, a_zero), second},
                 {activation({}, type, out_scale, out_zero)});
    const auto sums = sums_of<int64_t>(p, graph.output_of(graph.nodes[0]).shape, a, b, a_zero, b_zero);
    const FixedFactor factor = fixed_factor(double{a_scale * b_scale} / double{out_scale});
    std::vector<int16_t> expected;
    for (const int64_t sum : sums) {
      const int32_t scaled =
          wide ? kernels::requantise_64(sum, (factor.multiplier + (1 << 15)) >> 16, 15 - factor.shift)
               : kernels::multiply_by_quantized_multiplier(static_cast<int32_t>(sum), factor.multiplier,
                                                           factor.shift);
      const int32_t most = wide ? 32767 : 127;
      expected.push_back(static_cast<int16_t>(std::clamp(scaled + out_zero, -most - 1, most)));
    }
    ASSERT_EQ(run(graph, in), stored(expected)) << i;
  }
}

TEST(BatchMatMul, int8_constants_beside_floats_have_the_bits_of_a_hybrid_dense_layer_for_each_row) {
  Rng rng(6);
  for (int i = 0; i < 100; ++i) {
    const int32_t rows = range(rng, 1, 5), depth = range(rng, 1, 20), columns = range(rng, 1, 6);
    std::vector<float> in(static_cast<size_t>(rows * depth)), turned(in.size());
    std::vector<int8_t> weights(static_cast<size_t>(columns * depth));
    for (float& value : in) value = rng.normal() * (i % 10 ? 1.0f : 0.0f);
    for (int8_t& value : weights) value = static_cast<int8_t>(range(rng, -127, 127));
    for (int32_t r = 0; r < rows; ++r)
      for (int32_t k = 0; k < depth; ++k)
        turned[static_cast<size_t>(k * rows + r)] = in[static_cast<size_t>(r * depth + k)];
    const bool adjoint = i % 2 != 0;
    ir::Tensor stored = constant({columns, depth}, ir::DType::int8, weights);
    stored.quantisation = ir::Quantisation{{rng.uniform(0.001f, 0.1f)}, {0}, 0};
    const ir::Shape in_shape = adjoint ? ir::Shape{depth, rows} : ir::Shape{rows, depth};
    const ir::Graph product =
        one_node(ir::Op::batch_matmul, ir::BatchMatMulAttributes{adjoint, true},
                 {activation(in_shape, ir::DType::float32), stored}, {activation({}, ir::DType::float32)});
    const ir::Graph dense = one_node(ir::Op::fully_connected, ir::FullyConnectedAttributes{},
                                     {activation({1, depth}, ir::DType::float32), stored},
                                     {activation({1, columns}, ir::DType::float32)});
    std::vector<float> expected;
    for (int32_t r = 0; r < rows; ++r) {
      const auto row = run_as<float>(dense, {in.begin() + r * depth, in.begin() + (r + 1) * depth});
      expected.insert(expected.end(), row.begin(), row.end());
    }
    ASSERT_EQ(run_as<float>(product, adjoint ? turned : in), expected) << i;
  }
}

TEST(BatchMatMul, refuses_sums_that_could_overflow_and_mixed_types) {
  const ir::Tensor a = activation({1, 40000}, ir::DType::int8), b = activation({40000, 1}, ir::DType::int8);
  EXPECT_THAT(refusal(one_node(ir::Op::batch_matmul, ir::BatchMatMulAttributes{}, {a, b},
                               {activation({}, ir::DType::int8)})),
              HasSubstr("adds up 40000 products; at most 33025"));
  EXPECT_THAT(refusal(one_node(ir::Op::batch_matmul, ir::BatchMatMulAttributes{},
                               {activation({1, 4}, ir::DType::float32), activation({4, 1}, ir::DType::int8)},
                               {activation({}, ir::DType::float32)})),
              HasSubstr("must be a constant"));
  EXPECT_THAT(refusal(one_node(ir::Op::batch_matmul, ir::BatchMatMulAttributes{},
                               {activation({1, 4}, ir::DType::int16), activation({4, 1}, ir::DType::int8)},
                               {activation({}, ir::DType::int16)})),
              HasSubstr("mixes number types"));
}

}  // namespace
}  // namespace tadpole::plan
