// Post-training int8: what can be quantised, and the steps of it.
#include "quantise/quantise.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "quantise/calibrate.h"
#include "quantise/int8_graph.h"
#include "quantise/mixed.h"
#include "quantise/scales.h"
#include "quantise/weights.h"

namespace tadpole::quantise {

using ir::DType;
using ir::Graph;
using ir::Node;
using ir::Op;
using ir::Tensor;

Result<void> check_input(const Graph& folded, const CalibrationSet& calibration) {
  TADPOLE_CHECK(ir::check_graph(folded));
  if (calibration.count < 1) {
    return Error{Code::quantise_bad_range, "there are no calibration inputs for '" +
                                               folded.tensors[static_cast<size_t>(folded.inputs[0])].name +
                                               "'; give at least one."};
  }
  for (const Node& node : folded.nodes) {
    const std::string where = "layer '" + node.name + "' (" + std::string(ir::op_name(node.op)) + ")";
    if (ir::tflite_code(node.op) < 0 || node.op == Op::quantize || node.op == Op::dequantize)
      return Error{Code::op_unsupported, where + " cannot be quantised; fold the graph for inference first."};
    const Tensor& in = folded.input_of(node, data_position(node.op));
    if (in.type != DType::float32 || folded.output_of(node).type != DType::float32)
      return Error{Code::type_unsupported, where + " is not float32; only float models are quantised."};
    if (in.is_constant() && !takes_constants(node.op))
      return Error{Code::op_unsupported, where + " works on the constant '" + in.name + "'."};
    if (!has_weights(node.op)) continue;
    for (int i = 1; i < static_cast<int>(node.inputs.size()); ++i) {
      if (!Graph::has_input(node, i) || i == data_position(node.op)) continue;
      const Tensor& constant = folded.input_of(node, i);
      if (!constant.is_constant() || constant.type != DType::float32)
        return Error{Code::type_unsupported, where + ": '" + constant.name + "' must be a float32 constant."};
    }
  }
  return {};
}

Result<void> check_int4_layers(const Graph& folded, const std::vector<std::string>& wanted) {
  const std::vector<std::string> possible = int4_layers(folded);
  for (const std::string& name : wanted) {
    if (std::find(possible.begin(), possible.end(), name) != possible.end()) continue;
    const std::vector<std::string_view> names(possible.begin(), possible.end());
    const std::string near(base::nearest(name, names));
    return Error{Code::unknown_layer, "no layer '" + name + "' of '" + folded.name +
                                          "' has weights that can be int4" +
                                          (near.empty() ? "." : "; did you mean '" + near + "'?")};
  }
  return {};
}

Result<QuantiseResult> quantise_int8(const Graph& folded, const CalibrationSet& calibration,
                                     const QuantiseOptions& asked, Workers& workers, Progress& progress) {
  QuantiseOptions options = asked;
  // With 65,536 steps there is nothing to win by clipping extremes.
  if (options.int16_activations) options.range = RangeMethod::min_max;
  TADPOLE_CHECK(check_input(folded, calibration));
  TADPOLE_CHECK(check_int4_layers(folded, options.int4_layers));
  TADPOLE_TRY(const std::vector<Range> ranges, calibrate(folded, calibration, options, workers, progress));
  TADPOLE_TRY(Graph int8, int8_graph(folded, ranges, options.int4_layers, options.int16_activations));
  TADPOLE_TRY(std::vector<LayerError> layers,
              measure_error(folded, int8, calibration, options, workers, progress));
  return QuantiseResult{{std::move(int8)}, std::move(layers)};
}

Result<QuantiseResult> quantise_int8(const Graph& folded, const CalibrationSet& calibration,
                                     Progress& progress) {
  Workers workers(1);
  return quantise_int8(folded, calibration, QuantiseOptions{}, workers, progress);
}

}  // namespace tadpole::quantise
