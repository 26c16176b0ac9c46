// A model that listens to a long recording on this computer exactly as the firmware does: the same features,
// the same moments, the same spotter. Private to this room.
#pragma once

#include <vector>

#include "device/app/spotter.h"
#include "evaluate/stream.h"
#include "project/prepare.h"

namespace tadpole::project {

/// One inference in a stream.
struct Heard {
  int64_t time_ms = 0;         ///< since the begin of the stream
  std::vector<int8_t> scores;  ///< scale 1/256, zero point -128
};

/// Every inference that the firmware would make while it hears `pcm`, with the scores of `graph` (float
/// scores are rounded to int8). In parallel. Fails: cancelled.
Result<std::vector<Heard>> listen(const ir::Graph& graph, const plan::Plan& plan,
                                  const features::FeatureBlock& block, const app::SpotterConfig& spotter,
                                  std::span<const int16_t> pcm, Tools tools);

/// What the firmware's spotter announces of these inferences.
std::vector<metrics::Detection> spot(std::span<const Heard> heard, const app::SpotterConfig& spotter);

/// The spotter's settings for a project's labels.
app::SpotterConfig spotter_of(const ProjectConfig& config, const std::vector<std::string>& labels);

}  // namespace tadpole::project
