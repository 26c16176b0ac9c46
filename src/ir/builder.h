// Builds float graphs layer by layer with shapes checked at once. Used by zoo/ and tests.
#pragma once

#include <string>
#include <vector>

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

  /// The next layer gets this name instead of its number.
  GraphBuilder& named(std::string name);

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
  /// [N,H,W,C] -> [N,height,width,C], each pixel the nearest one.
  Value resize_nearest(Value in, int height, int width);
  Value reshape(Value in, const Shape& shape);
  Value flatten(Value in);  ///< [N, ...] -> [N, rest]
  Value dropout(Value in, float rate);
  Value softmax(Value in);
  Value logistic(Value in);
  /// Any operator with one input and one output of the same shape.
  Value unary(Op op, Value in, Attributes attributes = NoAttributes{});
  /// Any operator with two inputs whose shapes are broadcast.
  Value binary(Op op, Value a, Value b, Attributes attributes = NoAttributes{});
  /// A float constant, for binary() and the like. Training moves it when it holds several numbers.
  Value constant(const std::string& name, const Shape& shape, const std::vector<float>& values);
  Value integer_constant(const std::string& name, const std::vector<int32_t>& values);
  /// Any operator with one output.
  Value operation(Op op, const std::vector<Value>& in, Attributes attributes);
  std::vector<Value> split(Value in, int axis, int parts);
  Value concatenation(const std::vector<Value>& in, int axis);
  Value mean(Value in, const std::vector<int32_t>& axes, bool keep_dims = true);
  Value transpose(Value in, const std::vector<int32_t>& permutation);
  Value pad(Value in, const std::vector<int32_t>& paddings);  ///< before and after, for each dimension

  /// Convolution along time, [N,T,C] -> [N,T',filters]: a convolution over an image one row high.
  /// `attributes` speaks of columns.
  Value conv_1d(Value in, int filters, int length, const Conv2dAttributes& attributes = {}, bool bias = true);
  /// The smallest map whose convolution with these attributes gives `in`: SAME height * stride, VALID
  /// (height - 1) * stride + filter.
  Value transpose_conv_2d(Value in, int filters, int filter_h, int filter_w,
                          const TransposeConvAttributes& attributes = {}, bool bias = true);
  /// [N,H,W,C] -> [N,H*times_h,W*times_w,C], by repeating pixels or between them.
  Value upsample_2d(Value in, int times_h, int times_w, bool bilinear = false);
  /// Over the last axis: (x - mean) / sqrt(variance + epsilon) * gamma + beta (Ba, Kiros and Hinton 2016), as
  /// the sums and products that it is made of, which every later step knows.
  Value layer_norm(Value in, float epsilon = 1e-3f);
  /// [N,T,F] -> [N,T,units], one state a step. Recurrent weights are Glorot uniform, biases 0, the forget
  /// gate's 1 (Jozefowicz et al. 2015). The LSTM's state stays from one inference to the next; the GRU's does
  /// when `keeps_state`.
  Value lstm(Value in, int units);
  Value gru(Value in, int units, bool linear_before_reset = true, bool keeps_state = false);
  /// [N,T,F] -> [N,F] of the last step.
  Value last_step(Value in);

  const Shape& shape(Value value) const;
  /// Done so far, or the error that sticks.
  Result<void> failed() const { return failed_ ? Result<void>(*failed_) : Result<void>(); }
  /// The finished, checked graph with `output` as its only output.
  Result<Graph> finish(Value output) &&;

 private:
  int tensor(Tensor tensor);
  int weights(const std::string& name, const Shape& shape, int fan_in);
  int filled(const std::string& name, const Shape& shape, float value);
  int integers(const std::string& name, const std::vector<int32_t>& values);
  int uniform_weights(const std::string& name, const Shape& shape, float limit);
  int variable(const std::string& name, const Shape& shape);
  /// A node whose operator takes its output's shape from the tensor.
  Value shaped_node(Op op, std::string name, std::vector<int> inputs, Attributes attributes,
                    const Shape& shape);
  void fail_rank(const std::string& what, Value in, int rank);
  std::string numbered(const std::string& name) { return name + "_" + std::to_string(++others_); }
  Value node(Op op, std::string name, std::vector<int> inputs, Attributes attributes);
  /// The name that was given for this layer, or `own`.
  std::string take_name(std::string own);

  Graph graph_;
  Rng rng_;
  int layer_ = 0;
  int others_ = 0;  ///< counts constants and layers that need a name of their own
  std::string next_name_;
  std::optional<Error> failed_;
};

}  // namespace tadpole::ir
