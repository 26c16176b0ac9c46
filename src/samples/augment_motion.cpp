#include "samples/augment_motion.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <initializer_list>
#include <vector>

#include "samples/turn.h"

namespace tadpole::samples {
namespace {

/// Points of the curve of time: the pace between them changes in straight lines.
constexpr int kPaces = 5;

using Matrix = std::array<std::array<float, 3>, 3>;

std::string numbers(const char* name, std::initializer_list<float> values) {
  std::string text = name;
  for (const float value : values) {
    char number[32];
    std::snprintf(number, sizeof number, " %.9g", static_cast<double>(value));
    text += number;
  }
  return text;
}

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c{};
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j)
      for (size_t k = 0; k < 3; ++k) c[i][j] += a[i][k] * b[k][j];
  return c;
}

Matrix random_rotation(float degrees, Rng& rng) {
  Matrix all = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  for (size_t axis = 0; axis < 3; ++axis) {
    const Turn turn = turn_by(static_cast<double>(rng.uniform(-degrees, degrees)));
    const auto sine = static_cast<float>(turn.sine), cosine = static_cast<float>(turn.cosine);
    const size_t u = (axis + 1) % 3, v = (axis + 2) % 3;
    Matrix one{};
    one[axis][axis] = 1;
    one[u][u] = one[v][v] = cosine;
    one[u][v] = -sine;
    one[v][u] = sine;
    all = product(one, all);
  }
  return all;
}

/// Where in the original each step is read, 0 to steps - 1, never backwards.
std::vector<float> warped_times(size_t steps, const SeriesAugment& options, Rng& rng) {
  std::array<float, kPaces> paces;
  for (float& pace : paces) pace = 1 + rng.uniform(-options.warp_percent, options.warp_percent) / 100;
  const float shift = rng.uniform(-options.shift_percent, options.shift_percent) / 100;
  std::vector<float> times(steps);
  const auto last = static_cast<float>(steps - 1);
  float time = 0;
  for (size_t i = 0; i < steps; ++i) {
    times[i] = time;
    const float place = static_cast<float>(i) / std::max(last, 1.0f) * (kPaces - 1);
    const size_t before = std::min(static_cast<size_t>(place), static_cast<size_t>(kPaces - 2));
    const float part = place - static_cast<float>(before);
    time += std::max(0.05f, paces[before] * (1 - part) + paces[before + 1] * part);
  }
  // The middle stays in the middle, then the shift.
  const float move =
      last / 2 - (times[(steps - 1) / 2] + times[steps / 2]) / 2 + shift * static_cast<float>(steps);
  for (float& one : times) one = std::clamp(one + move, 0.0f, last);
  return times;
}

/// Standard deviation of each axis.
std::vector<float> deviations(const Series& series) {
  const size_t axes = series.axes.size(), steps = series.steps();
  std::vector<float> all;
  for (size_t a = 0; a < axes; ++a) {
    double sum = 0, squares = 0;
    for (size_t t = 0; t < steps; ++t) sum += static_cast<double>(series.values[t * axes + a]);
    const double mean = sum / static_cast<double>(steps);
    for (size_t t = 0; t < steps; ++t) {
      const double off = static_cast<double>(series.values[t * axes + a]) - mean;
      squares += off * off;
    }
    all.push_back(static_cast<float>(std::sqrt(squares / static_cast<double>(steps))));
  }
  return all;
}

}  // namespace

std::string SeriesAugment::fingerprint() const {
  return numbers("series augment 1:",
                 {rotate_degrees, scale_percent, jitter_percent, warp_percent, shift_percent});
}

Series augment(const Series& series, const SeriesAugment& options, Rng& rng) {
  const Matrix rotation = random_rotation(options.rotate_degrees, rng);
  const float scale = 1 + rng.uniform(-options.scale_percent, options.scale_percent) / 100;
  const size_t axes = series.axes.size(), steps = series.steps();
  const std::vector<float> times = warped_times(std::max<size_t>(steps, 1), options, rng);
  Rng noise = rng.fork("noise");
  rng.next();
  if (steps < 2) return series;
  const std::vector<float> deviation = deviations(series);
  Series out = series;
  std::vector<float> row(axes);
  for (size_t t = 0; t < steps; ++t) {
    const auto before = std::min(static_cast<size_t>(times[t]), steps - 2);
    const float part = times[t] - static_cast<float>(before);
    for (size_t a = 0; a < axes; ++a)
      row[a] = series.values[before * axes + a] * (1 - part) + series.values[(before + 1) * axes + a] * part;
    float* to = &out.values[t * axes];
    for (size_t a = 0; a < axes; ++a) {
      const size_t triple = a / 3 * 3;
      float value = row[a];
      if (triple + 3 <= axes) {
        value = 0;
        for (size_t k = 0; k < 3; ++k) value += rotation[a - triple][k] * row[triple + k];
      }
      to[a] = value * scale + options.jitter_percent / 100 * deviation[a] * noise.normal();
    }
  }
  return out;
}

std::string StrokeAugment::fingerprint() const {
  return numbers("stroke augment 1:", {move_percent, scale_percent, rotate_degrees});
}

Stroke augment(const Stroke& stroke, const StrokeAugment& options, Rng& rng) {
  const auto share = [&](float percent) { return rng.uniform(-percent, percent) / 100; };
  const float move_x = share(options.move_percent), move_y = share(options.move_percent);
  const float scale_x = 1 + share(options.scale_percent), scale_y = 1 + share(options.scale_percent);
  const Turn turn =
      turn_by(static_cast<double>(rng.uniform(-options.rotate_degrees, options.rotate_degrees)));
  if (stroke.points.empty()) return stroke;
  std::array<float, 2> low = stroke.points[0], high = low;
  for (const auto& point : stroke.points) {
    for (size_t k = 0; k < 2; ++k) {
      low[k] = std::min(low[k], point[k]);
      high[k] = std::max(high[k], point[k]);
    }
  }
  const float side = std::max(high[0] - low[0], high[1] - low[1]);
  const float middle_x = (low[0] + high[0]) / 2, middle_y = (low[1] + high[1]) / 2;
  const auto sine = static_cast<float>(turn.sine), cosine = static_cast<float>(turn.cosine);
  Stroke out = stroke;
  for (auto& point : out.points) {
    const float x = (point[0] - middle_x) * scale_x, y = (point[1] - middle_y) * scale_y;
    point = {middle_x + cosine * x - sine * y + move_x * side,
             middle_y + sine * x + cosine * y + move_y * side};
  }
  return out;
}

}  // namespace tadpole::samples
