// Quantisation-aware training: a trained float graph goes on learning as the int8 graph that it will be.
#pragma once

#include <functional>
#include <vector>

#include "quantise/quantise.h"
#include "train/trainer.h"

namespace tadpole::quantise {

struct QatOptions {
  QuantiseOptions quantise;
  /// Of the fine-tuning. `arithmetic` is set here; without a `teacher` the float graph itself teaches, as far
  /// as loss.teacher_share says.
  train::TrainOptions train = fine_tuning({});

  /// `options` of the training in float (batch, loss, teacher, seed) with the updates, rate and schedule that
  /// suit what follows it.
  static train::TrainOptions fine_tuning(train::TrainOptions options);
};

struct QatResult {
  ir::Graph folded;     ///< the float graph whose weights, rounded, are those of the int8 graph
  QuantiseResult int8;  ///< as quantise_int8 would make it of `folded` with the first ranges
  /// Losses and accuracies of training and validation are those of the int8 graph.
  std::vector<train::EpochMetrics> history;
};

/// Fixes the ranges of activations by calibration, then trains the weights of `folded` (from
/// fold_for_inference) with each pass computed by the integer graph itself: weights rounded from the float
/// ones at every update with fresh scales, biases and activations in the integers of the plan, gradients
/// straight through (train/arithmetic.h). Validation thus is exactly what the int8 graph answers. The same
/// arguments give the same bits for any number of threads on one instruction set. Fails: as quantise_int8 and
/// train::train; op_unsupported names layers without a gradient, or that share weights (an unrolled GRU).
/// Cost of an update: a float one, and an int8 inference of each sample.
/// Source: Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient
/// Integer-Arithmetic-Only Inference", section 3; batch norms are folded before, with fixed statistics.
Result<QatResult> train_int8(const ir::Graph& folded, const CalibrationSet& calibration,
                             const train::Examples& training, const train::Examples* validation,
                             const QatOptions& options, Workers& workers, Progress& progress,
                             const std::function<void(const train::EpochMetrics&)>& on_epoch = {});

}  // namespace tadpole::quantise
