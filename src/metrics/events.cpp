#include "metrics/events.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace tadpole::metrics {
namespace {

struct Window {
  int label;
  int64_t from_ms, to_ms;
  bool hit = false;

  bool holds(int64_t time_ms) const { return from_ms <= time_ms && time_ms <= to_ms; }
};

}  // namespace

std::optional<double> EventScore::false_accepts_per_hour() const {
  if (!(seconds > 0)) return std::nullopt;
  return static_cast<double>(false_accepts) * 3600.0 / seconds;
}

std::optional<double> EventScore::false_reject_rate() const {
  if (events == 0) return std::nullopt;
  return static_cast<double>(misses) / static_cast<double>(events);
}

EventScore score_events(std::span<const Event> events, std::span<const Detection> detections, double seconds,
                        const MatchOptions& options) {
  std::vector<Window> windows;
  windows.reserve(events.size());
  for (const Event& event : events) {
    windows.push_back({event.label, event.start_ms - options.early_ms, event.end_ms + options.late_ms});
  }
  // Earliest deadline first is a maximum matching for points and intervals.
  std::stable_sort(windows.begin(), windows.end(),
                   [](const Window& a, const Window& b) { return a.to_ms < b.to_ms; });
  std::vector<Detection> ordered(detections.begin(), detections.end());
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Detection& a, const Detection& b) { return a.time_ms < b.time_ms; });

  EventScore score;
  score.events = static_cast<int64_t>(events.size());
  score.seconds = seconds;
  for (const Detection& detection : ordered) {
    Window* free = nullptr;
    bool repeat = false, other_word = false;
    for (Window& window : windows) {
      if (!window.holds(detection.time_ms)) continue;
      if (window.label != detection.label) {
        other_word = true;
      } else if (window.hit) {
        repeat = true;
      } else {
        free = &window;
        break;
      }
    }
    if (free != nullptr) {
      free->hit = true;
      ++score.hits;
    } else if (repeat) {
      ++score.repeats;
    } else {
      ++score.false_accepts;
      score.wrong_words += other_word;
    }
  }
  score.misses = score.events - score.hits;
  return score;
}

Result<std::vector<ThresholdPoint>> sweep_thresholds(std::span<const float> thresholds,
                                                     const DetectAt& detect, std::span<const Event> events,
                                                     double seconds, const MatchOptions& options) {
  std::vector<ThresholdPoint> curve;
  curve.reserve(thresholds.size());
  for (const float threshold : thresholds) {
    TADPOLE_TRY(const std::vector<Detection> detections, detect(threshold));
    curve.push_back({threshold, score_events(events, detections, seconds, options)});
  }
  return curve;
}

std::optional<ThresholdPoint> choose_threshold(std::span<const ThresholdPoint> curve,
                                               double false_accepts_per_hour) {
  std::optional<ThresholdPoint> best;
  const auto cost = [&](const ThresholdPoint& point) {
    const double per_hour =
        point.score.false_accepts_per_hour().value_or(std::numeric_limits<double>::infinity());
    const bool loud = per_hour > false_accepts_per_hour;
    const double misses = static_cast<double>(point.score.misses);
    // Too loud: only quietness counts. Quiet enough: misses count first.
    return std::tuple(loud, loud ? per_hour : misses, loud ? misses : per_hour,
                      -static_cast<double>(point.threshold));
  };
  for (const ThresholdPoint& point : curve) {
    if (!best || cost(point) < cost(*best)) best = point;
  }
  return best;
}

}  // namespace tadpole::metrics
