// Less of a trained float graph: whole channels taken out, which makes every later step smaller, or single
// weights set to zero, which only a compressed file profits from.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"

namespace tadpole::quantise {

struct ChannelPruning {
  double share = 0.5;  ///< of each layer's channels that are taken out, in (0, 1)
  /// What stays is rounded up to a multiple of this in layers with at least twice as many: kernels work on so
  /// many channels at a time.
  int multiple = 4;
};

/// What becomes of a layer that makes channels.
struct PrunedLayer {
  std::string layer;
  int before = 0, after = 0;  ///< channels
  std::string held_by;        ///< the layer or output that needs some of them as they are; "" when none does
};

struct ChannelChoice {
  /// For each tensor of the graph: whether the places along its last axis stay; empty where nothing goes.
  std::vector<std::vector<bool>> stays;
  std::vector<PrunedLayer> layers;  ///< in the order of the graph
};

/// Which channels of convolutions and dense layers matter least: those with the smallest L1 norm of the
/// filter, times the gain of a batch norm behind it. Channels that a sum, product or depthwise convolution
/// ties together go or stay together and are judged by the sum of their norms, each relative to its layer's
/// mean. They are followed through batch norm, activations, pooling, resizing, padding, joins, means and
/// flattening; any other layer, a softmax and the graph's ends hold what they touch. `trained`: float, folded
/// or not. Fails: train_bad_setting (share or multiple out of range), op_unsupported when nothing can go
/// (names every layer and what holds it). Source: Li et al. 2017, "Pruning filters for efficient ConvNets".
Result<ChannelChoice> choose_channels(const ir::Graph& trained, const ChannelPruning& how);

/// The graph without the channels that do not stay. It answers as `graph` would if those channels were zero,
/// up to float rounding. Names stay.
Result<ir::Graph> keep_channels(const ir::Graph& graph, const ChannelChoice& choice);

/// The smallest weights of each convolution and dense layer set to zero; depthwise kernels, which have few
/// weights for each channel, and layers with fewer than 64 weights stay. Train on with
/// TrainOptions::keep_zeros. Fails: train_bad_setting (share outside [0, 1)). Source: Han et al. 2015.
Result<ir::Graph> zero_small_weights(const ir::Graph& trained, double share);

/// Share of the weights of convolutions and dense layers that are 0, of float or int8 graphs.
double share_of_zeros(const ir::Graph& graph);

}  // namespace tadpole::quantise
