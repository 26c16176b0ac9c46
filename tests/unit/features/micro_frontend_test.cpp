// The micro frontend gives the bytes that the well-known keyword models were trained with.
#include <gmock/gmock.h>

#include "device/dsp/speech_features.h"
#include "features/micro_tables.h"
#include "tests/unit/features/blocks.h"
#include "tests/unit/features/sounds.h"

namespace tadpole::features {
namespace {

const std::filesystem::path kInputs = TADPOLE_SOURCE_DIR "/../shared/reference/inputs";

std::vector<char> bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Pcm wav(const std::string& name) {
  const std::vector<char> bytes = bytes_of(kInputs / (name + "_1000ms.wav"));
  Pcm pcm(16000);
  std::memcpy(pcm.data(), bytes.data() + 44, 32000);
  return pcm;
}

TEST(MicroFrontend, gives_the_published_bytes_of_four_recordings) {
  if (!std::filesystem::exists(kInputs)) GTEST_SKIP() << "needs ../shared/reference/inputs";
  const FeatureBlock block = made(default_config("micro_frontend"));
  ASSERT_EQ(block.shape(), (std::array<int, 3>{49, 40, 1}));
  for (const char* name : {"yes", "no", "noise", "silence"}) {
    const std::vector<char> bytes =
        bytes_of(kInputs / ("micro_speech_" + std::string(name) + "_1000ms.features.int8.bin"));
    const std::vector<int8_t> expected(bytes.begin(), bytes.end());
    // The input scale and zero point of the public micro_speech model.
    EXPECT_EQ(quantise_features(block.extract(wav(name)), block.scale(), 0.10171568393707275f, -128),
              expected)
        << name;
  }
}

TEST(MicroFrontend, scale_gives_every_feature_the_classic_int8_input) {
  const FeatureBlock block = made(default_config("micro_frontend"));
  std::vector<int16_t> features;
  std::vector<int8_t> expected;
  for (int f = 0; f <= 1500; ++f) {
    features.push_back(static_cast<int16_t>(f));
    expected.push_back(static_cast<int8_t>(std::min((256 * f + 333) / 666 - 128, 127)));
  }
  EXPECT_EQ(quantise_features(features, block.scale(), 0.10171568393707275f, -128), expected);
}

// The published weights are truncated, so that those of a line in two channels sum to one unit less than 1.
// The device keeps the first and takes it from 4095.
TEST(MicroFrontend, second_weight_of_every_line_is_4095_minus_the_first) {
  for (const int rate : {8000, 16000, 32000}) {
    FeatureConfig config = default_config("micro_frontend");
    config.sample_rate_hz = rate;
    config.high_hz = rate / 2 - 500;
    const MicroTables tables(config);
    const MicroBands bands = micro_bands(config, tables.device.fft_size);
    for (int i = 0; i <= config.bands; ++i) {
      const auto at = static_cast<size_t>(i);
      const float before = i == 0 ? bands.lowest : bands.centres[at - 1];
      for (int line = tables.edges[at]; line < tables.edges[at + 1]; ++line) {
        const float weight = (bands.centres[at] - micro_mel(static_cast<float>(line) * bands.line_hz)) /
                             (bands.centres[at] - before);
        const int falling = tables.falling[static_cast<size_t>(line - tables.edges[0])];
        EXPECT_EQ(falling, static_cast<int>(weight * 4096));
        // The last segment's second weight belongs to no channel.
        if (i == config.bands) continue;
        EXPECT_EQ(4095 - falling, static_cast<int>((1 - weight) * 4096)) << line;
      }
    }
  }
}

TEST(MicroFrontend, a_clip_begins_without_noise_and_a_stream_goes_on_with_it) {
  const FeatureBlock block = made(default_config("micro_frontend"));
  const Pcm once = noise(16000, 2000, 7);
  Pcm twice = once;
  twice.insert(twice.end(), once.begin(), once.end());
  const std::vector<int16_t> clip = block.extract(once), stream = block.extract_stream(twice);
  EXPECT_TRUE(std::equal(clip.begin(), clip.end(), stream.begin()));
  // The same second again: its noise is known by now.
  const auto again = stream.begin() + 50 * 40;
  EXPECT_FALSE(std::equal(clip.begin(), clip.begin() + 40, again));
  double first = 0, second = 0;
  for (int i = 0; i < 40; ++i) {
    first += clip[static_cast<size_t>(i)];
    second += again[i];
  }
  EXPECT_LT(second, first);
}

TEST(MicroFrontend, every_sound_is_legal) {
  const FeatureBlock block = made(default_config("micro_frontend"));
  for (const Pcm& pcm : {Pcm(16000, 0), Pcm(16000, -32768), Pcm(16000, 32767), square(16000, 1),
                         square(16000, 7), noise(16000, 32767, 3), noise(16000, 1, 3)}) {
    for (const int16_t value : block.extract(pcm)) {
      ASSERT_GE(value, 0);
      ASSERT_LE(value, 1420);  // 64 ln(2^32)
    }
  }
  for (const int16_t value : block.extract(Pcm(16000, 0))) ASSERT_EQ(value, 0);
}

// Amplitudes and noise are whole numbers, and what is small is squared before its logarithm: near silence the
// published arithmetic and the formula part by whole units. Where a channel stands out they agree.
TEST(MicroFrontend, stays_within_its_stated_error_where_a_channel_stands_out) {
  const FeatureBlock block = made(default_config("micro_frontend"));
  for (const float amplitude : {300.0f, 3000.0f, 30000.0f}) {
    const Pcm pcm = noise(16000, amplitude, 2);
    const std::vector<int16_t> found = block.extract(pcm);
    const std::vector<float> expected = block.extract_reference(pcm);
    double squares = 0, all = 0, count = 0;
    for (size_t i = 0; i < found.size(); ++i) {
      const double difference =
          static_cast<double>(block.scale() * static_cast<float>(found[i]) - expected[i]);
      all += difference * difference;
      if (expected[i] <= 10) continue;
      squares += difference * difference;
      ++count;
    }
    EXPECT_GT(count, 1000);
    EXPECT_LE(std::sqrt(squares / count), 0.15) << amplitude;
    EXPECT_LE(std::sqrt(all / static_cast<double>(found.size())), 1.0) << amplitude;
  }
}

}  // namespace
}  // namespace tadpole::features
