#include "quantise/mixed.h"

#include <algorithm>
#include <cmath>

#include "quantise/calibrate.h"
#include "quantise/int8_graph.h"

namespace tadpole::quantise {

namespace {

bool can_be_int4(ir::Op op) {
  return op == ir::Op::conv_2d || op == ir::Op::depthwise_conv_2d || op == ir::Op::fully_connected;
}

/// Knows only whether to stop: each layer's table would be a progress line of its own.
class Quiet final : public Progress {
 public:
  explicit Quiet(const Progress& progress) : progress_(progress) {}
  void report(std::string_view, long, long, std::string_view) override {}
  void say(std::string_view) override {}
  bool cancelled() const override { return progress_.cancelled(); }

 private:
  const Progress& progress_;
};

/// The row of the last layer with weights: what a softmax makes of it hides noise.
double noise_of_answers(const ir::Graph& graph, const std::vector<LayerError>& layers) {
  double found = layers.empty() ? 0 : layers.back().signal_to_noise_db;
  for (size_t i = 0; i < graph.nodes.size() && i < layers.size(); ++i)
    if (can_be_int4(graph.nodes[i].op)) found = layers[i].signal_to_noise_db;
  return found;
}

/// Noise, as a share of the signal, for each byte saved.
double harm(const Int4Layer& layer) {
  return std::pow(10.0, -layer.signal_to_noise_db / 10) /
         static_cast<double>(std::max<int64_t>(1, layer.saved_bytes));
}

}  // namespace

std::vector<std::string> int4_layers(const ir::Graph& folded) {
  std::vector<std::string> names;
  for (const ir::Node& node : folded.nodes)
    if (can_be_int4(node.op)) names.push_back(node.name);
  return names;
}

Result<MixedResult> quantise_mixed(const ir::Graph& folded, const CalibrationSet& calibration,
                                   const QuantiseOptions& options, double budget, const Score& score,
                                   Workers& workers, Progress& progress) {
  TADPOLE_CHECK(check_input(folded, calibration));
  TADPOLE_TRY(const std::vector<Range> ranges, calibrate(folded, calibration, options, workers, progress));
  const auto built = [&](const std::vector<std::string>& int4) { return int8_graph(folded, ranges, int4); };
  MixedResult result;
  TADPOLE_TRY(result.graph.graph, built({}));
  TADPOLE_TRY(result.score_int8, score(result.graph.graph));
  result.score = result.score_int8;
  Quiet quiet(progress);
  const auto steps = static_cast<long>(2 * int4_layers(folded).size());
  long step = 0;
  for (const std::string& name : int4_layers(folded)) {
    if (progress.cancelled()) return Error{Code::cancelled, ""};
    Int4Layer layer{.layer = name};
    TADPOLE_TRY(const ir::Graph graph, built({name}));
    for (const ir::Node& node : graph.nodes)
      if (node.name == name)
        layer.saved_bytes =
            ir::element_count(graph.input_of(node, 1).shape) - graph.input_of(node, 1).bytes();
    TADPOLE_TRY(const std::vector<LayerError> errors,
                measure_error(folded, graph, calibration, options, workers, quiet));
    layer.signal_to_noise_db = noise_of_answers(folded, errors);
    progress.report("try int4 weights", ++step, steps, name);
    result.layers.push_back(std::move(layer));
  }
  std::stable_sort(result.layers.begin(), result.layers.end(),
                   [](const Int4Layer& a, const Int4Layer& b) { return harm(a) < harm(b); });
  std::vector<std::string> taken;
  for (Int4Layer& layer : result.layers) {
    if (progress.cancelled()) return Error{Code::cancelled, ""};
    std::vector<std::string> more = taken;
    more.push_back(layer.layer);
    TADPOLE_TRY(ir::Graph graph, built(more));
    TADPOLE_TRY(const double now, score(graph));
    progress.report("try int4 weights", ++step, steps, layer.layer);
    if (now < result.score_int8 - budget) continue;
    layer.taken = true;
    taken = std::move(more);
    result.graph.graph = std::move(graph);
    result.score = now;
  }
  return result;
}

}  // namespace tadpole::quantise
