// A trained float graph to an int8 graph by the TFLite int8 quantisation specification, with what it cost
// layer by layer.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "ir/graph.h"

namespace tadpole::quantise {

/// The same function with batch norms folded into the layers before them, dropout dropped and activations
/// fused. Float, ready for inference and for conversion. Exact up to float rounding.
Result<ir::Graph> fold_for_inference(const ir::Graph& trained);

/// Calibration inputs: at(i) is the i-th input as floats.
struct CalibrationSet {
  int count = 0;
  std::function<std::vector<float>(int index)> at;
};

/// A row of the error table.
struct LayerError {
  std::string layer;
  std::string op;
  double signal_to_noise_db = 0;  ///< 10 log10(sum float^2 / sum (float - int8)^2) over the calibration set
  float low = 0, high = 0;        ///< calibrated range
};

struct QuantiseResult {
  ir::QuantisedGraph graph;
  std::vector<LayerError> layers;
};

/// Post-training int8: symmetric per-channel int8 weights in [-127, 127], asymmetric int8 activations, int32
/// biases with scale input*weight; softmax output scale 1/256, zero point -128. Input and output tensors are
/// int8. `folded` comes from fold_for_inference. Fails: quantise_bad_range (names the tensor), cancelled.
Result<QuantiseResult> quantise_int8(const ir::Graph& folded, const CalibrationSet& calibration,
                                     Progress& progress);

}  // namespace tadpole::quantise
