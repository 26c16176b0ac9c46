// Each step of the staircase bounds the offset from both sides; what is left between the bounds fits.
#include "plan/fit_requantisation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "device/kernels/fixed_point.h"

namespace tadpole::plan {

namespace {

/// The specification's value before it is clamped.
int64_t specified(const Requantisation& wanted, int64_t accumulator) {
  return int64_t{wanted.zero} + kernels::multiply_by_quantized_multiplier(static_cast<int32_t>(accumulator),
                                                                          wanted.factor.multiplier,
                                                                          wanted.factor.shift);
}

/// The least accumulator of [least, most] whose value is at least `value`; most + 1 when there is none.
int64_t first_with(const Requantisation& wanted, int64_t value) {
  const double real = wanted.factor.multiplier * std::ldexp(1.0, wanted.factor.shift - 31);
  const double guess = (static_cast<double>(value - wanted.zero) - 0.5) / real;
  int64_t at = std::llround(std::clamp(guess, double{-2147483648.0}, double{2147483647.0}));
  at = std::clamp<int64_t>(at, wanted.least, int64_t{wanted.most} + 1);
  while (at > wanted.least && specified(wanted, at - 1) >= value) --at;
  while (at <= wanted.most && specified(wanted, at) < value) ++at;
  return at;
}

}  // namespace

std::optional<int32_t> fit_offset(const Requantisation& wanted, int scale_bits, int shift,
                                  int32_t below_zero) {
  if (wanted.factor.multiplier == 0) return std::nullopt;
  const int left = std::max(0, wanted.factor.shift);
  const int64_t largest = std::max(std::abs(int64_t{wanted.least}), std::abs(int64_t{wanted.most}));
  constexpr int64_t kLimit = std::numeric_limits<int32_t>::max();
  if (largest > (kLimit >> std::max(left, scale_bits))) return std::nullopt;
  const auto scaled = [&](int64_t accumulator) {
    return ((accumulator * (int64_t{1} << scale_bits) * wanted.factor.multiplier) >> 32) -
           (accumulator < 0 ? below_zero : 0);
  };
  const int64_t highest = scaled(wanted.most), lowest = scaled(wanted.least);
  // The sum itself must not leave 32 bits.
  int64_t at_least = -kLimit - std::min<int64_t>(lowest, 0), at_most = kLimit - std::max<int64_t>(highest, 0);
  for (int64_t value = int64_t{wanted.low} + 1; value <= wanted.high; ++value) {
    const int64_t first = first_with(wanted, value);
    const int64_t step = value * (int64_t{1} << shift);
    if (first <= wanted.most) at_least = std::max(at_least, step - scaled(first));
    if (first > wanted.least) at_most = std::min(at_most, step - 1 - scaled(first - 1));
  }
  if (at_least > at_most) return std::nullopt;
  return static_cast<int32_t>(std::clamp<int64_t>(0, at_least, at_most));
}

}  // namespace tadpole::plan
