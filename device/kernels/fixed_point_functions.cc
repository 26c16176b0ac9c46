// Exponential, logistic, tanh and roots in integers.
#include "device/kernels/fixed_point_functions.h"

#include "device/kernels/fixed_point.h"

namespace tadpole {
namespace kernels {

namespace {

constexpr int32_t kOneF0 = INT32_MAX;
constexpr int32_t kOneF2 = 1 << 29;
constexpr int32_t kOneF3 = 1 << 28;

int32_t mul(int32_t a, int32_t b) { return saturating_rounding_doubling_high_mul(a, b); }

/// e^a in F0 for a in [-1/4, 0) in F0.
int32_t exp_near_zero(int32_t a) {
  constexpr int32_t kExpOfMinusEighth = 1895147668;
  constexpr int32_t kThird = 715827883;
  const int32_t x = a + (1 << 28);  // a + 1/8
  const int32_t x2 = mul(x, x);
  const int32_t x3 = mul(x2, x);
  const int32_t x4 = mul(x2, x2);
  const int32_t x4_over_4 = rounding_divide_by_pot(x4, 2);
  const int32_t higher = rounding_divide_by_pot(mul(x4_over_4 + x3, kThird) + x2, 1);
  return kExpOfMinusEighth + mul(kExpOfMinusEighth, x + higher);
}

/// 2 / (1 + x) in F2 for x in [0, 1) in F0.
int32_t twice_reciprocal_of_one_plus(int32_t x) {
  constexpr int32_t k48Over17 = 1515870810;        // F2
  constexpr int32_t kMinus32Over17 = -1010580540;  // F2
  const int32_t half_denominator = static_cast<int32_t>((static_cast<int64_t>(x) + kOneF0 + 1) / 2);
  int32_t guess = k48Over17 + mul(half_denominator, kMinus32Over17);
  for (int i = 0; i < 3; ++i) {
    const int32_t error = kOneF2 - mul(half_denominator, guess);
    guess += saturating_rounding_multiply_by_pot(mul(guess, error), 2);
  }
  return guess;
}

}  // namespace

int32_t exp_of_negative_fixed(int32_t a, int32_t integer_bits) {
  if (a == 0) return kOneF0;
  const int32_t quarter_bit = 31 - integer_bits - 2;
  const int32_t near_zero = (a & ((1 << quarter_bit) - 1)) - (1 << quarter_bit);
  int32_t result = exp_near_zero(near_zero * (1 << integer_bits));
  // What is left is a sum of powers of two from 1/4 up: e^-(2^i) for i = -2 ... 4, in F0.
  constexpr int32_t kPowers[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
  const int32_t rest = near_zero - a;
  for (int32_t i = 0; i < integer_bits + 2; ++i) {
    if (rest & (1 << (quarter_bit + i))) result = mul(result, kPowers[i]);
  }
  return result;
}

int32_t reciprocal_of_one_plus(int32_t x) {
  return saturating_rounding_multiply_by_pot(twice_reciprocal_of_one_plus(x), 1);
}

int32_t logistic_fixed(int32_t a) {
  if (a == 0) return 1 << 30;
  const int32_t of_positive = reciprocal_of_one_plus(exp_of_negative_fixed(a > 0 ? -a : a, 4));
  return a > 0 ? of_positive : kOneF0 - of_positive;
}

int32_t tanh_fixed(int32_t a) {
  if (a == 0) return 0;
  // tanh(|a|) = (1 - e) / (1 + e) = 2 / (1 + e) - 1 with e = e^-2|a|; a in F4 is 2a in F5.
  const int32_t e = exp_of_negative_fixed(a > 0 ? -a : a, 5);
  const int32_t of_positive =
      saturating_rounding_multiply_by_pot(twice_reciprocal_of_one_plus(e) - kOneF2, 2);
  return a > 0 ? of_positive : -of_positive;
}

InverseSquareRoot inverse_square_root_fixed(int32_t x) {
  if (x <= 1) return {kOneF0, 0};
  // x is brought to [2^27, 2^29) by steps of 4, so that its root stays a power of two away.
  const int32_t steps = (leading_zeros(static_cast<uint32_t>(x)) - 1) / 2 - 1;
  const int32_t in_f3 = (x << (2 * steps)) >> 1;
  const int32_t half = rounding_divide_by_pot(in_f3, 1);
  int32_t root = kOneF3;
  for (int i = 0; i < 5; ++i) {
    const int32_t cubed = saturating_rounding_multiply_by_pot(mul(mul(root, root), root), 6);
    root = saturating_rounding_multiply_by_pot(mul(kOneF3 + kOneF3 / 2, root) - mul(half, cubed), 3);
  }
  constexpr int32_t kHalfRootOfTwo = 1518500250;  // F0
  const int32_t multiplier = mul(root, kHalfRootOfTwo);
  const int32_t right = 11 - steps;
  if (right >= 0) return {multiplier, -right};
  return {static_cast<int32_t>(static_cast<uint32_t>(multiplier) << -right), 0};
}

int32_t leading_zeros(uint32_t x) {
  int32_t count = 0;
  for (; count < 32 && !(x & 0x80000000u); x <<= 1) ++count;
  return count;
}

}  // namespace kernels
}  // namespace tadpole
