#include "project/pretrained.h"

#include "base/text.h"
#include "convert/tflite.h"
#include "quantise/weights.h"

namespace tadpole::project {

namespace {

constexpr std::string_view kSpeech = "speech_1";

/// The features that recipes/speech_embedding trains on.
void speech_features(features::FeatureConfig& config) {
  config = features::default_config("mfcc");
  config.high_hz = 7600;
}

}  // namespace

std::vector<std::string_view> pretrained_names() {
  std::vector<std::string_view> names;
  for (const PretrainedBytes& model : pretrained_bytes()) names.push_back(model.name);
  return names;
}

bool is_pretrained(std::string_view name) {
  for (const PretrainedBytes& model : pretrained_bytes())
    if (model.name == name) return true;
  return false;
}

Result<ir::Graph> read_pretrained(std::string_view name, const features::FeatureBlock& block) {
  for (const PretrainedBytes& model : pretrained_bytes()) {
    if (model.name != name) continue;
    features::FeatureConfig config;
    speech_features(config);
    TADPOLE_TRY(const features::FeatureBlock own, features::FeatureBlock::create(config));
    if (own.fingerprint() != block.fingerprint()) {
      return Error{Code::features_bad_setting,
                   "[transfer] model = \"" + std::string(name) +
                       "\" has learnt from other features than [features] makes. It needs " +
                       own.fingerprint() + "; found " + block.fingerprint() +
                       ". Take the settings of tadpole new --few-shot, or a model of your own."};
    }
    TADPOLE_TRY(ir::Graph graph, convert::read_tflite(model.bytes));
    graph.name = std::string(name);
    return quantise::dequantise_weights(graph);
  }
  return Error{Code::unknown_layer, "no model \"" + std::string(name) + "\" comes with Tadpole; there are: " +
                                        base::join_words(pretrained_names()) + "."};
}

void suit_few_shot(ProjectConfig& config) {
  speech_features(config.features);
  config.transfer_model = std::string(kSpeech);
  config.transfer.train_from = "conv_5";
  config.transfer.dropout = 0.2f;
  config.train.updates = 600;
  config.train.learning_rate = 0.001f;
  config.train.weight_decay = 0.1f;
  config.deploy.inference_stride_ms = 250;
  config.deploy.average_window_ms = 750;
}

}  // namespace tadpole::project
