#include "quantise/unfold.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "plan/plan.h"

namespace tadpole::quantise {

namespace {

using ir::Activation;
using ir::Graph;
using ir::Node;
using ir::Op;

constexpr int kShards = 8;

Activation* activation_of(Node& node) {
  if (auto* conv = std::get_if<ir::Conv2dAttributes>(&node.attributes)) return &conv->activation;
  if (auto* conv = std::get_if<ir::DepthwiseConv2dAttributes>(&node.attributes)) return &conv->activation;
  return nullptr;
}

bool can_have_norm(const Graph& graph, Node node) {
  const Activation* activation = activation_of(node);
  if (activation == nullptr || *activation == Activation::relu_n1_to_1) return false;
  const auto is_float_constant = [&](int input) {
    const ir::Tensor& tensor = graph.input_of(node, input);
    return tensor.is_constant() && tensor.type == ir::DType::float32;
  };
  return is_float_constant(1) && (!Graph::has_input(node, 2) || is_float_constant(2)) &&
         graph.input_of(node, 0).type == ir::DType::float32;
}

/// A convolution whose sums are a tensor of their own.
struct Place {
  size_t node;  ///< of the graph apart()
  int sums;     ///< tensor
};

/// The same graph with activations of those convolutions as nodes behind them.
Graph apart(const Graph& folded, std::vector<Place>& places) {
  Graph graph = folded;
  graph.nodes.clear();
  for (Node node : folded.nodes) {
    if (!can_have_norm(folded, node)) {
      graph.nodes.push_back(std::move(node));
      continue;
    }
    const Activation activation = std::exchange(*activation_of(node), Activation::none);
    const int out = node.outputs[0], sums = static_cast<int>(graph.tensors.size());
    ir::Tensor tensor = folded.tensors[static_cast<size_t>(out)];
    tensor.name += "_sums";
    graph.tensors.push_back(std::move(tensor));
    node.outputs[0] = sums;
    const std::string name = node.name;
    places.push_back({graph.nodes.size(), sums});
    graph.nodes.push_back(std::move(node));
    // Where there is no activation a dropout holds the place of the batch norm.
    const Op op = activation == Activation::relu6  ? Op::relu6
                  : activation == Activation::relu ? Op::relu
                                                   : Op::dropout;
    graph.nodes.push_back({op, name + "_activation", {sums}, {out}, ir::default_attributes(op)});
  }
  return graph;
}

/// Count, sums and sums of squares of each channel of each place.
struct Sums {
  std::vector<std::vector<double>> sum, square;
  double samples = 0;
};

Result<std::vector<Sums>> sums_of(const Graph& graph, const std::vector<Place>& places,
                                  const CalibrationSet& calibration, Workers& workers, Progress& progress) {
  TADPOLE_TRY(const plan::Plan plan,
              plan::lower(graph, {.kernels = "generic", .share_arena = false, .rewrite = false}));
  std::vector<Sums> shards(kShards);
  workers.run(kShards, [&](int shard) {
    Sums& sums = shards[static_cast<size_t>(shard)];
    for (const Place& place : places) {
      const auto channels = static_cast<size_t>(graph.tensors[static_cast<size_t>(place.sums)].shape.back());
      sums.sum.emplace_back(channels);
      sums.square.emplace_back(channels);
    }
    plan::Runner runner(plan);
    std::vector<uint8_t> out(static_cast<size_t>(plan.output_bytes()));
    for (int i = shard; i < calibration.count && !progress.cancelled(); i += kShards) {
      const std::vector<float> input = calibration.at(i);
      const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(input.data()),
                                           input.size() * sizeof(float));
      if (static_cast<int64_t>(bytes.size()) != plan.input_bytes()) {
        sums.samples = -1;
        return;
      }
      runner.reset();
      runner.run(bytes, out);
      for (size_t p = 0; p < places.size(); ++p) {
        const std::span<const float> values = runner.tensor_as<float>(places[p].sums);
        const size_t channels = sums.sum[p].size();
        for (size_t v = 0; v < values.size(); ++v) {
          sums.sum[p][v % channels] += double{values[v]};
          sums.square[p][v % channels] += double{values[v]} * double{values[v]};
        }
      }
      ++sums.samples;
    }
  });
  if (progress.cancelled()) return Error{Code::cancelled, ""};
  for (const Sums& sums : shards) {
    if (sums.samples < 0)
      return Error{Code::input_size,
                   "a calibration input has another size than the input of '" + graph.name + "'."};
  }
  return shards;
}

int add_constant(Graph& graph, const std::string& name, const std::vector<float>& values) {
  graph.tensors.push_back({name,
                           ir::DType::float32,
                           {static_cast<int32_t>(values.size())},
                           std::nullopt,
                           ir::make_constant<float>(values)});
  return static_cast<int>(graph.tensors.size()) - 1;
}

/// Mean and variance of the sums, per channel, over all shards in their order.
struct Statistics {
  std::vector<double> mean, variance;
};
Statistics statistics_of(const std::vector<Sums>& shards, size_t place, double values_a_sample) {
  double count = 0;
  const size_t channels = shards[0].sum[place].size();
  Statistics result{std::vector<double>(channels), std::vector<double>(channels)};
  for (const Sums& sums : shards) {
    count += sums.samples * values_a_sample;
    for (size_t c = 0; c < channels; ++c) {
      result.mean[c] += sums.sum[place][c];
      result.variance[c] += sums.square[place][c];
    }
  }
  for (size_t c = 0; c < channels; ++c) {
    result.mean[c] /= std::max(1.0, count);
    result.variance[c] =
        std::max(0.0, result.variance[c] / std::max(1.0, count) - result.mean[c] * result.mean[c]);
  }
  return result;
}

/// The batch norm that gives back the sums: (x - mean) / deviation * deviation + mean, with the bias in the
/// shift alone.
void add_norm(Graph& graph, const Place& place, const Statistics& statistics) {
  Node& conv = graph.nodes[place.node];
  const size_t channels = statistics.mean.size();
  std::vector<float> bias(channels);
  if (Graph::has_input(conv, 2)) {
    const auto values = graph.input_of(conv, 2).values<float>();
    bias.assign(values.begin(), values.end());
    conv.inputs.resize(2);
  }
  const ir::BatchNormAttributes attributes;
  std::vector<float> gamma, beta, mean, variance;
  for (size_t c = 0; c < channels; ++c) {
    const double spread = statistics.variance[c] + double{attributes.epsilon};
    gamma.push_back(static_cast<float>(std::sqrt(spread)));
    beta.push_back(static_cast<float>(statistics.mean[c]));
    mean.push_back(static_cast<float>(statistics.mean[c] - double{bias[c]}));
    variance.push_back(static_cast<float>(statistics.variance[c]));
  }
  const std::string name = conv.name + "_norm";
  Node norm{Op::batch_norm, name, {place.sums}, {}, attributes};
  norm.inputs.push_back(add_constant(graph, name + "_gamma", gamma));
  norm.inputs.push_back(add_constant(graph, name + "_beta", beta));
  norm.inputs.push_back(add_constant(graph, name + "_mean", mean));
  norm.inputs.push_back(add_constant(graph, name + "_variance", variance));
  Node& activation = graph.nodes[place.node + 1];
  if (activation.op == Op::dropout) {
    norm.outputs = activation.outputs;
    activation = std::move(norm);
    return;
  }
  ir::Tensor between = graph.tensors[static_cast<size_t>(place.sums)];
  between.name = name;
  norm.outputs = {static_cast<int>(graph.tensors.size())};
  graph.tensors.push_back(std::move(between));
  activation.inputs[0] = norm.outputs[0];
  graph.nodes.insert(graph.nodes.begin() + static_cast<ptrdiff_t>(place.node) + 1, std::move(norm));
}

}  // namespace

Result<Graph> unfold_batch_norms(const Graph& folded, const CalibrationSet& calibration, Workers& workers,
                                 Progress& progress) {
  TADPOLE_CHECK(ir::check_graph(folded));
  std::vector<Place> places;
  Graph graph = apart(folded, places);
  if (places.empty()) return folded;
  // A plan knows no dropout: where there is no activation the sums are read in its place.
  Graph measured = graph;
  for (Node& node : measured.nodes)
    if (node.op == Op::dropout)
      node = {Op::reshape, node.name, node.inputs, node.outputs, ir::NoAttributes{}};
  TADPOLE_TRY(const std::vector<Sums> shards, sums_of(measured, places, calibration, workers, progress));
  // From the end, so that the nodes before keep their places.
  for (size_t p = places.size(); p-- > 0;) {
    const ir::Shape& shape = graph.tensors[static_cast<size_t>(places[p].sums)].shape;
    const double values = static_cast<double>(ir::element_count(shape)) / shape.back();
    add_norm(graph, places[p], statistics_of(shards, p, values));
  }
  TADPOLE_CHECK(ir::check_graph(graph));
  return graph;
}

}  // namespace tadpole::quantise
