// Calibrates, trains with the integer graph in the forward pass, and quantises with the same ranges.
#include "quantise/qat.h"

#include "quantise/calibrate.h"
#include "quantise/int8_arithmetic.h"
#include "quantise/int8_graph.h"

namespace tadpole::quantise {

train::TrainOptions QatOptions::fine_tuning(train::TrainOptions options) {
  options.updates = 300;
  options.optimiser = train::Optimiser::adamw;
  options.schedule = train::Schedule::cosine;
  options.learning_rate = 3e-4f;
  options.weight_decay = 0;
  options.warmup_updates = 0;
  options.patience = 0;
  return options;
}

Result<QatResult> train_int8(const ir::Graph& folded, const CalibrationSet& calibration,
                             const train::Examples& training, const train::Examples* validation,
                             const QatOptions& options, Workers& workers, Progress& progress,
                             const std::function<void(const train::EpochMetrics&)>& on_epoch) {
  TADPOLE_CHECK(check_input(folded, calibration));
  TADPOLE_CHECK(check_int4_layers(folded, options.quantise.int4_layers));
  TADPOLE_TRY(const std::vector<Range> ranges,
              calibrate(folded, calibration, options.quantise, workers, progress));
  train::TrainOptions how = options.train;
  how.arithmetic = make_int8_arithmetic(folded, ranges, options.quantise.int4_layers);
  if (how.teacher == nullptr && how.loss.teacher_share > 0) how.teacher = std::make_shared<ir::Graph>(folded);
  TADPOLE_TRY(train::TrainResult trained,
              train::train(folded, training, validation, how, workers, progress, on_epoch));
  TADPOLE_TRY(ir::Graph int8, int8_graph(trained.graph, ranges, options.quantise.int4_layers));
  TADPOLE_TRY(std::vector<LayerError> layers,
              measure_error(trained.graph, int8, calibration, options.quantise, workers, progress));
  return QatResult{
      std::move(trained.graph), {{std::move(int8)}, std::move(layers)}, std::move(trained.history)};
}

}  // namespace tadpole::quantise
