#include "evaluate/stream.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/rng.h"
#include "evaluate/groups.h"

namespace tadpole::evaluate {
namespace {

constexpr int kFrameMs = 10;  // of spoken_part and of the fades
constexpr int kGainBits = 15;

double mean_square(std::span<const int16_t> pcm) {
  if (pcm.empty()) return 0;
  int64_t sum = 0;  // 2^30 a sample: room for 2^33 samples
  for (const int16_t value : pcm) sum += static_cast<int64_t>(value) * value;
  return static_cast<double>(sum) / static_cast<double>(pcm.size());
}

int16_t clamp16(int64_t value) { return static_cast<int16_t>(std::clamp<int64_t>(value, -32768, 32767)); }

int64_t to_ms(size_t samples, int rate) { return static_cast<int64_t>(samples) * 1000 / rate; }

size_t to_samples(int64_t ms, int rate) { return static_cast<size_t>(ms * rate / 1000); }

Result<void> check(const StreamOptions& o) {
  const auto bad = [](const std::string& what) { return Error{Code::evaluate_no_words, what}; };
  if (o.sample_rate_hz < 1000 || o.sample_rate_hz > 192000) {
    return bad("the long recording's sample rate is " + std::to_string(o.sample_rate_hz) +
               " Hz; 1000 to 192000 are possible.");
  }
  if (!(o.seconds > 0 && o.seconds <= 7200)) {
    return bad("the long recording's length is " + std::to_string(o.seconds) +
               " s; more than 0 and at most 7200 are possible.");
  }
  if (o.min_gap_ms < 0 || o.max_gap_ms < o.min_gap_ms || o.max_gap_ms > 600000) {
    return bad("the gaps between words are " + std::to_string(o.min_gap_ms) + " to " +
               std::to_string(o.max_gap_ms) + " ms; both must be 0 to 600000, in this order.");
  }
  if (!(o.distractor_share >= 0 && o.distractor_share <= 1)) {
    return bad("the share of other words is " + std::to_string(o.distractor_share) +
               "; 0 to 1 are possible.");
  }
  if (!(o.signal_to_noise_db >= -20 && o.signal_to_noise_db <= 90)) {
    return bad("the signal-to-noise ratio is " + std::to_string(o.signal_to_noise_db) +
               " dB; -20 to 90 are possible.");
  }
  return {};
}

/// Hands out clips in a shuffled order and shuffles anew when all were used.
class Deck {
 public:
  Deck(std::span<const StreamClip> clips, Rng rng) : clips_(clips), rng_(rng), order_(clips.size()) {
    std::iota(order_.begin(), order_.end(), size_t{0});
  }
  bool empty() const { return clips_.empty(); }
  const StreamClip& draw() {
    if (next_ == 0) rng_.shuffle(std::span<size_t>(order_));
    const StreamClip& clip = clips_[order_[next_]];
    next_ = (next_ + 1) % order_.size();
    return clip;
  }

 private:
  std::span<const StreamClip> clips_;
  Rng rng_;
  std::vector<size_t> order_;
  size_t next_ = 0;
};

/// Noise end to end, at mean square `wanted`. Integer gain, so that a last bit of libm cannot change the
/// recording.
void lay_noise(Recording& recording, std::span<const std::span<const int16_t>> noise, double wanted,
               Rng rng) {
  std::vector<int16_t> bed;
  for (const auto stretch : noise) {
    if (bed.size() >= recording.pcm.size()) break;
    bed.insert(bed.end(), stretch.begin(), stretch.end());
  }
  double power = mean_square(bed);
  if (power == 0) {
    recording.noise_is_made_up = true;
    bed.resize(recording.pcm.size());
    for (int16_t& value : bed) value = clamp16(std::lround(4096 * rng.normal()));
    power = mean_square(bed);
  }
  const int64_t gain = std::llround(std::sqrt(wanted / power) * (1 << kGainBits));
  size_t at = noise.size() > 1 || bed.empty() ? 0 : rng.below(static_cast<uint32_t>(bed.size()));
  for (int16_t& value : recording.pcm) {
    value = clamp16((bed[at] * gain) >> kGainBits);
    if (++at == bed.size()) at = 0;
  }
}

void mix_in(std::span<int16_t> target, std::span<const int16_t> clip, int rate) {
  const int64_t fade = std::max<int64_t>(
      1, std::min<int64_t>(to_samples(kFrameMs, rate), static_cast<int64_t>(clip.size()) / 2));
  const int64_t n = static_cast<int64_t>(clip.size());
  for (int64_t i = 0; i < n; ++i) {
    const int64_t weight = std::min<int64_t>({fade, i + 1, n - i});
    target[i] = clamp16(target[i] + clip[i] * weight / fade);
  }
}

double mean_power(std::span<const StreamClip> clips, int rate) {
  double sum = 0;
  for (const StreamClip& clip : clips) {
    const auto [from, to] = spoken_part(clip.pcm, rate);
    sum += mean_square(clip.pcm.subspan(from, to - from));
  }
  return clips.empty() ? 0 : sum / static_cast<double>(clips.size());
}

}  // namespace

std::pair<size_t, size_t> spoken_part(std::span<const int16_t> pcm, int sample_rate_hz) {
  const size_t frame = std::max<size_t>(1, to_samples(kFrameMs, sample_rate_hz));
  const size_t frames = pcm.size() / frame;
  double loudest = 0;
  for (size_t f = 0; f < frames; ++f) {
    loudest = std::max(loudest, mean_square(pcm.subspan(f * frame, frame)));
  }
  if (loudest == 0) return {0, pcm.size()};
  size_t first = frames, last = 0;
  for (size_t f = 0; f < frames; ++f) {
    if (mean_square(pcm.subspan(f * frame, frame)) * 100 < loudest) continue;  // 20 dB are 100 in power
    first = std::min(first, f);
    last = f;
  }
  return {first * frame, (last + 1) * frame};
}

Result<Recording> build_recording(std::span<const StreamClip> words, std::span<const StreamClip> distractors,
                                  std::span<const std::span<const int16_t>> noise,
                                  const StreamOptions& options) {
  TADPOLE_CHECK(check(options));
  if (words.empty()) {
    return Error{Code::evaluate_no_words, "there is no recording of a word to listen for."};
  }
  const int rate = options.sample_rate_hz;
  Recording recording;
  recording.sample_rate_hz = rate;
  recording.pcm.resize(static_cast<size_t>(options.seconds * rate));

  const Rng seed(options.seed);
  double power = mean_power(words, rate);
  if (power == 0) power = 1e6;  // silent clips: noise at the loudness it would have beside ordinary speech
  lay_noise(recording, noise, power * std::pow(10.0, -options.signal_to_noise_db / 10), seed.fork("noise"));

  Deck word_deck(words, seed.fork("words")), other_deck(distractors, seed.fork("distractors"));
  Rng rng = seed.fork("gaps");
  size_t at = 0;
  while (true) {
    const uint32_t spread = static_cast<uint32_t>(options.max_gap_ms - options.min_gap_ms) + 1;
    at += to_samples(options.min_gap_ms + rng.below(spread), rate);
    const bool other = rng.uniform() < options.distractor_share && !other_deck.empty();
    const StreamClip& clip = other ? other_deck.draw() : word_deck.draw();
    // A gap follows the last clip too: its detection may come late and must still be heard.
    const size_t rest = to_samples(options.min_gap_ms, rate);
    if (at + clip.pcm.size() + rest > recording.pcm.size()) break;
    mix_in(std::span(recording.pcm).subspan(at, clip.pcm.size()), clip.pcm, rate);
    const auto [from, to] = spoken_part(clip.pcm, rate);
    const metrics::Event event{clip.label, to_ms(at + from, rate), to_ms(at + to, rate)};
    (other ? recording.distractors : recording.events).push_back(event);
    if (!other) recording.groups.emplace_back(clip.group);
    at += std::max<size_t>(1, clip.pcm.size());  // an empty clip with no gap must not stop the time
  }
  if (recording.events.empty()) {
    return Error{Code::evaluate_no_words, "a recording of " + std::to_string(options.seconds) +
                                              " s has no room for a single word; make it longer."};
  }
  return recording;
}

Result<Recording> build_recording(const samples::Dataset& data, const StreamOptions& options,
                                  samples::Side wanted) {
  std::vector<StreamClip> words, distractors;
  std::vector<std::span<const int16_t>> noise;
  const auto fits = [&](const samples::Sample& sample, samples::Side side) {
    return side == wanted && sample.signal && !sample.audio().pcm.empty() &&
           sample.audio().sample_rate_hz == options.sample_rate_hz;
  };
  for (size_t i = 0; i < data.samples.size(); ++i) {
    if (!fits(data.samples[i], data.side[i]) || data.target[i] == samples::kSilence) continue;
    const StreamClip clip{data.target[i], data.samples[i].audio().pcm, data.samples[i].group};
    (clip.label == data.class_index(samples::kUnknownName) ? distractors : words).push_back(clip);
  }
  for (size_t i = 0; i < data.noise.size(); ++i) {
    if (fits(data.noise[i], data.noise_side[i])) noise.push_back(data.noise[i].audio().pcm);
  }
  if (words.empty()) {
    return Error{Code::evaluate_no_words, "the " + std::string(samples::side_name(wanted)) +
                                              " side holds no recording of a word to listen for."};
  }
  return build_recording(words, distractors, noise, options);
}

Result<std::vector<metrics::Detection>> feed_in_pieces(const Recording& recording, int piece_ms,
                                                       const Feed& feed) {
  const size_t piece = std::max<size_t>(1, to_samples(std::max(1, piece_ms), recording.sample_rate_hz));
  std::vector<metrics::Detection> all;
  const std::span<const int16_t> pcm = recording.pcm;
  for (size_t at = 0; at < pcm.size(); at += piece) {
    TADPOLE_TRY(const auto heard, feed(pcm.subspan(at, std::min(piece, pcm.size() - at))));
    all.insert(all.end(), heard.begin(), heard.end());
  }
  return all;
}

Result<StreamResult> evaluate_stream(const Recording& recording, std::span<const float> thresholds,
                                     const Detector& detector, double max_false_accepts_per_hour,
                                     const metrics::MatchOptions& match) {
  StreamResult result;
  result.seconds = recording.seconds();
  result.events = static_cast<int64_t>(recording.events.size());
  const auto at = [&](float threshold) { return detector(recording, threshold); };
  TADPOLE_TRY(result.curve,
              metrics::sweep_thresholds(thresholds, at, recording.events, result.seconds, match));
  const auto chosen = metrics::choose_threshold(result.curve, max_false_accepts_per_hour);
  if (!chosen) return Error{Code::evaluate_bad_scores, "no threshold was given to try."};
  result.chosen = *chosen;
  return result;
}

Result<metrics::EventScore> score_stream(const Recording& recording, float threshold,
                                         const Detector& detector, const metrics::MatchOptions& match) {
  TADPOLE_TRY(const auto heard, detector(recording, threshold));
  return metrics::score_events(recording.events, heard, recording.seconds(), match);
}

nlohmann::json heard_by_group(const Recording& recording, std::span<const metrics::Detection> heard,
                              const metrics::MatchOptions& match) {
  const metrics::Matching matching = metrics::match_events(recording.events, heard, match);
  std::vector<double> hits;
  for (const auto& heard_ms : matching.heard_ms) hits.push_back(heard_ms ? 1 : 0);
  return group_table("words heard", recording.groups, hits);
}

nlohmann::json to_json(const metrics::EventScore& score) {
  nlohmann::json out = {{"events", score.events},
                        {"hits", score.hits},
                        {"misses", score.misses},
                        {"false_accepts", score.false_accepts},
                        {"wrong_words", score.wrong_words},
                        {"repeats", score.repeats},
                        {"debounced", score.debounced},
                        {"delay", nullptr},
                        {"false_accepts_per_hour", nullptr},
                        {"false_reject_rate", nullptr}};
  if (const auto rate = score.false_accepts_per_hour()) out["false_accepts_per_hour"] = *rate;
  if (const auto rate = score.false_reject_rate()) out["false_reject_rate"] = *rate;
  if (score.delay) {
    out["delay"] = {{"median_ms", score.delay->median_ms},
                    {"percentile_95_ms", score.delay->percentile_95_ms},
                    {"largest_ms", score.delay->largest_ms}};
  }
  return out;
}

nlohmann::json to_json(const StreamResult& result) {
  nlohmann::json curve = nlohmann::json::array();
  for (const metrics::ThresholdPoint& point : result.curve) {
    const nlohmann::json score = to_json(point.score);
    curve.push_back({{"threshold", point.threshold},
                     {"false_accepts_per_hour", score["false_accepts_per_hour"]},
                     {"false_reject_rate", score["false_reject_rate"]}});
  }
  return {{"seconds", result.seconds},
          {"events", result.events},
          {"curve", std::move(curve)},
          {"chosen_threshold", result.chosen.threshold}};
}

}  // namespace tadpole::evaluate
