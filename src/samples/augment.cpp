#include "samples/augment.h"

#include <cmath>
#include <cstdio>

#include "samples/augment_room.h"

namespace tadpole::samples {
namespace {

// Rounds half up and cuts to int16; floor of a float is exact on every machine.
int16_t to_pcm(float value) {
  return static_cast<int16_t>(std::clamp(static_cast<int>(std::floor(value + 0.5f)), -32768, 32767));
}

uint32_t bounded(size_t value) { return static_cast<uint32_t>(std::min<size_t>(value, UINT32_MAX)); }

// Third-order Hermite (Catmull-Rom) between p[1] and p[2]: flat enough below half the band, where speech is.
float interpolate(const float p[4], float t) {
  const float a = -0.5f * p[0] + 1.5f * p[1] - 1.5f * p[2] + 0.5f * p[3];
  const float b = p[0] - 2.5f * p[1] + 2.0f * p[2] - 0.5f * p[3];
  const float c = -0.5f * p[0] + 0.5f * p[2];
  return ((a * t + b) * t + c) * t + p[1];
}

// Where each output value lies in the input: 32 bits of whole values, 32 of fraction, so that no error adds
// up.
struct Warp {
  int64_t start, step;
};

Warp draw_warp(size_t length, int sample_rate_hz, const AugmentOptions& options, Rng& rng) {
  // Every number is drawn whether it is used or not: switching one change off leaves the others as they were.
  const float chance = rng.uniform();
  const float speed = rng.uniform(-options.speed_percent, options.speed_percent) / 100.0f;
  const int most = sample_rate_hz * std::max(0, options.shift_ms) / 1000;
  const int shift = static_cast<int>(rng.below(static_cast<uint32_t>(2 * most + 1))) - most;
  const bool changed = chance < options.speed_probability && options.speed_percent > 0;
  constexpr int64_t kOne = int64_t{1} << 32;
  const int64_t step =
      changed ? kOne + static_cast<int64_t>(static_cast<double>(speed) * static_cast<double>(kOne)) : kOne;
  // The middle of the clip stays in the middle, then the shift.
  const auto half = static_cast<int64_t>(length / 2);
  return {half * kOne - half * step - shift * step, step};
}

void warp(std::span<const int16_t> pcm, const Warp& how, float gain, std::vector<float>& out) {
  const auto length = static_cast<int64_t>(pcm.size());
  const auto at = [&](int64_t i) {
    return i >= 0 && i < length ? static_cast<float>(pcm[static_cast<size_t>(i)]) : 0.0f;
  };
  int64_t position = how.start;
  constexpr float kFraction = 1.0f / 4294967296.0f;
  for (float& value : out) {
    const int64_t i = position >> 32;
    const auto fraction = static_cast<uint32_t>(position);
    if (fraction == 0) {
      value = gain * at(i);
    } else {
      const float points[4] = {at(i - 1), at(i), at(i + 1), at(i + 2)};
      value = gain * interpolate(points, static_cast<float>(fraction) * kFraction);
    }
    position += how.step;
  }
}

// A random place of a random recording, and the recording.
struct Cut {
  std::span<const int16_t> from;
  size_t start = 0;
};

Cut draw_cut(const NoiseBank& noise, int length, Rng& rng) {
  uint64_t total = 0;
  for (const auto& stretch : noise) total += stretch.size();
  if (total == 0) return {};
  uint64_t place = rng.below(bounded(total));
  for (const auto& stretch : noise) {
    if (place < stretch.size()) {
      const size_t room =
          stretch.size() > static_cast<size_t>(length) ? stretch.size() - static_cast<size_t>(length) : 0;
      return {stretch, rng.below(bounded(room + 1))};
    }
    place -= stretch.size();
  }
  return {};
}

float energy_root(std::span<const float> signal) {
  double sum = 0;
  for (const float value : signal) sum += static_cast<double>(value) * static_cast<double>(value);
  return signal.empty() ? 0.0f : static_cast<float>(std::sqrt(sum / static_cast<double>(signal.size())));
}

// A stretch of another sound, and how loud it is heard.
struct Mixed {
  Cut cut;
  float volume = 0;

  float at(size_t i) const {
    return volume > 0 ? volume * static_cast<float>(cut.from[(cut.start + i) % cut.from.size()]) : 0.0f;
  }
};

Mixed mixed(const NoiseBank& bank, size_t length, bool heard, float snr_db, float level, Rng& rng) {
  Mixed mix{draw_cut(bank, static_cast<int>(length), rng)};
  if (!heard || mix.cut.from.empty()) return mix;
  const auto stretch =
      mix.cut.from.subspan(mix.cut.start, std::min(length, mix.cut.from.size() - mix.cut.start));
  const float its_level = root_mean_square(stretch);
  if (its_level > 0) mix.volume = level / its_level * amplitude_of_decibels(-snr_db);
  return mix;
}

// Another voice, another room.
std::vector<float> as_heard(std::vector<float> sound, int sample_rate_hz, const AugmentOptions& options,
                            Rng& rng) {
  const bool pitched = rng.uniform() < options.pitch_probability && options.pitch_percent > 0;
  const float pitch = 1 + rng.uniform(-options.pitch_percent, options.pitch_percent) / 100;
  const bool inside = rng.uniform() < options.room_probability;
  const Room room{rng.uniform(0, options.room_decay_ms_max), rng.uniform()};
  if (pitched) sound = change_pitch(sound, sample_rate_hz, pitch);
  if (inside) sound = reverberate(sound, sample_rate_hz, room, rng);
  return sound;
}

}  // namespace

std::string AugmentOptions::fingerprint() const {
  char text[480];
  std::snprintf(
      text, sizeof text,
      "augment 1: variants %d, seed %llu, shift %d ms, gain %.9g dB, speed %.9g %% (%.9g), noise "
      "%.9g at %.9g..%.9g dB, silence %.9g, pitch %.9g %% (%.9g), room %.9g up to %.9g ms, mix %.9g at "
      "%.9g..%.9g dB",
      variants, static_cast<unsigned long long>(seed), shift_ms, static_cast<double>(gain_db),
      static_cast<double>(speed_percent), static_cast<double>(speed_probability),
      static_cast<double>(noise_probability), static_cast<double>(noise_snr_low_db),
      static_cast<double>(noise_snr_high_db), static_cast<double>(silence_volume_max),
      static_cast<double>(pitch_percent), static_cast<double>(pitch_probability),
      static_cast<double>(room_probability), static_cast<double>(room_decay_ms_max),
      static_cast<double>(mix_probability), static_cast<double>(mix_snr_low_db),
      static_cast<double>(mix_snr_high_db));
  return text;
}

std::vector<int16_t> augment(std::span<const int16_t> pcm, int sample_rate_hz, const NoiseBank& noise,
                             const AugmentOptions& options, Rng& rng, const NoiseBank& others) {
  const Warp how = draw_warp(pcm.size(), sample_rate_hz, options, rng);
  const float gain = amplitude_of_decibels(rng.uniform(-options.gain_db, options.gain_db));
  const float chance = rng.uniform();
  const float snr_db = rng.uniform(options.noise_snr_low_db, options.noise_snr_high_db);
  std::vector<float> sound(pcm.size());
  warp(pcm, how, gain, sound);
  Rng voice = rng.fork("voice and room");
  sound = as_heard(std::move(sound), sample_rate_hz, options, voice);
  const Mixed background =
      mixed(noise, pcm.size(), chance < options.noise_probability, snr_db, energy_root(sound), rng);
  const bool mixes = voice.uniform() < options.mix_probability;
  const float mix_db = voice.uniform(options.mix_snr_low_db, options.mix_snr_high_db);
  const Mixed other = mixed(others, pcm.size(), mixes, mix_db, energy_root(sound), voice);
  std::vector<int16_t> out(pcm.size());
  for (size_t i = 0; i < out.size(); ++i) out[i] = to_pcm(sound[i] + background.at(i) + other.at(i));
  return out;
}

std::vector<int16_t> noise_clip(const NoiseBank& noise, int length, float volume, Rng& rng) {
  std::vector<int16_t> out(static_cast<size_t>(length), 0);
  const Cut cut = draw_cut(noise, length, rng);
  if (cut.from.empty()) return out;
  size_t at = cut.start;
  for (int16_t& value : out) {
    value = to_pcm(volume * static_cast<float>(cut.from[at]));
    if (++at == cut.from.size()) at = 0;
  }
  return out;
}

std::vector<int16_t> synthetic_noise(int length, float rms, Rng& rng) {
  std::vector<float> raw(static_cast<size_t>(length));
  float low = 0;
  for (float& value : raw) {
    const float white = rng.normal();
    low += 0.05f * (white - low);  // one pole at about 130 Hz for 16 kHz: rooms hum more than they hiss
    value = 4.0f * low + 0.3f * white;
  }
  const float level = energy_root(raw);
  std::vector<int16_t> out(raw.size());
  for (size_t i = 0; i < out.size(); ++i) out[i] = to_pcm(level > 0 ? raw[i] * rms / level : 0.0f);
  return out;
}

float amplitude_of_decibels(float decibels) {
  // 10^(d/20) = 2^(d * log2(10) / 20): whole part by the exponent, the rest (within 0.5) by its Taylor
  // series.
  const double exponent = std::clamp(static_cast<double>(decibels), -120.0, 120.0) * 0.16609640474436813;
  const double whole = std::floor(exponent + 0.5);
  const double x = (exponent - whole) * 0.6931471805599453;
  double sum = 1, term = 1;
  for (int i = 1; i <= 10; ++i) {
    term *= x / i;
    sum += term;
  }
  return static_cast<float>(std::ldexp(sum, static_cast<int>(whole)));
}

float root_mean_square(std::span<const int16_t> pcm) {
  int64_t sum = 0;
  for (const int16_t value : pcm) sum += static_cast<int64_t>(value) * value;
  return pcm.empty()
             ? 0.0f
             : static_cast<float>(std::sqrt(static_cast<double>(sum) / static_cast<double>(pcm.size())));
}

}  // namespace tadpole::samples
