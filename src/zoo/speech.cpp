// Networks for sound, and for other signals in time: rows are frames, columns are features of a frame.
#include "zoo/blocks.h"

namespace tadpole::zoo {

/// micro_speech's one convolution: 8 filters of 10x8, stride 2, ReLU, dropout, dense.
Value tiny_conv(GraphBuilder& b, Value x, const Wish& wish) {
  const ir::Shape in = b.shape(x);
  x = b.relu(
      b.conv_2d(x, wish.channels(8), at_most(10, in[1]), at_most(8, in[2]), {.stride_h = 2, .stride_w = 2}));
  return answer(b, b.dropout(rows(b, x), 0.5f), wish);
}

/// cnn-one-fstride4: one convolution over all of time, 8 features wide, every 4 features; a narrow linear
/// layer, two dense ones.
Value low_latency_conv(GraphBuilder& b, Value x, const Wish& wish) {
  const ir::Shape in = b.shape(x);
  x = b.relu(b.conv_2d(x, wish.channels(186), in[1], at_most(8, in[2]),
                       {.padding = ir::Padding::valid, .stride_w = 4}));
  x = b.fully_connected(rows(b, x), wish.channels(32));
  x = b.dropout(b.relu(b.fully_connected(x, wish.channels(128))), 0.5f);
  x = b.dropout(b.relu(b.fully_connected(x, wish.channels(128))), 0.5f);
  return answer(b, x, wish);
}

namespace {

/// The paper's choices for each size: channels, blocks, stride of the first convolution along the features,
/// stride of the first block.
struct DsCnn {
  int channels, blocks, stride_w, first_block_stride;
};

Value ds_cnn(GraphBuilder& b, Value x, const Wish& wish, const DsCnn& size) {
  const ir::Shape in = b.shape(x);
  const int channels = wish.channels(size.channels);
  x = conv_norm_relu(b, x, channels, {at_most(10, in[1]), at_most(4, in[2])}, {2, size.stride_w});
  x = separable(b, x, channels, {size.first_block_stride, size.first_block_stride});
  for (int block = 1; block < size.blocks; ++block) x = separable(b, x, channels);
  return pooled_answer(b, x, wish);
}

}  // namespace

Value ds_cnn_s(GraphBuilder& b, Value x, const Wish& wish) { return ds_cnn(b, x, wish, {64, 4, 2, 1}); }
Value ds_cnn_m(GraphBuilder& b, Value x, const Wish& wish) { return ds_cnn(b, x, wish, {172, 4, 1, 2}); }
Value ds_cnn_l(GraphBuilder& b, Value x, const Wish& wish) { return ds_cnn(b, x, wish, {276, 5, 1, 2}); }

namespace {

/// One broadcasted residual block: a depthwise convolution over features, then one over time of the mean over
/// features, which is added to every feature. A block that changes the channels or the stride begins with a
/// pointwise convolution and has no path around it.
Value broadcast_block(GraphBuilder& b, Value x, int filters, int stride, int dilation) {
  const Value start = x;
  const bool transition = b.shape(x).back() != filters || stride != 1;
  if (transition) x = conv_norm_relu(b, x, filters, {1, 1});
  const Value over_features = b.batch_norm(b.depthwise_conv_2d(x, 1, 3, {.stride_w = stride}, false));
  const int columns = b.shape(over_features)[2];
  Value over_time = b.average_pool_2d(over_features, {.filter_w = columns, .stride_w = columns});
  over_time = b.batch_norm(b.depthwise_conv_2d(over_time, 3, 1, {.dilation_h = dilation}, false));
  over_time = b.unary(ir::Op::hard_swish, over_time);
  over_time = b.dropout(b.conv_2d(over_time, filters, 1, 1, {}, false), 0.1f);
  const Value sum = b.add(over_features, over_time);
  return b.relu(transition ? sum : b.add(sum, start));
}

}  // namespace

Value bc_resnet(GraphBuilder& b, Value x, const Wish& wish) {
  struct Stage {
    int blocks, channels, stride, dilation;
  };
  constexpr Stage kStages[] = {{2, 8, 1, 1}, {2, 12, 2, 2}, {4, 16, 2, 4}, {4, 20, 1, 8}};
  x = conv_norm_relu(b, x, wish.channels(16), {5, 5}, {1, 2});
  for (const Stage& stage : kStages) {
    for (int block = 0; block < stage.blocks; ++block) {
      x = broadcast_block(b, x, wish.channels(stage.channels), block == 0 ? stage.stride : 1, stage.dilation);
    }
  }
  // 5x5, padded in time alone: what is left of the features becomes one.
  const int columns = at_most(5, b.shape(x)[2]);
  const ir::Pads pads{.top = 2, .bottom = 2};
  x = b.depthwise_conv_2d(x, 5, columns, {.padding = ir::Padding::given, .pads = pads}, false);
  x = conv_norm_relu(b, x, wish.channels(32), {1, 1});
  return pooled_answer(b, x, wish);
}

Value gru(GraphBuilder& b, Value x, const Wish& wish) {
  const ir::Shape in = b.shape(x);
  if (in.size() == 4) x = b.reshape(x, {in[0], in[1], in[2] * in[3]});
  return answer(b, b.last_step(b.gru(x, wish.channels(154))), wish);
}

Value cnn_1d(GraphBuilder& b, Value x, const Wish& wish) {
  x = steps(b, x);
  for (const int filters : {16, 32, 64}) {
    x = conv_norm_relu(b, x, wish.channels(filters), {at_most(5, b.shape(x)[1]), 1});
    if (b.shape(x)[1] >= 2) x = b.max_pool_2d(x, {.filter_h = 2, .stride_h = 2});
  }
  return answer(b, b.dropout(b.global_average_pool(x), 0.2f), wish);
}

}  // namespace tadpole::zoo
