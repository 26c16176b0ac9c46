// A trained float graph to an int8 graph by the TFLite int8 quantisation specification, with what it cost
// layer by layer.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "base/workers.h"
#include "ir/graph.h"

namespace tadpole::quantise {

/// The same function with batch norms folded into the layers before them, dropout dropped and activations
/// fused; layers whose result nobody uses and their tensors are gone. Float, ready for inference and for
/// conversion. A GRU that begins with zeros, for which TFLite has no operator, is written
/// step by step as those that it is made of. Exact up to float rounding. Layers and their outputs keep their
/// names. A batch norm that no layer with weights comes before becomes a 1x1 depthwise convolution of its
/// own. Fails: quantise_bad_range when folding gives values that are not finite (names the layer).
Result<ir::Graph> fold_for_inference(const ir::Graph& trained);

/// Calibration inputs: at(i) is the i-th input as floats. at() may be called from several threads at once.
struct CalibrationSet {
  int count = 0;
  std::function<std::vector<float>(int index)> at;
};

/// How the range of an activation is chosen from the values that calibration sees.
enum class RangeMethod : uint8_t {
  min_max,             ///< everything that was seen
  mean_squared_error,  ///< clips rare extremes where that makes the expected squared error smaller
};

struct QuantiseOptions {
  RangeMethod range = RangeMethod::mean_squared_error;
  int error_samples = 50;  ///< calibration inputs, evenly spread, that the error table is measured on
  /// Convolutions, depthwise ones and dense layers whose weights become int4, in [-7, 7]: half as large in
  /// the file, and on chips where plan::Target::flash_limit_bytes asks for it. Scales are those with the
  /// least squared error.
  std::vector<std::string> int4_layers = {};
  /// TFLite's int16x8: activations of 16 bits, which span everything that was seen, weights of 8 and biases
  /// of 64 (without int4_layers). Input and output stay int8, with a QUANTIZE layer behind and before them:
  /// whatever surrounds a model need not know.
  bool int16_activations = false;
};

/// A row of the error table, one for each layer of the graph.
struct LayerError {
  std::string layer;
  std::string op;
  /// 10 log10(sum float^2 / sum (float - int8)^2) over the calibration set, kept within -120 to 120 (120: no
  /// difference at all).
  double signal_to_noise_db = 0;
  float low = 0, high = 0;  ///< calibrated range: the reals that the least and the largest integer stand for
};

struct QuantiseResult {
  ir::QuantisedGraph graph;
  std::vector<LayerError> layers;
};

/// Post-training int8: symmetric int8 weights in [-127, 127], per channel for convolutions and per tensor for
/// dense layers (the fully connected kernels of TensorFlow Lite Micro before operator version 12 know one
/// scale), asymmetric int8 activations, int32 biases with scale input*weight; softmax output scale 1/256,
/// zero point -128; pools and reshapes keep the scale of their input. Input and output tensors are int8.
/// `folded` comes from fold_for_inference; it has one input. Tensors keep their indices and names; missing
/// biases are added at the end. The same inputs and options give the same bits for any number of threads.
/// Fails: quantise_bad_range (names the tensor), input_size, type_unsupported, op_unsupported (also a layer
/// that has no int16 form), unknown_layer (of int4_layers), cancelled. Cost: two float passes over the
/// calibration set and a float and an int8 pass over the error samples. Source: TensorFlow Lite 8-bit
/// quantisation specification.
Result<QuantiseResult> quantise_int8(const ir::Graph& folded, const CalibrationSet& calibration,
                                     const QuantiseOptions& options, Workers& workers, Progress& progress);

/// The same with default options on the calling thread.
Result<QuantiseResult> quantise_int8(const ir::Graph& folded, const CalibrationSet& calibration,
                                     Progress& progress);

}  // namespace tadpole::quantise
