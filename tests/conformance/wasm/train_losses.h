// A short training whose losses are compared between the machine's own build and WebAssembly's.
#pragma once

#include <cmath>
#include <vector>

#include "ir/builder.h"
#include "train/network.h"
#include "train/optimiser.h"

namespace tadpole::train {

/// A small ds_cnn, with one plain 3x3 convolution so that every kind of kernel works.
inline Result<ir::Graph> small_ds_cnn() {
  ir::GraphBuilder b("small_ds_cnn", Rng(1));
  ir::Value x = b.input({1, 25, 10, 1});
  x = b.relu(b.batch_norm(b.conv_2d(x, 16, 10, 4, {.stride_h = 2, .stride_w = 2}, false)));
  x = b.relu(b.batch_norm(b.conv_2d(x, 16, 3, 3, {}, false)));
  for (const int stride : {1, 2}) {
    x = b.relu(b.batch_norm(b.depthwise_conv_2d(x, 3, 3, {.stride_h = stride, .stride_w = stride}, false)));
    x = b.relu(b.batch_norm(b.conv_2d(x, 24, 1, 1, {}, false)));
  }
  x = b.softmax(b.fully_connected(b.flatten(b.global_average_pool(x)), 4));
  return std::move(b).finish(x);
}

/// The loss before each of `updates` updates with Adam on one batch of seeded samples; empty when something
/// failed.
inline std::vector<double> training_losses(const Kernels& kernels, int updates) {
  constexpr int kBatch = 24;
  const Result<ir::Graph> graph = small_ds_cnn();
  if (!graph.ok()) return {};
  auto network = Network::compile(*graph, kBatch, kernels);
  if (!network.ok()) return {};
  Rng rng(2);
  for (int i = 0; i < kBatch; ++i) {
    const int label = i % 4;
    // Each class rises along another direction, in noise.
    std::span<float> example = (*network)->example(i);
    for (size_t k = 0; k < example.size(); ++k) {
      const float time = static_cast<float>(k / 10) / 25, band = static_cast<float>(k % 10) / 10;
      const float slope = label == 0 ? time : label == 1 ? band : label == 2 ? -time : -band;
      example[k] = slope + 0.3f * rng.normal();
    }
    (*network)->labels()[static_cast<size_t>(i)] = label;
  }
  Workers workers(1);
  TrainOptions options;
  options.learning_rate = 1e-3f;
  options.updates = updates;
  OptimiserState optimiser(**network, options.optimiser);
  std::vector<double> losses;
  for (int update = 0; update < updates; ++update) {
    losses.push_back((*network)->train_step(workers, 1).loss);
    if (!optimiser.update(**network, workers, options, update)) return {};
  }
  return losses;
}

}  // namespace tadpole::train
