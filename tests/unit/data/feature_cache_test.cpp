// Features come out the same from memory, from the cache, and from any number of threads; a damaged cache
// never counts.
#include "data/feature_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <mutex>

#include "data/files.h"
#include "memory_growth.h"
#include "scratch.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;
using samples::Side;

class Listening final : public Progress {
 public:
  void report(std::string_view, long, long, std::string_view) override {}
  void say(std::string_view sentence) override { said.emplace_back(sentence); }
  bool cancelled() const override { return stop; }
  std::vector<std::string> said;
  std::atomic<bool> stop{false};
};

samples::Sample sound(const std::string& id, uint64_t seed, float level, int length = 16000) {
  Rng rng(seed);
  samples::Sample sample;
  sample.id = id;
  sample.signal =
      std::make_shared<samples::Signal>(samples::Audio{16000, samples::synthetic_noise(length, level, rng)});
  return sample;
}

samples::Dataset dataset() {
  samples::Dataset data;
  data.classes = {"silence", "yes", "no"};
  for (int i = 0; i < 12; ++i) {
    data.samples.push_back(
        sound("s" + std::to_string(i), static_cast<uint64_t>(i), 1000, i == 5 ? 9000 : 16000));
    data.target.push_back(i % 3);
    data.side.push_back(i < 8 ? Side::train : i < 10 ? Side::validation : Side::test);
  }
  data.noise = {sound("n", 99, 300, 40000)};
  data.noise_side = {Side::train};
  return data;
}

features::FeatureBlock block() { return *features::FeatureBlock::create({}); }

samples::AugmentOptions three() {
  samples::AugmentOptions options;
  options.variants = 3;
  return options;
}

Result<FeatureSet> make(const samples::Dataset& data, const std::string& folder, Progress& progress,
                        int threads = 2, const samples::AugmentOptions& options = three()) {
  Workers workers(threads);
  return features_of(data, block(), {.sound = options}, folder, workers, progress);
}

int files_in(const std::string& folder) {
  return static_cast<int>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(FeatureCache, plain_rows_are_what_the_block_extracts_and_variants_are_not) {
  Silent silent;
  const auto data = dataset();
  const auto set = make(data, "", silent);
  ASSERT_TRUE(set.ok()) << set.error().message();
  ASSERT_EQ(set->size, block().size());
  EXPECT_THAT(set->train_indices, testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  for (int i = 0; i < 12; ++i) {
    const auto row = set->plain_row(i);
    EXPECT_EQ(std::vector<int16_t>(row.begin(), row.end()),
              block().extract(data.samples[static_cast<size_t>(i)].audio().pcm))
        << i;
  }
  for (int i = 0; i < 8; ++i) {
    for (int variant = 0; variant < 3; ++variant) {
      const auto row = set->augmented_row(i, variant), plain = set->plain_row(i);
      EXPECT_FALSE(std::equal(row.begin(), row.end(), plain.begin())) << i << " " << variant;
      const auto other = set->augmented_row(i, (variant + 1) % 3);
      EXPECT_FALSE(std::equal(row.begin(), row.end(), other.begin())) << i << " " << variant;
    }
  }
}

TEST(FeatureCache, one_thread_and_three_give_the_same_bits) {
  Silent silent;
  const auto data = dataset();
  const auto one = make(data, "", silent, 1), three_threads = make(data, "", silent, 3);
  EXPECT_EQ(one->plain, three_threads->plain);
  EXPECT_EQ(one->augmented, three_threads->augmented);
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
  EXPECT_EQ(first->augmented, second->augmented);
  EXPECT_EQ(first->train_indices, second->train_indices);
  EXPECT_EQ(files_in(scratch / "cache"), 1);
}

TEST(FeatureCache, anything_that_matters_makes_it_anew) {
  const Scratch scratch;
  Silent silent;
  const auto data = dataset();
  ASSERT_TRUE(make(data, scratch / "cache", silent).ok());
  auto options = three();
  options.seed = 2;
  EXPECT_FALSE(make(data, scratch / "cache", silent, 2, options)->from_cache);
  options = three();
  options.gain_db = 3;
  EXPECT_FALSE(make(data, scratch / "cache", silent, 2, options)->from_cache);
  auto changed = data;
  changed.samples[3] = sound("s3", 77, 1000);
  EXPECT_FALSE(make(changed, scratch / "cache", silent)->from_cache);
  changed = data;
  changed.noise[0] = sound("n", 78, 300, 40000);
  EXPECT_FALSE(make(changed, scratch / "cache", silent)->from_cache);
  changed = data;
  changed.side[9] = Side::train;
  EXPECT_FALSE(make(changed, scratch / "cache", silent)->from_cache);
  EXPECT_TRUE(make(data, scratch / "cache", silent)->from_cache);
}

TEST(FeatureCache, every_flipped_byte_and_every_cut_is_noticed) {
  Silent silent;
  auto data = dataset();
  data.samples.resize(2);
  data.target.resize(2);
  data.side.resize(2);
  auto options = three();
  options.variants = 1;
  const auto set = make(data, "", silent, 1, options);
  const std::string key(64, 'k');
  std::vector<uint8_t> whole = features_header(*set, key);
  for (const std::vector<int16_t>* part : {&set->plain, &set->augmented})
    for (const int16_t value : *part)
      for (const int shift : {0, 8}) whole.push_back(static_cast<uint8_t>(value >> shift));
  const auto decode = [&](std::span<const uint8_t> bytes, const std::string& with_key, size_t samples) {
    return decode_features(*plain_stream(bytes), bytes.size(), with_key, samples, set->train_indices);
  };
  ASSERT_TRUE(decode(whole, key, 2).ok());
  for (size_t at = 0; at < whole.size(); ++at) {
    std::vector<uint8_t> bytes = whole;
    bytes[at] ^= 0x41;
    const auto read = decode(bytes, key, 2);
    // Size and variants may change into each other only with the same product; the caller compares them with
    // its block.
    ASSERT_TRUE(!read.ok() || read->size != set->size) << "byte " << at;
    if (!read.ok()) {
      ASSERT_EQ(read.error().code, Code::cache_damaged);
    }
  }
  for (size_t size = 0; size < whole.size(); size += 1 + size / 8) {
    ASSERT_FALSE(decode(std::span(whole).first(size), key, 2).ok()) << size;
  }
  EXPECT_FALSE(decode(whole, std::string(64, 'x'), 2).ok());
  EXPECT_FALSE(decode(whole, key, 3).ok());
}

TEST(FeatureCache, variants_of_one_sample_are_those_that_training_gets) {
  Silent silent;
  const auto data = dataset();
  const auto set = make(data, "", silent);
  for (const size_t place : {0u, 5u}) {
    const int sample = set->train_indices[place];
    const auto varied = varied_features(data, static_cast<size_t>(sample), 3, block(), {.sound = three()});
    ASSERT_EQ(varied.size(), 3u);
    for (int variant = 0; variant < 3; ++variant)
      EXPECT_THAT(varied[static_cast<size_t>(variant)],
                  testing::ElementsAreArray(set->augmented_row(static_cast<int>(place), variant)));
  }
}

TEST(FeatureCache, features_lie_in_memory_once) {
  if (!kMemoryIsMeasurable) GTEST_SKIP() << "needs a build without AddressSanitizer";
  const Scratch scratch;
  FeatureSet set;
  set.size = 1000;
  set.variants = 20;
  set.train_indices.resize(1000);
  set.plain.resize(1000 * 1000);
  set.augmented.assign(1000 * 20 * 1000, 7);  // 40 MB
  const std::string key(64, 'k'), path = scratch / "features";
  const std::vector<uint8_t> header = features_header(set, key);
  const auto bytes = [](const std::vector<int16_t>& part) {
    return std::span(reinterpret_cast<const uint8_t*>(part.data()), 2 * part.size());
  };
  EXPECT_LT(memory_growth_kilobytes([&] {
              ASSERT_TRUE(write_file(path, {{header, bytes(set.plain), bytes(set.augmented)}}).ok());
            }),
            4 * 1024);
  EXPECT_LT(memory_growth_kilobytes([&] {
              const auto stream = open_stream(path);
              ASSERT_TRUE(stream.ok());
              const auto read =
                  decode_features(**stream, fs::file_size(path), key, 1000, std::vector<int>(1000));
              ASSERT_TRUE(read.ok()) << read.error().detail;
              EXPECT_EQ(read->augmented, set.augmented);
            }),
            46 * 1024);
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
  EXPECT_EQ(second->augmented, first->augmented);
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
  auto options = three();
  for (uint64_t seed = 0; seed < 10; ++seed) {
    options.seed = seed;
    ASSERT_TRUE(make(data, scratch / "cache", silent, 1, options).ok());
  }
  EXPECT_EQ(files_in(scratch / "cache"), 8);
  EXPECT_TRUE(make(data, scratch / "cache", silent, 1, options)->from_cache);
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
