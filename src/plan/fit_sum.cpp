// Tries factors around the real ones; each pair of bytes bounds the offset.
#include "plan/fit_sum.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tadpole::plan {

namespace {

constexpr int kFactorBits = 8;  // of a factor, below the bits of t
constexpr int kReach = 3;       // how far factors are looked for around the real ones

/// One input's share of t for each byte.
std::array<int64_t, 256> shares(int32_t factor) {
  std::array<int64_t, 256> share;
  for (int value = -128; value < 128; ++value) {
    share[static_cast<size_t>(value + 128)] = (int64_t{value} * factor) >> kFactorBits;
  }
  return share;
}

class Fitting {
 public:
  Fitting(const PairTable& wanted, const SumToFit& real, int shift)
      : wanted_(wanted), real_(real), shift_(shift) {}

  std::optional<SumFit> at(int32_t a_factor, int32_t b_factor) const {
    const auto a = shares(a_factor), b = shares(b_factor);
    const auto [a_least, a_most] = std::minmax(a.front(), a.back());
    const auto [b_least, b_most] = std::minmax(b.front(), b.back());
    constexpr int64_t kLimit = std::numeric_limits<int32_t>::max() - 1;
    int64_t at_least = -kLimit - std::min<int64_t>(0, std::min({a_least, b_least, a_least + b_least}));
    int64_t at_most = kLimit - std::max<int64_t>(0, std::max({a_most, b_most, a_most + b_most}));
    const int64_t least = at_least, most = at_most;
    for (size_t i = 0; i < 256; ++i) {
      for (size_t j = 0; j < 256; ++j) {
        const int64_t value = wanted_[256 * i + j], t = a[i] + b[j];
        if (value > real_.low) at_least = std::max(at_least, (value << shift_) - t);
        if (value < real_.high) at_most = std::min(at_most, ((value + 1) << shift_) - 1 - t);
      }
    }
    if (at_least <= at_most) {
      return SumFit{a_factor, b_factor, static_cast<int32_t>((at_least + at_most) / 2), false, 0};
    }
    // Halves away from zero: t is `middle` where both inputs are zero.
    const int64_t middle = (int64_t{real_.zero} << shift_) + (int64_t{1} << (shift_ - 1));
    const int64_t offset =
        middle - a[static_cast<size_t>(real_.a_zero + 128)] - b[static_cast<size_t>(real_.b_zero + 128)];
    if (offset < least || offset > most) return std::nullopt;
    for (size_t i = 0; i < 256; ++i) {
      for (size_t j = 0; j < 256; ++j) {
        const int64_t t = offset + a[i] + b[j];
        const int64_t value = (t - (t < middle ? 1 : 0)) >> shift_;
        if (std::clamp<int64_t>(value, real_.low, real_.high) != wanted_[256 * i + j]) return std::nullopt;
      }
    }
    return SumFit{a_factor, b_factor, static_cast<int32_t>(offset), true, static_cast<int32_t>(middle)};
  }

 private:
  const PairTable& wanted_;
  const SumToFit& real_;
  int shift_;
};

}  // namespace

std::optional<SumFit> fit_sum(const PairTable& wanted, const SumToFit& real, int shift) {
  const double a = std::ldexp(real.a_scale, shift + kFactorBits);
  const double b = std::ldexp(real.b_scale, shift + kFactorBits);
  constexpr double kMost = std::numeric_limits<int32_t>::max() - kReach - 1;
  if (!(std::abs(a) < kMost && std::abs(b) < kMost)) return std::nullopt;
  const auto a_factor = static_cast<int32_t>(std::lround(a)), b_factor = static_cast<int32_t>(std::lround(b));
  const Fitting fitting(wanted, real, shift);
  for (int distance = 0; distance <= kReach; ++distance) {
    for (int i = -distance; i <= distance; ++i) {
      for (int j = -distance; j <= distance; ++j) {
        if (std::max(std::abs(i), std::abs(j)) != distance) continue;
        if (const auto fit = fitting.at(a_factor + i, b_factor + j)) return fit;
      }
    }
  }
  return std::nullopt;
}

}  // namespace tadpole::plan
