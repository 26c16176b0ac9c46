// PCG32 and the draws made from it.
#include "base/rng.h"

#include "base/hash.h"

namespace tadpole::base {

namespace {
constexpr uint64_t kMultiplier = 6364136223846793005ull;
}

Rng::Rng(uint64_t seed, uint64_t stream) : state_(0), increment_((stream << 1) | 1) {
  next();
  state_ += seed;
  next();
}

Rng Rng::fork(std::string_view name) const {
  const uint64_t name_hash = fnv1a(name);
  return Rng(state_ ^ name_hash, (increment_ >> 1) + name_hash);
}

uint32_t Rng::next() {
  const uint64_t old = state_;
  state_ = old * kMultiplier + increment_;
  const uint32_t shifted = static_cast<uint32_t>(((old >> 18) ^ old) >> 27);
  const uint32_t turn = static_cast<uint32_t>(old >> 59);
  return (shifted >> turn) | (shifted << ((32 - turn) & 31));
}

uint32_t Rng::below(uint32_t bound) {
  const uint32_t threshold = (0u - bound) % bound;  // values under it would make the low results likelier
  while (true) {
    const uint32_t value = next();
    if (value >= threshold) return value % bound;
  }
}

float Rng::uniform() { return static_cast<float>(next() >> 8) * 0x1p-24f; }

float Rng::normal() {
  // 12 draws of 24 bits fit 28 bits, so the sum is exact and rounded once.
  int64_t sum = 0;
  for (int i = 0; i < 12; ++i) sum += next() >> 8;
  return static_cast<float>(sum - 6 * (int64_t{1} << 24)) * 0x1p-24f;
}

}  // namespace tadpole::base
