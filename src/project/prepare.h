// What every step starts from: the recordings with their sides, the feature block and the features. Private
// to this room.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "data/feature_cache.h"
#include "data/speech_folder.h"
#include "features/feature_block.h"
#include "plan/plan.h"
#include "project/pipeline.h"

namespace tadpole::project {

struct Prepared {
  data::Import import;
  features::FeatureBlock block;
  data::FeatureSet features;

  const samples::Dataset& data() const { return import.data; }
};

/// Reads the recordings and computes their features, or takes them from the cache.
/// `variants`: with the augmented copies of the training side.
Result<Prepared> prepare(const Project& project, bool variants, Tools tools);

/// Feature values as the floats that a float model sees.
void to_floats(std::span<const int16_t> features, float scale, std::span<float> out);

/// Raw scores of a model, float or int8, for samples `indices`: row-major [indices, classes], as the floats
/// that the output tensor stands for. `bytes`, when given, receives the output bytes as they are. Runs on
/// this computer, in parallel.
Result<std::vector<float>> score_samples(const ir::Graph& graph, const plan::Plan& plan,
                                         const Prepared& prepared, std::span<const int> indices, Tools tools,
                                         std::vector<uint8_t>* bytes = nullptr);

/// The model's input for one clip's features: floats for a float model, int8 for an int8 one.
std::vector<uint8_t> model_input(const ir::Graph& graph, const features::FeatureBlock& block,
                                 std::span<const int16_t> features);

/// Output bytes of a model as real numbers.
std::vector<float> real_scores(const ir::Graph& graph, std::span<const uint8_t> output);

/// Reads a .tflite or ONNX file; the message names it.
Result<ir::Graph> read_model(const std::string& path);

/// Whether a model takes the features of `block` and answers with `classes` scores, in float or int8: a file
/// in a run may have been damaged or replaced. Fails: type_unsupported, input_size, naming `path`.
Result<void> check_speech_model(const std::string& path, const ir::Graph& graph,
                                const features::FeatureBlock& block, size_t classes);

}  // namespace tadpole::project
