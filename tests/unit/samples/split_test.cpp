// The split keeps groups whole, comes near to its percentages and never changes with anything but the seed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "base/rng.h"
#include "samples/dataset.h"

namespace tadpole::samples {
namespace {

using testing::HasSubstr;

Sample make(const std::string& label, const std::string& group, int number) {
  Sample sample;
  sample.id = label + "/" + group + "_" + std::to_string(number) + ".wav";
  sample.label = label;
  sample.group = group;
  return sample;
}

// `groups` speakers who each say each word zero to `most` times.
std::vector<Sample> random_samples(uint64_t seed, int groups, int labels, int most) {
  Rng rng(seed);
  std::vector<Sample> samples;
  for (int group = 0; group < groups; ++group) {
    for (int label = 0; label < labels; ++label) {
      const int count = static_cast<int>(rng.below(static_cast<uint32_t>(most + 1)));
      for (int i = 0; i < count; ++i)
        samples.push_back(make("w" + std::to_string(label), "g" + std::to_string(group), i));
    }
  }
  return samples;
}

std::map<std::string, Side> by_id(const std::vector<Sample>& samples, const Split& split) {
  std::map<std::string, Side> sides;
  for (size_t i = 0; i < samples.size(); ++i) sides[samples[i].id] = split.side[i];
  return sides;
}

double share(const Split& split, Side side) {
  return static_cast<double>(std::count(split.side.begin(), split.side.end(), side)) /
         static_cast<double>(split.side.size());
}

TEST(Split, no_group_is_on_two_sides_and_no_side_is_empty_over_300_random_datasets) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const auto samples =
        random_samples(seed, 3 + static_cast<int>(seed % 40), 1 + static_cast<int>(seed % 7), 6);
    std::set<std::string> names;
    for (const Sample& sample : samples) names.insert(sample.group);
    if (names.size() < 3) continue;
    const auto split = split_by_group(samples, {.seed = seed});
    ASSERT_TRUE(split.ok());
    std::map<std::string, Side> side_of;
    for (size_t i = 0; i < samples.size(); ++i) {
      const auto [found, added] = side_of.emplace(samples[i].group, split->side[i]);
      ASSERT_EQ(found->second, split->side[i])
          << "group " << samples[i].group << " is on two sides, seed " << seed;
    }
    for (const Side side : {Side::train, Side::validation, Side::test})
      ASSERT_GT(share(*split, side), 0) << "seed " << seed;
  }
}

TEST(Split, does_not_depend_on_the_order_of_the_samples) {
  auto samples = random_samples(5, 30, 4, 5);
  const auto first = by_id(samples, *split_by_group(samples, {}));
  Rng rng(1);
  rng.shuffle(std::span(samples));
  EXPECT_EQ(by_id(samples, *split_by_group(samples, {})), first);
}

TEST(Split, another_seed_gives_another_split) {
  const auto samples = random_samples(5, 30, 4, 5);
  EXPECT_NE(split_by_group(samples, {.seed = 1})->side, split_by_group(samples, {.seed = 2})->side);
}

// One group has up to 6 of a class; a class may be two groups off where another class gains by it.
TEST(Split, each_class_comes_within_two_groups_of_its_percentages) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const auto samples = random_samples(seed, 40, 5, 6);
    const auto split = split_by_group(samples, {.seed = seed});
    for (int label = 0; label < 5; ++label) {
      std::map<Side, int> counts;
      int total = 0;
      for (size_t i = 0; i < samples.size(); ++i) {
        if (samples[i].label != "w" + std::to_string(label)) continue;
        ++counts[split->side[i]];
        ++total;
      }
      EXPECT_NEAR(counts[Side::train], 0.8 * total, 12) << "seed " << seed;
      EXPECT_NEAR(counts[Side::validation], 0.1 * total, 12) << "seed " << seed;
      EXPECT_NEAR(counts[Side::test], 0.1 * total, 12) << "seed " << seed;
    }
  }
}

TEST(Split, a_side_of_zero_percent_stays_empty) {
  const auto samples = random_samples(9, 20, 3, 5);
  const auto split =
      split_by_group(samples, {.train_percent = 90, .validation_percent = 0, .test_percent = 10});
  EXPECT_EQ(share(*split, Side::validation), 0);
  EXPECT_GT(share(*split, Side::test), 0);
}

TEST(Split, one_voice_is_split_by_blocks_of_time_in_number_order) {
  std::vector<Sample> samples;
  for (int i = 0; i < 50; ++i) samples.push_back(make("yes", "ann", i));
  const auto split = split_by_group(samples, {});
  ASSERT_TRUE(split.ok());
  EXPECT_THAT(split->story, HasSubstr("blocks of time"));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(split->side[static_cast<size_t>(i)], i < 40   ? Side::train
                                                   : i < 45 ? Side::validation
                                                            : Side::test)
        << i;
  }
}

TEST(Split, recordings_without_a_group_are_split_by_time_beside_those_with_one) {
  auto samples = random_samples(3, 20, 2, 4);
  for (int i = 0; i < 20; ++i) samples.push_back(make("w0", "", i));
  const auto split = split_by_group(samples, {});
  EXPECT_THAT(split->story, HasSubstr("20 recordings without a group"));
  const auto sides = by_id(samples, *split);
  EXPECT_EQ(sides.at("w0/_0.wav"), Side::train);
  EXPECT_EQ(sides.at("w0/_19.wav"), Side::test);
}

TEST(Split, the_story_names_who_went_where) {
  std::vector<Sample> samples;
  for (const char* group : {"ann", "bob", "cleo"}) {
    for (int i = 0; i < 4; ++i) samples.push_back(make("yes", group, i));
  }
  const auto split = split_by_group(samples, {});
  for (const char* text : {"ann", "bob", "cleo", "train: 1 group", "seed 1"})
    EXPECT_THAT(split->story, HasSubstr(text));
}

TEST(Split, shares_that_do_not_add_up_are_refused_with_their_numbers) {
  const auto split = split_by_group({}, {.train_percent = 80, .validation_percent = 10, .test_percent = 20});
  ASSERT_FALSE(split.ok());
  EXPECT_EQ(split.error().code, Code::data_bad_split);
  EXPECT_THAT(split.error().detail, HasSubstr("test 20"));
  EXPECT_FALSE(split_by_group({}, {.train_percent = 0, .validation_percent = 50, .test_percent = 50}).ok());
}

TEST(Split, blocks_keep_something_to_train_and_test_with) {
  using Sizes = std::array<size_t, 3>;
  EXPECT_EQ(block_sizes(0, {}), (Sizes{0, 0, 0}));
  EXPECT_EQ(block_sizes(1, {}), (Sizes{1, 0, 0}));
  EXPECT_EQ(block_sizes(2, {}), (Sizes{1, 0, 1}));
  EXPECT_EQ(block_sizes(3, {}), (Sizes{1, 1, 1}));
  EXPECT_EQ(block_sizes(100, {}), (Sizes{80, 10, 10}));
}

TEST(NaturalOrder, counts_numbers_as_numbers) {
  EXPECT_TRUE(natural_less("a2", "a10"));
  EXPECT_FALSE(natural_less("a10", "a2"));
  EXPECT_TRUE(natural_less("a", "a1"));
  EXPECT_TRUE(natural_less("a1b", "a1c"));
  EXPECT_FALSE(natural_less("x", "x"));
  EXPECT_NE(natural_less("a01", "a1"),
            natural_less("a1", "a01"));  // a total order, so that sorting is the same everywhere
}

}  // namespace
}  // namespace tadpole::samples
