// Inside the room: requantisation with one rounding, where it is the same as the specification's two.
#pragma once

#include <cstdint>
#include <optional>

#include "plan/scaling.h"

namespace tadpole::plan {

/// What one output channel's accumulators can be, and what becomes of them:
/// factor * accumulator, rounded as multiply_by_quantized_multiplier does, plus zero, held to [low, high].
struct Requantisation {
  int32_t least = 0, most = 0;  ///< of the accumulator
  FixedFactor factor;
  int32_t zero = 0;
  int32_t low = -128, high = 127;
};

/// The offset C for which the accumulator's byte is the same as that of
///   (C + floor(2^scale_bits * accumulator * multiplier / 2^32) - (accumulator < 0 ? below_zero : 0)) >>
///   shift,
/// held to [low, high], for every accumulator in [least, most]; nothing when there is no such C. Proved, not
/// estimated: both are staircases, and C is chosen so that every step lies between the same two accumulators.
/// The specification rounds halves away from zero; where outputs below `zero` count, that takes below_zero =
/// 2^(scale_bits - 1). Cost: some multiplications for each of at most 255 steps.
std::optional<int32_t> fit_offset(const Requantisation& wanted, int scale_bits, int shift,
                                  int32_t below_zero);

}  // namespace tadpole::plan
