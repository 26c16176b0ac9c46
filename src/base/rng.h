// Seeded random numbers that are the same on every machine: integer arithmetic only, no std:: distributions.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace tadpole::base {

/// PCG32 (O'Neill 2014, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms", XSH-RR
/// variant). Copyable; two Rngs with the same seed and stream give the same numbers for ever.
class Rng {
 public:
  explicit Rng(uint64_t seed, uint64_t stream = 0);

  /// An independent generator for a named part of the work, so that one part's draws never move another's.
  Rng fork(std::string_view name) const;

  /// Uniform over all 2^32 values.
  uint32_t next();
  /// Uniform in [0, bound) without bias. bound > 0.
  uint32_t below(uint32_t bound);
  /// Uniform in [0, 1) with 24 bits.
  float uniform();
  /// Uniform in [low, high).
  float uniform(float low, float high) { return low + (high - low) * uniform(); }
  /// Mean 0, variance 1: the sum of twelve uniforms minus six (Irwin-Hall), so no libm and the same bits
  /// everywhere. Never leaves [-6, 6].
  float normal();

  /// Fisher-Yates shuffle.
  template <class T>
  void shuffle(std::span<T> values) {
    for (size_t left = values.size(); left > 1; --left) {
      std::swap(values[left - 1], values[below(static_cast<uint32_t>(left))]);
    }
  }

  /// The whole state, for checkpoints.
  struct State {
    uint64_t state, increment;
    bool operator==(const State&) const = default;
  };
  State state() const { return {state_, increment_}; }
  explicit Rng(State saved) : state_(saved.state), increment_(saved.increment) {}

 private:
  uint64_t state_;
  uint64_t increment_;
};

}  // namespace tadpole::base

namespace tadpole {
using base::Rng;
}  // namespace tadpole
