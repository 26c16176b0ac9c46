// Takes channels out of action in an int8 graph in the ways that training, pruning and quantising do.
#pragma once

#include <algorithm>

#include "tests/conformance/random_graph.h"

namespace tadpole::conformance {

/// Weights of one layer as [outputs][taps], written back when it goes out of scope.
class LayerWeights {
 public:
  LayerWeights(ir::Graph& graph, const ir::Node& node)
      : graph_(graph), tensor_(node.inputs[1]), bias_(ir::Graph::has_input(node, 2) ? node.inputs[2] : -1) {
    const ir::Tensor& weights = graph.tensors[static_cast<size_t>(tensor_)];
    depthwise_ = node.op == ir::Op::depthwise_conv_2d;
    outputs_ = depthwise_ ? weights.shape[3] : weights.shape[0];
    const auto values = weights.values<int8_t>();
    values_.assign(values.begin(), values.end());
    if (bias_ >= 0) {
      const auto biases = graph.tensors[static_cast<size_t>(bias_)].values<int32_t>();
      biases_.assign(biases.begin(), biases.end());
    }
  }
  ~LayerWeights() {
    graph_.tensors[static_cast<size_t>(tensor_)].constant = ir::make_constant<int8_t>(values_);
    if (bias_ >= 0) graph_.tensors[static_cast<size_t>(bias_)].constant = ir::make_constant<int32_t>(biases_);
  }
  LayerWeights(const LayerWeights&) = delete;
  LayerWeights& operator=(const LayerWeights&) = delete;

  int outputs() const { return outputs_; }
  int taps() const { return static_cast<int>(values_.size()) / outputs_; }
  int8_t& at(int output, int tap) {
    return values_[static_cast<size_t>(depthwise_ ? tap * outputs_ + output : output * taps() + tap)];
  }
  void set_bias(int output, int32_t value) {
    if (bias_ >= 0) biases_[static_cast<size_t>(output)] = value;
  }

 private:
  ir::Graph& graph_;
  int tensor_, bias_, outputs_ = 0;
  bool depthwise_ = false;
  std::vector<int8_t> values_;
  std::vector<int32_t> biases_;
};

inline bool has_weights(const ir::Node& node) {
  return node.op == ir::Op::conv_2d || node.op == ir::Op::depthwise_conv_2d ||
         node.op == ir::Op::fully_connected;
}

/// Some filters become zeros, some saturate, some inputs lose all their weights.
inline void prune(ir::Graph& graph, Rng& rng) {
  for (const ir::Node& node : graph.nodes) {
    if (!has_weights(node) || rng.below(4) == 0) continue;
    LayerWeights weights(graph, node);
    const uint32_t share = 1 + rng.below(9);  // of ten filters
    for (int o = 0; o < weights.outputs(); ++o) {
      if (rng.below(10) >= share) continue;
      for (int k = 0; k < weights.taps(); ++k) weights.at(o, k) = 0;
      if (rng.below(4) == 0) {
        weights.at(o, 0) = 1;
        weights.set_bias(o, rng.below(2) ? 4000000 : -4000000);
      }
    }
    if (node.op == ir::Op::depthwise_conv_2d) continue;
    const int inputs = graph.tensors[static_cast<size_t>(node.inputs[1])].shape.back();
    for (int c = 0; c < inputs; ++c) {
      if (rng.below(6) != 0) continue;
      for (int o = 0; o < weights.outputs(); ++o) {
        for (int k = c; k < weights.taps(); k += inputs) weights.at(o, k) = 0;
      }
    }
  }
}

/// As converters do it: the int8 values before and after an activation have one scale.
inline void give_some_activations_their_inputs_scale(ir::Graph& graph, Rng& rng) {
  for (const ir::Node& node : graph.nodes) {
    const bool is_activation = node.op == ir::Op::relu || node.op == ir::Op::relu6;
    const bool keeps_scale =
        node.op == ir::Op::average_pool_2d || node.op == ir::Op::max_pool_2d || node.op == ir::Op::reshape;
    if (!keeps_scale && (!is_activation || rng.below(2) == 0)) continue;
    graph.tensors[static_cast<size_t>(node.outputs[0])].quantisation = graph.input_of(node, 0).quantisation;
  }
}

}  // namespace tadpole::conformance
