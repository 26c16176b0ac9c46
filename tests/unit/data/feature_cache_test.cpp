// Features come out the same from memory, from the cache, and from any number of threads; a damaged cache
// never counts.
#include "data/feature_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/files.h"
#include "memory_growth.h"
#include "scratch.h"
#include "sound_set.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;

Result<FeatureSet> make(const samples::Dataset& data, const std::string& folder, Progress& progress,
                        int threads = 2, const features::FeatureConfig& config = {}) {
  Workers workers(threads);
  return features_of(data, *features::FeatureBlock::create(config), folder, workers, progress);
}

TEST(FeatureCache, rows_are_what_the_block_extracts) {
  Silent silent;
  const auto data = dataset();
  const auto set = make(data, "", silent);
  ASSERT_TRUE(set.ok()) << set.error().message();
  ASSERT_EQ(set->size, block().size());
  for (int i = 0; i < 12; ++i) {
    const auto row = set->plain_row(i);
    EXPECT_EQ(std::vector<int16_t>(row.begin(), row.end()),
              block().extract(data.samples[static_cast<size_t>(i)].audio().pcm))
        << i;
  }
}

TEST(FeatureCache, one_thread_and_three_give_the_same_bits) {
  Silent silent;
  const auto data = dataset();
  EXPECT_EQ(make(data, "", silent, 1)->plain, make(data, "", silent, 3)->plain);
}

TEST(FeatureCache, the_second_time_the_same_bits_come_from_the_disk) {
  const Scratch scratch;
  Silent silent;
  const auto data = dataset();
  const auto first = make(data, scratch / "cache", silent), second = make(data, scratch / "cache", silent);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_FALSE(first->from_cache);
  EXPECT_TRUE(second->from_cache);
  EXPECT_EQ(first->plain, second->plain);
  EXPECT_EQ(first->signal_hashes, second->signal_hashes);
  EXPECT_EQ(files_in(scratch / "cache"), 1);
}

TEST(FeatureCache, anything_that_matters_makes_it_anew_and_nothing_else) {
  const Scratch scratch;
  Silent silent;
  const auto data = dataset();
  ASSERT_TRUE(make(data, scratch / "cache", silent).ok());
  features::FeatureConfig other;
  other.high_hz = 3000;
  EXPECT_FALSE(make(data, scratch / "cache", silent, 2, other)->from_cache);
  auto changed = data;
  changed.samples[3] = sound("s3", 77, 1000);
  EXPECT_FALSE(make(changed, scratch / "cache", silent)->from_cache);
  changed = data;
  changed.side[9] = samples::Side::train;
  EXPECT_TRUE(make(changed, scratch / "cache", silent)->from_cache);
}

TEST(FeatureCache, every_flipped_byte_and_every_cut_is_noticed) {
  Silent silent;
  auto data = dataset();
  data.samples.resize(2);
  data.target.resize(2);
  data.side.resize(2);
  const auto set = make(data, "", silent, 1);
  const std::string key(64, 'k');
  std::vector<uint8_t> whole = features_header(*set, key);
  for (const int16_t value : set->plain)
    for (const int shift : {0, 8}) whole.push_back(static_cast<uint8_t>(value >> shift));
  const auto decode = [&](std::span<const uint8_t> bytes, const std::string& with_key, size_t samples) {
    return decode_features(*plain_stream(bytes), bytes.size(), with_key, samples);
  };
  ASSERT_TRUE(decode(whole, key, 2).ok());
  for (size_t at = 0; at < whole.size(); ++at) {
    std::vector<uint8_t> bytes = whole;
    bytes[at] ^= 0x41;
    const auto read = decode(bytes, key, 2);
    ASSERT_FALSE(read.ok()) << "byte " << at;
    ASSERT_EQ(read.error().code, Code::cache_damaged);
  }
  for (size_t size = 0; size < whole.size(); size += 1 + size / 8) {
    ASSERT_FALSE(decode(std::span(whole).first(size), key, 2).ok()) << size;
  }
  EXPECT_FALSE(decode(whole, std::string(64, 'x'), 2).ok());
  EXPECT_FALSE(decode(whole, key, 3).ok());
}

TEST(FeatureCache, features_lie_in_memory_once) {
  if (!kMemoryIsMeasurable) GTEST_SKIP() << "needs a build without AddressSanitizer";
  const Scratch scratch;
  FeatureSet set;
  set.size = 20000;
  set.plain.assign(1000 * 20000, 7);  // 40 MB
  const std::string key(64, 'k'), path = scratch / "features";
  const std::vector<uint8_t> header = features_header(set, key);
  const std::span plain(reinterpret_cast<const uint8_t*>(set.plain.data()), 2 * set.plain.size());
  EXPECT_LT(memory_growth_kilobytes([&] {
              ASSERT_TRUE(write_file(path, {{header, plain}}).ok());
            }),
            4 * 1024);
  EXPECT_LT(memory_growth_kilobytes([&] {
              const auto stream = open_stream(path);
              ASSERT_TRUE(stream.ok());
              const auto read = decode_features(**stream, fs::file_size(path), key, 1000);
              ASSERT_TRUE(read.ok()) << read.error().detail;
              EXPECT_EQ(read->plain, set.plain);
            }),
            44 * 1024);
}

TEST(FeatureCache, a_damaged_file_is_said_and_made_anew) {
  const Scratch scratch;
  Listening progress;
  const auto data = dataset();
  const auto first = make(data, scratch / "cache", progress);
  const std::string file = fs::directory_iterator(scratch / "cache")->path().string();
  auto bytes = *read_file(file);
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(write_file(file, bytes).ok());
  const auto second = make(data, scratch / "cache", progress);
  ASSERT_TRUE(second.ok());
  EXPECT_FALSE(second->from_cache);
  EXPECT_EQ(second->plain, first->plain);
  ASSERT_EQ(progress.said.size(), 1u);
  EXPECT_THAT(progress.said[0], testing::HasSubstr("checksum"));
  EXPECT_TRUE(make(data, scratch / "cache", progress)->from_cache);
}

TEST(FeatureCache, a_cache_that_cannot_be_written_is_said_and_no_error) {
  const Scratch scratch;
  Listening progress;
  ASSERT_TRUE(write_text(scratch / "file", "in the way").ok());
  const auto set = make(dataset(), scratch / "file/cache", progress);
  ASSERT_TRUE(set.ok());
  ASSERT_EQ(progress.said.size(), 1u);
  EXPECT_THAT(progress.said[0], testing::HasSubstr("could not be kept"));
}

TEST(FeatureCache, keeps_the_eight_latest_files) {
  const Scratch scratch;
  Silent silent;
  auto data = dataset();
  data.samples.resize(1);
  data.target.resize(1);
  data.side.resize(1);
  for (uint64_t seed = 0; seed < 10; ++seed) {
    data.samples[0] = sound("s", seed, 1000);
    ASSERT_TRUE(make(data, scratch / "cache", silent, 1).ok());
  }
  EXPECT_EQ(files_in(scratch / "cache"), 8);
  EXPECT_TRUE(make(data, scratch / "cache", silent, 1)->from_cache);
}

TEST(FeatureCache, stops_when_asked_and_leaves_no_file) {
  const Scratch scratch;
  Listening progress;
  progress.stop = true;
  EXPECT_EQ(make(dataset(), scratch / "cache", progress).error().code, Code::cancelled);
  EXPECT_FALSE(fs::exists(scratch / "cache"));
}

TEST(FeatureCache, a_recording_of_another_rate_is_refused_by_name) {
  Silent silent;
  auto data = dataset();
  data.samples[2].signal =
      std::make_shared<samples::Signal>(samples::Audio{8000, std::vector<int16_t>(8000)});
  const auto set = make(data, "", silent);
  ASSERT_FALSE(set.ok());
  EXPECT_EQ(set.error().code, Code::features_bad_setting);
  EXPECT_THAT(set.error().detail,
              testing::HasSubstr("s2: [features] sample_rate_hz = 16000; this recording has 8000"));
}

}  // namespace
}  // namespace tadpole::data
