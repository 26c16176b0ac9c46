// Which channels of a graph belong together. Inside this room only.
#pragma once

#include <vector>

#include "ir/graph.h"

namespace tadpole::quantise {

/// Every place along the last axis of every value has the number of a channel; places that can only go
/// together have the same one.
class ChannelMap {
 public:
  explicit ChannelMap(const ir::Graph& graph);

  /// Of a tensor's places along its last axis; empty for constants.
  std::vector<int> channels(int tensor) const;
  /// One more than the largest number.
  size_t size() const { return parent_.size(); }
  /// What needs a channel as it is: a layer's index, kGraphEnd, or kNobody.
  int holder(int channel) const { return holder_[static_cast<size_t>(root(channel))]; }
  /// Whether a node makes channels that no input has: a convolution or dense layer with constant weights.
  bool makes_channels(const ir::Node& node) const;
  /// Whether the output of a depthwise convolution has the channels of its input.
  bool follows_depthwise(const ir::Node& node) const;

  static constexpr int kNobody = -1, kGraphEnd = -2;

 private:
  int root(int channel) const;
  void tie(int a, int b);
  void tie(int tensor, int other, int node);
  void hold(int tensor, int node);
  void hold_all(const ir::Node& node, int index);
  void fresh(int tensor);
  bool is_value(int tensor) const;

  void visit(const ir::Node& node, int index);
  void depthwise(const ir::Node& node, int index);
  void join(const ir::Node& node, int index);
  void concatenate(const ir::Node& node, int index);
  void reshape(const ir::Node& node, int index);
  void makes(const ir::Node& node, int index);
  void same(const ir::Node& node) {
    places_[static_cast<size_t>(node.outputs[0])] = places_[static_cast<size_t>(node.inputs[0])];
  }

  const ir::Graph& graph_;
  std::vector<int> parent_, holder_;
  std::vector<std::vector<int>> places_;  ///< of each tensor
};

}  // namespace tadpole::quantise
