// Recordings to features, and features to a model's input and scores.
#include "project/prepare.h"

#include <algorithm>
#include <cstring>

#include "convert/tflite.h"
#include "data/files.h"
#include "onnx/onnx.h"

namespace tadpole::project {

namespace {
constexpr int kScoreShards = 8;
}

Result<data::Import> read_data(const Project& project, Tools tools) {
  const ProjectConfig& config = project.config();
  data::FolderOptions options;
  options.words = config.data.classes;
  options.sample_rate_hz = config.features.sample_rate_hz;
  options.clip_ms = config.features.clip_ms;
  options.split = config.data.split;
  options.skip_bad = config.data.skip_bad;
  return data::read_speech_folder(project.data_folder(), options, tools.workers, tools.progress);
}

Result<Prepared> prepare(const Project& project, bool variants, Tools tools) {
  const ProjectConfig& config = project.config();
  TADPOLE_TRY(features::FeatureBlock block, features::FeatureBlock::create(config.features));
  TADPOLE_TRY(data::Import import, read_data(project, tools));
  samples::AugmentOptions augment = config.augment;
  if (!variants) augment.variants = 0;
  TADPOLE_TRY(
      data::FeatureSet features,
      data::features_of(import.data, block, augment, project.cache_folder(), tools.workers, tools.progress));
  return Prepared{std::move(import), std::move(block), std::move(features)};
}

void to_floats(std::span<const int16_t> features, float scale, std::span<float> out) {
  for (size_t i = 0; i < features.size(); ++i) out[i] = static_cast<float>(features[i]) * scale;
}

std::vector<uint8_t> model_input(const ir::Graph& graph, const features::FeatureBlock& block,
                                 std::span<const int16_t> features) {
  const ir::Tensor& input = graph.tensors[static_cast<size_t>(graph.inputs[0])];
  if (input.type == ir::DType::int8) {
    const std::vector<int8_t> values = features::quantise_features(
        features, block.scale(), input.quantisation->scales[0], input.quantisation->zero_points[0]);
    return {reinterpret_cast<const uint8_t*>(values.data()),
            reinterpret_cast<const uint8_t*>(values.data()) + values.size()};
  }
  std::vector<float> values(features.size());
  to_floats(features, block.scale(), values);
  std::vector<uint8_t> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::vector<float> real_scores(const ir::Graph& graph, std::span<const uint8_t> output) {
  const ir::Tensor& tensor = graph.tensors[static_cast<size_t>(graph.outputs[0])];
  std::vector<float> scores;
  if (tensor.type == ir::DType::int8) {
    for (const uint8_t byte : output) {
      scores.push_back(tensor.quantisation->scales[0] *
                       static_cast<float>(static_cast<int8_t>(byte) - tensor.quantisation->zero_points[0]));
    }
  } else {
    scores.resize(output.size() / sizeof(float));
    std::memcpy(scores.data(), output.data(), scores.size() * sizeof(float));
  }
  return scores;
}

Result<std::vector<float>> score_samples(const ir::Graph& graph, const plan::Plan& plan,
                                         const Prepared& prepared, std::span<const int> indices, Tools tools,
                                         std::vector<uint8_t>* bytes) {
  const size_t row = static_cast<size_t>(plan.output_bytes());
  std::vector<uint8_t> outputs(indices.size() * row);
  tools.workers.run(kScoreShards, [&](int shard) {
    plan::Runner runner(plan);
    for (size_t i = static_cast<size_t>(shard); i < indices.size() && !tools.progress.cancelled();
         i += kScoreShards) {
      runner.run(model_input(graph, prepared.block, prepared.features.plain_row(indices[i])),
                 std::span(outputs).subspan(i * row, row));
    }
  });
  if (tools.progress.cancelled()) return Error{Code::cancelled, ""};
  std::vector<float> scores = real_scores(graph, outputs);
  if (bytes != nullptr) *bytes = std::move(outputs);
  return scores;
}

Result<void> check_speech_model(const std::string& path, const ir::Graph& graph,
                                const features::FeatureBlock& block, size_t classes) {
  const std::string again = " Make it again: tadpole train, tadpole quantise.";
  if (graph.inputs.size() != 1 || graph.outputs.size() != 1) {
    return Error{Code::input_size, path + ": has " + std::to_string(graph.inputs.size()) + " inputs and " +
                                       std::to_string(graph.outputs.size()) + " outputs; needs one of each." +
                                       again};
  }
  const ir::Tensor& input = graph.tensors[static_cast<size_t>(graph.inputs[0])];
  const ir::Tensor& output = graph.tensors[static_cast<size_t>(graph.outputs[0])];
  for (const ir::Tensor* tensor : {&input, &output}) {
    const bool int8 = tensor->type == ir::DType::int8 && tensor->quantisation.has_value();
    if (tensor->type == input.type && (int8 || tensor->type == ir::DType::float32)) continue;
    return Error{Code::type_unsupported, path + ": tensor '" + tensor->name + "' is of type " +
                                             std::string(ir::to_string(tensor->type)) +
                                             "; needs float32 throughout, or int8 with a scale." + again};
  }
  const int64_t takes = ir::element_count(input.shape), gives = ir::element_count(output.shape);
  if (takes == block.size() && gives == static_cast<int64_t>(classes)) return {};
  return Error{Code::input_size, path + ": takes " + std::to_string(takes) + " values and gives " +
                                     std::to_string(gives) + " scores; the features have " +
                                     std::to_string(block.size()) + " values, and there are " +
                                     std::to_string(classes) + " classes." + again};
}

Result<ir::Graph> read_model(const std::string& path) {
  TADPOLE_TRY(const std::vector<uint8_t> bytes, data::read_file(path));
  auto graph = onnx::looks_like_onnx(bytes) ? onnx::read_onnx(bytes) : convert::read_tflite(bytes);
  if (!graph.ok()) return Error{graph.error().code, path + ": " + graph.error().detail};
  return graph;
}

}  // namespace tadpole::project
