// What stays from one inference to the next: variables, SVDF, LSTM and GRU, streamed and at once.
#include <algorithm>
#include <array>
#include <cmath>

#include "tests/unit/plan/one_node.h"

namespace tadpole::plan {
namespace {

using ir::DType;
using ir::Op;

ir::Tensor variable(const ir::Shape& shape, DType type, float scale = 0, int32_t zero = 0) {
  ir::Tensor made = activation(shape, type, scale, zero);
  made.is_variable = true;
  return made;
}

ir::Tensor absent() {
  ir::Tensor made;
  made.name = "-";
  return made;
}

/// The outputs of one runner on the inputs one after the other.
template <class In, class Out>
std::vector<Out> stream(Runner& runner, const std::vector<In>& in, size_t in_count, size_t out_count) {
  std::vector<Out> all;
  for (size_t at = 0; at < in.size(); at += in_count) {
    const auto bytes = *ir::make_constant<In>(std::span(in).subspan(at, in_count));
    std::vector<uint8_t> out(out_count * sizeof(Out));
    runner.run(bytes, out);
    const auto* values = reinterpret_cast<const Out*>(out.data());
    all.insert(all.end(), values, values + out_count);
  }
  return all;
}

/// Reads `count`, adds the input, writes the sum back and gives it out.
ir::Graph counter() {
  ir::Graph graph;
  graph.name = "counter";
  graph.tensors = {activation({2}, DType::int32), variable({2}, DType::int32), activation({2}, DType::int32),
                   activation({2}, DType::int32)};
  const char* const names[] = {"in", "count", "before", "after"};
  for (size_t i = 0; i < 4; ++i) graph.tensors[i].name = names[i];
  graph.tensors[1].initial = ir::make_constant<int32_t>(std::vector<int32_t>{100, 0});
  graph.nodes = {{Op::read_variable, "read", {1}, {2}, ir::NoAttributes{}},
                 {Op::add, "add", {0, 2}, {3}, ir::ActivationAttributes{}},
                 {Op::assign_variable, "assign", {3}, {1}, ir::NoAttributes{}}};
  graph.inputs = {0};
  graph.outputs = {3};
  return graph;
}

TEST(Variables, keep_their_value_between_runs_and_are_reset) {
  for (const bool shares : {true, false}) {
    Runner runner(*lower(counter(), {"generic", shares}));
    EXPECT_EQ((stream<int32_t, int32_t>(runner, {1, 2, 3, 4}, 2, 2)), std::vector<int32_t>({101, 2, 104, 6}));
    runner.reset();
    EXPECT_EQ((stream<int32_t, int32_t>(runner, {5, 5}, 2, 2)), std::vector<int32_t>({105, 5}));
  }
}

TEST(Variables, take_only_values_of_their_own_type_and_scale) {
  ir::Graph graph = counter();
  graph.tensors[1].quantisation = ir::Quantisation{{0.5f}, {0}, 0};
  EXPECT_NE(refusal(graph).find("differ in type or scale"), std::string::npos);
}

// SVDF.

struct SvdfCase {
  int batches, features, filters, memory, rank;
};

template <class T>
std::vector<T> random_integers(int64_t count, Rng& rng, int spread) {
  std::vector<T> values(static_cast<size_t>(count));
  for (T& value : values)
    value = static_cast<T>(static_cast<int>(rng.below(static_cast<uint32_t>(2 * spread))) - spread);
  return values;
}

/// The whole past at once, in real numbers: out[t] = bias + sum over rank, memory of time weight * (feature
/// weights . in[t - memory + 1 + step]); before the first input there was 0.
template <class Feature>
std::vector<double> svdf_model(const SvdfCase& c, int calls, const std::vector<double>& time_weights,
                               const std::vector<double>& bias, Feature feature) {
  std::vector<double> out;
  for (int t = 0; t < calls; ++t) {
    for (int b = 0; b < c.batches; ++b) {
      for (int unit = 0; unit < c.filters / c.rank; ++unit) {
        double sum = bias[static_cast<size_t>(unit)];
        for (int f = unit * c.rank; f < (unit + 1) * c.rank; ++f) {
          for (int step = 0; step < c.memory; ++step) {
            const int when = t - c.memory + 1 + step;
            if (when >= 0)
              sum += time_weights[static_cast<size_t>(f * c.memory + step)] * feature(when, b, f);
          }
        }
        out.push_back(sum);
      }
    }
  }
  return out;
}

TEST(Svdf, of_floats_over_seven_calls_equals_the_formula_over_the_whole_past) {
  Rng rng(1);
  for (const SvdfCase c : {SvdfCase{1, 3, 4, 5, 1}, SvdfCase{2, 4, 6, 3, 2}, SvdfCase{1, 2, 2, 1, 2}}) {
    const auto floats = [&](int64_t count) {
      std::vector<float> values(static_cast<size_t>(count));
      for (float& value : values) value = rng.normal();
      return values;
    };
    const auto weights = floats(c.filters * c.features), time = floats(c.filters * c.memory);
    const auto bias = floats(c.filters / c.rank), in = floats(7 * c.batches * c.features);
    const auto graph = one_node(Op::svdf, ir::SvdfAttributes{c.rank, ir::Activation::none},
                                {activation({c.batches, c.features}, DType::float32),
                                 constant<float>({c.filters, c.features}, DType::float32, weights),
                                 constant<float>({c.filters, c.memory}, DType::float32, time),
                                 constant<float>({c.filters / c.rank}, DType::float32, bias),
                                 variable({c.batches, c.filters * c.memory}, DType::float32)},
                                {activation({c.batches, c.filters / c.rank}, DType::float32)});
    const auto expected =
        svdf_model(c, 7, {time.begin(), time.end()}, {bias.begin(), bias.end()}, [&](int t, int b, int f) {
          double sum = 0;
          for (int i = 0; i < c.features; ++i)
            sum += double{weights[static_cast<size_t>(f * c.features + i)]} *
                   in[static_cast<size_t>((t * c.batches + b) * c.features + i)];
          return sum;
        });
    Runner runner(*lower(graph, {"ref", true}));
    for (int round = 0; round < 2; ++round, runner.reset()) {
      const auto out = stream<float, float>(runner, in, static_cast<size_t>(c.batches * c.features),
                                            static_cast<size_t>(c.batches * c.filters / c.rank));
      ASSERT_EQ(out.size(), expected.size());
      // Sums of some twenty products of size 1 to 10 in float.
      for (size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(out[i], expected[i], 1e-4) << i;
    }
  }
}

/// State: int8_t or int16_t. Values stay small enough for the state not to saturate.
template <class State>
void expect_integer_svdf(DType state_type, int32_t state_zero, float state_scale) {
  Rng rng(2);
  const SvdfCase c{2, 6, 8, 4, 2};
  const float in_scale = 0.05f, weight_scale = 0.01f, time_scale = 0.002f, out_scale = 0.04f;
  const int32_t in_zero = 3, out_zero = -7;
  const auto weights = random_integers<int8_t>(c.filters * c.features, rng, 60);
  const auto time = random_integers<State>(c.filters * c.memory, rng, 120);
  const auto bias = random_integers<int32_t>(c.filters / c.rank, rng, 200);
  const auto in = random_integers<int8_t>(5 * c.batches * c.features, rng, 40);
  const auto scaled = [](ir::Tensor tensor, float scale) {
    tensor.quantisation = ir::Quantisation{{scale}, {0}, 0};
    return tensor;
  };
  const auto graph =
      one_node(Op::svdf, ir::SvdfAttributes{c.rank, ir::Activation::none},
               {activation({c.batches, c.features}, DType::int8, in_scale, in_zero),
                scaled(constant<int8_t>({c.filters, c.features}, DType::int8, weights), weight_scale),
                scaled(constant<State>({c.filters, c.memory}, state_type, time), time_scale),
                constant<int32_t>({c.filters / c.rank}, DType::int32, bias),
                variable({c.batches, c.filters * c.memory}, state_type, state_scale, state_zero)},
               {activation({c.batches, c.filters / c.rank}, DType::int8, out_scale, out_zero)});
  std::vector<double> real_time, real_bias;
  for (const State w : time) real_time.push_back(double{time_scale} * w);
  for (const int32_t b : bias) real_bias.push_back(double{state_scale} * time_scale * b);
  const auto expected = svdf_model(c, 5, real_time, real_bias, [&](int t, int b, int f) {
    double sum = 0;
    for (int i = 0; i < c.features; ++i) {
      sum += double{weight_scale} * weights[static_cast<size_t>(f * c.features + i)] * in_scale *
             (in[static_cast<size_t>((t * c.batches + b) * c.features + i)] - in_zero);
    }
    return sum;
  });
  Runner runner(*lower(graph, {"ref", true}));
  for (int round = 0; round < 2; ++round, runner.reset()) {
    const auto out = stream<int8_t, int8_t>(runner, in, static_cast<size_t>(c.batches * c.features),
                                            static_cast<size_t>(c.batches * c.filters / c.rank));
    // Half a step, and half a step of the state for each of rank * memory products.
    const double tolerance = 0.6 + 0.5 * state_scale * time_scale * 120 * c.rank * c.memory / out_scale;
    for (size_t i = 0; i < out.size(); ++i)
      ASSERT_NEAR(out[i], std::clamp(expected[i] / out_scale + out_zero, -128.0, 127.0), tolerance) << i;
  }
}

TEST(Svdf, of_int8_with_a_state_of_int16_streams_the_formula) {
  expect_integer_svdf<int16_t>(DType::int16, 0, 0.0005f);
}
TEST(Svdf, of_int8_with_a_state_of_int8_streams_the_formula) {
  expect_integer_svdf<int8_t>(DType::int8, 5, 0.04f);
}

// LSTM and GRU.

struct Cells {
  int batches, steps, features, units;
};

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

double row_product(const std::vector<double>& weights, int row, const double* x, int count) {
  double sum = 0;
  for (int i = 0; i < count; ++i) sum += weights[static_cast<size_t>(row * count + i)] * x[i];
  return sum;
}

/// Weights as doubles: four of the input, four of the hidden state, four biases, each in TFLite's order:
/// input, forget, cell, output gate.
using LstmWeights = std::array<std::vector<double>, 12>;

std::vector<double> lstm_model(const Cells& c, const LstmWeights& w, const std::vector<double>& in) {
  std::vector<double> out;
  for (int b = 0; b < c.batches; ++b) {
    std::vector<double> h(static_cast<size_t>(c.units), 0), cell = h;
    for (int t = 0; t < c.steps; ++t) {
      const double* x = in.data() + (b * c.steps + t) * c.features;
      std::vector<double> next = h;
      for (int u = 0; u < c.units; ++u) {
        const auto at = static_cast<size_t>(u);
        const auto sum = [&](size_t gate) {
          return row_product(w[gate], u, x, c.features) + row_product(w[4 + gate], u, h.data(), c.units) +
                 w[8 + gate][at];
        };
        cell[at] = logistic(sum(1)) * cell[at] + logistic(sum(0)) * std::tanh(sum(2));
        next[at] = logistic(sum(3)) * std::tanh(cell[at]);
      }
      h = next;
      out.insert(out.end(), h.begin(), h.end());
    }
  }
  return out;
}

std::vector<ir::Tensor> lstm_inputs(const ir::Tensor& in, std::vector<ir::Tensor> weights,
                                    const ir::Tensor& hidden, const ir::Tensor& cell) {
  // weights: four of the input, four of the hidden state, four biases.
  std::vector<ir::Tensor> inputs = {in};
  for (int i = 0; i < 8; ++i) inputs.push_back(weights[static_cast<size_t>(i)]);
  for (int i = 0; i < 3; ++i) inputs.push_back(absent());
  for (int i = 8; i < 12; ++i) inputs.push_back(weights[static_cast<size_t>(i)]);
  inputs.push_back(absent());
  inputs.push_back(absent());
  inputs.push_back(hidden);
  inputs.push_back(cell);
  return inputs;
}

class Lstm : public testing::Test {
 protected:
  static constexpr float kWeightScale = 0.01f, kInScale = 1.0f / 64, kHiddenScale = 1.0f / 128;
  static constexpr int32_t kInZero = 4, kHiddenZero = -3;

  /// Draws int8 weights; the float LSTM has the same real numbers.
  explicit Lstm(Cells cells = {1, 6, 5, 7}) : cells_(cells) {
    for (size_t i = 0; i < 12; ++i) {
      const int columns = i < 4 ? cells.features : i < 8 ? cells.units : 1;
      const auto values = random_integers<int32_t>(cells.units * columns, rng_, i < 8 ? 100 : 4000);
      std::vector<double> real;
      const double scale = i < 8 ? double{kWeightScale} : double{kWeightScale} * kInScale;
      for (const int32_t value : values) real.push_back(scale * value);
      model_[i] = real;
      stored_.push_back(values);
    }
  }

  ir::Graph make(bool int8, const Cells& c, bool time_major) {
    std::vector<ir::Tensor> weights;
    for (size_t i = 0; i < 12; ++i) {
      const ir::Shape shape = i < 4   ? ir::Shape{c.units, c.features}
                              : i < 8 ? ir::Shape{c.units, c.units}
                                      : ir::Shape{c.units};
      const std::vector<double>& real = model_[i];
      if (!int8) {
        weights.push_back(constant<float>(shape, DType::float32, {real.begin(), real.end()}));
      } else if (i < 8) {
        weights.push_back(constant<int8_t>(shape, DType::int8, {stored_[i].begin(), stored_[i].end()}));
        weights.back().quantisation = ir::Quantisation{{kWeightScale}, {0}, 0};
      } else {
        weights.push_back(constant<int32_t>(shape, DType::int32, stored_[i]));
      }
    }
    const ir::Shape in =
        time_major ? ir::Shape{c.steps, c.batches, c.features} : ir::Shape{c.batches, c.steps, c.features};
    ir::Shape out = in;
    out[2] = c.units;
    const DType type = int8 ? DType::int8 : DType::float32;
    return one_node(Op::unidirectional_sequence_lstm, ir::LstmAttributes{0, 0, time_major},
                    lstm_inputs(activation(in, type, kInScale, kInZero), weights,
                                variable({c.batches, c.units}, type, kHiddenScale, kHiddenZero),
                                variable({c.batches, c.units}, int8 ? DType::int16 : type, 1.0f / 4096)),
                    {activation(out, type, kHiddenScale, kHiddenZero)});
  }

  Rng rng_ = Rng(3);
  Cells cells_;
  LstmWeights model_;
  std::vector<std::vector<int32_t>> stored_;
};

TEST_F(Lstm, of_floats_equals_the_model) {
  std::vector<float> in(static_cast<size_t>(cells_.steps * cells_.features));
  for (float& x : in) x = rng_.normal();
  const auto out = run_as<float>(make(false, cells_, false), in);
  const auto expected = lstm_model(cells_, model_, {in.begin(), in.end()});
  for (size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(out[i], expected[i], 2e-6) << i;  // some units of 2^-24
}

TEST_F(Lstm, of_int8_is_near_the_model) {
  const auto in = random_integers<int8_t>(cells_.steps * cells_.features, rng_, 128);
  std::vector<double> real;
  for (const int8_t x : in) real.push_back(double{kInScale} * (x - kInZero));
  const auto out = run_as<int8_t>(make(true, cells_, false), in);
  const auto expected = lstm_model(cells_, model_, real);
  // A hidden state rounded to 1/128 goes through weights of up to 1 at every step: a few steps of the output.
  for (size_t i = 0; i < out.size(); ++i)
    ASSERT_NEAR(out[i], expected[i] / kHiddenScale + kHiddenZero, 4) << i;
}

TEST_F(Lstm, streamed_step_by_step_gives_the_bytes_of_the_whole_sequence) {
  const auto in = random_integers<int8_t>(cells_.steps * cells_.features, rng_, 128);
  const auto whole = run_as<int8_t>(make(true, cells_, false), in);
  Cells one = cells_;
  one.steps = 1;
  Runner runner(*lower(make(true, one, false), {"generic", true}));
  for (int round = 0; round < 2; ++round, runner.reset()) {
    EXPECT_EQ((stream<int8_t, int8_t>(runner, in, static_cast<size_t>(one.features),
                                      static_cast<size_t>(one.units))),
              whole);
  }
  // Without a reset the state goes on.
  Runner again(*lower(make(true, cells_, false), {"ref", true}));
  std::vector<int8_t> twice = in;
  twice.insert(twice.end(), in.begin(), in.end());
  const auto both = stream<int8_t, int8_t>(again, twice, in.size(), whole.size());
  EXPECT_TRUE(std::equal(whole.begin(), whole.end(), both.begin()));
  EXPECT_FALSE(std::equal(whole.begin(), whole.end(), both.begin() + static_cast<ptrdiff_t>(whole.size())));
}

TEST_F(Lstm, takes_batches_and_time_in_either_order) {
  const Cells c{3, 4, cells_.features, cells_.units};
  for (const bool int8 : {true, false}) {
    const auto major = make(int8, c, true), minor = make(int8, c, false);
    const size_t element = int8 ? 1 : 4, row = static_cast<size_t>(c.features) * element,
                 out_row = static_cast<size_t>(c.units) * element;
    std::vector<uint8_t> in(static_cast<size_t>(c.batches * c.steps) * row), turned(in.size());
    if (int8) {
      in = random_bytes(static_cast<int64_t>(in.size()), rng_);
    } else {
      std::vector<float> values(in.size() / 4);
      for (float& x : values) x = rng_.normal();
      in = *ir::make_constant<float>(values);
    }
    const auto turn = [&](const std::vector<uint8_t>& from, size_t bytes) {
      std::vector<uint8_t> to(from.size());
      for (size_t b = 0; b < 3; ++b) {
        for (size_t t = 0; t < 4; ++t)
          std::copy_n(from.begin() + static_cast<ptrdiff_t>((b * 4 + t) * bytes), bytes,
                      to.begin() + static_cast<ptrdiff_t>((t * 3 + b) * bytes));
      }
      return to;
    };
    EXPECT_EQ(run(major, turn(in, row)), turn(run(minor, in), out_row));
  }
}

/// What an LSTM may have beside its four gates, in all 16 combinations.
struct Extras {
  bool coupled, peepholes, normalised, projected;
};

class FullLstm : public testing::TestWithParam<int> {
 protected:
  static constexpr int kSteps = 5, kFeatures = 3, kCells = 6;
  static constexpr double kCellClip = 0.8, kProjectionClip = 0.6;
  const Extras extras_ = {(GetParam() & 1) != 0, (GetParam() & 2) != 0, (GetParam() & 4) != 0,
                          (GetParam() & 8) != 0};
  const int units_ = extras_.projected ? 4 : kCells;

  FullLstm() {
    Rng rng(static_cast<uint64_t>(GetParam()) + 1);
    const auto fill = [&](size_t input, ir::Shape shape) {
      std::vector<float> values(static_cast<size_t>(ir::element_count(shape)));
      for (float& value : values) value = rng.normal() * 0.7f;
      inputs_[input] = constant(shape, DType::float32, values);
      model_[input].assign(values.begin(), values.end());
    };
    for (ir::Tensor& input : inputs_) input = absent();
    for (size_t gate = extras_.coupled ? 1 : 0; gate < 4; ++gate) {
      fill(1 + gate, {kCells, kFeatures});
      fill(5 + gate, {kCells, units_});
      fill(12 + gate, {kCells});
      if (extras_.peepholes && gate != 2) fill(9 + (gate == 3 ? 2 : gate), {kCells});
      if (extras_.normalised) fill(20 + gate, {kCells});
    }
    if (extras_.projected) {
      fill(16, {units_, kCells});
      fill(17, {units_});
    }
    inputs_[0] = activation({1, kSteps, kFeatures}, DType::float32);
    inputs_[18] = variable({1, units_}, DType::float32, 0, 0);
    inputs_[19] = variable({1, kCells}, DType::float32, 0, 0);
  }

  /// TFLite's formula, one gate at a time; gates as TFLite numbers them: input, forget, cell, output.
  std::vector<double> gate(size_t which, const double* x, const std::vector<double>& h,
                           const std::vector<double>& cell) const {
    std::vector<double> sums;
    for (int u = 0; u < kCells; ++u) {
      const auto at = static_cast<size_t>(u);
      double sum = row_product(model_[1 + which], u, x, kFeatures) +
                   row_product(model_[5 + which], u, h.data(), units_);
      if (extras_.peepholes && which != 2) sum += model_[9 + (which == 3 ? 2 : which)][at] * cell[at];
      if (!extras_.normalised) sum += model_[12 + which][at];
      sums.push_back(sum);
    }
    if (extras_.normalised) {
      double mean = 0, variance = 0;
      for (const double sum : sums) mean += sum / kCells;
      for (const double sum : sums) variance += (sum - mean) * (sum - mean) / kCells;
      for (size_t u = 0; u < kCells; ++u)
        sums[u] =
            (sums[u] - mean) / std::sqrt(variance + 1e-8) * model_[20 + which][u] + model_[12 + which][u];
    }
    for (double& sum : sums) sum = which == 2 ? std::tanh(sum) : logistic(sum);
    return sums;
  }

  std::vector<double> expected(const std::vector<float>& in) const {
    const std::vector<double> real(in.begin(), in.end());
    std::vector<double> h(static_cast<size_t>(units_), 0), cell(kCells, 0), out;
    for (int t = 0; t < kSteps; ++t) {
      const double* x = real.data() + t * kFeatures;
      const auto forget = gate(1, x, h, cell), candidate = gate(2, x, h, cell);
      auto input = forget;
      for (double& open : input) open = 1 - open;
      if (!extras_.coupled) input = gate(0, x, h, cell);
      for (size_t u = 0; u < kCells; ++u)
        cell[u] = std::clamp(forget[u] * cell[u] + input[u] * candidate[u], -kCellClip, kCellClip);
      auto answer = gate(3, x, h, cell);
      for (size_t u = 0; u < kCells; ++u) answer[u] *= std::tanh(cell[u]);
      if (extras_.projected) {
        for (int u = 0; u < units_; ++u)
          h[static_cast<size_t>(u)] = std::clamp(
              row_product(model_[16], u, answer.data(), kCells) + model_[17][static_cast<size_t>(u)],
              -kProjectionClip, kProjectionClip);
      } else {
        h = answer;
      }
      out.insert(out.end(), h.begin(), h.end());
    }
    return out;
  }

  std::array<ir::Tensor, 24> inputs_;
  std::array<std::vector<double>, 24> model_;
};

TEST_P(FullLstm, of_floats_equals_the_model) {
  const ir::Graph graph =
      one_node(Op::unidirectional_sequence_lstm,
               ir::LstmAttributes{static_cast<float>(kCellClip), static_cast<float>(kProjectionClip), false},
               {inputs_.begin(), inputs_.end()}, {activation({1, kSteps, units_}, DType::float32)});
  Rng rng(9);
  std::vector<float> in(kSteps * kFeatures);
  for (float& x : in) x = rng.normal();
  const auto out = run_as<float>(graph, in), again = run_as<float>(graph, in, {"generic", true});
  const auto wanted = expected(in);
  ASSERT_EQ(out.size(), wanted.size());
  // Some units of 2^-24, grown by normalisation (a division by a small deviation) and five steps.
  for (size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(out[i], wanted[i], 1e-5) << i;
  EXPECT_EQ(out, again);
}

INSTANTIATE_TEST_SUITE_P(Extras, FullLstm, testing::Range(0, 16));

TEST_F(Lstm, refuses_the_forms_that_it_does_not_have_by_name) {
  ir::Graph graph = make(true, cells_, false);
  graph.nodes[0].inputs[1] = graph.nodes[0].inputs[5] = graph.nodes[0].inputs[12] = -1;
  EXPECT_NE(refusal(graph).find("a coupled input and forget gate; in int8 only the plain LSTM"),
            std::string::npos);
  graph = make(true, cells_, false);
  for (ir::Tensor& tensor : graph.tensors) {
    if (tensor.type == DType::int16) tensor.quantisation->scales[0] = 0.0003f;
  }
  EXPECT_NE(refusal(graph).find("a power of two"), std::string::npos);
}

/// h = (1 - z) * n + z * h, weights [3U, I], [3U, U].
std::vector<double> gru_model(const Cells& c, bool linear_before_reset, const std::vector<double>& w,
                              const std::vector<double>& r, const std::vector<double>& wb,
                              const std::vector<double>& rb, const std::vector<double>& in) {
  std::vector<double> out;
  for (int b = 0; b < c.batches; ++b) {
    std::vector<double> h(static_cast<size_t>(c.units), 0);
    for (int t = 0; t < c.steps; ++t) {
      const double* x = in.data() + (b * c.steps + t) * c.features;
      const auto from_in = [&](int row) {
        return row_product(w, row, x, c.features) + wb[static_cast<size_t>(row)];
      };
      const auto from = [&](int row, const std::vector<double>& state) {
        return row_product(r, row, state.data(), c.units) + rb[static_cast<size_t>(row)];
      };
      std::vector<double> gated = h, next = h, reset = h;
      for (int u = 0; u < c.units; ++u) {
        reset[static_cast<size_t>(u)] = logistic(from_in(c.units + u) + from(c.units + u, h));
        gated[static_cast<size_t>(u)] = reset[static_cast<size_t>(u)] * h[static_cast<size_t>(u)];
      }
      for (int u = 0; u < c.units; ++u) {
        const auto at = static_cast<size_t>(u);
        const double z = logistic(from_in(u) + from(u, h));
        const double recurrent =
            linear_before_reset ? reset[at] * from(2 * c.units + u, h) : from(2 * c.units + u, gated);
        next[at] = (1 - z) * std::tanh(from_in(2 * c.units + u) + recurrent) + z * h[at];
      }
      h = next;
      out.insert(out.end(), h.begin(), h.end());
    }
  }
  return out;
}

TEST(Gru, equals_the_model_in_both_forms_with_and_without_a_state) {
  Rng rng(5);
  const Cells c{2, 5, 3, 4};
  const auto floats = [&](int64_t count) {
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = 0.7f * rng.normal();
    return values;
  };
  const auto wide = [](const std::vector<float>& values) {
    return std::vector<double>(values.begin(), values.end());
  };
  for (const bool linear : {true, false}) {
    const auto w = floats(3 * c.units * c.features), r = floats(3 * c.units * c.units),
               wb = floats(3 * c.units), rb = floats(3 * c.units);
    const auto in = floats(c.batches * c.steps * c.features);
    const auto expected = gru_model(c, linear, wide(w), wide(r), wide(wb), wide(rb), wide(in));
    for (const bool has_state : {true, false}) {
      const auto graph = one_node(Op::gru, ir::GruAttributes{linear, false},
                                  {activation({c.batches, c.steps, c.features}, DType::float32),
                                   constant<float>({3 * c.units, c.features}, DType::float32, w),
                                   constant<float>({3 * c.units, c.units}, DType::float32, r),
                                   constant<float>({3 * c.units}, DType::float32, wb),
                                   constant<float>({3 * c.units}, DType::float32, rb),
                                   has_state ? variable({c.batches, c.units}, DType::float32) : absent()},
                                  {activation({c.batches, c.steps, c.units}, DType::float32)});
      Runner runner(*lower(graph, {"generic", true}));
      std::vector<float> twice = in;
      twice.insert(twice.end(), in.begin(), in.end());
      const auto out = stream<float, float>(runner, twice, in.size(), expected.size());
      for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(out[i], expected[i], 2e-6) << i;
      const bool starts_again = std::equal(out.begin(), out.begin() + static_cast<ptrdiff_t>(expected.size()),
                                           out.begin() + static_cast<ptrdiff_t>(expected.size()));
      EXPECT_EQ(starts_again, !has_state);
    }
  }
}

}  // namespace
}  // namespace tadpole::plan
