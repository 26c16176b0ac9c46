#include "project/transfer.h"

#include <filesystem>

#include "base/text.h"
#include "project/pretrained.h"
#include "quantise/weights.h"

namespace tadpole::project {

namespace {

/// The float graph that [transfer] model names.
Result<ir::Graph> model_to_keep(const Project& project, const features::FeatureBlock& block) {
  const std::string& name = project.config().transfer_model;
  if (is_pretrained(name)) return read_pretrained(name, block);
  std::filesystem::path path = name;
  if (path.is_relative()) path = std::filesystem::path(project.folder()) / path;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    return Error{Code::file_not_found, "[transfer] model: there is no file " + path.string() +
                                           "; it is a file, or one of those that come with Tadpole: " +
                                           base::join_words(pretrained_names()) + "."};
  }
  TADPOLE_TRY(ir::Graph model, read_model(path.string()));
  model.name = path.filename().string();
  return quantise::dequantise_weights(model);
}

}  // namespace

Result<train::TransferNetwork> network_to_train(const Project& project, const Prepared& prepared) {
  const ProjectConfig& config = project.config();
  if (config.transfer_model.empty()) {
    TADPOLE_TRY(ir::Graph graph, prepared.goal->network(config, prepared.input_shape()));
    return train::TransferNetwork{std::nullopt, std::move(graph)};
  }
  if (prepared.goal->headline_name() != "accuracy") {
    return Error{Code::train_bad_setting, "[transfer] puts a head of classes behind a model, but task \"" +
                                              config.task + "\" has none; leave [transfer] out."};
  }
  TADPOLE_TRY(const ir::Graph model, model_to_keep(project, prepared.block));
  train::TransferOptions options = config.transfer;
  if (options.cut.empty() && is_pretrained(config.transfer_model)) options.cut = model.nodes.back().name;
  return train::make_transfer_network(model, prepared.input_shape(),
                                      static_cast<int>(prepared.data().classes.size()), options,
                                      config.train.seed);
}

Result<SeenExamples> SeenExamples::make(const train::TransferNetwork& network, const train::Examples& source,
                                        int draws, uint64_t seed, Tools tools) {
  SeenExamples seen;
  seen.source_ = &source;
  if (!network.frozen || source.size() == 0) return seen;
  TADPOLE_TRY(seen.frozen_, train::FrozenExamples::make(*network.frozen, source, draws, seed, tools.workers,
                                                        tools.progress));
  return seen;
}

}  // namespace tadpole::project
