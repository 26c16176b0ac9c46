// Another arithmetic than float that a network is trained for, such as the int8 of a chip: the forward pass
// computes in it, the gradients pass straight through its rounding.
#pragma once

#include <span>

#include "base/result.h"
#include "ir/graph.h"

namespace tadpole::train {

/// Implementations say what the numbers of a graph without batch norms become. All of run() and read() may be
/// called from several threads at once, each with a shard of its own.
///
/// The gradient of rounding is that of Jacob et al. 2018, section 3 ("straight-through", Bengio et al. 2013):
/// d round(x) / dx = 1 where x lies in the bounds of its tensor and 0 where it is clamped.
class Arithmetic {
 public:
  virtual ~Arithmetic() = default;

  /// Takes over the weights of `graph`. Gives it back with the constants that those stand for once rounded:
  /// what the gradients are computed with. Fails as the implementation says.
  virtual Result<ir::Graph> load(const ir::Graph& graph) = 0;

  /// One inference with the weights of the last load().
  virtual void run(int shard, std::span<const float> features) = 0;
  /// What a tensor of the graph stands for after run(): [element_count].
  virtual void read(int shard, int tensor, std::span<float> values) const = 0;

  /// The least and the largest number that a tensor can hold, the activation of its layer included.
  struct Bounds {
    float low = 0, high = 0;
  };
  virtual Bounds bounds(int tensor) const = 0;
};

}  // namespace tadpole::train
