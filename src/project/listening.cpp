// The firmware's listening loop on the host, over a whole recording at once.
#include "project/listening.h"

#include <algorithm>
#include <cmath>

namespace tadpole::project {

namespace {

constexpr int kShards = 8;

/// The int8 with scale 1/256 and zero point -128 that is nearest to a probability.
int8_t posterior(float probability) {
  return static_cast<int8_t>(std::clamp(std::lround(probability * 256.0f) - 128, -128L, 127L));
}

std::vector<int8_t> posteriors(const ir::Graph& graph, std::span<const uint8_t> output) {
  std::vector<int8_t> scores;
  for (const float score : real_values(graph.tensors[static_cast<size_t>(graph.outputs[0])], output))
    scores.push_back(posterior(score));
  return scores;
}

}  // namespace

app::SpotterConfig spotter_of(const ProjectConfig& config, const std::vector<std::string>& labels) {
  const auto first_word = std::find_if(labels.begin(), labels.end(), [](const std::string& label) {
    return label != samples::kSilenceName && label != samples::kUnknownName;
  });
  app::SpotterConfig spotter{};
  spotter.labels = static_cast<int32_t>(labels.size());
  spotter.first_keyword = static_cast<int32_t>(first_word - labels.begin());
  spotter.average_window_ms = config.deploy.average_window_ms;
  spotter.minimum_count = config.deploy.minimum_count;
  spotter.minimum_span_ms = config.deploy.minimum_span_ms;
  spotter.suppression_ms = config.deploy.suppression_ms;
  spotter.threshold = static_cast<int32_t>(std::lround(config.deploy.threshold * 255));
  spotter.inference_stride_frames =
      std::max(1, config.deploy.inference_stride_ms / config.features.stride_ms);
  return spotter;
}

Result<std::vector<Heard>> listen(const ir::Graph& graph, const plan::Plan& plan,
                                  const features::FeatureBlock& block, const app::SpotterConfig& spotter,
                                  std::span<const int16_t> pcm, Tools tools) {
  const dsp::SpeechFeatures& speech = block.device();
  const int64_t window = dsp::extracted_samples(speech);
  const int64_t stride = int64_t{speech.stride_samples} * spotter.inference_stride_frames;
  const int64_t total = static_cast<int64_t>(pcm.size());
  const int64_t count = total < window ? 0 : 1 + (total - window) / stride;
  std::vector<Heard> heard(static_cast<size_t>(count));
  const std::vector<int16_t> rows = block.extract_stream(pcm);
  const size_t columns = static_cast<size_t>(speech.values_per_frame);
  tools.workers.run(kShards, [&](int shard) {
    plan::Runner runner(plan);
    std::vector<uint8_t> output(static_cast<size_t>(plan.output_bytes()));
    for (int64_t i = shard; i < count && !tools.progress.cancelled(); i += kShards) {
      const size_t first = static_cast<size_t>(i * spotter.inference_stride_frames);
      const std::span<const int16_t> seen =
          std::span(rows).subspan(first * columns, static_cast<size_t>(speech.frames) * columns);
      runner.run(model_input(graph, block, seen), output);
      const int64_t end = window + i * stride;
      heard[static_cast<size_t>(i)] = {end * 1000 / speech.sample_rate_hz, posteriors(graph, output)};
    }
  });
  if (tools.progress.cancelled()) return Error{Code::cancelled, ""};
  return heard;
}

std::vector<metrics::Detection> spot(std::span<const Heard> heard, const app::SpotterConfig& config) {
  std::vector<uint8_t> history(app::kSpotterResults * static_cast<size_t>(config.labels));
  app::Spotter spotter;
  spotter.init(&config, history.data());
  std::vector<metrics::Detection> detections;
  for (const Heard& one : heard) {
    const int32_t label = spotter.push(static_cast<uint32_t>(one.time_ms), one.scores.data());
    if (label != app::kNothing)
      detections.push_back({label, one.time_ms, static_cast<float>(spotter.average(label)) / 255.0f});
  }
  return detections;
}

}  // namespace tadpole::project
