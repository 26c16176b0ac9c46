// Fast requantisation against the specification's two roundings, written out as it defines them.
#include "device/kernels/cortex_m_dsp/requantise.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "device/kernels/fixed_point.h"

namespace tadpole::conformance {
namespace {

/// The specification: divisions towards zero, nudged by sign.
int32_t specified(int32_t x, int32_t multiplier, int32_t right_shift) {
  const int64_t product = int64_t{x} * multiplier;
  const int64_t nudge = product >= 0 ? int64_t{1} << 30 : 1 - (int64_t{1} << 30);
  const auto high = static_cast<int32_t>((product + nudge) / (int64_t{1} << 31));
  const auto mask = static_cast<int32_t>((int64_t{1} << right_shift) - 1);
  const int32_t remainder = high & mask, threshold = (mask >> 1) + (high < 0 ? 1 : 0);
  return (high >> right_shift) + (remainder > threshold ? 1 : 0);
}

struct Case {
  int32_t multiplier, right_shift, zero;
};

std::vector<Case> cases() {
  Rng rng(1);
  std::vector<Case> all;
  for (int32_t shift = 0; shift <= kernels::dsp::kMaxRightShift; ++shift) {
    for (const int32_t multiplier :
         {1 << 30, INT32_MAX, (1 << 30) + static_cast<int32_t>(rng.below(1u << 30))}) {
      for (const int32_t zero : {-128, 127, static_cast<int32_t>(rng.below(256)) - 128}) {
        all.push_back({multiplier, shift, zero});
      }
    }
  }
  return all;
}

/// Accumulators near every tie of the output, and a stride through the whole range.
template <class Visit>
void for_each_accumulator(const Case& c, Visit visit) {
  constexpr int32_t kMost = kernels::dsp::kMaxAccumulator;
  for (int32_t x = -kMost; x <= kMost - 997; x += 997) visit(x);
  visit(kMost);
  const double step = 2147483648.0 / c.multiplier * static_cast<double>(int64_t{1} << c.right_shift);
  for (int k = -300; k <= 300; ++k) {
    const auto tie = static_cast<int64_t>((k + 0.5) * step);
    for (int64_t x = tie - 3; x <= tie + 3; ++x) {
      if (std::abs(x) <= kMost) visit(static_cast<int32_t>(x));
    }
  }
}

TEST(Requantise, of_the_dsp_kernels_equals_the_specification) {
  for (const Case& c : cases()) {
    const int32_t offset = kernels::dsp::requantise_offset(c.right_shift, c.zero);
    for_each_accumulator(c, [&](int32_t x) {
      const int32_t expected = std::clamp(specified(x, c.multiplier, c.right_shift) + c.zero, -100, 90);
      const int32_t got =
          kernels::dsp::requantise<false>(x * 256, c.multiplier, offset, 7 + c.right_shift, -100, 90);
      ASSERT_EQ(got, expected) << "x " << x << " m " << c.multiplier << " e " << c.right_shift << " z "
                               << c.zero;
    });
  }
}

TEST(Requantise, of_the_dsp_kernels_equals_the_specification_with_relu) {
  for (const Case& c : cases()) {
    const int32_t offset = kernels::dsp::requantise_offset(c.right_shift, -128);
    for_each_accumulator(c, [&](int32_t x) {
      const int32_t expected = std::clamp(specified(x, c.multiplier, c.right_shift) - 128, -128, 127);
      const int32_t got =
          kernels::dsp::requantise<true>(x * 256, c.multiplier, offset, 7 + c.right_shift, -128, 127);
      ASSERT_EQ(got, expected) << "x " << x << " m " << c.multiplier << " e " << c.right_shift;
    });
  }
}

TEST(Requantise, of_the_dsp_kernels_equals_the_specification_on_every_accumulator_of_one_layer) {
  constexpr Case kCase = {1518500250, 9, 5};
  const int32_t offset = kernels::dsp::requantise_offset(kCase.right_shift, kCase.zero);
  int64_t wrong = 0;
  for (int32_t x = -kernels::dsp::kMaxAccumulator; x <= kernels::dsp::kMaxAccumulator; ++x) {
    const int32_t expected =
        std::clamp(specified(x, kCase.multiplier, kCase.right_shift) + kCase.zero, -128, 127);
    const int32_t got =
        kernels::dsp::requantise<false>(x * 256, kCase.multiplier, offset, 7 + kCase.right_shift, -128, 127);
    wrong += got == expected ? 0 : 1;
  }
  EXPECT_EQ(wrong, 0);
}

TEST(Requantise, of_the_reference_kernels_equals_the_specification_on_any_sum) {
  Rng rng(2);
  for (int i = 0; i < 2000000; ++i) {
    const auto x = static_cast<int32_t>(rng.next());
    const int32_t multiplier = (1 << 30) + static_cast<int32_t>(rng.below(1u << 30));
    const auto shift = static_cast<int32_t>(rng.below(32));
    ASSERT_EQ(kernels::multiply_by_quantized_multiplier(x, multiplier, -shift),
              specified(x, multiplier, shift));
  }
}

}  // namespace
}  // namespace tadpole::conformance
