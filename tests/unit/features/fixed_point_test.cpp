// The building blocks of device/dsp against double precision: logarithm, FFT, power.
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "base/rng.h"
#include "device/dsp/fixed_log.h"
#include "device/dsp/real_fft.h"

namespace tadpole::dsp {
namespace {

std::vector<int32_t> sine_table(int points) {
  std::vector<int32_t> table;
  for (int i = 0; i < 2 * points; ++i) {
    table.push_back(
        static_cast<int32_t>(std::llround(std::sin(std::numbers::pi * i / points) * 1073741824.0)));
  }
  return table;
}

int reversed_index(int i, int points) {
  int reversed = 0;
  for (int bit = 1; bit < points; bit *= 2) reversed = 2 * reversed + ((i & bit) != 0);
  return reversed;
}

TEST(FixedLog, log2_stays_within_its_stated_error_over_all_magnitudes) {
  Rng rng(3);
  for (int i = 0; i < 2000000; ++i) {
    uint64_t value = (uint64_t{rng.next()} << 32 | rng.next()) >> rng.below(64);
    if (value == 0) value = 1;
    const double error = log2_q16(value) / 65536.0 - std::log2(static_cast<double>(value));
    ASSERT_GE(error, -5.1e-5) << value;
    ASSERT_LE(error, 1.0e-5) << value;
  }
}

TEST(FixedLog, log2_never_falls_as_its_argument_grows) {
  int32_t last = log2_q16(1);
  for (uint64_t value = 2; value < (1u << 22); ++value) {
    const int32_t now = log2_q16(value);
    ASSERT_GE(now, last) << value;
    last = now;
  }
}

TEST(FixedLog, log2_of_a_power_of_two_multiple_differs_by_exactly_that_power) {
  for (uint64_t value = 1; value < 5000; ++value) {
    for (int shift = 0; shift <= 40; ++shift) {
      ASSERT_EQ(log2_q16(value << shift), log2_q16(value) + shift * 65536) << value << " << " << shift;
    }
  }
}

TEST(FixedLog, natural_logarithm_is_the_nearest_at_its_scale) {
  for (int32_t log2 = 0; log2 < 64 * 65536; log2 += 37) {
    const double exact = log2 / 65536.0 * std::numbers::ln2;
    for (const int bits : {7, 10, 12}) {
      // One half is rounding; the rest is ln(2) in 32 bits.
      ASSERT_NEAR(log2_to_natural(log2, bits), std::ldexp(exact, bits), 0.5001) << log2;
    }
  }
}

class RealFft : public testing::TestWithParam<int> {};

TEST_P(RealFft, equals_the_plain_dft_within_a_few_units) {
  const int points = GetParam(), size = 2 * points;
  const std::vector<int32_t> sine = sine_table(points);
  Rng rng(static_cast<uint64_t>(points));
  std::vector<double> samples;
  std::vector<int32_t> data(static_cast<size_t>(size));
  for (int n = 0; n < size; ++n) {
    const int32_t value =
        static_cast<int32_t>(rng.next()) >> 1;  // up to 2^30, the largest that the features use
    samples.push_back(value);
    data[2 * reversed_index(n / 2, points) + n % 2] = value;
  }
  fft_scaled(data.data(), points, sine.data());
  for (int k = 1; k < points; k += 1 + points / 64) {
    std::complex<double> sum = 0;
    for (int n = 0; n < size; ++n) {
      const double angle = -2 * std::numbers::pi * (int64_t{k} * n % size) / size;
      sum += samples[n] * std::complex<double>(std::cos(angle), std::sin(angle));
    }
    const double found = std::sqrt(static_cast<double>(real_power(data.data(), points, sine.data(), k)));
    // Each of up to 7 stages drops less than 2 units a part, and averages what the earlier ones dropped.
    EXPECT_NEAR(found, std::abs(sum) / size, 8.0) << "line " << k << " of " << size;
  }
}

TEST_P(RealFft, all_powers_at_once_have_the_bits_of_each_alone) {
  const int points = GetParam();
  const std::vector<int32_t> sine = sine_table(points);
  Rng rng(static_cast<uint64_t>(points) + 1);
  for (int i = 0; i < 20; ++i) {
    std::vector<int32_t> spectrum(static_cast<size_t>(2 * points));
    for (int32_t& value : spectrum) value = static_cast<int32_t>(rng.next()) >> (2 + i);
    const auto below = [&](int count) { return static_cast<int>(rng.below(static_cast<uint32_t>(count))); };
    const int first = i % 3 ? 1 + below(points - 1) : 1,
              last = i % 4 ? first + below(points + 1 - first) : points;
    std::vector<int32_t> powers = spectrum;
    real_powers(powers.data(), points, sine.data(), first, last);
    for (int k = first; k < last; ++k) {
      const auto at = static_cast<size_t>(2 * k);
      const uint64_t found =
          uint64_t{static_cast<uint32_t>(powers[at + 1])} << 32 | static_cast<uint32_t>(powers[at]);
      ASSERT_EQ(found, real_power(spectrum.data(), points, sine.data(), k))
          << first << " " << k << " " << last;
    }
  }
}

TEST_P(RealFft, of_the_largest_constant_does_not_overflow) {
  const int points = GetParam();
  const std::vector<int32_t> sine = sine_table(points);
  std::vector<int32_t> data(static_cast<size_t>(2 * points), -(1 << 30));
  fft_scaled(data.data(), points, sine.data());
  EXPECT_NEAR(data[0], -(1 << 30), 16);
  EXPECT_NEAR(data[1], -(1 << 30), 16);
  for (size_t i = 2; i < data.size(); ++i) ASSERT_NEAR(data[i], 0, 16) << i;
}

INSTANTIATE_TEST_SUITE_P(Points, RealFft, testing::Values(32, 64, 128, 256, 512, 2048, 8192),
                         [](const auto& info) { return std::to_string(info.param); });

}  // namespace
}  // namespace tadpole::dsp
