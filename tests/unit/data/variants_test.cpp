// Variants are the same whenever, wherever and by whomever they are made; a damaged file of them never
// counts.
#include "data/variants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "data/files.h"
#include "scratch.h"
#include "sound_set.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;

samples::AugmentOptions three() {
  samples::AugmentOptions options;
  options.variants = 3;
  return options;
}

struct Opened {
  samples::Dataset data;
  FeatureSet features;
  std::unique_ptr<Variants> variants;
};

/// Of a copy of `data`, so that it stays.
std::unique_ptr<Opened> open(const samples::Dataset& data, const std::string& folder, Progress& progress,
                             const samples::AugmentOptions& options = three()) {
  Workers workers(1);
  auto opened = std::make_unique<Opened>();
  opened->data = data;
  opened->features = *features_of(opened->data, block(), "", workers, progress);
  opened->variants =
      Variants::open(opened->data, opened->features, block(), {.sound = options}, folder, progress);
  return opened;
}

std::vector<int16_t> row(Opened& opened, int place, int variant) {
  const auto row = opened.variants->row(place, variant);
  return {row.begin(), row.end()};
}

TEST(Variants, differ_from_their_recording_and_from_each_other_and_are_those_that_can_be_looked_at) {
  Silent silent;
  const auto opened = open(dataset(), "", silent);
  for (const int place : {7, 0, 5}) {
    const auto varied =
        varied_features(opened->data, static_cast<size_t>(place), 3, block(), {.sound = three()});
    const auto plain = opened->features.plain_row(place);
    for (int variant = 0; variant < 3; ++variant) {
      EXPECT_EQ(row(*opened, place, variant), varied[static_cast<size_t>(variant)]);
      EXPECT_NE(row(*opened, place, variant), row(*opened, place, (variant + 1) % 3));
      EXPECT_NE(row(*opened, place, variant), std::vector<int16_t>(plain.begin(), plain.end()));
    }
  }
  EXPECT_EQ(opened->variants->made(), 9);  // what was not asked for is not made
}

TEST(Variants, threads_that_ask_for_the_same_ones_get_the_same_bits_and_make_each_once) {
  Silent silent;
  const auto one = open(dataset(), "", silent), many = open(dataset(), "", silent);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&many, thread] {
      for (int i = 0; i < 24; ++i) {
        const int at = thread == 1 ? 23 - i : i;
        many->variants->row(at / 3, at % 3);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(many->variants->made(), 24);
  for (int at = 0; at < 24; ++at) EXPECT_EQ(row(*many, at / 3, at % 3), row(*one, at / 3, at % 3)) << at;
}

TEST(Variants, those_that_were_made_are_kept_for_the_next_time) {
  const Scratch scratch;
  Silent silent;
  const auto first = open(dataset(), scratch / "cache", silent);
  ASSERT_TRUE(first->variants->keep().ok());
  EXPECT_FALSE(fs::exists(scratch / "cache")) << "nothing was made";
  const auto kept = row(*first, 2, 1);
  ASSERT_TRUE(first->variants->keep().ok());
  const auto second = open(dataset(), scratch / "cache", silent);
  EXPECT_EQ(second->variants->made(), 1);
  EXPECT_EQ(row(*second, 2, 1), kept);
  EXPECT_EQ(second->variants->made(), 1);
  const auto more = row(*second, 6, 0);
  ASSERT_TRUE(second->variants->keep().ok());
  EXPECT_EQ(files_in(scratch / "cache"), 1);
  const auto third = open(dataset(), scratch / "cache", silent);
  EXPECT_EQ(third->variants->made(), 2);
  EXPECT_EQ(row(*third, 6, 0), more);
}

TEST(Variants, anything_that_matters_makes_them_anew) {
  const Scratch scratch;
  Silent silent;
  const auto data = dataset();
  const auto first = open(data, scratch / "cache", silent);
  row(*first, 0, 0);
  ASSERT_TRUE(first->variants->keep().ok());
  const auto found = [&](const samples::Dataset& in, const samples::AugmentOptions& options = three()) {
    return open(in, scratch / "cache", silent, options)->variants->made() == 1;
  };
  EXPECT_TRUE(found(data));
  auto options = three();
  options.seed = 2;
  EXPECT_FALSE(found(data, options));
  options = three();
  options.gain_db = 3;
  EXPECT_FALSE(found(data, options));
  auto changed = data;
  changed.samples[3] = sound("s3", 77, 1000);
  EXPECT_FALSE(found(changed));
  changed = data;
  changed.noise[0] = sound("n", 78, 300, 40000);
  EXPECT_FALSE(found(changed));
  changed = data;
  changed.side[9] = samples::Side::train;
  EXPECT_FALSE(found(changed));
}

TEST(Variants, every_flipped_byte_and_every_cut_is_noticed_and_leaves_nothing_behind) {
  const Scratch scratch;
  Listening progress;
  const auto opened = open(dataset(), scratch / "cache", progress);
  const auto kept = row(*opened, 2, 1);
  row(*opened, 4, 0);
  ASSERT_TRUE(opened->variants->keep().ok());
  const std::string file = fs::directory_iterator(scratch / "cache")->path().string();
  const std::vector<uint8_t> whole = *read_file(file);
  const auto other = open(dataset(), "", progress);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::vector<uint8_t> bytes = whole;
    bytes[at] ^= 0x41;
    const auto read = other->variants->read(*plain_stream(bytes), bytes.size());
    ASSERT_FALSE(read.ok()) << "byte " << at;
    ASSERT_EQ(read.error().code, Code::cache_damaged);
    ASSERT_EQ(other->variants->made(), 0);
  }
  for (size_t size = 0; size < whole.size(); size += 1 + size / 8) {
    const auto cut = std::span(whole).first(size);
    ASSERT_FALSE(other->variants->read(*plain_stream(cut), cut.size()).ok()) << size;
    ASSERT_FALSE(other->variants->read(*plain_stream(cut), whole.size()).ok()) << size;
  }
  EXPECT_EQ(row(*other, 2, 1), kept);
  ASSERT_TRUE(write_file(file, std::span(whole).first(whole.size() - 1)).ok());
  EXPECT_EQ(row(*open(dataset(), scratch / "cache", progress), 2, 1), kept);
  ASSERT_EQ(progress.said.size(), 1u);
  EXPECT_THAT(progress.said[0],
              testing::HasSubstr("its size does not fit its header. The variants are made"));
}

TEST(Variants, a_folder_that_cannot_be_written_is_an_error_of_keeping_only) {
  const Scratch scratch;
  Silent silent;
  ASSERT_TRUE(write_text(scratch / "file", "in the way").ok());
  const auto opened = open(dataset(), scratch / "file/cache", silent);
  row(*opened, 0, 0);
  EXPECT_FALSE(opened->variants->keep().ok());
}

}  // namespace
}  // namespace tadpole::data
