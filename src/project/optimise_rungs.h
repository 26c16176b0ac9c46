// How each model of tadpole optimise is made. Private to this room.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "project/learning_data.h"
#include "project/optimise.h"

namespace tadpole::project {

/// Makes models from one trained network; what several of them share is made once. Looks at its arguments.
class Rungs {
 public:
  /// `trained`: the run's float model, with answers in the user's units.
  Rungs(const ProjectConfig& config, const Prepared& prepared, const ir::Graph& trained,
        const OptimiseOptions& options, Tools tools);

  /// Fails: config_bad_value for a name that does not exist, op_unsupported for one that this network does
  /// not have, and as train::train and quantise::quantise_int8.
  Result<ir::Graph> make(const std::string& name);

 private:
  struct Row;
  static const Row kRows[];
  friend std::vector<RungName> rung_names();

  Result<ir::Graph> as_trained(double);
  Result<ir::Graph> int8(double);
  Result<ir::Graph> fewer_channels(double share);
  Result<ir::Graph> fewer_channels_mixed(double share);
  Result<ir::Graph> fewer_weights(double share);
  Result<ir::Graph> mixed(double);
  Result<ir::Graph> int4(double);
  Result<ir::Graph> trained_as_int8(double);
  Result<ir::Graph> trained_as_int4(double);
  Result<ir::Graph> fewer_channels_trained_as_int8(double share);
  Result<ir::Graph> few_levels(double levels);
  Result<ir::Graph> trained_levels(double levels);
  Result<ir::Graph> int16_activations(double);

  /// The trained network as it learnt: with batch norms, answers as the goal's targets.
  Result<ir::Graph> to_train_on();
  /// The float network with so many channels less, trained on.
  Result<ir::Graph> with_fewer_channels(double share);
  /// `network` comes from to_train_on(); the result is finished as `trained` is.
  Result<ir::Graph> fine_tuned(const ir::Graph& network, bool keep_zeros);
  train::TrainOptions fine_tuning() const;
  Result<ir::Graph> to_int8(const ir::Graph& folded);
  Result<ir::Graph> to_mixed(const ir::Graph& folded);
  /// Quantisation-aware training of a finished float network.
  Result<ir::Graph> train_int8(const ir::Graph& folded, const std::vector<std::string>& int4_layers);
  quantise::CalibrationSet calibration() const;

  const ProjectConfig& config_;
  const Prepared& prepared_;
  const ir::Graph& trained_;
  const OptimiseOptions& options_;
  Tools tools_;
  std::map<double, ir::Graph> fewer_channels_;  ///< float networks by share
  std::optional<ir::Graph> int8_, to_train_on_;
};

/// Updates that the float network learns on with.
int fine_tuning_updates(const ProjectConfig& config, const OptimiseOptions& options);

/// The headline of a model on a side; nothing where it cannot be measured. Fails: as judge_model.
Result<std::optional<double>> headline_on(samples::Side side, const ir::Graph& graph,
                                          const Prepared& prepared, Tools tools);

}  // namespace tadpole::project
