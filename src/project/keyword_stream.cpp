#include "project/keyword_stream.h"

#include <algorithm>

#include "project/listening.h"

namespace tadpole::project {

namespace {
constexpr double kRecordingSeconds = 60;
constexpr float kThresholdStep = 0.05f;
constexpr double kWantedFalseAcceptsPerHour = 60;
}  // namespace

Result<StreamTest> test_stream(const HostModels& host, const ProjectConfig& config,
                               board::VirtualBoard& machine, Tools tools) {
  const features::FeatureBlock& block = host.prepared.block;
  const float threshold = config.deploy.threshold;
  const app::SpotterConfig own = spotter_of(config, host.prepared.data().classes);
  TADPOLE_TRY(
      const evaluate::Recording recording,
      evaluate::build_recording(host.prepared.data(), {.sample_rate_hz = block.config().sample_rate_hz,
                                                       .seconds = kRecordingSeconds}));
  TADPOLE_TRY(const auto in_int8, listen(host.graph, host.plan, block, own, recording.pcm, tools));
  TADPOLE_TRY(const auto in_float,
              listen(host.float_graph, host.float_plan, block, own, recording.pcm, tools));
  const int64_t total = static_cast<int64_t>(recording.pcm.size());
  TADPOLE_TRY(const auto on_board, machine.stream(recording.pcm, true, [&](int64_t done) {
    tools.progress.report("stream to the board", static_cast<long>(done), static_cast<long>(total), "");
    return !tools.progress.cancelled();
  }));

  const auto detector_of = [&](const std::vector<Heard>& heard) {
    return [&](const evaluate::Recording&, float at) -> Result<std::vector<metrics::Detection>> {
      app::SpotterConfig spotter = own;
      spotter.threshold = static_cast<int32_t>(at * 255 + 0.5f);
      return spot(heard, spotter);
    };
  };
  std::vector<float> thresholds;
  for (float at = kThresholdStep; at < 1; at += kThresholdStep) thresholds.push_back(at);
  thresholds.insert(std::lower_bound(thresholds.begin(), thresholds.end(), threshold), threshold);
  TADPOLE_TRY(const auto curve, evaluate::evaluate_stream(recording, thresholds, detector_of(in_int8),
                                                          kWantedFalseAcceptsPerHour));
  TADPOLE_TRY(const auto float_score, evaluate::score_stream(recording, threshold, detector_of(in_float)));
  TADPOLE_TRY(const auto int8_score, evaluate::score_stream(recording, threshold, detector_of(in_int8)));
  std::vector<metrics::Detection> announced;
  StreamTest result;
  result.equals_host = on_board.size() == in_int8.size();
  for (size_t i = 0; i < on_board.size(); ++i) {
    if (on_board[i].detection >= 0) announced.push_back({on_board[i].detection, on_board[i].time_ms, 0});
    result.equals_host = result.equals_host && on_board[i].time_ms == in_int8[i].time_ms &&
                         on_board[i].scores == in_int8[i].scores;
  }
  const metrics::EventScore board_score =
      metrics::score_events(recording.events, announced, recording.seconds());
  result.section = evaluate::to_json(curve);
  result.section["chosen_threshold"] = threshold;
  result.section["float"] = evaluate::to_json(float_score);
  result.section["int8"] = evaluate::to_json(int8_score);
  result.section["board"] = evaluate::to_json(board_score);
  result.section["board_equals_host"] = result.equals_host;
  return result;
}

}  // namespace tadpole::project
