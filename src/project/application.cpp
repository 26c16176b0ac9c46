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

}  // namespace

Result<Application> make_application(const ProjectConfig& config, const features::FeatureBlock& block,
                                     const ir::Graph& graph, const std::vector<std::string>& labels,
                                     float threshold) {
  const ir::Tensor &input = end_of(graph, graph.inputs), &output = end_of(graph, graph.outputs);
  if (input.type != ir::DType::int8 || !input.quantisation || !output.quantisation) {
    return Error{Code::type_unsupported,
                 "model.tflite is a float model; the firmware needs int8. Make it again: tadpole quantise."};
  }
  const dsp::FeatureQuantiser quantiser = features::make_feature_quantiser(
      block.scale(), input.quantisation->scales[0], input.quantisation->zero_points[0]);
  Application application;
  if (task_of(config).listens) {
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
