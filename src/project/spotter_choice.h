// Chooses by what mistakes cost when a word counts as heard: over how many answers the scores are averaged,
// and from which average on. Private to this room.
#pragma once

#include <vector>

#include "project/listening.h"

namespace tadpole::project {

/// What an hour of these mistakes costs: misses at the rate at which words come (costs.events_per_hour; 0 =
/// as in the recording), and false accepts.
double cost_per_hour(const ThresholdConfig& costs, const metrics::EventScore& score);

/// How far the difference between the costs of two spotters on the same recording is known: its standard
/// error, an hour. Only what one of them did and the other did not counts (McNemar 1947). The words of one
/// speaker are one observation, since they are cuts of the same few recordings (cluster-robust variance,
/// Liang and Zeger 1986); false accepts are rare events, each on its own.
double cost_difference_error(const ThresholdConfig& costs, const evaluate::Recording& recording,
                             std::span<const metrics::Detection> one,
                             std::span<const metrics::Detection> other);

/// The spotter that averages over `results` inferences and answers from that average on.
struct SpotterChoice {
  int results = 1;
  int threshold = 0;          ///< of 255, as on the board
  metrics::EventScore score;  ///< on the recording that it was chosen on
  double cost_per_hour = 0;
  int64_t as_cheap = 0;  ///< thresholds that cost no more with this average: how little it matters which
};

/// `deploy` with the settings that make the spotter of a choice. stride_ms: from one inference to the next.
DeployConfig with_choice(DeployConfig deploy, const SpotterChoice& choice, int stride_ms);

/// Tries averages of 1 to 12 inferences at 115 thresholds each, and takes the cheapest. A threshold's cost is
/// averaged with that of its neighbours, so that none is chosen for one lucky recording; of equals the
/// average with most thresholds that cost no more, and the highest of its thresholds. In parallel. Fails:
/// cancelled.
Result<SpotterChoice> choose_spotter(std::span<const Heard> heard, const evaluate::Recording& recording,
                                     const ProjectConfig& config, const std::vector<std::string>& labels,
                                     Tools tools);

/// Misses against false accepts of one spotter at all thresholds, ascending.
std::vector<metrics::ThresholdPoint> curve_of(std::span<const Heard> heard,
                                              const evaluate::Recording& recording,
                                              app::SpotterConfig spotter);

}  // namespace tadpole::project
