// The same numbers on every machine, and without bias.
#include "base/rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/hash.h"

namespace tadpole::base {
namespace {

TEST(Rng, follows_the_published_pcg32_sequence) {
  // The demo program of the PCG paper's C library, seed 42 and stream 54, prints these six.
  Rng rng(42, 54);
  const std::array<uint32_t, 6> published = {0xa15c02b7, 0x7b47f409, 0xba1d3330,
                                             0x83d2f293, 0xbfa4784b, 0xcbed606e};
  for (const uint32_t expected : published) EXPECT_EQ(rng.next(), expected);
}

TEST(Rng, a_saved_state_goes_on_where_it_was) {
  Rng rng(7);
  for (int i = 0; i < 100; ++i) rng.next();
  Rng copy(rng.state());
  for (int i = 0; i < 100; ++i) EXPECT_EQ(rng.next(), copy.next());
}

TEST(Rng, below_reaches_every_value_about_equally_often) {
  Rng rng(1);
  std::array<int, 6> counts{};
  for (int i = 0; i < 60000; ++i) ++counts[rng.below(6)];
  // Each count has mean 10,000 and standard deviation 91; five of them is 456.
  for (const int count : counts) EXPECT_NEAR(count, 10000, 456);
}

TEST(Rng, normal_has_mean_zero_and_variance_one) {
  Rng rng(3);
  double sum = 0, squares = 0;
  const int n = 100000;
  for (int i = 0; i < n; ++i) {
    const double value = rng.normal();
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / n, 0, 5 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1, 5 * std::sqrt(2.0 / n));
}

TEST(Rng, forks_of_different_names_differ_and_do_not_move_the_parent) {
  Rng rng(5);
  Rng same(5);
  EXPECT_NE(rng.fork("a").next(), rng.fork("b").next());
  EXPECT_EQ(rng.fork("a").next(), same.fork("a").next());
  EXPECT_EQ(rng.next(), same.next());
}

TEST(Rng, shuffle_keeps_every_element) {
  std::vector<int> values(50);
  for (int i = 0; i < 50; ++i) values[static_cast<size_t>(i)] = i;
  std::vector<int> shuffled = values;
  Rng(9).shuffle(std::span(shuffled));
  EXPECT_NE(shuffled, values);
  std::sort(shuffled.begin(), shuffled.end());
  EXPECT_EQ(shuffled, values);
}

TEST(Hash, crc32_gives_the_published_check_value_and_continues) {
  const std::string_view text = "123456789";
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  EXPECT_EQ(crc32({bytes, 9}), 0xCBF43926u);
  EXPECT_EQ(crc32({bytes + 4, 5}, crc32({bytes, 4})), 0xCBF43926u);
}

TEST(Hash, fnv1a_gives_the_published_value_of_a) { EXPECT_EQ(fnv1a("a"), 0xaf63dc4c8601ec8cull); }

}  // namespace
}  // namespace tadpole::base
