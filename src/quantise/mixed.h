// Mixed precision: which layers may have int4 weights before a model answers too much worse.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "quantise/quantise.h"

namespace tadpole::quantise {

/// How good an int8 model is, larger is better; called often.
using Score = std::function<Result<double>(const ir::Graph& model)>;

struct Int4Layer {
  std::string layer;
  int64_t saved_bytes = 0;  ///< of weights
  /// Of the last layer with weights against the float model's when this layer alone is int4.
  double signal_to_noise_db = 0;
  bool taken = false;
};

struct MixedResult {
  ir::QuantisedGraph graph;
  std::vector<Int4Layer> layers;  ///< in the order in which they were tried: least harm a byte first
  double score_int8 = 0, score = 0;
};

/// Layers whose weights quantise_int8 can make int4: convolutions, depthwise ones and dense layers.
std::vector<std::string> int4_layers(const ir::Graph& folded);

/// Tries layers for int4 one after the other, those first that add the least noise to the answers for each
/// byte that they save; one is taken while the score stays within `budget` of that with int8 weights alone.
/// The same inputs give the same bits. Fails: as quantise_int8, and what `score` returns. Cost: two
/// quantisations, an error table and a score for each layer.
Result<MixedResult> quantise_mixed(const ir::Graph& folded, const CalibrationSet& calibration,
                                   const QuantiseOptions& options, double budget, const Score& score,
                                   Workers& workers, Progress& progress);

}  // namespace tadpole::quantise
