// Functions of one value: numbers worked out by hand, models in double, and the table against the formula.
#include <algorithm>
#include <cmath>
#include <functional>

#include "device/kernels/sigmoid_table.h"
#include "tests/unit/plan/one_node.h"

namespace tadpole::plan {
namespace {

using ir::DType;
using ir::Op;

const Target kReference = {"ref", true};
const Target kFast = {"generic", true};

ir::Graph unary(Op op, const ir::Tensor& in, const ir::Tensor& out,
                ir::Attributes attributes = ir::NoAttributes{}) {
  return one_node(op, std::move(attributes), {in}, {out});
}

template <class T>
std::vector<T> all_values() {
  std::vector<T> values;
  for (int i = std::numeric_limits<T>::min(); i <= std::numeric_limits<T>::max(); ++i)
    values.push_back(static_cast<T>(i));
  return values;
}

/// Every stored value through one node, against `real` of what it stands for, within `steps` of the output.
template <class T>
void expect_near_model(Op op, DType type, const ir::Tensor& like_in, const ir::Tensor& like_out,
                       const std::function<double(double)>& real, double steps,
                       ir::Attributes attributes = ir::NoAttributes{}) {
  const std::vector<T> in = all_values<T>();
  const auto shape = ir::Shape{static_cast<int32_t>(in.size())};
  ir::Tensor from = like_in, to = like_out;
  from.shape = to.shape = shape;
  from.type = to.type = type;
  const auto out = run_as<T>(unary(op, from, to, std::move(attributes)), in);
  const double in_scale = from.quantisation->scales[0], out_scale = to.quantisation->scales[0];
  const int in_zero = from.quantisation->zero_points[0], out_zero = to.quantisation->zero_points[0];
  for (size_t i = 0; i < in.size(); ++i) {
    const double expected =
        std::clamp(real(in_scale * (in[i] - in_zero)) / out_scale + out_zero,
                   double{std::numeric_limits<T>::min()}, double{std::numeric_limits<T>::max()});
    ASSERT_NEAR(out[i], expected, steps)
        << ir::op_name(op) << " of " << int{in[i]} << ", scale " << in_scale << ", zero " << in_zero;
  }
}

double logistic(double x) { return 1 / (1 + std::exp(-x)); }
double hard_swish(double x) { return x * std::clamp(x + 3, 0.0, 6.0) / 6; }

struct Function {
  Op op;
  std::function<double(double)> real;
  float out_scale;  // 0: any
  int32_t out_zero;
  double tolerance;  // of the float kernel, relative to 1 + |value|
  ir::Attributes attributes = ir::NoAttributes{};
  bool has_int8 = true;
};

std::vector<Function> functions() {
  // The float kernels promise some units in the last place: 4 * 2^-24 = 2.4e-7.
  return {{Op::logistic, logistic, 1.0f / 256, -128, 2.4e-7},
          {Op::tanh, [](double x) { return std::tanh(x); }, 1.0f / 128, 0, 2.4e-7},
          {Op::hard_swish, hard_swish, 0, 0, 2.4e-7},
          {Op::abs, [](double x) { return std::abs(x); }, 0, 0, 0},
          {Op::exp, [](double x) { return std::exp(x); }, 0, 0, 2.4e-7},
          {Op::rsqrt, [](double x) { return 1 / std::sqrt(x); }, 0, 0, 2.4e-7},
          {Op::relu, [](double x) { return std::max(x, 0.0); }, 0, 0, 0},
          {Op::relu6, [](double x) { return std::clamp(x, 0.0, 6.0); }, 0, 0, 0},
          {Op::leaky_relu, [](double x) { return x < 0 ? 0.25 * x : x; }, 0, 0, 0,
           ir::LeakyReluAttributes{0.25f}}};
}

TEST(Elements, float_functions_are_those_of_mathematics) {
  Rng rng(1);
  for (const Function& function : functions()) {
    std::vector<float> in = {0.0f, -0.0f, 1e-20f, 0.6249f, 0.6251f, 20.0f, 80.0f};
    for (int i = 0; i < 20000; ++i) in.push_back(rng.normal() * 8);
    if (function.op == Op::rsqrt) {
      for (float& x : in) x = std::abs(x) + 1e-35f;
    }
    const auto shape = ir::Shape{static_cast<int32_t>(in.size())};
    const auto graph = unary(function.op, activation(shape, DType::float32),
                             activation(shape, DType::float32), function.attributes);
    const auto out = run_as<float>(graph, in);
    for (size_t i = 0; i < in.size(); ++i) {
      const double expected = function.real(in[i]);
      ASSERT_NEAR(out[i], expected, function.tolerance * std::max(1e-3, std::abs(expected)))
          << ir::op_name(function.op) << " of " << in[i];
    }
  }
}

TEST(Elements, float_functions_keep_their_limits) {
  const float infinity = std::numeric_limits<float>::infinity();
  const auto of = [](Op op, float x) {
    return run_as<float>(unary(op, activation({1}, DType::float32), activation({1}, DType::float32)), {x})[0];
  };
  EXPECT_EQ(of(Op::exp, 1000), infinity);
  EXPECT_EQ(of(Op::exp, -1000), 0);
  EXPECT_NEAR(of(Op::exp, 88.7f) / std::exp(double{88.7f}), 1, 2.4e-7);
  EXPECT_TRUE(std::isnan(of(Op::exp, std::nanf(""))));
  EXPECT_EQ(of(Op::logistic, -infinity), 0);
  EXPECT_EQ(of(Op::logistic, infinity), 1);
  EXPECT_EQ(of(Op::tanh, -infinity), -1);
  EXPECT_EQ(of(Op::rsqrt, 0), infinity);
  EXPECT_EQ(of(Op::rsqrt, infinity), 0);
  EXPECT_TRUE(std::isnan(of(Op::rsqrt, -1)));
}

TEST(Elements, int8_functions_are_within_a_step_or_two_of_mathematics) {
  Rng rng(2);
  for (const Function& function : functions()) {
    for (int i = 0; function.has_int8 && i < 60; ++i) {
      const ir::Tensor in = activation({1}, DType::int8, rng.uniform(0.005f, 0.12f),
                                       static_cast<int32_t>(rng.below(256)) - 128);
      // rsqrt is defined from its zero point on; its largest value but one decides the output's scale.
      const float largest =
          static_cast<float>(function.op == Op::rsqrt ? 1 / std::sqrt(in.quantisation->scales[0])
                                                      : function.real(in.quantisation->scales[0] * 127));
      const ir::Tensor out =
          function.out_scale > 0
              ? activation({1}, DType::int8, function.out_scale, function.out_zero)
              : activation({1}, DType::int8, std::max(largest, in.quantisation->scales[0]) / 100, -20);
      const auto real = [&](double x) { return function.op == Op::rsqrt && x <= 0 ? 1e9 : function.real(x); };
      // Two roundings: half a step at the end, and half of the last bit before a shift right by one or more.
      // hard_swish rounds its gate and its product to 16 bits besides.
      const double steps = function.op == Op::hard_swish ? 1.1 : 0.76;
      expect_near_model<int8_t>(function.op, DType::int8, in, out, real, steps, function.attributes);
    }
  }
}

TEST(Elements, int16_functions_are_near_mathematics) {
  Rng rng(3);
  // Of LOGISTIC and TANH 2^-15 is a step; interpolating between 256 samples costs up to 3 of them, and
  // cutting the input's factor to 15 bits some more far from 0.
  for (const float scale : {1.0f / 4096, 1.0f / 2048, 0.00025f, 0.0003051f, 0.0001f}) {
    const ir::Tensor in = activation({1}, DType::int16, scale),
                     out = activation({1}, DType::int16, 1.0f / 32768);
    expect_near_model<int16_t>(Op::logistic, DType::int16, in, out, logistic, 6);
    expect_near_model<int16_t>(
        Op::tanh, DType::int16, in, out, [](double x) { return std::tanh(x); }, 8);
  }
  for (int i = 0; i < 5; ++i) {
    const ir::Tensor in = activation({1}, DType::int16, rng.uniform(0.001f, 0.01f));
    const ir::Tensor out = activation({1}, DType::int16, rng.uniform(0.001f, 0.01f));
    for (const Function& function : functions()) {
      const bool has = function.op == Op::abs || function.op == Op::relu || function.op == Op::relu6 ||
                       function.op == Op::leaky_relu;
      if (has)
        expect_near_model<int16_t>(function.op, DType::int16, in, out, function.real, 0.76,
                                   function.attributes);
    }
  }
}

TEST(Elements, exp_of_int16_interpolates_its_samples) {
  for (const float scale : {1e-5f, 5e-5f, 1e-4f, 3e-4f}) {
    const float most = std::exp(scale * 32767);
    const ir::Tensor in = activation({1}, DType::int16, scale),
                     out = activation({1}, DType::int16, most / 32767);
    // A chord between samples lies above e^x by up to e^x h^2 / 8; the specification's 512 intervals span
    // 65535 steps and are read as 128 each, which is one step of the input at the top; its 65536 steps for an
    // output range of 65535 are half a step, and there are three roundings.
    const double h = 128 * double{scale};
    expect_near_model<int16_t>(
        Op::exp, DType::int16, in, out, [](double x) { return std::exp(x); },
        2.0 + 32767 * (h * h / 8 + double{scale}));
  }
}

TEST(Elements, the_table_of_every_kernel_set_equals_the_formula_on_all_inputs_and_many_scales) {
  Rng rng(4);
  const std::vector<int8_t> in = all_values<int8_t>();
  for (int i = 0; i < 300; ++i) {
    for (const Function& function : functions()) {
      if (!function.has_int8) continue;
      const auto zero = [&] { return static_cast<int32_t>(rng.below(256)) - 128; };
      const float scale = std::exp(rng.uniform(-9.0f, 1.0f));
      const ir::Tensor from = activation({256}, DType::int8, scale, zero());
      // hard_swish needs an output scale of at least in_scale / 128.
      const ir::Tensor to =
          function.out_scale > 0
              ? activation({256}, DType::int8, function.out_scale, function.out_zero)
              : activation({256}, DType::int8, scale * std::exp(rng.uniform(-3.0f, 3.0f)), zero());
      const auto graph = unary(function.op, from, to, function.attributes);
      const auto plan = lower(graph, kReference);
      if (!plan.ok()) continue;  // a scale that the operator refuses: both must
      const auto expected = run_as<int8_t>(graph, in, kReference);
      for (const char* kernels : {"generic", "cortex_m_dsp"})
        ASSERT_EQ(run_as<int8_t>(graph, in, {kernels, true}), expected)
            << ir::op_name(function.op) << " scale " << scale;
    }
  }
}

TEST(Elements, hand_worked_int8_values) {
  const auto of = [](Op op, int8_t x, const ir::Tensor& in, const ir::Tensor& out,
                     ir::Attributes attributes = ir::NoAttributes{}) {
    return int{run_as<int8_t>(unary(op, in, out, std::move(attributes)), {x})[0]};
  };
  const ir::Tensor in = activation({1}, DType::int8, 0.125f, 0);
  const ir::Tensor sixteenths = activation({1}, DType::int8, 0.0625f, 0);
  EXPECT_EQ(of(Op::logistic, 0, in, activation({1}, DType::int8, 1.0f / 256, -128)), 0);
  // 1 / (1 + e^-1) = 0.73106: 187.15 - 128.
  EXPECT_EQ(of(Op::logistic, 8, in, activation({1}, DType::int8, 1.0f / 256, -128)), 59);
  // tanh(-1) = -0.76159: -97.48.
  EXPECT_EQ(of(Op::tanh, -8, in, activation({1}, DType::int8, 1.0f / 128, 0)), -97);
  // hard_swish(1) = 1 * 4 / 6: 10.67 sixteenths.
  EXPECT_EQ(of(Op::hard_swish, 8, in, sixteenths), 11);
  EXPECT_EQ(of(Op::hard_swish, -24, in, sixteenths), 0);
  EXPECT_EQ(of(Op::leaky_relu, -8, in, sixteenths, ir::LeakyReluAttributes{0.5f}), -8);
  EXPECT_EQ(of(Op::leaky_relu, 8, in, sixteenths, ir::LeakyReluAttributes{-1.0f}), 16);
  EXPECT_EQ(of(Op::leaky_relu, -8, in, sixteenths, ir::LeakyReluAttributes{-1.0f}), 16);
  EXPECT_EQ(of(Op::abs, -60, in, sixteenths), 120);
  EXPECT_EQ(of(Op::abs, -128, in, sixteenths), 127);
  // e^0.5 = 1.64872: 26.38 sixteenths.
  EXPECT_EQ(of(Op::exp, 4, in, sixteenths), 26);
  // 1 / sqrt(2) = 0.70711: 11.31 sixteenths; from 0 down, the largest.
  EXPECT_EQ(of(Op::rsqrt, 16, in, sixteenths), 11);
  EXPECT_EQ(of(Op::rsqrt, 0, in, sixteenths), 127);
  EXPECT_EQ(of(Op::rsqrt, -5, in, sixteenths), 127);
  EXPECT_EQ(of(Op::relu, -5, in, in), 0);
  EXPECT_EQ(of(Op::relu6, 100, in, in), 48);
}

TEST(Elements, the_sigmoid_table_is_the_one_of_the_specification) {
  const auto f = [](double i) { return 65536 / (1 + std::exp(-i / 24)); };
  for (int i = 0; i < 255; ++i) {
    const double half_way_error = (f(i) + f(i + 1)) / 2 - f(i + 0.5);
    EXPECT_EQ(kernels::kSigmoidTable[i], std::lround(f(i) - half_way_error / 2)) << i;
  }
  EXPECT_EQ(kernels::kSigmoidTable[255], 65535);
}

TEST(Elements, quantising_rounds_halves_away_from_zero_and_saturates) {
  const std::vector<float> in = {0.0f, 0.25f, -0.25f, 0.74f, -100.0f, 1e9f, -1e9f, std::nanf("")};
  const auto graph8 = one_node(Op::quantize, ir::NoAttributes{}, {activation({8}, DType::float32)},
                               {activation({8}, DType::int8, 0.5f, 3)});
  EXPECT_EQ(std::vector<int8_t>({3, 4, 2, 4, -128, 127, -128, 3}), [&] {
    const auto bytes = run(graph8, *ir::make_constant<float>(in));
    return std::vector<int8_t>(bytes.begin(), bytes.end());
  }());
  const auto graph16 = one_node(Op::quantize, ir::NoAttributes{}, {activation({8}, DType::float32)},
                                {activation({8}, DType::int16, 0.5f)});
  const auto bytes = run(graph16, *ir::make_constant<float>(in));
  const auto* out = reinterpret_cast<const int16_t*>(bytes.data());
  EXPECT_EQ(std::vector<int16_t>(out, out + 8), std::vector<int16_t>({0, 1, -1, 1, -200, 32767, -32768, 0}));
}

TEST(Elements, requantising_between_all_integer_types_keeps_the_real_value) {
  struct Type {
    DType type;
    double low, high;
  };
  const Type types[] = {{DType::int8, -128, 127},
                        {DType::uint8, 0, 255},
                        {DType::int16, -32768, 32767},
                        {DType::int32, -2147483648.0, 2147483647.0}};
  const auto stored = [](const std::vector<uint8_t>& bytes, DType type, size_t i) -> double {
    switch (type) {
      case DType::int8:
        return static_cast<int8_t>(bytes[i]);
      case DType::uint8:
        return bytes[i];
      case DType::int16:
        return reinterpret_cast<const int16_t*>(bytes.data())[i];
      default:
        return reinterpret_cast<const int32_t*>(bytes.data())[i];
    }
  };
  Rng rng(5);
  int pairs = 0;
  for (const Type& from : types) {
    for (const Type& to : types) {
      ir::Tensor in, out;
      in.type = from.type;
      out.type = to.type;
      in.shape = out.shape = {512};
      const bool in_has_zero = from.type == DType::int8 || from.type == DType::uint8;
      const bool out_has_zero = to.type == DType::int8 || to.type == DType::uint8;
      in.quantisation = ir::Quantisation{{0.037f}, {in_has_zero ? 17 : 0}, 0};
      out.quantisation = ir::Quantisation{{0.051f}, {out_has_zero ? 9 : 0}, 0};
      const auto graph = one_node(Op::quantize, ir::NoAttributes{}, {in}, {out});
      if (!refusal(graph).empty()) continue;
      ++pairs;
      std::vector<uint8_t> bytes = random_bytes(graph.tensors[0].bytes(), rng);
      if (from.type == DType::int32) {  // numbers of a size that arises
        for (int32_t i = 0; i < 512; ++i) reinterpret_cast<int32_t*>(bytes.data())[i] = 300 * (i - 256);
      }
      const auto result = run(graph, bytes);
      for (size_t i = 0; i < 512; ++i) {
        const double real = 0.037f * (stored(bytes, from.type, i) - in.quantisation->zero_points[0]);
        const double expected = std::clamp(real / 0.051f + out.quantisation->zero_points[0], to.low, to.high);
        // Half a step for the rounding, and 2^-30 of the value for the factor's own.
        ASSERT_NEAR(stored(result, to.type, i), expected, 0.51 + std::abs(expected) * 1e-8)
            << to_string(from.type) << " to " << to_string(to.type);
      }
      EXPECT_EQ(run(graph, bytes, kFast), result);
    }
  }
  EXPECT_EQ(pairs, 10);
}

TEST(Elements, dequantising_gives_the_scaled_difference) {
  const auto graph8 = one_node(Op::dequantize, ir::NoAttributes{}, {activation({3}, DType::int8, 0.5f, -3)},
                               {activation({3}, DType::float32)});
  const auto bytes = run(graph8, {0x80, 0xfd, 0x7f});
  const auto* out = reinterpret_cast<const float*>(bytes.data());
  EXPECT_EQ(std::vector<float>(out, out + 3), std::vector<float>({-62.5f, 0.0f, 65.0f}));
  const auto graph16 = one_node(Op::dequantize, ir::NoAttributes{}, {activation({1}, DType::int16, 0.5f)},
                                {activation({1}, DType::float32)});
  EXPECT_EQ(*reinterpret_cast<const float*>(run(graph16, {0x00, 0x80}).data()), -16384.0f);
}

/// Stored little-endian by the type's size.
std::vector<uint8_t> stored(DType type, double value) {
  const auto bytes_of = [](auto number) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&number);
    return std::vector<uint8_t>(bytes, bytes + sizeof number);
  };
  switch (type) {
    case DType::float32:
      return bytes_of(static_cast<float>(value));
    case DType::int8:
      return bytes_of(static_cast<int8_t>(value));
    case DType::int16:
      return bytes_of(static_cast<int16_t>(value));
    case DType::int32:
      return bytes_of(static_cast<int32_t>(value));
    case DType::int64:
      return bytes_of(static_cast<int64_t>(value));
    default:
      return bytes_of(static_cast<uint8_t>(value));
  }
}

std::vector<uint8_t> cast(DType from, DType to, double value) {
  const auto graph = one_node(Op::cast, ir::NoAttributes{}, {activation({1}, from)}, {activation({1}, to)});
  return run(graph, stored(from, value));
}

TEST(Elements, casting_keeps_small_numbers_between_all_types) {
  const DType types[] = {DType::float32, DType::int8,  DType::int16,  DType::int32,
                         DType::int64,   DType::uint8, DType::boolean};
  for (const DType from : types) {
    for (const DType to : types) {
      for (const double value : {0.0, 1.0, 100.0}) {
        const bool truth = from == DType::boolean || to == DType::boolean;
        const double expected = truth ? (value != 0 ? 1 : 0) : value;
        EXPECT_EQ(cast(from, to, from == DType::boolean ? expected : value), stored(to, expected))
            << to_string(from) << " to " << to_string(to) << " of " << value;
      }
    }
  }
}

TEST(Elements, casting_cuts_saturates_and_wraps_as_promised) {
  EXPECT_EQ(cast(DType::float32, DType::int32, -2.75), stored(DType::int32, -2));
  EXPECT_EQ(cast(DType::float32, DType::int8, 300), stored(DType::int8, 127));
  EXPECT_EQ(cast(DType::float32, DType::int8, -300), stored(DType::int8, -128));
  EXPECT_EQ(cast(DType::float32, DType::uint8, -1), stored(DType::uint8, 0));
  EXPECT_EQ(cast(DType::float32, DType::uint8, 1e30), stored(DType::uint8, 255));
  EXPECT_EQ(cast(DType::float32, DType::int64, 1e30),
            std::vector<uint8_t>({255, 255, 255, 255, 255, 255, 255, 127}));
  EXPECT_EQ(cast(DType::float32, DType::int32, std::nan("")), stored(DType::int32, 0));
  EXPECT_EQ(cast(DType::int32, DType::int8, 257), stored(DType::int8, 1));
  EXPECT_EQ(cast(DType::int8, DType::uint8, -1), stored(DType::uint8, 255));
  EXPECT_EQ(cast(DType::int64, DType::int32, -5), stored(DType::int32, -5));
  EXPECT_EQ(cast(DType::float32, DType::boolean, 0.5), stored(DType::boolean, 1));
}

TEST(Elements, refusals_say_what_was_found_and_what_is_needed) {
  const auto refused = [](Op op, const ir::Tensor& in, const ir::Tensor& out) {
    return refusal(unary(op, in, out, ir::default_attributes(op)));
  };
  const ir::Tensor int8 = activation({4}, DType::int8, 0.1f, 0), real = activation({4}, DType::float32);
  EXPECT_NE(refused(Op::relu, int8, real).find("goes from int8 to float32; it takes float32, int8 or int16"),
            std::string::npos);
  EXPECT_NE(refused(Op::logistic, int8, int8).find("it needs 1/256 and -128"), std::string::npos);
  EXPECT_NE(refused(Op::tanh, int8, activation({4}, DType::int8, 1.0f / 128, 5)).find("1/128 and 0"),
            std::string::npos);
  EXPECT_NE(
      refused(Op::hard_swish, activation({4}, DType::int8, 1.0f, 0), activation({4}, DType::int8, 0.001f, 0))
          .find("too far apart"),
      std::string::npos);
  EXPECT_NE(refused(Op::rsqrt, activation({4}, DType::int16, 0.1f), activation({4}, DType::int16, 0.1f))
                .find("it takes float32 or int8"),
            std::string::npos);
  EXPECT_NE(refused(Op::quantize, real, real).find("it takes float32 to int8"), std::string::npos);
}

}  // namespace
}  // namespace tadpole::plan
