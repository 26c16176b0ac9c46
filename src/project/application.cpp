#include "project/application.h"

#include <algorithm>
#include <cmath>

#include "project/listening.h"
#include "project/task.h"

namespace tadpole::project {

namespace {

const ir::Tensor& end_of(const ir::Graph& graph, const std::vector<int>& ends) {
  return graph.tensors[static_cast<size_t>(ends[0])];
}

app::SenseKind sense_of(features::SignalKind kind) {
  switch (kind) {
    case features::SignalKind::audio:
      return app::kSound;
    case features::SignalKind::image:
      return app::kImage;
    case features::SignalKind::series:
      return app::kSeries;
    case features::SignalKind::stroke:
      break;
  }
  return app::kStroke;
}

/// Kind and sizes of the samples that the block takes.
app::SignalParts parts_of(const features::FeatureBlock& block, const features::DeviceConstants& constants) {
  app::SignalParts parts{};
  parts.kind = sense_of(block.kind());
  if (block.kind() == features::SignalKind::series)
    parts.rate_hz = static_cast<uint32_t>(std::lround(std::max(block.config().rate_hz, 0.0f)));
  parts.sample_bytes = constants.sample_bytes;
  parts.clip_samples = constants.clip_samples;
  parts.fewest_samples = constants.fewest_samples;
  parts.stride_samples = constants.clip_samples;
  parts.feature_count = static_cast<uint32_t>(block.size());
  parts.part_features = parts.feature_count / std::max(constants.rows, 1u);
  return parts;
}

/// Fails: config_bad_value.
Result<uint32_t> wake_every_us(const ProjectConfig& config, const app::SignalParts& parts) {
  const int64_t every_ms = config.deploy.wake_every_ms;
  if (every_ms == 0) return 0u;
  if (parts.rate_hz == 0) {
    return Error{Code::config_bad_value,
                 "[deploy] wake_every_ms = " + std::to_string(every_ms) + ": task \"" + config.task +
                     "\" has no windows in time to sleep between. Take the setting out."};
  }
  const int64_t window_ms = int64_t{parts.clip_samples} * 1000 / parts.rate_hz;
  if (every_ms > window_ms) return static_cast<uint32_t>(every_ms * 1000);
  return Error{Code::config_bad_value, "[deploy] wake_every_ms = " + std::to_string(every_ms) +
                                           ": a window of samples takes " + std::to_string(window_ms) +
                                           " ms; needs more than that, or 0 for no sleep."};
}

}  // namespace

Result<Application> make_application(const ProjectConfig& config, const features::FeatureBlock& block,
                                     const ir::Graph& graph, const std::vector<std::string>& labels,
                                     float threshold, const ModelGate* gate) {
  const ir::Tensor &input = end_of(graph, graph.inputs), &output = end_of(graph, graph.outputs);
  if (input.type != ir::DType::int8 || !input.quantisation || !output.quantisation) {
    return Error{Code::type_unsupported,
                 "model.tflite is a float model; the firmware needs int8. Make it again: tadpole quantise."};
  }
  const dsp::FeatureQuantiser quantiser = features::make_feature_quantiser(
      block.scale(), input.quantisation->scales[0], input.quantisation->zero_points[0]);
  Application application;
  if (task_of(config).listens) {
    TADPOLE_TRY([[maybe_unused]] const uint32_t never, wake_every_us(config, {}));
    application.speech = codegen::SpeechApplication{block.device(), block.device_constants(), quantiser,
                                                    spotter_of(config, labels), labels};
    return application;
  }
  const features::DeviceConstants constants = block.device_constants();
  app::SignalParts parts = parts_of(block, constants);
  if (task_of(config).goal == GoalKind::anomalies) {
    parts.answer = app::kAnomaly;
    parts.scale = {input.quantisation->scales[0], output.quantisation->scales[0],
                   input.quantisation->zero_points[0], output.quantisation->zero_points[0]};
    parts.threshold = threshold;
  }
  application.signal = codegen::SignalApplication{constants, parts, quantiser, labels};
  if (gate != nullptr) application.signal->gate = gate->gate.view();
  TADPOLE_TRY(application.signal->wake_every_us, wake_every_us(config, parts));
  return application;
}

Result<std::vector<uint8_t>> answer_on_board(board::VirtualBoard& machine,
                                             const features::FeatureBlock& block,
                                             const samples::Signal& signal) {
  if (block.kind() == features::SignalKind::audio)
    return machine.classify(block.clip_of(std::get<samples::Audio>(signal).pcm));
  return machine.answer(block.sensor_bytes(signal));
}

}  // namespace tadpole::project
