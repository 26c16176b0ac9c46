// Inside the room: the specification's sum of two int8 numbers, with its five roundings, as one linear form.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace tadpole::plan {

/// A function of two bytes: [256 * (a + 128) + b + 128].
using PairTable = std::array<int8_t, 65536>;

/// t = offset + floor(a * a_factor / 2^8) + floor(b * b_factor / 2^8); the value is t / 2^shift rounded down
/// and held to the range of the table. With `ties`, t is one less when it is below `middle`.
struct SumFit {
  int32_t a_factor = 0, b_factor = 0, offset = 0;
  bool ties = false;
  int32_t middle = 0;
};

/// The numbers for which the formula equals `wanted` for all pairs; nothing when none are found near the real
/// factors `a_scale` and `b_scale` (steps of the output for a step of an input). `zero` is the output's zero
/// point, `a_zero` and `b_zero` those of the inputs, [low, high] the clamp.
struct SumToFit {
  double a_scale = 0, b_scale = 0;
  int32_t a_zero = 0, b_zero = 0, zero = 0;
  int32_t low = -128, high = 127;
};
std::optional<SumFit> fit_sum(const PairTable& wanted, const SumToFit& real, int shift);

}  // namespace tadpole::plan
