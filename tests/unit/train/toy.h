// A small problem that a small network learns: which quarter of an image holds the bright spot.
#pragma once

#include <limits>

#include "ir/builder.h"
#include "train/trainer.h"

namespace tadpole::train {

class Spots final : public Examples {
 public:
  Spots(int size, uint64_t seed) : size_(size), seed_(seed) {}
  int size() const override { return size_; }
  int get(int index, int /*epoch*/, Rng& rng, std::span<float> features) const override {
    Rng own(seed_, static_cast<uint64_t>(index));
    const int label = index % 4;
    for (float& value : features) value = 0.3f * own.normal();
    const size_t y = own.below(4) + static_cast<size_t>(label / 2 * 4),
                 x = own.below(4) + static_cast<size_t>(label % 2 * 4);
    features[y * 8 + x] += 2.5f;
    for (float& value : features) value += augmentation * rng.normal();
    if (index == broken) features[3] = std::numeric_limits<float>::quiet_NaN();
    if (index == mislabelled) return 9;
    return label == 3 && without_class_3 ? 0 : label;
  }

  float augmentation = 0.1f;
  int broken = -1, mislabelled = -1;
  bool without_class_3 = false;

 private:
  int size_;
  uint64_t seed_;
};

/// 8x8 image, four classes: a convolution, a depthwise-separable block with dropout, a dense layer.
inline ir::Graph spot_graph(uint64_t seed = 1) {
  ir::GraphBuilder b("spots", Rng(seed));
  ir::Value x = b.input({1, 8, 8, 1});
  x = b.relu(b.batch_norm(b.conv_2d(x, 12, 3, 3, {}, false)));
  x = b.relu(b.batch_norm(b.depthwise_conv_2d(x, 3, 3, {.stride_h = 2, .stride_w = 2}, false)));
  x = b.relu(b.batch_norm(b.conv_2d(x, 18, 1, 1, {}, false)));
  x = b.average_pool_2d(b.dropout(x, 0.1f), {.filter_h = 2, .filter_w = 2, .stride_h = 2, .stride_w = 2});
  x = b.softmax(b.fully_connected(b.flatten(x), 4));
  return *std::move(b).finish(x);
}

}  // namespace tadpole::train
