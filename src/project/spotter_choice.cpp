#include "project/spotter_choice.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace tadpole::project {

namespace {

constexpr std::array<int, 9> kResults = {1, 2, 3, 4, 5, 6, 8, 10, 12};
constexpr int kLowest = 26, kHighest = 254, kStep = 2;  // of 255
constexpr size_t kNeighbours = 2;                       // on either side
constexpr int64_t kSameMs = 1000;                       // as metrics::MatchOptions::debounce_ms

/// The threshold with the least mean cost around it, the highest of equals.
size_t cheapest(std::span<const double> costs) {
  size_t best = 0;
  double least = 0;
  for (size_t i = 0; i < costs.size(); ++i) {
    const size_t from = i < kNeighbours ? 0 : i - kNeighbours,
                 to = std::min(costs.size(), i + kNeighbours + 1);
    double mean = 0;
    for (size_t j = from; j < to; ++j) mean += costs[j] / static_cast<double>(to - from);
    if (i == 0 || mean <= least) best = i, least = mean;
  }
  return best;
}

bool false_accept(metrics::Verdict verdict) {
  return verdict == metrics::Verdict::false_accept || verdict == metrics::Verdict::wrong_word;
}

/// False accepts of `one` that `other` does not make within kSameMs.
int64_t ghosts_of_one(std::span<const metrics::Detection> one, const metrics::Matching& first,
                      std::span<const metrics::Detection> other, const metrics::Matching& second) {
  int64_t count = 0;
  for (size_t i = 0; i < one.size(); ++i) {
    if (!false_accept(first.verdicts[i])) continue;
    bool shared = false;
    for (size_t j = 0; j < other.size(); ++j) {
      shared |= false_accept(second.verdicts[j]) && other[j].label == one[i].label &&
                std::abs(other[j].time_ms - one[i].time_ms) <= kSameMs;
    }
    count += !shared;
  }
  return count;
}

}  // namespace

double cost_per_hour(const ThresholdConfig& costs, const metrics::EventScore& score) {
  const double hours = score.seconds / 3600;
  if (!(hours > 0)) return 0;
  const double events = costs.events_per_hour > 0 ? static_cast<double>(costs.events_per_hour)
                                                  : static_cast<double>(score.events) / hours;
  return static_cast<double>(costs.miss_cost) * score.false_reject_rate().value_or(0) * events +
         static_cast<double>(costs.false_accept_cost) * static_cast<double>(score.false_accepts) / hours;
}

double cost_difference_error(const ThresholdConfig& costs, const evaluate::Recording& recording,
                             std::span<const metrics::Detection> one,
                             std::span<const metrics::Detection> other) {
  const double hours = recording.seconds() / 3600, events = static_cast<double>(recording.events.size());
  if (!(hours > 0) || events == 0) return 0;
  const metrics::Matching first = metrics::match_events(recording.events, one);
  const metrics::Matching second = metrics::match_events(recording.events, other);
  double words = 0;                        // variance of the difference in hits
  std::map<std::string, double> speakers;  // of each: hits of one more than of the other
  for (size_t i = 0; i < recording.events.size(); ++i) {
    const int more = first.heard_ms[i].has_value() - second.heard_ms[i].has_value();
    if (i < recording.groups.size() && !recording.groups[i].empty()) {
      speakers[recording.groups[i]] += more;
    } else {
      words += more * more;
    }
  }
  for (const auto& [name, more] : speakers) words += more * more;
  const double ghosts = static_cast<double>(ghosts_of_one(one, first, other, second) +
                                            ghosts_of_one(other, second, one, first));
  const double rate = costs.events_per_hour > 0 ? static_cast<double>(costs.events_per_hour) : events / hours;
  return std::hypot(static_cast<double>(costs.miss_cost) * rate * std::sqrt(words) / events,
                    static_cast<double>(costs.false_accept_cost) * std::sqrt(ghosts) / hours);
}

DeployConfig with_choice(DeployConfig deploy, const SpotterChoice& choice, int stride_ms) {
  deploy.threshold = std::round(static_cast<float>(choice.threshold) / 255 * 1000) / 1000;
  deploy.minimum_count = choice.results;
  deploy.minimum_span_ms = (choice.results - 1) * stride_ms;
  // Half a stride more, since the times of inferences are rounded to milliseconds.
  deploy.average_window_ms = deploy.minimum_span_ms + std::max(1, stride_ms / 2);
  return deploy;
}

std::vector<metrics::ThresholdPoint> curve_of(std::span<const Heard> heard,
                                              const evaluate::Recording& recording,
                                              app::SpotterConfig spotter) {
  std::vector<metrics::ThresholdPoint> curve;
  for (int threshold = kLowest; threshold <= kHighest; threshold += kStep) {
    spotter.threshold = threshold;
    curve.push_back({static_cast<float>(threshold) / 255,
                     metrics::score_events(recording.events, spot(heard, spotter), recording.seconds())});
  }
  return curve;
}

Result<SpotterChoice> choose_spotter(std::span<const Heard> heard, const evaluate::Recording& recording,
                                     const ProjectConfig& config, const std::vector<std::string>& labels,
                                     Tools tools) {
  const int stride_ms = spotter_of(config, labels).inference_stride_frames * config.features.stride_ms;
  std::array<SpotterChoice, kResults.size()> choices;
  tools.workers.run(static_cast<int>(kResults.size()), [&](int shard) {
    if (tools.progress.cancelled()) return;
    SpotterChoice& choice = choices[static_cast<size_t>(shard)];
    choice.results = kResults[static_cast<size_t>(shard)];
    ProjectConfig tried = config;
    tried.deploy = with_choice(config.deploy, choice, stride_ms);
    const auto curve = curve_of(heard, recording, spotter_of(tried, labels));
    std::vector<double> costs;
    for (const metrics::ThresholdPoint& point : curve)
      costs.push_back(cost_per_hour(config.threshold, point.score));
    const size_t best = cheapest(costs);
    choice.threshold = kLowest + kStep * static_cast<int>(best);
    choice.score = curve[best].score;
    choice.cost_per_hour = costs[best];
    choice.as_cheap =
        std::count_if(costs.begin(), costs.end(), [&](double cost) { return cost <= costs[best]; });
  });
  if (tools.progress.cancelled()) return Error{Code::cancelled, ""};
  return *std::min_element(
      choices.begin(), choices.end(), [](const SpotterChoice& a, const SpotterChoice& b) {
        return std::pair(a.cost_per_hour, -a.as_cheap) < std::pair(b.cost_per_hour, -b.as_cheap);
      });
}

}  // namespace tadpole::project
