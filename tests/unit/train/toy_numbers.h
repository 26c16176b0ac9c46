// A small regression: two numbers that a short curve was made from.
#pragma once

#include <cmath>
#include <limits>

#include "ir/builder.h"
#include "train/trainer.h"

namespace tadpole::train {

class Curves final : public Examples {
 public:
  Curves(int size, uint64_t seed) : size_(size), seed_(seed) {}
  int size() const override { return size_; }
  int target_size() const override { return targets; }
  int get(int index, int /*epoch*/, Rng& rng, std::span<float> features) const override {
    const auto [slope, bend] = parts(index);
    for (size_t t = 0; t < features.size(); ++t) {
      const float x = static_cast<float>(t) / static_cast<float>(features.size()) - 0.5f;
      features[t] = slope * x + bend * x * x + 0.01f * rng.normal();
    }
    return 0;
  }
  void get_target(int index, int /*epoch*/, std::span<const float> /*features*/,
                  std::span<float> target) const override {
    const auto [slope, bend] = parts(index);
    target[0] = slope;
    target[1] = index == broken ? std::numeric_limits<float>::infinity() : bend;
  }

  int targets = 2, broken = -1;

 private:
  struct Parts {
    float slope, bend;
  };
  Parts parts(int index) const {
    Rng own(seed_, static_cast<uint64_t>(index));
    const float slope = own.uniform(-1, 1);
    return {slope, own.uniform(-1, 1)};
  }
  int size_;
  uint64_t seed_;
};

/// A sequence of 6 steps of 2 numbers, through a recurrent layer, to two numbers.
inline ir::Graph curve_graph(bool lstm = false) {
  ir::GraphBuilder b("curves", Rng(5));
  ir::Value x = b.input({1, 6, 2});
  x = lstm ? b.lstm(x, 7) : b.gru(x, 7);
  x = b.dropout(b.last_step(x), 0.05f);
  return *std::move(b).finish(b.fully_connected(x, 2));
}

}  // namespace tadpole::train
