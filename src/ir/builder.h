// Builds float graphs layer by layer with shapes checked at once. Used by zoo/ and tests.
#pragma once

#include <string>

#include "base/rng.h"
#include "ir/graph.h"

namespace tadpole::ir {

/// A tensor of the graph under construction.
struct Value {
  int tensor = -1;
};

/// Layers are named "conv_1", "depthwise_2", ... unless a name is given; the number counts layers with
/// weights from 1. Weights are made by He normal initialisation for layers followed by ReLU (He et al. 2015),
/// zeros for biases. The first error sticks: later calls do nothing and finish() returns it, so that an
/// architecture reads as a list.
class GraphBuilder {
 public:
  explicit GraphBuilder(std::string name, Rng rng);

  Value input(const Shape& shape, std::string name = "input");
  /// Convolution without bias when a batch norm follows (`bias` false).
  Value conv_2d(Value in, int filters, int filter_h, int filter_w, const Conv2dAttributes& attributes = {},
                bool bias = true);
  Value depthwise_conv_2d(Value in, int filter_h, int filter_w,
                          const DepthwiseConv2dAttributes& attributes = {}, bool bias = true);
  Value fully_connected(Value in, int units, const FullyConnectedAttributes& attributes = {},
                        bool bias = true);
  Value batch_norm(Value in, const BatchNormAttributes& attributes = {});
  Value relu(Value in);
  Value relu6(Value in);
  Value average_pool_2d(Value in, const Pool2dAttributes& attributes);
  Value max_pool_2d(Value in, const Pool2dAttributes& attributes);
  /// Average over height and width: [N,H,W,C] -> [N,1,1,C] (an average pool over the whole map, as TFLite
  /// models have it).
  Value global_average_pool(Value in);
  Value add(Value a, Value b, const ActivationAttributes& attributes = {});
  Value reshape(Value in, const Shape& shape);
  Value flatten(Value in);  ///< [N, ...] -> [N, rest]
  Value dropout(Value in, float rate);
  Value softmax(Value in);
  Value logistic(Value in);
  /// Any operator with one input and one output of the same shape.
  Value unary(Op op, Value in, Attributes attributes = NoAttributes{});

  const Shape& shape(Value value) const;
  /// The finished, checked graph with `output` as its only output.
  Result<Graph> finish(Value output) &&;

 private:
  int tensor(Tensor tensor);
  int weights(const std::string& name, const Shape& shape, int fan_in);
  int filled(const std::string& name, const Shape& shape, float value);
  Value node(Op op, std::string name, std::vector<int> inputs, Attributes attributes);

  Graph graph_;
  Rng rng_;
  int layer_ = 0;
  std::optional<Error> failed_;
};

}  // namespace tadpole::ir
