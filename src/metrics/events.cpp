#include "metrics/events.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <tuple>

#include "metrics/ranking.h"

namespace tadpole::metrics {
namespace {

struct Window {
  size_t event;
  int label;
  int64_t from_ms, to_ms;
  bool hit = false;

  bool holds(int64_t time_ms) const { return from_ms <= time_ms && time_ms <= to_ms; }
};

/// The windows of events, earliest deadline first: that order makes a maximum matching of points and
/// intervals.
std::vector<Window> windows_of(std::span<const Event> events, const MatchOptions& options) {
  std::vector<Window> windows;
  windows.reserve(events.size());
  for (size_t i = 0; i < events.size(); ++i) {
    windows.push_back(
        {i, events[i].label, events[i].start_ms - options.early_ms, events[i].end_ms + options.late_ms});
  }
  std::stable_sort(windows.begin(), windows.end(),
                   [](const Window& a, const Window& b) { return a.to_ms < b.to_ms; });
  return windows;
}

std::optional<Delay> delay_of(std::span<const Event> events, const Matching& matching) {
  std::vector<float> delays;
  for (size_t i = 0; i < events.size(); ++i) {
    if (matching.heard_ms[i]) delays.push_back(static_cast<float>(*matching.heard_ms[i] - events[i].end_ms));
  }
  if (delays.empty()) return std::nullopt;
  return Delay{static_cast<double>(quantile(delays, 0.5)), static_cast<double>(quantile(delays, 0.95)),
               static_cast<double>(*std::max_element(delays.begin(), delays.end()))};
}

}  // namespace

std::optional<double> EventScore::false_accepts_per_hour() const {
  if (!(seconds > 0)) return std::nullopt;
  return static_cast<double>(false_accepts) * 3600.0 / seconds;
}

std::optional<double> EventScore::false_reject_rate() const {
  if (events == 0) return std::nullopt;
  return static_cast<double>(misses) / static_cast<double>(events);
}

Matching match_events(std::span<const Event> events, std::span<const Detection> detections,
                      const MatchOptions& options) {
  std::vector<Window> windows = windows_of(events, options);
  std::vector<size_t> order(detections.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return detections[a].time_ms < detections[b].time_ms; });

  Matching matching{std::vector<std::optional<int64_t>>(events.size()),
                    std::vector<Verdict>(detections.size(), Verdict::false_accept)};
  std::map<int, int64_t> last_false_ms;  // of each label
  for (const size_t index : order) {
    const Detection& detection = detections[index];
    Verdict& verdict = matching.verdicts[index];
    Window* free = nullptr;
    for (Window& window : windows) {
      if (!window.holds(detection.time_ms)) continue;
      if (window.label != detection.label) {
        if (verdict == Verdict::false_accept) verdict = Verdict::wrong_word;
      } else if (window.hit) {
        verdict = Verdict::repeat;
      } else {
        free = &window;
        break;
      }
    }
    if (free != nullptr) {
      free->hit = true;
      matching.heard_ms[free->event] = detection.time_ms;
      verdict = Verdict::hit;
    }
    if (verdict == Verdict::hit || verdict == Verdict::repeat) continue;
    const auto last = last_false_ms.find(detection.label);
    if (last != last_false_ms.end() && detection.time_ms - last->second <= options.debounce_ms) {
      verdict = Verdict::debounced;
    } else {
      last_false_ms[detection.label] = detection.time_ms;
    }
  }
  return matching;
}

EventScore score_events(std::span<const Event> events, std::span<const Detection> detections, double seconds,
                        const MatchOptions& options) {
  const Matching matching = match_events(events, detections, options);
  const auto count = [&](Verdict wanted) {
    return static_cast<int64_t>(std::count(matching.verdicts.begin(), matching.verdicts.end(), wanted));
  };
  EventScore score;
  score.events = static_cast<int64_t>(events.size());
  score.seconds = seconds;
  score.hits = count(Verdict::hit);
  score.misses = score.events - score.hits;
  score.wrong_words = count(Verdict::wrong_word);
  score.false_accepts = count(Verdict::false_accept) + score.wrong_words;
  score.repeats = count(Verdict::repeat);
  score.debounced = count(Verdict::debounced);
  score.delay = delay_of(events, matching);
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
