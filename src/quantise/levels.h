// Few different weights that go on learning: the levels of a clustered int8 graph are trained, the weights
// that share one move together.
#pragma once

#include "base/progress.h"
#include "base/result.h"
#include "base/workers.h"
#include "ir/graph.h"
#include "train/trainer.h"

namespace tadpole::quantise {

/// Trains the levels of `clustered`: what cluster_weights made of the int8 graph of `folded` (from
/// fold_for_inference; the same tensors at the same places). Which weight has which level stays; the gradient
/// of a level is the sum over its weights of their gradients, each times the scale of its channel. Biases
/// learn too; layers that have more than `levels` different weights, scales and the ranges of activations
/// stay. The passes compute in float with the weights that the integers stand for; in the end levels are
/// rounded, so that no layer has more of them than before. Of `options` batch, updates, learning rate and its
/// schedule, loss, teacher and seed count; the optimiser is Adam. The same arguments give the same bits for
/// any number of threads on one instruction set. Fails: train_bad_setting, train_not_finite, op_unsupported
/// (a layer without a gradient), bad_shape (a teacher that does not fit), cancelled.
/// Source: Han, Mao and Dally 2016, "Deep compression", section 3 (trained quantisation).
Result<ir::Graph> train_levels(const ir::Graph& folded, const ir::Graph& clustered, int levels,
                               const train::Examples& training, const train::TrainOptions& options,
                               Workers& workers, Progress& progress);

}  // namespace tadpole::quantise
