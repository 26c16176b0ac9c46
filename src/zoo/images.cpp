// Networks for pictures.
#include "zoo/blocks.h"

namespace tadpole::zoo {

Value mobilenet_v1(GraphBuilder& b, Value x, const Wish& wish) {
  struct Block {
    int filters, stride;
  };
  constexpr Block kBlocks[] = {{64, 1},  {128, 2}, {128, 1}, {256, 2}, {256, 1},  {512, 2}, {512, 1},
                               {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1}};
  x = conv_norm_relu(b, x, wish.channels(32), {3, 3}, {2, 2});
  for (const Block& block : kBlocks)
    x = separable(b, x, wish.channels(block.filters), {block.stride, block.stride});
  return pooled_answer(b, x, wish);
}

Value mobilenet_v2(GraphBuilder& b, Value x, const Wish& wish) {
  struct Stage {
    int expansion, filters, blocks, stride;
  };
  constexpr Stage kStages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                               {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
  const ir::Conv2dAttributes first{.stride_h = 2, .stride_w = 2};
  x = b.relu6(b.batch_norm(b.conv_2d(x, wish.channels_by_8(32), 3, 3, first, false)));
  for (const Stage& stage : kStages) {
    for (int block = 0; block < stage.blocks; ++block) {
      x = inverted_residual(b, x, wish.channels_by_8(stage.filters), stage.expansion, 3,
                            block == 0 ? stage.stride : 1);
    }
  }
  // The last layer stays as wide as it is published where the others are narrower.
  const int last = wish.width > 1 ? wish.channels_by_8(1280) : 1280;
  x = b.relu6(b.batch_norm(b.conv_2d(x, last, 1, 1, {}, false)));
  return pooled_answer(b, x, wish);
}

namespace {

Value residual(GraphBuilder& b, Value x, int filters, int stride) {
  Value y = conv_norm_relu(b, x, filters, {3, 3}, {stride, stride});
  y = b.batch_norm(b.conv_2d(y, filters, 3, 3, {}, false));
  if (stride != 1) x = b.conv_2d(x, filters, 1, 1, {.stride_h = stride, .stride_w = stride});
  return b.relu(b.add(x, y));
}

}  // namespace

Value resnet8(GraphBuilder& b, Value x, const Wish& wish) {
  x = conv_norm_relu(b, x, wish.channels(16), {3, 3});
  x = residual(b, x, wish.channels(16), 1);
  x = residual(b, x, wish.channels(32), 2);
  return pooled_answer(b, residual(b, x, wish.channels(64), 2), wish);
}

/// Kernel sizes of 3, 5 and 7 with small expansions, narrow where maps are large: what that search finds for
/// 256 KB of RAM.
Value mcunet(GraphBuilder& b, Value x, const Wish& wish) {
  struct Block {
    int filters, expansion, filter, stride;
  };
  constexpr Block kBlocks[] = {{8, 1, 3, 1},  {16, 3, 7, 2}, {16, 3, 3, 1}, {24, 3, 5, 2}, {24, 4, 5, 1},
                               {40, 4, 7, 2}, {40, 4, 3, 1}, {48, 4, 3, 1}, {96, 5, 5, 2}, {96, 4, 3, 1}};
  const ir::Conv2dAttributes first{.stride_h = 2, .stride_w = 2};
  x = b.relu6(b.batch_norm(b.conv_2d(x, wish.channels(16), 3, 3, first, false)));
  for (const Block& block : kBlocks) {
    x = inverted_residual(b, x, wish.channels(block.filters), block.expansion, block.filter, block.stride);
  }
  return pooled_answer(b, x, wish);
}

/// LeNet-5 as it is built today: ReLU, maximum pools, and every map of the second convolution sees all of the
/// first.
Value lenet(GraphBuilder& b, Value x, const Wish& wish) {
  const auto halved = [&](Value map) {
    const ir::Shape in = b.shape(map);
    const int height = at_most(2, in[1]), width = at_most(2, in[2]);
    return b.max_pool_2d(map, {.filter_h = height, .filter_w = width, .stride_h = height, .stride_w = width});
  };
  x = halved(b.relu(b.conv_2d(x, wish.channels(6), 5, 5)));
  const ir::Shape in = b.shape(x);
  const ir::Conv2dAttributes valid{.padding = ir::Padding::valid};
  x = halved(b.relu(b.conv_2d(x, wish.channels(16), at_most(5, in[1]), at_most(5, in[2]), valid)));
  x = b.relu(b.fully_connected(rows(b, x), wish.channels(120)));
  return answer(b, b.relu(b.fully_connected(x, wish.channels(84))), wish);
}

/// Two convolutions of stride 2 down, two enlargements to the nearest pixel with a convolution up.
Value conv_autoencoder(GraphBuilder& b, Value x, const Wish& wish) {
  const ir::Shape in = b.shape(x);
  const int wide = wish.channels(16), narrow = wish.channels(8);
  x = conv_norm_relu(b, x, wide, {3, 3}, {2, 2});
  const ir::Shape half = b.shape(x);
  x = conv_norm_relu(b, x, narrow, {3, 3}, {2, 2});
  x = conv_norm_relu(b, b.resize_nearest(x, half[1], half[2]), wide, {3, 3});
  return b.conv_2d(b.resize_nearest(x, in[1], in[2]), in[3], 3, 3);
}

}  // namespace tadpole::zoo
