#include "project/transfer.h"

#include <filesystem>

#include "quantise/weights.h"

namespace tadpole::project {

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
  std::filesystem::path path = config.transfer_model;
  if (path.is_relative()) path = std::filesystem::path(project.folder()) / path;
  TADPOLE_TRY(ir::Graph model, read_model(path.string()));
  model.name = path.filename().string();
  TADPOLE_TRY(model, quantise::dequantise_weights(model));
  return train::make_transfer_network(model, prepared.input_shape(),
                                      static_cast<int>(prepared.data().classes.size()), config.transfer,
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
