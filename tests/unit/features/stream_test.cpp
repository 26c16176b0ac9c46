// SpeechStream and extract_clip share their frames: every row must be equal, bit for bit, however the sound
// is cut.
#include <gtest/gtest.h>

#include <vector>

#include "base/rng.h"
#include "features/feature_block.h"
#include "tests/unit/features/sounds.h"

namespace tadpole::features {
namespace {

/// A stream with its memory, filled with garbage and followed by guard words.
struct HostStream {
  explicit HostStream(const dsp::SpeechFeatures& features)
      : memory((dsp::stream_bytes(features) + 3) / 4 + 1, 0x5a5a5a5a),
        scratch(dsp::scratch_bytes(features) / 4 + 1, 0x5a5a5a5a) {
    stream.init(&features, memory.data(), scratch.data());
  }
  bool guards_hold() const { return memory.back() == 0x5a5a5a5a && scratch.back() == 0x5a5a5a5a; }
  std::vector<int32_t> memory, scratch;
  dsp::SpeechStream stream;
};

FeatureBlock block_of(const FeatureConfig& config) {
  auto block = FeatureBlock::create(config);
  EXPECT_TRUE(block.ok()) << block.error().message();
  return std::move(block).value();
}

/// Rows of `pcm` from start to end, each made at its place.
std::vector<std::vector<int16_t>> rows_of(const dsp::SpeechFeatures& features, const Pcm& pcm) {
  std::vector<int32_t> scratch(features.row_scratch_bytes / 4), state(features.state_bytes / 4 + 1, 0);
  std::vector<std::vector<int16_t>> rows;
  for (size_t at = 0; at + features.window_samples <= pcm.size(); at += features.stride_samples) {
    rows.emplace_back(features.values_per_frame);
    features.extract_row(features.tables, pcm.data() + at, state.data(), scratch.data(), rows.back().data());
  }
  return rows;
}

std::vector<FeatureConfig> configurations() {
  FeatureConfig log_mel{.block = "log_mel"};
  FeatureConfig gaps{.clip_ms = 500, .window_ms = 25, .stride_ms = 60};
  FeatureConfig odd{
      .sample_rate_hz = 11025, .window_ms = 40, .stride_ms = 13, .bands = 20};  // 441-sample windows
  FeatureConfig touching{.clip_ms = 30, .stride_ms = 30};
  std::vector<FeatureConfig> all = {FeatureConfig{}, log_mel, gaps, odd, touching};
  for (const char* block : {"mfe", "micro_frontend", "spectrogram", "wavelet"})
    all.push_back(default_config(block));
  return all;
}

TEST(SpeechStream, every_row_equals_batch_on_random_sound_in_random_pieces) {
  Rng rng(5);
  for (const FeatureConfig& config : configurations()) {
    const FeatureBlock block = block_of(config);
    const dsp::SpeechFeatures& features = block.device();
    const Pcm pcm = noise(3 * block.clip_samples() + 777, 9000, rng.next());
    const std::vector<std::vector<int16_t>> expected = rows_of(features, pcm);
    for (int repeat = 0; repeat < 5; ++repeat) {
      HostStream host(features);
      size_t row = 0;
      for (size_t at = 0; at < pcm.size();) {
        size_t piece = std::min<size_t>(rng.below(2 * features.stride_samples), pcm.size() - at);
        piece = std::min<size_t>(piece, host.stream.samples_to_next_row());
        const int32_t finished = host.stream.push(pcm.data() + at, static_cast<int32_t>(piece));
        at += piece;
        ASSERT_LE(finished, 1);
        if (finished == 0) continue;
        ASSERT_LT(row, expected.size());
        const int16_t* newest = host.stream.row(host.stream.rows() - 1);
        ASSERT_EQ(std::vector<int16_t>(newest, newest + features.values_per_frame), expected[row])
            << "row " << row;
        ++row;
      }
      EXPECT_EQ(row, expected.size());
      EXPECT_TRUE(host.guards_hold());
    }
  }
}

TEST(SpeechStream, latest_window_after_one_second_is_the_batch_of_that_second) {
  for (const FeatureConfig& config : configurations()) {
    const FeatureBlock block = block_of(config);
    const Pcm pcm = noise(block.clip_samples(), 20000, 8);
    HostStream host(block.device());
    EXPECT_FALSE(host.stream.full());
    const int32_t finished = host.stream.push(pcm.data(), static_cast<int32_t>(pcm.size()));
    EXPECT_EQ(finished, block.frames());
    ASSERT_TRUE(host.stream.full());
    std::vector<int16_t> latest(block.size());
    host.stream.latest(latest.data());
    EXPECT_EQ(latest, block.extract(pcm));
  }
}

TEST(SpeechStream, one_long_push_keeps_the_last_rows_in_order) {
  const FeatureBlock block = block_of({});
  const dsp::SpeechFeatures& features = block.device();
  const Pcm pcm = noise(5 * 16000 + 123, 500, 21);
  const std::vector<std::vector<int16_t>> expected = rows_of(features, pcm);
  HostStream host(features);
  EXPECT_EQ(host.stream.push(pcm.data(), static_cast<int32_t>(pcm.size())),
            static_cast<int32_t>(expected.size()));
  std::vector<int16_t> latest(block.size()), last_rows;
  host.stream.latest(latest.data());
  for (size_t i = expected.size() - features.frames; i < expected.size(); ++i) {
    last_rows.insert(last_rows.end(), expected[i].begin(), expected[i].end());
  }
  EXPECT_EQ(latest, last_rows);
}

TEST(SpeechStream, reset_forgets_what_was_heard) {
  const FeatureBlock block = block_of({});
  const Pcm before = noise(16000, 30000, 1), after = noise(16000, 3000, 2);
  HostStream host(block.device());
  host.stream.push(before.data(), 12345);
  host.stream.reset();
  EXPECT_EQ(host.stream.rows(), 0);
  EXPECT_EQ(host.stream.samples_to_next_row(), block.device().window_samples);
  host.stream.push(after.data(), 16000);
  std::vector<int16_t> latest(block.size());
  host.stream.latest(latest.data());
  EXPECT_EQ(latest, block.extract(after));
}

}  // namespace
}  // namespace tadpole::features
