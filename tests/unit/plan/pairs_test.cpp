// Operators of two inputs and over axes: numbers worked out by hand, and models in double on random shapes.
#include <algorithm>
#include <cmath>
#include <functional>

#include "tests/unit/plan/one_node.h"

namespace tadpole::plan {
namespace {

using ir::DType;
using ir::Op;

double real_of(Op op, double a, double b) {
  switch (op) {
    case Op::add:
      return a + b;
    case Op::sub:
      return a - b;
    case Op::mul:
      return a * b;
    case Op::maximum:
      return std::max(a, b);
    case Op::minimum:
      return std::min(a, b);
    case Op::prelu:
      return a < 0 ? a * b : a;
    default:
      return (a - b) * (a - b);
  }
}

const Op kPairs[] = {Op::add, Op::sub, Op::mul, Op::maximum, Op::minimum, Op::squared_difference};

/// The element of `shape` that belongs to element `index` of `out`, both row-major, shape stretched to out.
size_t stretched(size_t index, const ir::Shape& shape, const ir::Shape& out) {
  size_t at = 0, stride = 1;
  for (size_t i = 1; i <= out.size(); ++i) {
    const auto along = static_cast<size_t>(out[out.size() - i]);
    const size_t position = index % along;
    index /= along;
    if (i > shape.size()) continue;
    const auto mine = static_cast<size_t>(shape[shape.size() - i]);
    if (mine > 1) at += position * stride;
    stride *= mine;
  }
  return at;
}

/// Two shapes that can be brought together, of up to six dimensions.
std::pair<ir::Shape, ir::Shape> random_shapes(Rng& rng) {
  ir::Shape a, b;
  const bool stretches_b = rng.below(2) != 0;
  // One run of repeated dimensions inside, so that the six of them make no more than four groups.
  const uint32_t rank = 1 + rng.below(6), from = rng.below(rank), to = from + rng.below(rank - from + 1);
  for (uint32_t i = 0; i < rank; ++i) {
    const auto size = static_cast<int32_t>(1 + rng.below(4));
    a.push_back(size);
    b.push_back(i >= from && i < to ? 1 : size);
  }
  if (rng.below(3) == 0 && b[0] == 1) b.erase(b.begin());
  if (b.empty()) b = {1};
  return stretches_b ? std::pair{a, b} : std::pair{b, a};
}

template <class T>
std::vector<T> random_values(const ir::Shape& shape, Rng& rng, int spread) {
  std::vector<T> values(static_cast<size_t>(ir::element_count(shape)));
  for (T& value : values)
    value = static_cast<T>(static_cast<int>(rng.below(static_cast<uint32_t>(2 * spread))) - spread);
  return values;
}

ir::Attributes attributes_of(Op op, ir::Activation activation = ir::Activation::none) {
  if (op == Op::add || op == Op::sub || op == Op::mul) return ir::ActivationAttributes{activation};
  return ir::NoAttributes{};
}

/// Runs an op on two random tensors of T; both are inputs of the graph.
template <class T>
struct Pair {
  ir::Tensor a, b, out;
  std::vector<T> a_values, b_values, out_values;

  void run(Op op, ir::Activation activation, const Target& target = {"ref", true}) {
    const auto graph = one_node(op, attributes_of(op, activation), {a, b}, {out});
    out = graph.output_of(graph.nodes[0]);
    std::vector<T> in = a_values;
    in.insert(in.end(), b_values.begin(), b_values.end());
    out_values = run_as<T>(graph, in, target);
  }
};

TEST(Pairs, of_floats_and_int32_equal_arithmetic_on_random_shapes) {
  Rng rng(1);
  for (int i = 0; i < 200; ++i) {
    const auto [a_shape, b_shape] = random_shapes(rng);
    for (const Op op : kPairs) {
      Pair<float> reals{activation(a_shape, DType::float32),     activation(b_shape, DType::float32),
                        activation({}, DType::float32),          random_values<float>(a_shape, rng, 100),
                        random_values<float>(b_shape, rng, 100), {}};
      Pair<int32_t> integers{activation(a_shape, DType::int32),
                             activation(b_shape, DType::int32),
                             activation({}, DType::int32),
                             random_values<int32_t>(a_shape, rng, 100),
                             random_values<int32_t>(b_shape, rng, 100),
                             {}};
      reals.run(op, ir::Activation::none);
      integers.run(op, ir::Activation::none);
      const ir::Shape& out = reals.out.shape;
      for (size_t k = 0; k < reals.out_values.size(); ++k) {
        const size_t ka = stretched(k, a_shape, out), kb = stretched(k, b_shape, out);
        // Small whole numbers: floats are exact.
        ASSERT_EQ(reals.out_values[k], real_of(op, reals.a_values[ka], reals.b_values[kb]))
            << ir::op_name(op) << " " << ir::to_string(a_shape) << " " << ir::to_string(b_shape);
        ASSERT_EQ(integers.out_values[k], real_of(op, integers.a_values[ka], integers.b_values[kb]));
      }
    }
  }
}

template <class T>
void expect_quantised_pairs(DType type, int spread, int cases, double tolerance, double of_squares) {
  Rng rng(2);
  for (int i = 0; i < cases; ++i) {
    const auto [a_shape, b_shape] = random_shapes(rng);
    for (const Op op : kPairs) {
      const bool same_scale = op == Op::maximum || op == Op::minimum;
      const bool has_zero = type == DType::int8;
      const auto zero = [&] { return has_zero ? static_cast<int32_t>(rng.below(256)) - 128 : 0; };
      const float a_scale = rng.uniform(0.01f, 0.1f);
      const float b_scale = same_scale ? a_scale : rng.uniform(0.01f, 0.1f);
      const double reach = spread * double{std::max(a_scale, b_scale)};
      const double largest = op == Op::mul || op == Op::squared_difference ? reach * reach : reach;
      const float out_scale = same_scale ? a_scale : static_cast<float>(largest / spread);
      const int32_t a_zero = zero();
      const int32_t b_zero = same_scale ? a_zero : zero(), out_zero = same_scale ? a_zero : zero();
      Pair<T> pair{activation(a_shape, type, a_scale, a_zero), activation(b_shape, type, b_scale, b_zero),
                   activation({}, type, out_scale, out_zero),  random_values<T>(a_shape, rng, spread),
                   random_values<T>(b_shape, rng, spread),     {}};
      const bool clamps = rng.below(2) != 0 && !std::holds_alternative<ir::NoAttributes>(attributes_of(op));
      pair.run(op, clamps ? ir::Activation::relu6 : ir::Activation::none);
      for (size_t k = 0; k < pair.out_values.size(); ++k) {
        const size_t ka = stretched(k, a_shape, pair.out.shape), kb = stretched(k, b_shape, pair.out.shape);
        double real =
            real_of(op, a_scale * (pair.a_values[ka] - a_zero), b_scale * (pair.b_values[kb] - b_zero));
        if (clamps) real = std::clamp(real, 0.0, 6.0);
        const double expected = std::clamp(real / out_scale + out_zero, double{std::numeric_limits<T>::min()},
                                           double{std::numeric_limits<T>::max()});
        ASSERT_NEAR(pair.out_values[k], expected, op == Op::squared_difference ? of_squares : tolerance)
            << ir::op_name(op) << " case " << i;
      }
    }
  }
}

// Half a step, and what the two roundings of each factor add: below 2^-8 of a step for sums on their common
// scale with 20 bits more, 1/4 for products that are shifted right at last.
TEST(Pairs, of_int8_are_within_a_step_of_arithmetic) {
  expect_quantised_pairs<int8_t>(DType::int8, 128, 150, 0.8, 0.8);
}
// The common scale of 16 bits has no spare bits for squares: each input is rounded to twice the larger scale,
// and an error of e there is one of 8e in the square of the largest difference, e = 1 at most.
TEST(Pairs, of_int16_are_within_a_step_of_arithmetic_but_for_squares) {
  expect_quantised_pairs<int16_t>(DType::int16, 32767, 60, 0.8, 8.6);
}

TEST(Pairs, hand_worked_int8_values) {
  const auto of = [](Op op, int8_t a, int8_t b, ir::Activation activation = ir::Activation::none) {
    Pair<int8_t> pair{plan::activation({1}, DType::int8, 0.5f, 1),
                      plan::activation({1}, DType::int8, 0.25f, -1),
                      plan::activation({1}, DType::int8, 0.5f, 2),
                      {a},
                      {b},
                      {}};
    pair.run(op, activation);
    return int{pair.out_values[0]};
  };
  // a = 0.5 * (7 - 1) = 3, b = 0.25 * (5 + 1) = 1.5.
  EXPECT_EQ(of(Op::add, 7, 5), 11);
  EXPECT_EQ(of(Op::sub, 7, 5), 5);
  EXPECT_EQ(of(Op::mul, 7, 5), 11);
  EXPECT_EQ(of(Op::squared_difference, 7, 5), 7);  // 2.25 is 4.5 steps; halves go away from zero
  EXPECT_EQ(of(Op::add, 7, 127, ir::Activation::relu6), 14);
  EXPECT_EQ(of(Op::sub, 1, 127, ir::Activation::relu), 2);
}

TEST(Pairs, of_int32_wrap_around) {
  Pair<int32_t> pair{activation({1}, DType::int32),
                     activation({1}, DType::int32),
                     activation({1}, DType::int32),
                     {INT32_MAX},
                     {1},
                     {}};
  pair.run(Op::add, ir::Activation::none);
  EXPECT_EQ(pair.out_values[0], INT32_MIN);
  pair.run(Op::add, ir::Activation::relu6);
  EXPECT_EQ(pair.out_values[0], 0);
}

TEST(Pairs, prelu_takes_a_slope_for_each_channel) {
  const auto reals =
      one_node(Op::prelu, ir::NoAttributes{},
               {activation({2, 2}, DType::float32), constant<float>({2}, DType::float32, {0.5f, -2.0f})},
               {activation({2, 2}, DType::float32)});
  EXPECT_EQ(run_as<float>(reals, {-2, -2, 3, 4}), std::vector<float>({-1, 4, 3, 4}));
  Rng rng(3);
  for (int i = 0; i < 100; ++i) {
    ir::Tensor slopes = constant<int8_t>({3}, DType::int8, random_values<int8_t>({3}, rng, 128));
    slopes.quantisation = ir::Quantisation{{0.01f}, {7}, 0};
    const ir::Tensor in = activation({5, 3}, DType::int8, rng.uniform(0.01f, 0.1f), 11);
    const ir::Tensor out = activation({5, 3}, DType::int8, rng.uniform(0.01f, 0.1f), -9);
    const auto graph = one_node(Op::prelu, ir::NoAttributes{}, {in, slopes}, {out});
    const auto values = random_values<int8_t>({5, 3}, rng, 128);
    const auto results = run_as<int8_t>(graph, values);
    for (size_t k = 0; k < values.size(); ++k) {
      const double slope = 0.01f * (slopes.values<int8_t>()[k % 3] - 7);
      const double real = real_of(Op::prelu, in.quantisation->scales[0] * (values[k] - 11), slope);
      const double expected = std::clamp(real / out.quantisation->scales[0] - 9, -128.0, 127.0);
      ASSERT_NEAR(results[k], expected, 0.76);  // two roundings, the first before a shift right
    }
  }
}

TEST(Pairs, refusals_say_what_was_found_and_what_is_needed) {
  const auto refused = [](Op op, const ir::Tensor& a, const ir::Tensor& b, const ir::Tensor& out) {
    return refusal(one_node(op, attributes_of(op), {a, b}, {out}));
  };
  const ir::Tensor int8 = activation({2}, DType::int8, 0.1f, 0), int16 = activation({2}, DType::int16, 0.1f);
  EXPECT_NE(refused(Op::mul, int8, int16, int8).find("it takes float32, int8, int16 or int32"),
            std::string::npos);
  EXPECT_NE(refused(Op::maximum, int8, activation({2}, DType::int8, 0.2f, 0), int8)
                .find("has another scale or zero point than the output"),
            std::string::npos);
  const auto real = [](const ir::Shape& shape) { return activation(shape, DType::float32); };
  EXPECT_NE(refused(Op::add, real({2, 1, 2, 1, 2}), real({1, 2, 1, 2, 1}), real({2, 2, 2, 2, 2}))
                .find("5 groups of dimensions; up to 4 are supported"),
            std::string::npos);
  ir::Tensor scaled = activation({2}, DType::int32);
  scaled.quantisation = ir::Quantisation{{0.5f}, {0}, 0};
  EXPECT_NE(refused(Op::add, scaled, activation({2}, DType::int32), activation({2}, DType::int32))
                .find("must be plain numbers"),
            std::string::npos);
}

/// Sums over the axes whose bit is set.
std::vector<double> sums_of(const std::vector<double>& in, const ir::Shape& shape, uint32_t axes,
                            std::vector<int32_t>* kept) {
  kept->clear();
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!(axes >> i & 1)) kept->push_back(shape[i]);
  }
  std::vector<double> sums(static_cast<size_t>(ir::element_count(*kept)), 0);
  for (size_t k = 0; k < in.size(); ++k) {
    size_t rest = k, at = 0, stride = 1;
    for (size_t i = shape.size(); i-- > 0;) {
      const auto along = static_cast<size_t>(shape[i]);
      if (!(axes >> i & 1)) {
        at += rest % along * stride;
        stride *= along;
      }
      rest /= along;
    }
    sums[at] += in[k];
  }
  return sums;
}

TEST(Reductions, equal_sums_and_means_over_random_axes) {
  Rng rng(4);
  for (int i = 0; i < 300; ++i) {
    ir::Shape shape;
    const uint32_t rank = 1 + rng.below(5);
    for (uint32_t k = 0; k < rank; ++k) shape.push_back(static_cast<int32_t>(1 + rng.below(5)));
    const uint32_t axes = 1 + rng.below((1u << rank) - 1);
    std::vector<int32_t> axis_numbers, kept;
    for (uint32_t k = 0; k < rank; ++k) {
      if (axes >> k & 1)
        axis_numbers.push_back(static_cast<int32_t>(k) - (rng.below(2) ? static_cast<int32_t>(rank) : 0));
    }
    for (const Op op : {Op::sum, Op::mean}) {
      const auto values = random_values<int32_t>(shape, rng, 100);
      const std::vector<double> sums = sums_of({values.begin(), values.end()}, shape, axes, &kept);
      const double count = static_cast<double>(values.size()) / static_cast<double>(sums.size());
      const double divisor = op == Op::sum ? 1 : count;
      const auto reduce = [&](DType type, float in_scale, int32_t zero, float out_scale) {
        return one_node(op, ir::ReduceAttributes{false},
                        {activation(shape, type, in_scale, zero), numbers(axis_numbers)},
                        {activation(kept, type, out_scale, zero)});
      };
      const auto integers = run_as<int32_t>(reduce(DType::int32, 0, 0, 0), values);
      const auto floats = run_as<float>(reduce(DType::float32, 0, 0, 0), {values.begin(), values.end()});
      const float out_scale = static_cast<float>(0.1 * count / divisor);
      const auto int8s =
          run_as<int8_t>(reduce(DType::int8, 0.1f, -5, out_scale), {values.begin(), values.end()});
      const auto int16s =
          run_as<int16_t>(reduce(DType::int16, 0.1f, 0, out_scale), {values.begin(), values.end()});
      for (size_t k = 0; k < sums.size(); ++k) {
        ASSERT_EQ(integers[k], std::trunc(sums[k] / divisor));
        ASSERT_EQ(floats[k], static_cast<float>(sums[k]) / static_cast<float>(divisor));
        // Half a step; the mean's factor is cut, not rounded, at its 31st bit, and rounds before a shift
        // right.
        const double real8 = 0.1f * (sums[k] + 5 * count) / divisor;
        ASSERT_NEAR(int8s[k], std::clamp(real8 / out_scale - 5, -128.0, 127.0), 0.76);
        ASSERT_NEAR(int16s[k], 0.1f * sums[k] / divisor / out_scale, 0.76);
      }
    }
  }
}

TEST(Reductions, arg_max_takes_the_first_of_equal_values) {
  const auto graph =
      one_node(Op::arg_max, ir::NoAttributes{}, {activation({2, 3, 2}, DType::int8, 0.1f, 0), numbers({1})},
               {activation({2, 2}, DType::int32)});
  const auto bytes = run(graph, {1, 9, 5, 9, 5, 2, 0x80, 0xff, 0x81, 0xfe, 0x80, 0xff});
  const auto* out = reinterpret_cast<const int32_t*>(bytes.data());
  EXPECT_EQ(std::vector<int32_t>(out, out + 4), std::vector<int32_t>({1, 0, 1, 0}));
  const auto wide =
      one_node(Op::arg_max, ir::NoAttributes{}, {activation({3}, DType::float32), numbers({-1})},
               {activation({}, DType::int64)});
  EXPECT_EQ(run(wide, *ir::make_constant<float>(std::vector<float>{-3, -1, -2})),
            std::vector<uint8_t>({1, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Reductions, softmax_of_int16_is_near_mathematics) {
  Rng rng(6);
  for (int i = 0; i < 100; ++i) {
    const auto columns = static_cast<int32_t>(1 + rng.below(40));
    const float scale = std::exp(rng.uniform(-9.0f, -4.0f));
    const auto graph =
        one_node(Op::softmax, ir::SoftmaxAttributes{}, {activation({2, columns}, DType::int16, scale)},
                 {activation({2, columns}, DType::int16, 1.0f / 32768)});
    const auto in = random_values<int16_t>({2, columns}, rng, 32767);
    const auto out = run_as<int16_t>(graph, in);
    for (size_t row = 0; row < 2; ++row) {
      const size_t start = row * static_cast<size_t>(columns), end = start + static_cast<size_t>(columns);
      double sum = 0;
      for (size_t k = start; k < end; ++k) sum += std::exp(double{scale} * in[k]);
      for (size_t k = start; k < end; ++k) {
        const double expected = std::exp(double{scale} * in[k]) / sum;
        // Differences are rounded to 10 / 2^16, and every exponential below e^-10 counts as a step or two of
        // 2^-15, which makes the sum too large; then the last roundings.
        const double tolerance = 3.0 / 32768 + expected * (2e-4 + columns * 2.0 / 32768);
        ASSERT_NEAR(out[k] / 32768.0, expected, tolerance) << columns << " of scale " << scale;
      }
    }
  }
}

TEST(Reductions, softmax_of_int8_may_answer_in_int16) {
  Rng rng(7);
  for (int i = 0; i < 100; ++i) {
    const auto columns = static_cast<int32_t>(1 + rng.below(40));
    const float scale = std::exp(rng.uniform(-5.0f, -1.0f));
    const ir::Tensor logits = activation({2, columns}, DType::int8, scale, 5);
    const auto fine = one_node(Op::softmax, ir::SoftmaxAttributes{}, {logits},
                               {activation({2, columns}, DType::int16, 1.0f / 65536, -32768)});
    const auto coarse = one_node(Op::softmax, ir::SoftmaxAttributes{}, {logits},
                                 {activation({2, columns}, DType::int8, 1.0f / 256, -128)});
    const auto in = random_values<int8_t>({2, columns}, rng, 127);
    const auto bytes = run(fine, *ir::make_constant<int8_t>(in));
    const auto* out = reinterpret_cast<const int16_t*>(bytes.data());
    const auto rough = run_as<int8_t>(coarse, in);
    for (size_t row = 0; row < 2; ++row) {
      const size_t start = row * static_cast<size_t>(columns), end = start + static_cast<size_t>(columns);
      double sum = 0;
      for (size_t k = start; k < end; ++k) sum += std::exp(double{scale} * in[k]);
      for (size_t k = start; k < end; ++k) {
        const double expected = std::exp(double{scale} * in[k]) / sum;
        // One step of 2^-16 for the last rounding; exponentials are added with 19 bits; one and above is
        // held.
        ASSERT_NEAR((out[k] + 32768) / 65536.0, expected, 1.5 / 65536 + expected * columns / (1 << 19));
        ASSERT_NEAR((rough[k] + 128) / 256.0, (out[k] + 32768) / 65536.0,
                    0.51 / 256 + 1.0 / 256 * (rough[k] == 127));
      }
    }
  }
  const auto wrong = one_node(Op::softmax, ir::SoftmaxAttributes{}, {activation({1, 4}, DType::int8, 0.1f)},
                              {activation({1, 4}, DType::int16, 1.0f / 32768)});
  EXPECT_NE(refusal(wrong).find("needs scale 1/65536 and zero point -32768"), std::string::npos);
}

TEST(Reductions, refuse_sums_that_leave_32_bits) {
  const auto graph = one_node(Op::sum, ir::ReduceAttributes{false},
                              {activation({40000, 1}, DType::int16, 0.1f), numbers({0})},
                              {activation({1}, DType::int16, 0.1f)});
  EXPECT_NE(refusal(graph).find("sums 40000 values; at most 32768 are supported"), std::string::npos);
}

}  // namespace
}  // namespace tadpole::plan
