// How well a detector hears words in a long recording: hits, misses and false accepts, and how they trade by
// threshold. In: what was really said and what was detected, both with times in milliseconds. Out: counts and
// rates.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"

namespace tadpole::metrics {

/// A word that was really said: its class and the stretch of time it filled.
struct Event {
  int label = 0;
  int64_t start_ms = 0, end_ms = 0;

  bool operator==(const Event&) const = default;
};

/// An answer of the detector: which word, when it was announced, and with what score.
struct Detection {
  int label = 0;
  int64_t time_ms = 0;
  float score = 0;

  bool operator==(const Detection&) const = default;
};

/// When a detection belongs to a word, and when it is only the echo of a false one. The defaults are those of
/// MLPerf Tiny's streaming wake word (mlcommons/tiny, benchmark/runner/README.md, "Streaming Test"): from the
/// word's start to a second after its end, and false accepts within a second count as one.
struct MatchOptions {
  int64_t early_ms = 0;        ///< before start_ms
  int64_t late_ms = 1000;      ///< after end_ms
  int64_t debounce_ms = 1000;  ///< after a false accept of the same label
};

/// What a detection turned out to be.
enum class Verdict : uint8_t { hit, repeat, false_accept, wrong_word, debounced };

/// Who belongs to whom.
struct Matching {
  std::vector<std::optional<int64_t>> heard_ms;  ///< of each event: when its hit came; nothing when missed
  std::vector<Verdict> verdicts;                 ///< of each detection
};

/// Matches detections with events of the same label, each with at most one, so that hits are as many as
/// possible (in the order of time, each detection takes the fitting event that ends first). Ends are
/// inclusive. Input needs no order. Cost: O(events * detections).
Matching match_events(std::span<const Event> events, std::span<const Detection> detections,
                      const MatchOptions& options = {});

/// How long after the end of a word its detection comes: below 0 while the word is still being said.
struct Delay {
  double median_ms = 0;
  double percentile_95_ms = 0;
  double largest_ms = 0;
};

/// The counts of one run.
struct EventScore {
  int64_t events = 0;          ///< words that were said = hits + misses
  int64_t hits = 0;            ///< words that were detected
  int64_t misses = 0;          ///< words that were not (false rejects)
  int64_t false_accepts = 0;   ///< detections with no word of that label near, wrong words among them
  int64_t wrong_words = 0;     ///< of the false accepts: those while another listed word was said
  int64_t repeats = 0;         ///< further detections of a word that was hit already: no false accepts
  int64_t debounced = 0;       ///< echoes of false accepts, counted with the first of them
  std::optional<Delay> delay;  ///< of the hits; nothing without
  double seconds = 0;          ///< length of the recording

  /// Nothing when the recording has no length.
  std::optional<double> false_accepts_per_hour() const;
  /// misses / events; nothing when nothing was said.
  std::optional<double> false_reject_rate() const;
};

/// The counts of match_events.
EventScore score_events(std::span<const Event> events, std::span<const Detection> detections, double seconds,
                        const MatchOptions& options = {});

/// One point of the curve of false accepts against misses.
struct ThresholdPoint {
  float threshold = 0;
  EventScore score;
};

/// Runs the detector once for each threshold and scores it. It is run again, not filtered, since a detector
/// that suppresses repeats answers differently after each answer; it should keep the posteriors between
/// calls. Fails with the detector's own error.
using DetectAt = std::function<Result<std::vector<Detection>>(float threshold)>;
Result<std::vector<ThresholdPoint>> sweep_thresholds(std::span<const float> thresholds,
                                                     const DetectAt& detect, std::span<const Event> events,
                                                     double seconds, const MatchOptions& options = {});

/// The point with the fewest misses among those with at most `false_accepts_per_hour`; of equals the one with
/// fewer false accepts, then the higher threshold. When none is quiet enough, the quietest. Nothing when the
/// curve is empty.
std::optional<ThresholdPoint> choose_threshold(std::span<const ThresholdPoint> curve,
                                               double false_accepts_per_hour);

}  // namespace tadpole::metrics
