// Blocks that several architectures share.
#include "zoo/blocks.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace tadpole::zoo {

int Wish::channels(int published) const {
  return std::max(1, static_cast<int>(std::lround(published * width)));
}

int Wish::channels_by_8(int published) const {
  const double wanted = published * width;
  int rounded = std::max(8, static_cast<int>(wanted + 4) / 8 * 8);
  if (rounded < 0.9 * wanted) rounded += 8;
  return rounded;
}

Value conv_norm_relu(GraphBuilder& b, Value x, int filters, Size filter, Size stride) {
  const ir::Conv2dAttributes attributes{.stride_h = stride.height, .stride_w = stride.width};
  return b.relu(b.batch_norm(b.conv_2d(x, filters, filter.height, filter.width, attributes, false)));
}

Value separable(GraphBuilder& b, Value x, int filters, Size stride) {
  const ir::DepthwiseConv2dAttributes attributes{.stride_h = stride.height, .stride_w = stride.width};
  x = b.relu(b.batch_norm(b.depthwise_conv_2d(x, 3, 3, attributes, false)));
  return conv_norm_relu(b, x, filters, {1, 1});
}

Value inverted_residual(GraphBuilder& b, Value x, int filters, int expansion, int filter, int stride,
                        const std::string& name) {
  const Value start = x;
  const ir::Shape from = b.shape(x);
  const auto part = [&](const char* what) -> GraphBuilder& {
    return name.empty() ? b : b.named(name + "_" + what);
  };
  if (expansion != 1) {
    x = part("expand").conv_2d(x, from.back() * expansion, 1, 1, {}, false);
    x = part("expand_norm").batch_norm(x);
    x = part("expand_relu6").relu6(x);
  }
  const ir::DepthwiseConv2dAttributes attributes{.stride_h = stride, .stride_w = stride};
  x = part("depthwise").depthwise_conv_2d(x, filter, filter, attributes, false);
  x = part("depthwise_norm").batch_norm(x);
  x = part("depthwise_relu6").relu6(x);
  x = part("project").conv_2d(x, filters, 1, 1, {}, false);
  x = part("project_norm").batch_norm(x);
  return b.shape(x) == from ? part("add").add(x, start) : x;
}

Value dense_norm_relu(GraphBuilder& b, Value x, int units) {
  return b.relu(b.batch_norm(b.fully_connected(x, units, {}, false)));
}

Value rows(GraphBuilder& b, Value x) { return b.shape(x).size() == 2 ? x : b.flatten(x); }

Value steps(GraphBuilder& b, Value x) {
  const ir::Shape in = b.shape(x);
  return in.size() != 4 || in[2] == 1 ? x : b.reshape(x, {in[0], in[1], 1, in[2] * in[3]});
}

Value answer(GraphBuilder& b, Value x, const Wish& wish) {
  x = b.fully_connected(rows(b, x), wish.outputs);
  if (wish.head == Head::softmax) return b.softmax(x);
  return wish.head == Head::logistic ? b.logistic(x) : x;
}

Value pooled_answer(GraphBuilder& b, Value x, const Wish& wish) {
  return answer(b, b.global_average_pool(x), wish);
}

}  // namespace tadpole::zoo
