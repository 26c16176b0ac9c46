#include "project/optimise_rungs.h"

#include <algorithm>

#include "quantise/cluster.h"
#include "quantise/levels.h"
#include "quantise/mixed.h"
#include "quantise/prune.h"
#include "quantise/qat.h"
#include "quantise/unfold.h"

namespace tadpole::project {

struct Rungs::Row {
  RungName name;
  Result<ir::Graph> (Rungs::*make)(double);
  double how_much;
};

const Rungs::Row Rungs::kRows[] = {
    {{"float", "as it was trained, 32 bits a number"}, &Rungs::as_trained, 0},
    {{"int8", "8 bits a number"}, &Rungs::int8, 0},
    {{"int8_qat", "trained on as int8"}, &Rungs::trained_as_int8, 0},
    {{"int16x8", "activations of 16 bits, weights of 8"}, &Rungs::int16_activations, 0},
    {{"channels_25", "a quarter of the channels taken out, trained on, int8"}, &Rungs::fewer_channels, 0.25},
    {{"channels_50", "half of the channels taken out, trained on, int8"}, &Rungs::fewer_channels, 0.5},
    {{"channels_75", "three quarters of the channels taken out, trained on, int8"},
     &Rungs::fewer_channels,
     0.75},
    {{"channels_50_qat", "half of the channels taken out, trained on, and then as int8"},
     &Rungs::fewer_channels_trained_as_int8,
     0.5},
    {{"mixed", "int4 weights where the budget allows it, int8 elsewhere"}, &Rungs::mixed, 0},
    {{"channels_50_mixed", "half of the channels, then int4 weights where the budget allows it"},
     &Rungs::fewer_channels_mixed,
     0.5},
    {{"int4", "int4 weights in every layer"}, &Rungs::int4, 0},
    {{"int4_qat", "int4 weights in every layer, trained on with them"}, &Rungs::trained_as_int4, 0},
    {{"weights_50", "the smaller half of the weights zero, trained on, int8"}, &Rungs::fewer_weights, 0.5},
    {{"weights_80", "the smallest four fifths of the weights zero, trained on, int8"},
     &Rungs::fewer_weights,
     0.8},
    {{"levels_32", "int8 with 32 different weights a layer"}, &Rungs::few_levels, 32},
    {{"levels_16", "int8 with 16 different weights a layer"}, &Rungs::few_levels, 16},
    {{"levels_16_trained", "int8 with 16 different weights a layer, which learn on"},
     &Rungs::trained_levels,
     16},
};

std::vector<RungName> rung_names() {
  std::vector<RungName> names;
  for (const Rungs::Row& row : Rungs::kRows) names.push_back(row.name);
  return names;
}

Rungs::Rungs(const ProjectConfig& config, const Prepared& prepared, const ir::Graph& trained,
             const OptimiseOptions& options, Tools tools)
    : config_(config), prepared_(prepared), trained_(trained), options_(options), tools_(tools) {}

Result<ir::Graph> Rungs::make(const std::string& name) {
  for (const Row& row : kRows)
    if (row.name.name == name) return (this->*row.make)(row.how_much);
  return Error{Code::config_bad_value, "there is no model '" + name + "' to make."};
}

Result<ir::Graph> Rungs::as_trained(double) { return trained_; }

Result<ir::Graph> Rungs::int8(double) {
  if (!int8_) {
    TADPOLE_TRY(int8_, to_int8(trained_));
  }
  return *int8_;
}

Result<ir::Graph> Rungs::fewer_channels(double share) {
  TADPOLE_TRY(const ir::Graph network, with_fewer_channels(share));
  return to_int8(network);
}

Result<ir::Graph> Rungs::fewer_channels_mixed(double share) {
  TADPOLE_TRY(const ir::Graph network, with_fewer_channels(share));
  return to_mixed(network);
}

Result<ir::Graph> Rungs::fewer_channels_trained_as_int8(double share) {
  TADPOLE_TRY(const ir::Graph network, with_fewer_channels(share));
  return train_int8(network, {});
}

Result<ir::Graph> Rungs::fewer_weights(double share) {
  TADPOLE_TRY(const ir::Graph start, to_train_on());
  TADPOLE_TRY(const ir::Graph network, quantise::zero_small_weights(start, share));
  TADPOLE_TRY(const ir::Graph tuned, fine_tuned(network, true));
  return to_int8(tuned);
}

Result<ir::Graph> Rungs::mixed(double) { return to_mixed(trained_); }

Result<ir::Graph> Rungs::int4(double) {
  TADPOLE_TRY(
      quantise::QuantiseResult made,
      quantise::quantise_int8(trained_, calibration(), {.int4_layers = quantise::int4_layers(trained_)},
                              tools_.workers, tools_.progress));
  return std::move(made.graph.graph);
}

Result<ir::Graph> Rungs::few_levels(double levels) {
  TADPOLE_TRY(const ir::Graph graph, int8(0));
  return quantise::cluster_weights(graph, static_cast<int>(levels));
}

Result<ir::Graph> Rungs::trained_levels(double levels) {
  if (prepared_.goal->target_size() > 0) {
    return Error{Code::op_unsupported,
                 "the levels of a model that answers with numbers in the user's units cannot learn"};
  }
  TADPOLE_TRY(const ir::Graph clustered, few_levels(levels));
  train::TrainOptions train = quantise::QatOptions::fine_tuning(config_.train);
  if (options_.updates > 0) train.updates = options_.updates;
  train.teacher = std::make_shared<const ir::Graph>(trained_);
  prepared_.goal->adjust(train.loss);
  const SideExamples training(prepared_, samples::Side::train, &config_.masks);
  train.batch = std::min(train.batch, std::max(1, training.size()));
  return quantise::train_levels(trained_, clustered, static_cast<int>(levels), training, train,
                                tools_.workers, tools_.progress);
}

Result<ir::Graph> Rungs::int16_activations(double) {
  TADPOLE_TRY(quantise::QuantiseResult made,
              quantise::quantise_int8(trained_, calibration(), {.int16_activations = true}, tools_.workers,
                                      tools_.progress));
  return std::move(made.graph.graph);
}

Result<ir::Graph> Rungs::trained_as_int8(double) { return train_int8(trained_, {}); }

Result<ir::Graph> Rungs::trained_as_int4(double) {
  return train_int8(trained_, quantise::int4_layers(trained_));
}

Result<ir::Graph> Rungs::to_train_on() {
  if (!to_train_on_) {
    TADPOLE_TRY(const ir::Graph network, prepared_.goal->unfinish(trained_));
    TADPOLE_TRY(to_train_on_,
                quantise::unfold_batch_norms(network, calibration(), tools_.workers, tools_.progress));
  }
  return *to_train_on_;
}

Result<ir::Graph> Rungs::with_fewer_channels(double share) {
  if (const auto made = fewer_channels_.find(share); made != fewer_channels_.end()) return made->second;
  TADPOLE_TRY(const ir::Graph start, to_train_on());
  TADPOLE_TRY(const quantise::ChannelChoice choice, quantise::choose_channels(start, {.share = share}));
  TADPOLE_TRY(const ir::Graph smaller, quantise::keep_channels(start, choice));
  TADPOLE_TRY(ir::Graph tuned, fine_tuned(smaller, false));
  return fewer_channels_[share] = std::move(tuned);
}

int fine_tuning_updates(const ProjectConfig& config, const OptimiseOptions& options) {
  constexpr int kFewestUpdates = 100;
  return options.updates > 0 ? options.updates : std::max(kFewestUpdates, config.train.updates / 3);
}

train::TrainOptions Rungs::fine_tuning() const {
  train::TrainOptions train = config_.train;
  train.updates = fine_tuning_updates(config_, options_);
  train.warmup_updates = std::min(train.warmup_updates, train.updates / 10);
  train.patience = 0;
  return train;
}

/// The whole network teaches the smaller one.
Result<ir::Graph> Rungs::fine_tuned(const ir::Graph& network, bool keep_zeros) {
  TADPOLE_TRY(ir::Graph teacher, prepared_.goal->unfinish(trained_));
  train::TrainOptions train = fine_tuning();
  train.keep_zeros = keep_zeros;
  train.teacher = std::make_shared<const ir::Graph>(std::move(teacher));
  prepared_.goal->adjust(train.loss);
  const SideExamples training(prepared_, samples::Side::train, &config_.masks);
  train.batch = std::min(train.batch, std::max(1, training.size()));
  TADPOLE_TRY(const train::TrainResult result,
              train::train(network, training, nullptr, train, tools_.workers, tools_.progress));
  TADPOLE_TRY(ir::Graph folded, quantise::fold_for_inference(result.graph));
  return prepared_.goal->finish(std::move(folded));
}

/// Ranges are fixed, so an update costs an int8 inference more; fewer are enough for what rounding changed.
Result<ir::Graph> Rungs::train_int8(const ir::Graph& folded, const std::vector<std::string>& int4_layers) {
  TADPOLE_TRY(const ir::Graph network, prepared_.goal->unfinish(folded));
  quantise::QatOptions how;
  how.quantise.int4_layers = int4_layers;
  how.train.seed = config_.train.seed;
  how.train.balance_classes = config_.train.balance_classes;
  prepared_.goal->adjust(how.train.loss);
  const SideExamples training(prepared_, samples::Side::train, &config_.masks);
  how.train.batch = std::min(config_.train.batch, std::max(1, training.size()));
  TADPOLE_TRY(
      const quantise::QatResult result,
      quantise::train_int8(network, calibration(), training, nullptr, how, tools_.workers, tools_.progress));
  // A regression's last layer is scaled afterwards: the integers are made anew from the same floats.
  if (prepared_.goal->target_size() == 0) return result.int8.graph.graph;
  TADPOLE_TRY(const ir::Graph finished, prepared_.goal->finish(result.folded));
  TADPOLE_TRY(quantise::QuantiseResult made, quantise::quantise_int8(finished, calibration(), how.quantise,
                                                                     tools_.workers, tools_.progress));
  return std::move(made.graph.graph);
}

quantise::CalibrationSet Rungs::calibration() const {
  return calibration_of(prepared_, config_.calibration_samples);
}

Result<ir::Graph> Rungs::to_int8(const ir::Graph& folded) {
  TADPOLE_TRY(quantise::QuantiseResult made,
              quantise::quantise_int8(folded, calibration(), {}, tools_.workers, tools_.progress));
  return std::move(made.graph.graph);
}

Result<ir::Graph> Rungs::to_mixed(const ir::Graph& folded) {
  const auto score = [&](const ir::Graph& model) -> Result<double> {
    TADPOLE_TRY(const std::optional<double> headline,
                headline_on(samples::Side::validation, model, prepared_, tools_));
    if (headline) return *headline;
    return Error{Code::data_bad_split, "there is nothing on the validation side to choose layers by"};
  };
  TADPOLE_TRY(quantise::MixedResult made, quantise::quantise_mixed(folded, calibration(), {}, options_.budget,
                                                                   score, tools_.workers, tools_.progress));
  const bool any = std::any_of(made.layers.begin(), made.layers.end(),
                               [](const quantise::Int4Layer& layer) { return layer.taken; });
  if (any) return std::move(made.graph.graph);
  return Error{Code::op_unsupported, "no layer can have int4 weights within the budget"};
}

Result<std::optional<double>> headline_on(samples::Side side, const ir::Graph& graph,
                                          const Prepared& prepared, Tools tools) {
  TADPOLE_TRY(const plan::Plan plan, plan::lower(graph, {.kernels = "host"}));
  TADPOLE_TRY(const JudgedModel model, judge_model(graph, plan, prepared, side, tools));
  return model.judged.headline;
}

}  // namespace tadpole::project
