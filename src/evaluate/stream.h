// A long test recording with known words, and how well a detector hears them in it.
// In: word clips and noise of the test side. Out: 16-bit PCM with its true events; false accepts per hour and
// misses.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "metrics/events.h"
#include "samples/dataset.h"

namespace tadpole::evaluate {

/// One clip to place: its class, its sound, all at one sample rate, and who said it. Owns nothing.
struct StreamClip {
  int label = 0;
  std::span<const int16_t> pcm;
  std::string_view group = {};
};

struct StreamOptions {
  uint64_t seed = 1;
  int sample_rate_hz = 16000;  ///< of every clip, of the noise and of the result
  double seconds = 180;        ///< length of the recording, (0, 7200]
  int min_gap_ms = 1500;       ///< silence (noise only) between two clips, at least
  int max_gap_ms = 4500;       ///< and at most
  double distractor_share =
      0.4;  ///< of the clips, how many are other words that must not be answered, [0, 1]
  double signal_to_noise_db = 20;  ///< mean loudness of the clips above the noise's, [-20, 90]
};

/// The recording and what is truly in it.
struct Recording {
  int sample_rate_hz = 16000;
  std::vector<int16_t> pcm;
  std::vector<metrics::Event> events;       ///< the words to detect, in order of time
  std::vector<std::string> groups;          ///< of each of them: who said it; "" when that is not known
  std::vector<metrics::Event> distractors;  ///< other words; answering one is a false accept
  bool noise_is_made_up = false;            ///< no noise was given: seeded white noise was used

  double seconds() const { return static_cast<double>(pcm.size()) / sample_rate_hz; }
};

/// The stretch of a clip in which someone speaks: from the first to the last 10 ms frame within 20 dB of the
/// loudest one, in samples [first, second). The whole clip when it is silent or shorter than a frame.
std::pair<size_t, size_t> spoken_part(std::span<const int16_t> pcm, int sample_rate_hz);

/// Words and distractors at random gaps over a bed of noise. Every clip is used once before one is used
/// twice; clips fade in and out over 10 ms, so that their edges do not click; events hold the spoken part of
/// each clip. The same inputs and seed give the same recording. noise: stretches that are joined end to end
/// and repeated; empty -> quiet white noise. Fails: Code::evaluate_no_words without words (or without room
/// for one), or when an option is outside its range. Cost: O(seconds) time and memory.
Result<Recording> build_recording(std::span<const StreamClip> words, std::span<const StreamClip> distractors,
                                  std::span<const std::span<const int16_t>> noise,
                                  const StreamOptions& options);

/// The same from one side of a data set: its words, samples of "unknown" as distractors, its noise.
/// Samples of silence and of another rate than options.sample_rate_hz are left out.
Result<Recording> build_recording(const samples::Dataset& data, const StreamOptions& options,
                                  samples::Side side = samples::Side::test);

/// A detector: what it announces in the whole recording at a threshold. Called once for each threshold; it
/// should keep what does not depend on the threshold (features, posteriors).
using Detector = std::function<Result<std::vector<metrics::Detection>>(const Recording&, float threshold)>;

/// Feeds the recording to `feed` in pieces of piece_ms, as a microphone would, and collects what it
/// announces. The last piece may be shorter. piece_ms < 1 counts as 1.
using Feed = std::function<Result<std::vector<metrics::Detection>>(std::span<const int16_t> piece)>;
Result<std::vector<metrics::Detection>> feed_in_pieces(const Recording& recording, int piece_ms,
                                                       const Feed& feed);

/// The curve over thresholds and the score at the chosen one.
struct StreamResult {
  double seconds = 0;
  int64_t events = 0;
  std::vector<metrics::ThresholdPoint> curve;
  metrics::ThresholdPoint chosen;
};

/// Runs the detector at each threshold and chooses the one with the fewest misses among those with at most
/// max_false_accepts_per_hour. Fails with the detector's error; Code::evaluate_bad_scores when thresholds is
/// empty.
Result<StreamResult> evaluate_stream(const Recording& recording, std::span<const float> thresholds,
                                     const Detector& detector, double max_false_accepts_per_hour,
                                     const metrics::MatchOptions& match = {});

/// Runs the detector once, at the threshold that is built in: for the int8 model and the board beside the
/// float model.
Result<metrics::EventScore> score_stream(const Recording& recording, float threshold,
                                         const Detector& detector, const metrics::MatchOptions& match = {});

/// How many of each group's words were heard, as group_table; null when fewer than two groups are known.
nlohmann::json heard_by_group(const Recording& recording, std::span<const metrics::Detection> heard,
                              const metrics::MatchOptions& match = {});

/// The object under stream.float, .int8 and .board of report.json.
nlohmann::json to_json(const metrics::EventScore& score);
/// The keys seconds, events, curve and chosen_threshold of stream in report.json.
nlohmann::json to_json(const StreamResult& result);

}  // namespace tadpole::evaluate
