// Inside the room: what the architectures are made of.
#pragma once

#include "ir/builder.h"
#include "zoo/zoo.h"

namespace tadpole::zoo {

using ir::GraphBuilder;
using ir::Value;

/// What make() was asked for beside the input.
struct Wish {
  double width = 1;
  int outputs = 0;
  Head head = Head::softmax;

  /// So many published channels times the width, rounded, at least 1.
  int channels(int published) const;
  /// The same to a multiple of 8, never below nine tenths (MobileNetV2's rule).
  int channels_by_8(int published) const;
};

/// Filters of the papers, or the whole input where that is smaller.
inline int at_most(int wanted, int there) { return there < wanted ? there : wanted; }

struct Size {
  int height = 1, width = 1;
};

/// Convolution without bias, batch norm, ReLU.
Value conv_norm_relu(GraphBuilder& b, Value x, int filters, Size filter, Size stride = {});
/// Depthwise 3x3 and pointwise, each with batch norm and ReLU (MobileNet's block).
Value separable(GraphBuilder& b, Value x, int filters, Size stride = {});
/// MobileNetV2's block: pointwise to `expansion` times the channels, depthwise `filter` x `filter`, pointwise
/// without activation, and the input added where the shapes are equal. ReLU6. With a name, its layers are
/// called after it.
Value inverted_residual(GraphBuilder& b, Value x, int filters, int expansion, int filter, int stride,
                        const std::string& name = "");
/// Dense layer, batch norm, ReLU.
Value dense_norm_relu(GraphBuilder& b, Value x, int units);

/// [N, ...] -> [N, rest], as it is where it has two dimensions.
Value rows(GraphBuilder& b, Value x);
/// [N,H,W,C] -> [N,H,1,W*C]: a sequence of H steps.
Value steps(GraphBuilder& b, Value x);
/// A dense layer with the wish's outputs, and its head.
Value answer(GraphBuilder& b, Value x, const Wish& wish);
/// The same after the average over the map.
Value pooled_answer(GraphBuilder& b, Value x, const Wish& wish);

// The architectures, by family.
Value tiny_conv(GraphBuilder& b, Value x, const Wish& wish);  // speech.cpp
Value low_latency_conv(GraphBuilder& b, Value x, const Wish& wish);
Value ds_cnn_s(GraphBuilder& b, Value x, const Wish& wish);
Value ds_cnn_m(GraphBuilder& b, Value x, const Wish& wish);
Value ds_cnn_l(GraphBuilder& b, Value x, const Wish& wish);
Value bc_resnet(GraphBuilder& b, Value x, const Wish& wish);
Value gru(GraphBuilder& b, Value x, const Wish& wish);
Value cnn_1d(GraphBuilder& b, Value x, const Wish& wish);
Value mobilenet_v1(GraphBuilder& b, Value x, const Wish& wish);  // images.cpp
Value mobilenet_v2(GraphBuilder& b, Value x, const Wish& wish);
Value resnet8(GraphBuilder& b, Value x, const Wish& wish);
Value mcunet(GraphBuilder& b, Value x, const Wish& wish);
Value lenet(GraphBuilder& b, Value x, const Wish& wish);
Value conv_autoencoder(GraphBuilder& b, Value x, const Wish& wish);
Value single_fc(GraphBuilder& b, Value x, const Wish& wish);  // dense.cpp
Value mlp(GraphBuilder& b, Value x, const Wish& wish);
Value dense_autoencoder(GraphBuilder& b, Value x, const Wish& wish);

}  // namespace tadpole::zoo
