// The board's gate: equal to a slow model in wide numbers, near the floating-point model, and safe.
#include "unsupervised/gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "clouds.h"

namespace tadpole::unsupervised {
namespace {

/// The formula of the header in long double and 128-bit numbers, one step at a time.
uint64_t slow_squared(const Gate& gate, std::span<const int16_t> values) {
  const auto halves_up = [](long double x) { return std::floor(x + 0.5L); };
  std::vector<long double> z;
  for (size_t i = 0; i < values.size(); ++i) {
    const long double moved = static_cast<long double>(values[i]) * 256 - gate.offset[i];
    const long double scaled = std::ldexp(moved * gate.multiplier[i], -gate.shift[i]);
    z.push_back(std::clamp(halves_up(scaled), -32768.0L, 32767.0L));
  }
  long double best = INFINITY, sum = 0;
  size_t at = 0;
  for (int row = 0; row < gate.rows; ++row) {
    if (gate.kind == app::GateKind::whitening) {
      long double line = 0;
      for (int i = 0; i <= row; ++i) line += z[static_cast<size_t>(i)] * gate.matrix[at++];
      line = halves_up(std::ldexp(line, -gate.row_shift[static_cast<size_t>(row)]));
      line = std::clamp(line, -134217728.0L, 134217728.0L);
      sum += line * line;
    } else {
      long double squared = 0;
      for (const long double value : z)
        squared += (value - gate.matrix[at]) * (value - gate.matrix[at]), ++at;
      best = std::min(best, squared);
    }
  }
  return static_cast<uint64_t>(gate.kind == app::GateKind::whitening ? sum : best);
}

/// Stored int16 features whose axes have very different scales, some of them related.
Cloud stored_features(int width, int count, uint64_t seed) {
  Cloud cloud;
  cloud.width = width;
  Rng rng(seed);
  for (int i = 0; i < count; ++i) {
    float common = rng.normal();
    for (int axis = 0; axis < width; ++axis) {
      const float deviation = 20.0f * static_cast<float>(1 + axis * axis);
      const float value = static_cast<float>(100 * axis) + deviation * (rng.normal() + 0.8f * common);
      cloud.values.push_back(std::round(std::clamp(value, -32768.0f, 32767.0f)));
    }
  }
  return cloud;
}

std::vector<int16_t> as_stored(std::span<const float> values) {
  std::vector<int16_t> out;
  for (const float value : values) out.push_back(static_cast<int16_t>(value));
  return out;
}

struct Fitted {
  Cloud cloud;
  Standardiser scale;
  Gate centres, whitening;
  KMeans k_means_model;
  Gaussian gaussian;
};

Fitted fitted(int width, uint64_t seed) {
  Fitted out;
  out.cloud = stored_features(width, 400, seed);
  Workers workers(1);
  Silent silent;
  out.scale = *fit_standardiser(out.cloud.points());
  const std::vector<float> scaled = out.scale.apply(out.cloud.points());
  const Points points{scaled, 400, width};
  out.k_means_model = *k_means(points, {.centres = 5, .starts = 1}, workers, silent);
  out.gaussian = *fit_gaussian(points);
  out.centres = *make_gate(out.k_means_model, out.scale, StoredFeature{}, 2.5);
  out.whitening = *make_gate(out.gaussian, out.scale, StoredFeature{}, 2.5);
  return out;
}

TEST(AnomalyGate, equals_the_slow_model_on_usual_and_extreme_values) {
  for (const int width : {1, 3, 12}) {
    const Fitted model = fitted(width, 31 + static_cast<uint64_t>(width));
    Rng rng(7);
    for (const Gate* gate : {&model.centres, &model.whitening}) {
      const app::AnomalyGate view = gate->view();
      ASSERT_TRUE(app::valid(view));
      for (int i = 0; i < 500; ++i) {
        std::vector<int16_t> values = as_stored(model.cloud.points().row(i % 400));
        for (int16_t& value : values) {
          if (i >= 400) value = static_cast<int16_t>(rng.next());
          if (i >= 450) value = rng.below(2) != 0 ? 32767 : -32768;
        }
        const app::GateAnswer answer = app::judge(view, values.data());
        EXPECT_EQ(answer.squared, slow_squared(*gate, values));
        EXPECT_EQ(answer.anomaly, answer.squared > gate->threshold);
      }
    }
  }
}

TEST(AnomalyGate, is_near_the_floating_point_model) {
  for (const int width : {1, 3, 12}) {
    const Fitted model = fitted(width, 41 + static_cast<uint64_t>(width));
    double largest = 0;  // sum of magnitudes of a row of the whitening matrix
    for (int row = 0; row < width; ++row) {
      double sum = 0;
      for (int i = 0; i < width; ++i)
        sum += std::fabs(model.gaussian.whitening[static_cast<size_t>(row * width + i)]);
      largest = std::max(largest, sum);
    }
    for (int i = 0; i < 400; ++i) {
      const std::vector<float> point = model.scale.apply(model.cloud.points().row(i));
      const std::vector<int16_t> stored = as_stored(model.cloud.points().row(i));
      const auto near = app::judge(model.centres.view(), stored.data());
      const auto long_way = app::judge(model.whitening.view(), stored.data());
      // Each scaled value and each centre is off by at most 1/512, and a value of up to 6 deviations by 6 /
      // 2^15 more: together below 1/200 an axis.
      EXPECT_NEAR(Gate::distance(near), model.k_means_model.distance(point), std::sqrt(width) / 200);
      // Values are off by 1/450, times the row; the rounding of the sum adds 1/512; weights are off by 2^-15
      // of the largest, times at most 12 values of 6 deviations.
      EXPECT_NEAR(Gate::distance(long_way), model.gaussian.distance(point),
                  std::sqrt(width) * (largest * (1 / 450.0 + 72 / 32768.0) + 1 / 512.0));
      if (near.row != model.k_means_model.nearest(point)) {
        const auto other = model.k_means_model.centre(near.row);
        EXPECT_NEAR(std::sqrt(squared_distance(other, point)), model.k_means_model.distance(point),
                    std::sqrt(width) / 100);
      }
    }
  }
}

TEST(AnomalyGate, gives_one_answer_for_int8_and_int16_values) {
  Cloud cloud;
  cloud.width = 4;
  Rng rng(3);
  for (int i = 0; i < 400; ++i) cloud.values.push_back(static_cast<float>(static_cast<int8_t>(rng.next())));
  const auto scale = fit_standardiser(cloud.points());
  const std::vector<float> points = scale->apply(cloud.points());
  Workers workers(1);
  Silent silent;
  const auto model = k_means({points, 100, 4}, {.centres = 3}, workers, silent);
  const auto gate = make_gate(*model, *scale, StoredFeature{}, 1);
  ASSERT_TRUE(gate.ok());
  for (int i = 0; i < 100; ++i) {
    const std::vector<int16_t> wide = as_stored(cloud.points().row(i));
    const std::vector<int8_t> narrow(wide.begin(), wide.end());
    EXPECT_EQ(app::judge(gate->view(), wide.data()).squared, app::judge(gate->view(), narrow.data()).squared);
  }
}

TEST(AnomalyGate, follows_the_scale_and_zero_point_of_stored_features) {
  // real = 0.5 * (stored - 10): learnt from reals around 20 with deviation 4.
  const Standardiser scale{{20}, {4}};
  KMeans model;
  model.count = model.width = 1;
  model.centres = {0};
  const auto gate = make_gate(model, scale, StoredFeature{0.5, 10}, 1);
  ASSERT_TRUE(gate.ok());
  const int16_t middle = 50, two_away = 66;  // 50 is 20, 66 is 28
  EXPECT_EQ(app::judge(gate->view(), &middle).squared, 0u);
  EXPECT_DOUBLE_EQ(Gate::distance(app::judge(gate->view(), &two_away)), 2);
  EXPECT_TRUE(app::judge(gate->view(), &two_away).anomaly);
}

TEST(AnomalyGate, what_it_cannot_hold_is_refused_by_name) {
  KMeans model;
  model.count = model.width = 1;
  model.centres = {200};
  const auto far = make_gate(model, {{0}, {1}}, StoredFeature{}, 1);
  ASSERT_FALSE(far.ok());
  EXPECT_NE(far.error().detail.find("a centre"), std::string::npos);
  model.centres = {0};
  EXPECT_NE(make_gate(model, {{0}, {1e30f}}, StoredFeature{}, 1).error().detail.find("deviation of value 0"),
            std::string::npos);
  EXPECT_NE(make_gate(model, {{1e30f}, {1}}, StoredFeature{}, 1).error().detail.find("mean of value 0"),
            std::string::npos);
  EXPECT_EQ(make_gate(model, {{0}, {1}}, StoredFeature{}, NAN).error().code, Code::unsupervised_bad_setting);
  EXPECT_EQ(make_gate(model, {{0, 0}, {1, 1}}, StoredFeature{}, 1).error().code,
            Code::unsupervised_bad_setting);
  auto gate = make_gate(model, {{0}, {1}}, StoredFeature{}, 1);
  ASSERT_TRUE(gate.ok());
  EXPECT_TRUE(app::valid(gate->view()));
  gate->shift[0] = 0;
  EXPECT_FALSE(app::valid(gate->view()));
  gate->shift[0] = 15;
  gate->rows = 256;
  EXPECT_FALSE(app::valid(gate->view()));
}

}  // namespace
}  // namespace tadpole::unsupervised
