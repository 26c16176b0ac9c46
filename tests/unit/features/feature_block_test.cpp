// FeatureBlock: settings, sizes, padding, extremes of sound, and that the same sound gives the same bits for
// ever.
#include "features/feature_block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "base/hash.h"
#include "base/workers.h"
#include "device/dsp/mel_features.h"
#include "features/spectrogram.h"
#include "tests/unit/features/sounds.h"

namespace tadpole::features {
namespace {

using testing::HasSubstr;

FeatureBlock block_of(const FeatureConfig& config) {
  auto block = FeatureBlock::create(config);
  EXPECT_TRUE(block.ok()) << block.error().message();
  return std::move(block).value();
}

std::string refusal(const FeatureConfig& config) {
  const auto block = FeatureBlock::create(config);
  if (block.ok()) return "was accepted";
  EXPECT_EQ(block.error().code, Code::features_bad_setting);
  return block.error().detail;
}

TEST(FeatureBlock, default_settings_give_49_by_10_for_one_second) {
  const FeatureBlock block = block_of({});
  EXPECT_EQ(block.clip_samples(), 16000);
  EXPECT_EQ(block.frames(), 49);
  EXPECT_EQ(block.values_per_frame(), 10);
  EXPECT_EQ(block.size(), 490);
  EXPECT_EQ(block.scale(), 0x1p-7f);
  EXPECT_EQ(block.extract(noise(16000, 100, 1)).size(), 490u);
}

TEST(FeatureBlock, log_mel_gives_one_column_a_band) {
  const FeatureBlock block = block_of({.block = "log_mel"});
  EXPECT_EQ(block.values_per_frame(), 40);
  EXPECT_EQ(block.scale(), 0x1p-10f);
}

TEST(FeatureBlock, tells_its_kind_and_the_shape_of_the_networks_input) {
  const FeatureBlock block = block_of({});
  EXPECT_EQ(block.kind(), SignalKind::audio);
  EXPECT_EQ(block.shape(), (std::array<int, 3>{49, 10, 1}));
}

TEST(FeatureBlock, takes_a_signal_as_it_takes_its_samples) {
  const FeatureBlock block = block_of({});
  const Pcm sound = noise(9001, 8000, 6);
  EXPECT_EQ(block.extract(samples::Audio{16000, sound}), block.extract(sound));
  EXPECT_EQ(block.extract_reference(samples::Audio{16000, sound}), block.extract_reference(sound));
}

TEST(FeatureBlock, refuses_a_signal_of_another_kind_or_rate_and_says_what_differs) {
  const FeatureBlock block = block_of({});
  EXPECT_TRUE(block.accepts(samples::Audio{16000, {}}).ok());
  const auto rate = block.accepts(samples::Audio{8000, {}});
  ASSERT_FALSE(rate.ok());
  EXPECT_THAT(rate.error().detail, HasSubstr("sample_rate_hz = 16000; this recording has 8000 Hz"));
  const auto kind = block.accepts(samples::Image{});
  ASSERT_FALSE(kind.ok());
  EXPECT_THAT(kind.error().detail, HasSubstr("block = \"mfcc\" is made for audio; this is image"));
  EXPECT_EQ(block.extract(samples::Image{}), std::vector<int16_t>(490, 0));
}

TEST(FeatureBlock, hands_codegen_the_fields_of_its_device_struct_in_order) {
  const FeatureBlock block = block_of({});
  const DeviceConstants constants = block.device_constants();
  const auto& tables = *static_cast<const dsp::MelFeatures*>(block.device().tables);
  EXPECT_EQ(constants.type, "MelFeatures");
  EXPECT_EQ(constants.view, "mel_features");
  EXPECT_EQ(constants.fields.front().name, "sample_rate_hz");
  EXPECT_EQ(std::get<int64_t>(constants.fields[5].value), tables.fft_size);
  const auto& window = std::get<DeviceTable>(constants.fields[14].value);
  EXPECT_EQ(std::get<std::span<const int32_t>>(window).data(), tables.window);
  EXPECT_EQ(std::get<std::span<const int32_t>>(window).size(),
            static_cast<size_t>(dsp::window_table_length(tables)));
}

TEST(FeatureBlock, refuses_each_setting_outside_its_range_by_name) {
  EXPECT_EQ(refusal({.window_ms = 0}), "[features] window_ms = 0: needs 5 to 200 ms");
  EXPECT_EQ(refusal({.window_ms = 201}), "[features] window_ms = 201: needs 5 to 200 ms");
  EXPECT_EQ(refusal({.stride_ms = 0}), "[features] stride_ms = 0: needs 1 to 1000 ms");
  EXPECT_EQ(
      refusal({.block = "mfc"}),
      "[features] block = \"mfc\": needs one of mfcc, log_mel, mfe, micro_frontend, spectrogram, wavelet, "
      "image, stroke, raw, statistics and spectral (did you mean \"mfcc\"?)");
  EXPECT_EQ(refusal({.sample_rate_hz = 7999}), "[features] sample_rate_hz = 7999: needs 8000 to 48000 Hz");
  EXPECT_EQ(refusal({.clip_ms = 29}), "[features] clip_ms = 29: needs 30 to 10000 ms (at least one window)");
  EXPECT_EQ(refusal({.bands = 81}), "[features] bands = 81: needs 4 to 80");
  EXPECT_EQ(refusal({.coefficients = 41}), "[features] coefficients = 41: needs 1 to 40 (at most bands)");
  EXPECT_EQ(refusal({.coefficients = 0}), "[features] coefficients = 0: needs 1 to 40 (at most bands)");
  EXPECT_EQ(refusal({.high_hz = 8001}),
            "[features] high_hz = 8001: needs 100 to 8000 Hz (half the sample rate)");
  EXPECT_EQ(refusal({.low_hz = 3901}), "[features] low_hz = 3901: needs 0 to 3900 Hz (100 Hz below high_hz)");
  EXPECT_EQ(refusal({.low_hz = -1}), "[features] low_hz = -1: needs 0 to 3900 Hz (100 Hz below high_hz)");
}

TEST(FeatureBlock, log_mel_does_not_look_at_coefficients) {
  EXPECT_TRUE(FeatureBlock::create({.block = "log_mel", .coefficients = 0}).ok());
}

TEST(FeatureBlock, refuses_bands_that_no_spectrum_line_falls_into_and_says_how_many_would_do) {
  FeatureConfig config{.window_ms = 5, .bands = 40};
  EXPECT_THAT(
      refusal(config),
      HasSubstr("[features] bands = 40: needs at most 25, or a longer window_ms: band 1 (20 to 89 Hz)"));
  config.bands = 25;
  EXPECT_TRUE(FeatureBlock::create(config).ok());
  config.bands = 26;
  EXPECT_FALSE(FeatureBlock::create(config).ok());
  EXPECT_THAT(
      refusal({.sample_rate_hz = 8000, .window_ms = 5, .bands = 4, .coefficients = 4, .high_hz = 200}),
      HasSubstr("[features] window_ms = 5: needs more, or a wider low_hz to high_hz"));
}

TEST(FeatureBlock, every_accepted_combination_of_extreme_settings_extracts) {
  int accepted = 0;
  for (const int rate : {8000, 11025, 16000, 22050, 44100, 48000}) {
    for (const int window : {5, 30, 200}) {
      for (const int stride : {1, 20, 1000}) {
        for (const int bands : {4, 13, 80}) {
          for (const int clip : {window, 203}) {
            const FeatureConfig config{.sample_rate_hz = rate,
                                       .clip_ms = clip,
                                       .window_ms = window,
                                       .stride_ms = stride,
                                       .bands = bands,
                                       .coefficients = bands,
                                       .low_hz = 0,
                                       .high_hz = rate / 2};
            const auto block = FeatureBlock::create(config);
            if (!block.ok()) continue;
            ++accepted;
            EXPECT_LE(dsp::extracted_samples(block->device()), block->clip_samples());
            EXPECT_GT(dsp::extracted_samples(block->device()) + block->device().stride_samples,
                      block->clip_samples());
            const std::vector<int16_t> features = block->extract(noise(block->clip_samples(), 32767, 4));
            EXPECT_EQ(features.size(), static_cast<size_t>(block->size()));
            EXPECT_GT(features[0], 0) << block->fingerprint();  // full-scale noise is loud in every one
          }
        }
      }
    }
  }
  EXPECT_GE(accepted, 200);
}

TEST(FeatureBlock, a_short_clip_sits_in_the_middle_of_zeros) {
  const FeatureBlock block = block_of({});
  const Pcm sound = noise(9001, 8000, 6);
  Pcm padded(16000, 0);
  std::copy(sound.begin(), sound.end(), padded.begin() + (16000 - 9001) / 2);
  EXPECT_EQ(block.extract(sound), block.extract(padded));
  EXPECT_EQ(block.extract_reference(sound), block.extract_reference(padded));
  EXPECT_EQ(block.extract(Pcm{}), std::vector<int16_t>(490, 0));
}

TEST(FeatureBlock, a_long_clip_is_cut_to_its_middle) {
  const FeatureBlock block = block_of({});
  const Pcm sound = noise(20001, 8000, 6);
  const Pcm middle(sound.begin() + 2000, sound.begin() + 18000);
  EXPECT_EQ(block.extract(sound), block.extract(middle));
  EXPECT_EQ(block.extract_reference(sound), block.extract_reference(middle));
}

TEST(FeatureBlock, digital_silence_is_exactly_zero) {
  for (const char* kind : {"mfcc", "log_mel"}) {
    const FeatureBlock block = block_of({.block = kind});
    EXPECT_EQ(block.extract(Pcm(16000, 0)), std::vector<int16_t>(block.size(), 0)) << kind;
  }
}

TEST(FeatureBlock, one_lsb_of_noise_stays_near_the_floor) {
  const FeatureBlock block = block_of({.block = "log_mel"});
  for (const int16_t value : block.extract(noise(16000, 1, 2))) {
    ASSERT_GE(value, 0);
    ASSERT_LE(value * block.scale(),
              4.0);  // variance 1/2 in up to 5 lines' weight, times a generous 20 for its spread: ln 51
  }
}

TEST(FeatureBlock, a_lone_impulse_is_heard_only_in_the_frames_that_hold_it) {
  const FeatureBlock block = block_of({.block = "log_mel"});
  const std::vector<int16_t> features = block.extract(impulse(16000, 8000, 32767));
  for (int frame = 0; frame < block.frames(); ++frame) {
    const bool holds = frame * 320 < 8000 && 8000 < frame * 320 + 480;  // weight 0 at a window's first sample
    for (int band = 0; band < 40; ++band)
      EXPECT_EQ(features[frame * 40 + band] > 0, holds) << frame << " " << band;
  }
}

TEST(FeatureBlock, the_loudest_sounds_saturate_nothing) {
  Rng rng(9);
  Pcm random_extremes;
  for (int n = 0; n < 16000; ++n) random_extremes.push_back(rng.below(2) == 0 ? 32767 : -32768);
  const std::vector<Pcm> sounds = {
      Pcm(16000, -32768), Pcm(16000, 32767),  square(16000, 2), square(16000, 3),
      square(16000, 16),  square(16000, 100), random_extremes,  tone(16000, 32767, 1000, 16000)};
  for (const char* kind : {"mfcc", "log_mel"}) {
    const FeatureBlock block = block_of({.block = kind});
    for (const Pcm& pcm : sounds) {
      const std::vector<int16_t> found = block.extract(pcm);
      const std::vector<float> expected = block.extract_reference(pcm);
      for (size_t i = 0; i < found.size(); ++i) {
        // A value that wrapped or saturated would be off by whole units; see reference_error_test for the
        // fine error.
        ASSERT_NEAR(found[i] * block.scale(), expected[i], 0.02) << kind << " value " << i;
      }
    }
  }
}

TEST(FeatureBlock, the_stated_bounds_hold_for_the_loudest_noise_of_the_largest_block) {
  FeatureConfig config{.sample_rate_hz = 48000,
                       .clip_ms = 200,
                       .window_ms = 200,
                       .bands = 80,
                       .coefficients = 80,
                       .high_hz = 24000};
  Rng rng(31);
  Pcm pcm;
  for (int n = 0; n < 9600; ++n) pcm.push_back(rng.below(2) == 0 ? 32767 : -32768);
  const FeatureBlock mfcc = block_of(config);
  for (const int16_t value : mfcc.extract(pcm)) EXPECT_LT(std::abs(value) * mfcc.scale(), 228);
  config.block = "log_mel";
  const FeatureBlock log_mel = block_of(config);
  for (const int16_t value : log_mel.extract(pcm)) EXPECT_LT(value * log_mel.scale(), 29.9);
}

TEST(FeatureBlock, a_louder_copy_adds_the_same_to_every_log_energy) {
  const FeatureBlock block = block_of({.block = "log_mel"});
  const Pcm quiet = noise(16000, 2000, 12);
  Pcm loud;
  for (const int16_t sample : quiet) loud.push_back(static_cast<int16_t>(8 * sample));
  const std::vector<int16_t> low = block.extract(quiet), high = block.extract(loud);
  for (size_t i = 0; i < low.size(); ++i) {
    // ln 64 for 8 times the amplitude; 2^-10 for two roundings; the floor counts for less than 1e-4 at this
    // level.
    ASSERT_NEAR((high[i] - low[i]) * block.scale(), 4.158883, 0.0012) << i;
  }
}

uint32_t checksum(const FeatureConfig& config) {
  const FeatureBlock block = block_of(config);
  uint32_t sum = 0;
  for (const float amplitude : {2.0f, 700.0f, 32767.0f}) {
    for (const int16_t value : block.extract(noise(16000, amplitude, 2024))) {
      const uint8_t bytes[2] = {static_cast<uint8_t>(value & 0xff),
                                static_cast<uint8_t>((value >> 8) & 0xff)};
      sum = base::crc32(bytes, sum);
    }
  }
  return sum;
}

// Recorded from this test's own message. When they move on purpose, raise dsp::kSpeechFeaturesVersion with
// them: caches and trained models hold features of the old kind.
TEST(FeatureBlock, features_have_the_recorded_checksums) {
  ASSERT_EQ(dsp::kSpeechFeaturesVersion, 1);
  EXPECT_EQ(checksum({}), 1237053455u);
  EXPECT_EQ(checksum({.block = "log_mel"}), 3168153470u);
}

TEST(FeatureBlock, threads_that_share_a_block_get_the_same_bits) {
  const FeatureBlock block = block_of({});
  const Pcm pcm = noise(16000, 5000, 3);
  const std::vector<int16_t> expected = block.extract(pcm);
  std::vector<std::vector<int16_t>> found(16);
  Workers workers(2);
  workers.run(16, [&](int shard) { found[static_cast<size_t>(shard)] = FeatureBlock(block).extract(pcm); });
  for (const auto& features : found) EXPECT_EQ(features, expected);
}

TEST(FeatureBlock, fingerprint_changes_with_every_setting_that_changes_features) {
  std::vector<FeatureConfig> configs = {{},
                                        {.block = "log_mel"},
                                        {.sample_rate_hz = 8000},
                                        {.clip_ms = 990},
                                        {.window_ms = 31},
                                        {.stride_ms = 21},
                                        {.bands = 39},
                                        {.coefficients = 11},
                                        {.low_hz = 21},
                                        {.high_hz = 3999}};
  std::set<std::string> texts;
  for (const FeatureConfig& config : configs) texts.insert(block_of(config).fingerprint());
  EXPECT_EQ(texts.size(), configs.size());
  EXPECT_THAT(block_of({}).fingerprint(), HasSubstr("version=1 "));
  EXPECT_EQ(block_of({.block = "log_mel", .coefficients = 5}).fingerprint(),
            block_of({.block = "log_mel"}).fingerprint());
}

TEST(Spectrogram, of_an_mfcc_block_shows_its_log_mel_energies) {
  const Pcm pcm = tone(16000, 9000, 1000, 16000);
  const Spectrogram picture = log_mel_picture(block_of({}), pcm);
  const FeatureBlock log_mel = block_of({.block = "log_mel"});
  const std::vector<int16_t> expected = log_mel.extract(pcm);
  EXPECT_EQ(picture.rows, 49);
  EXPECT_EQ(picture.cols, 40);
  ASSERT_EQ(picture.values.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(picture.values[i], expected[i] * log_mel.scale());
  const auto row = picture.values.begin() + 20 * 40;
  EXPECT_EQ(std::max_element(row, row + 40) - row,
            18);  // 1000 Hz is 1000 mel; edges are 51.6 mel apart from 31.7 on
}

}  // namespace
}  // namespace tadpole::features
