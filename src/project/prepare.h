// What every step starts from: the samples with their sides, the feature block, the features and the goal.
// Private to this room.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "data/feature_cache.h"
#include "data/speech_folder.h"
#include "data/variants.h"
#include "features/feature_block.h"
#include "plan/plan.h"
#include "project/goal.h"
#include "project/pipeline.h"

namespace tadpole::project {

struct Prepared {
  std::unique_ptr<const data::Import> import;  ///< the goal looks at it
  features::FeatureBlock block;
  data::FeatureSet features;
  std::unique_ptr<data::Variants> variants;  ///< of the training side; null where nothing is trained
  std::unique_ptr<const Goal> goal;

  const samples::Dataset& data() const { return import->data; }
  /// Of the network: [1, height, width, channels].
  ir::Shape input_shape() const {
    const auto [height, width, channels] = block.shape();
    return {1, height, width, channels};
  }
};

/// Computes the features of samples that were read, or takes them from the cache. `variants`: for training,
/// with varied copies of the training side, which are made when they are needed.
Result<Prepared> prepare(const Project& project, data::Import import, bool variants, Tools tools);

/// Reads the samples too, for a project whose settings are measured already.
Result<Prepared> prepare(const Project& project, Tools tools);

/// Puts the variants that trainings made into the cache for the next one, whatever way a step is left; says
/// so when it cannot. `prepared` must outlive it, and examples of it must not.
class VariantKeeper {
 public:
  VariantKeeper(const Prepared& prepared, Tools tools) : prepared_(prepared), tools_(tools) {}
  VariantKeeper(const VariantKeeper&) = delete;
  VariantKeeper& operator=(const VariantKeeper&) = delete;
  ~VariantKeeper();

 private:
  const Prepared& prepared_;
  Tools tools_;
};

/// Fills the settings of `config` that are measured on the training side where the user left them open: axes,
/// rate and normalisation of series. Fails: as features::fit_normalisation,.
Result<void> measure_settings(const samples::Dataset& data, ProjectConfig& config);

/// Feature values as the floats that a float model sees.
void to_floats(std::span<const int16_t> features, float scale, std::span<float> out);

/// What a model answers for samples `indices`, on this computer, in parallel.
struct Answers {
  std::vector<uint8_t> bytes;  ///< as a board sends them, [indices, ...]
  std::vector<float> numbers;  ///< [indices, Goal::answer_size]
};
Result<Answers> answer_samples(const ir::Graph& graph, const plan::Plan& plan, const Prepared& prepared,
                               std::span<const int> indices, Tools tools);

/// The threshold that a model chooses by itself; 0 where there is none to choose.
Result<float> threshold_of(const ir::Graph& graph, const plan::Plan& plan, const Prepared& prepared,
                           Tools tools);

/// A model judged on a side, with the threshold that it chooses by itself.
struct JudgedModel {
  Judged judged;
  float threshold = 0;
};
Result<JudgedModel> judge_model(const ir::Graph& graph, const plan::Plan& plan, const Prepared& prepared,
                                samples::Side side, Tools tools);

/// The model's input for one sample's features: floats for a float model, int8 for an int8 one.
std::vector<uint8_t> model_input(const ir::Graph& graph, const features::FeatureBlock& block,
                                 std::span<const int16_t> features);

/// Reads a .tflite or ONNX file; the message names it.
Result<ir::Graph> read_model(const std::string& path);

/// Values in the model's first output; 0 without one.
int64_t outputs_in(const ir::Graph& graph);

/// Whether a model takes the features of `block` and answers with `outputs` values, in float or int8: a file
/// in a run may have been damaged or replaced. Fails: type_unsupported, input_size, naming `path`.
Result<void> check_model_ends(const std::string& path, const ir::Graph& graph,
                              const features::FeatureBlock& block, int64_t outputs);

}  // namespace tadpole::project
