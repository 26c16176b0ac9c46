#include "data/starter_sound.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <span>

#include "samples/augment.h"

namespace tadpole::data {
namespace {

using samples::amplitude_of_decibels;

// Without what is below 1 % of the peak at both ends, 10 ms are kept around it.
std::vector<float> trimmed(const samples::Audio& audio) {
  int peak = 0;
  for (const int16_t value : audio.pcm) peak = std::max(peak, std::abs(static_cast<int>(value)));
  const auto loud = [&](int16_t value) { return std::abs(static_cast<int>(value)) * 100 > peak; };
  const auto first = std::find_if(audio.pcm.begin(), audio.pcm.end(), loud);
  const auto last = std::find_if(audio.pcm.rbegin(), audio.pcm.rend(), loud).base();
  if (first >= last) return {};
  const long margin = audio.sample_rate_hz / 100;
  const auto from = std::max(audio.pcm.begin(), first - std::min(margin, first - audio.pcm.begin()));
  const auto to = last + std::min(margin, audio.pcm.end() - last);
  return {from, to};
}

// A sparse impulse response: a direct sound and echoes that fade by 60 dB within `reverberation_s`.
std::vector<float> with_echoes(std::span<const float> dry, int rate, Rng& rng) {
  const float reverberation_s = rng.uniform(0.1f, 0.35f);
  const float wet = amplitude_of_decibels(rng.uniform(-26, -12));
  std::vector<float> out(dry.begin(), dry.end());
  constexpr int kEchoes = 48;
  for (int i = 0; i < kEchoes; ++i) {
    const float delay_s =
        0.003f + reverberation_s * static_cast<float>(i) / kEchoes * (0.5f + 0.5f * rng.uniform());
    const float level =
        wet * amplitude_of_decibels(-60 * delay_s / reverberation_s) * (rng.below(2) == 0 ? 1.0f : -1.0f);
    const auto delay = static_cast<size_t>(delay_s * static_cast<float>(rate));
    for (size_t at = delay; at < out.size(); ++at) out[at] += level * dry[at - delay];
  }
  return out;
}

// A cheap microphone: a little of the lowest and of the highest tones is missing.
void through_a_microphone(std::vector<float>& sound, Rng& rng) {
  const float low_cut = rng.uniform(0.01f, 0.06f), high_cut = rng.uniform(0.5f, 1.0f);
  float slow = 0, smooth = 0;
  for (float& value : sound) {
    slow += low_cut * (value - slow);
    smooth += high_cut * (value - slow - smooth);
    value = smooth;
  }
}

// Noise that falls by about 3 dB an octave: the mean of generators each of which changes half as often as the
// one before. Source: Voss's algorithm, described by Gardner, "White and brown music", Scientific American,
// April 1978.
std::vector<float> pink(size_t length, Rng& rng) {
  constexpr size_t kOctaves = 12;
  std::array<float, kOctaves> held{};
  std::vector<float> out(length);
  for (size_t i = 0; i < length; ++i) {
    float sum = rng.normal();
    for (size_t octave = 0; octave < kOctaves; ++octave) {
      if (i % (size_t{1} << octave) == 0) held[octave] = rng.normal();
      sum += held[octave];
    }
    out[i] = sum;
  }
  return out;
}

std::vector<float> brown(size_t length, Rng& rng) {
  std::vector<float> out(length);
  float level = 0;
  for (float& value : out) {
    level = 0.998f * level + rng.normal();
    value = level;
  }
  return out;
}

// Mains at 50 Hz with its odd harmonics, and hiss.
std::vector<float> hum(size_t length, int rate, Rng& rng) {
  std::vector<float> out(length);
  std::array<float, 5> levels{};
  for (size_t i = 0; i < levels.size(); ++i) levels[i] = rng.uniform(0.2f, 1.0f) / static_cast<float>(i + 1);
  for (size_t at = 0; at < length; ++at) {
    float value = 0.2f * rng.normal();
    for (size_t i = 0; i < levels.size(); ++i) {
      const double turns = 50.0 * static_cast<double>(2 * i + 1) * static_cast<double>(at) / rate;
      value += levels[i] * static_cast<float>(std::sin(2 * std::numbers::pi * (turns - std::floor(turns))));
    }
    out[at] = value;
  }
  return out;
}

// Air: low-passed noise whose level sways slowly, as blades turn.
std::vector<float> fan(size_t length, int rate, Rng& rng) {
  std::vector<float> out(length);
  float low = 0, sway = 0;
  for (size_t at = 0; at < length; ++at) {
    if (at % static_cast<size_t>(rate / 20) == 0) sway = 0.8f * sway + 0.2f * rng.normal();
    const float white = rng.normal();
    low += 0.2f * (white - low);
    out[at] = (1.0f + 0.5f * sway) * (low + 0.1f * white);
  }
  return out;
}

std::vector<float> noise_of(std::string_view kind, size_t length, int rate, Rng& rng) {
  if (kind == "pink_noise") return pink(length, rng);
  if (kind == "brown_noise") return brown(length, rng);
  if (kind == "mains_hum") return hum(length, rate, rng);
  return fan(length, rate, rng);
}

float level_of(std::span<const float> sound) {
  double sum = 0;
  for (const float value : sound) sum += static_cast<double>(value) * static_cast<double>(value);
  return static_cast<float>(std::sqrt(sum / static_cast<double>(std::max<size_t>(1, sound.size()))));
}

int16_t to_pcm(float value) {
  return static_cast<int16_t>(std::clamp(std::round(value), -32768.0f, 32767.0f));
}

}  // namespace

std::vector<std::string_view> noise_kinds() { return {"pink_noise", "brown_noise", "mains_hum", "fan"}; }

samples::Audio in_a_room(const samples::Audio& speech, Rng& rng) {
  const auto clip = static_cast<size_t>(speech.sample_rate_hz);
  std::vector<float> word = trimmed(speech);
  if (word.size() > clip) word.resize(clip);
  std::vector<float> sound(clip, 0.0f);
  const size_t start = rng.below(static_cast<uint32_t>(clip - word.size() + 1));
  std::copy(word.begin(), word.end(), sound.begin() + static_cast<long>(start));
  const float word_level = level_of(word);
  sound = with_echoes(sound, speech.sample_rate_hz, rng);

  const auto kinds = noise_kinds();
  const std::vector<float> noise =
      noise_of(kinds[rng.below(static_cast<uint32_t>(kinds.size()))], clip, speech.sample_rate_hz, rng);
  const float noise_gain =
      word_level / std::max(1e-6f, level_of(noise)) * amplitude_of_decibels(-rng.uniform(12, 40));
  for (size_t i = 0; i < clip; ++i) sound[i] += noise_gain * noise[i];
  through_a_microphone(sound, rng);

  float peak = 1;
  for (const float value : sound) peak = std::max(peak, std::abs(value));
  const float gain = 32767.0f / peak * amplitude_of_decibels(rng.uniform(-20, -2));
  samples::Audio out{speech.sample_rate_hz, std::vector<int16_t>(clip)};
  for (size_t i = 0; i < clip; ++i) out.pcm[i] = to_pcm(gain * sound[i]);
  return out;
}

samples::Audio background_noise(std::string_view kind, int seconds, int sample_rate_hz, Rng& rng) {
  const auto length = static_cast<size_t>(seconds) * static_cast<size_t>(sample_rate_hz);
  const std::vector<float> noise = noise_of(kind, length, sample_rate_hz, rng);
  const float gain = 32768.0f * amplitude_of_decibels(-32) / level_of(noise);
  samples::Audio out{sample_rate_hz, std::vector<int16_t>(length)};
  for (size_t i = 0; i < length; ++i) out.pcm[i] = to_pcm(gain * noise[i]);
  return out;
}

}  // namespace tadpole::data
