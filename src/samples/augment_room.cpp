#include "samples/augment_room.h"

#include <algorithm>
#include <cmath>

namespace tadpole::samples {
namespace {

constexpr int kReflections = 48;

/// 10^-3x for x in [0, 1]: 60 dB over the decay; (1 - y/32)^32 is near e^-y, without libm.
float decayed(float x) {
  float value = 1 - 6.9078f * x / 32;
  for (int i = 0; i < 5; ++i) value *= value;
  return value;
}

/// Linear between samples; zeros outside.
float at(std::span<const float> sound, double place) {
  const double floor = std::floor(place);
  const auto i = static_cast<int64_t>(floor);
  const auto part = static_cast<float>(place - floor);
  const auto value = [&](int64_t k) {
    return k >= 0 && k < static_cast<int64_t>(sound.size()) ? sound[static_cast<size_t>(k)] : 0.0f;
  };
  return value(i) * (1 - part) + value(i + 1) * part;
}

/// How far from `wanted` the piece starts that continues best what `expected` begins.
int64_t best_start(std::span<const float> sound, int64_t wanted, int64_t expected, int piece, int reach) {
  const auto size = static_cast<int64_t>(sound.size());
  const auto value = [&](int64_t k) { return k >= 0 && k < size ? sound[static_cast<size_t>(k)] : 0.0f; };
  int64_t best = wanted;
  float best_fit = -1e30f;
  constexpr int kSkip = 4;  // every fourth sample and place is enough to find the period of a voice
  for (int64_t start = wanted - reach; start <= wanted + reach; start += kSkip) {
    float fit = 0;
    for (int i = 0; i < piece; i += kSkip) fit += value(start + i) * value(expected + i);
    if (fit > best_fit) {
      best_fit = fit;
      best = start;
    }
  }
  return best;
}

}  // namespace

std::vector<float> reverberate(std::span<const float> sound, int sample_rate_hz, const Room& room, Rng& rng) {
  struct Reflection {
    size_t delay;
    float gain;
  };
  std::vector<Reflection> all;
  const float first = 0.002f * static_cast<float>(sample_rate_hz);
  const float length = std::max(1.0f, room.decay_ms * static_cast<float>(sample_rate_hz) / 1000 - first);
  float energy = 0;
  for (int i = 0; i < kReflections; ++i) {
    const float x = rng.uniform();
    const float gain = rng.normal() * decayed(x);
    energy += gain * gain;
    all.push_back({static_cast<size_t>(first + x * length), gain});
  }
  const float norm = energy > 0 ? std::sqrt(room.level / energy) : 0;
  std::vector<float> out(sound.begin(), sound.end());
  for (const Reflection& one : all) {
    for (size_t i = one.delay; i < out.size(); ++i) out[i] += norm * one.gain * sound[i - one.delay];
  }
  return out;
}

std::vector<float> change_pitch(std::span<const float> sound, int sample_rate_hz, float factor) {
  factor = std::clamp(factor, 0.5f, 2.0f);
  const int piece = std::max(8, sample_rate_hz / 100);  // half of a window: neighbours overlap by this
  const int reach = sample_rate_hz / 200;
  // First longer (or shorter) by the factor at the same pitch, then played that much faster.
  const auto stretched_size = static_cast<size_t>(std::ceil(static_cast<float>(sound.size()) * factor)) + 2;
  std::vector<float> stretched(stretched_size + static_cast<size_t>(2 * piece), 0.0f);
  int64_t expected = 0;
  for (size_t to = 0; to < stretched_size; to += static_cast<size_t>(piece)) {
    const auto wanted = static_cast<int64_t>(static_cast<float>(to) / factor);
    const int64_t from = to == 0 ? 0 : best_start(sound, wanted, expected, piece, reach);
    for (int i = 0; i < 2 * piece; ++i) {
      const int64_t k = from + i;
      if (k < 0 || k >= static_cast<int64_t>(sound.size())) continue;
      // A triangle: the two halves that overlap add up to one. The first piece begins at full level.
      const float ramp = static_cast<float>(i < piece ? i : 2 * piece - i) / static_cast<float>(piece);
      stretched[to + static_cast<size_t>(i)] +=
          (to == 0 && i < piece ? 1.0f : ramp) * sound[static_cast<size_t>(k)];
    }
    expected = from + piece;
  }
  std::vector<float> out(sound.size());
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = at(stretched, static_cast<double>(i) * static_cast<double>(factor));
  return out;
}

}  // namespace tadpole::samples
