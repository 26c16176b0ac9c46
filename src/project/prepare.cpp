// Samples to features, and features to a model's input and answers.
#include "project/prepare.h"

#include <algorithm>
#include <cstring>

#include "convert/tflite.h"
#include "data/files.h"
#include "onnx/onnx.h"

namespace tadpole::project {

namespace {
constexpr int kAnswerShards = 8;
}

Result<Prepared> prepare(const Project& project, Tools tools) {
  TADPOLE_TRY(data::Import read, read_data(project, tools));
  return prepare(project, std::move(read), false, tools);
}

Result<Prepared> prepare(const Project& project, data::Import read, bool variants, Tools tools) {
  const ProjectConfig& config = project.config();
  TADPOLE_TRY(features::FeatureBlock block, features::FeatureBlock::create(config.features));
  auto import = std::make_unique<const data::Import>(std::move(read));
  TADPOLE_TRY(std::unique_ptr<const Goal> goal, make_goal(config, import->data));
  TADPOLE_TRY(data::FeatureSet features,
              data::features_of(import->data, block, project.cache_folder(), tools.workers, tools.progress));
  std::unique_ptr<data::Variants> varied;
  if (variants) {
    varied = data::Variants::open(
        import->data, features, block,
        {config.augment, config.augment_image, config.augment_series, config.augment_stroke},
        project.cache_folder(), tools.progress);
  }
  return Prepared{std::move(import), std::move(block), std::move(features), std::move(varied),
                  std::move(goal)};
}

VariantKeeper::~VariantKeeper() {
  if (prepared_.variants == nullptr) return;
  const Result<void> kept = prepared_.variants->keep();
  if (!kept.ok())
    tools_.progress.say("The variants could not be kept for the next time: " + kept.error().detail);
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

Result<Answers> answer_samples(const ir::Graph& graph, const plan::Plan& plan, const Prepared& prepared,
                               std::span<const int> indices, Tools tools) {
  std::vector<std::vector<uint8_t>> each(indices.size());
  tools.workers.run(kAnswerShards, [&](int shard) {
    plan::Runner runner(plan);
    std::vector<uint8_t> output(static_cast<size_t>(plan.output_bytes()));
    for (size_t i = static_cast<size_t>(shard); i < indices.size() && !tools.progress.cancelled();
         i += kAnswerShards) {
      const std::vector<uint8_t> input =
          model_input(graph, prepared.block, prepared.features.plain_row(indices[i]));
      runner.reset();  // each recording is a sequence of its own
      runner.run(input, output);
      each[i] = prepared.goal->answer_bytes(graph, input, output);
    }
  });
  if (tools.progress.cancelled()) return Error{Code::cancelled, ""};
  Answers answers;
  for (const std::vector<uint8_t>& one : each)
    answers.bytes.insert(answers.bytes.end(), one.begin(), one.end());
  answers.numbers = prepared.goal->numbers(graph, answers.bytes);
  return answers;
}

Result<float> threshold_of(const ir::Graph& graph, const plan::Plan& plan, const Prepared& prepared,
                           Tools tools) {
  const std::vector<int> chosen = prepared.goal->threshold_samples();
  if (chosen.empty()) return 0.0f;
  TADPOLE_TRY(const Answers answers, answer_samples(graph, plan, prepared, chosen, tools));
  return prepared.goal->choose_threshold(answers.numbers);
}

Result<JudgedModel> judge_model(const ir::Graph& graph, const plan::Plan& plan, const Prepared& prepared,
                                samples::Side side, Tools tools) {
  JudgedModel model;
  TADPOLE_TRY(model.threshold, threshold_of(graph, plan, prepared, tools));
  const std::vector<int> indices = prepared.data().indices(side);
  TADPOLE_TRY(const Answers answers, answer_samples(graph, plan, prepared, indices, tools));
  TADPOLE_TRY(model.judged, prepared.goal->judge(answers.numbers, indices, model.threshold));
  return model;
}

int64_t outputs_in(const ir::Graph& graph) {
  if (graph.outputs.empty()) return 0;
  return ir::element_count(graph.tensors[static_cast<size_t>(graph.outputs[0])].shape);
}

Result<void> check_model_ends(const std::string& path, const ir::Graph& graph,
                              const features::FeatureBlock& block, int64_t outputs) {
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
  if (takes == block.size() && gives == outputs) return {};
  return Error{Code::input_size, path + ": takes " + std::to_string(takes) + " values and gives " +
                                     std::to_string(gives) + "; the features have " +
                                     std::to_string(block.size()) + " values, and " +
                                     std::to_string(outputs) + " answers are needed." + again};
}

Result<ir::Graph> read_model(const std::string& path) {
  TADPOLE_TRY(const std::vector<uint8_t> bytes, data::read_file(path));
  auto graph = onnx::looks_like_onnx(bytes) ? onnx::read_onnx(bytes) : convert::read_tflite(bytes);
  if (!graph.ok()) return Error{graph.error().code, path + ": " + graph.error().detail};
  return graph;
}

}  // namespace tadpole::project
