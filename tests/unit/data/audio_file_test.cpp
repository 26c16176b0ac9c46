// Every common kind of sound file becomes the same sound, and every broken one a clear error.
#include "data/audio_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "data/files.h"
#include "scratch.h"

namespace tadpole::data {
namespace {

using testing::HasSubstr;

constexpr double kTau = 2 * std::numbers::pi;

// A sine of `seconds` in [-amplitude, amplitude].
std::vector<float> sine(int rate, double hz, double seconds, double amplitude = 0.5) {
  std::vector<float> out(static_cast<size_t>(rate * seconds));
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<float>(amplitude * std::sin(kTau * hz * static_cast<double>(i) / rate));
  return out;
}

// Encodes through libsndfile, so that the reader is not judged by our own writer.
std::vector<uint8_t> file_of(const std::vector<float>& interleaved, int rate, int channels, int format) {
  const Scratch scratch;
  SF_INFO info{};
  info.samplerate = rate;
  info.channels = channels;
  info.format = format;
  SNDFILE* file = sf_open((scratch / "sound").c_str(), SFM_WRITE, &info);
  EXPECT_NE(file, nullptr) << sf_strerror(nullptr);
  if (file == nullptr) return {};
  sf_command(file, SFC_SET_CLIPPING, nullptr, SF_TRUE);
  sf_writef_float(file, interleaved.data(), static_cast<sf_count_t>(interleaved.size()) / channels);
  sf_close(file);
  return *read_file(scratch / "sound");
}

double largest_difference(const samples::Audio& audio, const std::vector<float>& wanted, size_t skip = 0) {
  EXPECT_EQ(audio.pcm.size(), wanted.size());
  double worst = 0;
  for (size_t i = skip; i + skip < std::min(audio.pcm.size(), wanted.size()); ++i) {
    worst = std::max(worst,
                     std::abs(static_cast<double>(audio.pcm[i]) - 32768.0 * static_cast<double>(wanted[i])));
  }
  return worst;
}

TEST(AudioFile, sixteen_bit_mono_passes_unchanged_with_no_conversion) {
  const samples::Audio audio{16000, {0, 1, -1, 32767, -32768, 1234}};
  const auto read = decode_audio(encode_wav(audio), 16000, "a.wav");
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->audio.pcm, audio.pcm);
  EXPECT_FALSE(read->conversions.any());
}

struct Encoding {
  int format;
  const char* name;
  double tolerance;  // in steps of int16
};

TEST(AudioFile, every_encoding_gives_the_sound_within_its_own_precision) {
  const std::vector<float> wanted = sine(16000, 440, 0.5);
  // 8 bits have steps of 256 (half of it plus our rounding); mu-law has steps up to 1024 at full scale, 512
  // at half; Vorbis and Opus are lossy: a tenth of the amplitude, Opus is 48 kHz inside and is not compared
  // by value.
  const Encoding encodings[] = {
      {SF_FORMAT_WAV | SF_FORMAT_PCM_16, "16-bit PCM", 1},
      {SF_FORMAT_WAV | SF_FORMAT_PCM_U8, "8-bit PCM", 257},
      {SF_FORMAT_WAV | SF_FORMAT_PCM_24, "24-bit PCM", 0.51},
      {SF_FORMAT_WAV | SF_FORMAT_PCM_32, "32-bit PCM", 0.51},
      {SF_FORMAT_WAV | SF_FORMAT_FLOAT, "32-bit float", 0.51},
      {SF_FORMAT_WAV | SF_FORMAT_DOUBLE, "64-bit float", 0.51},
      {SF_FORMAT_WAV | SF_FORMAT_ULAW, "mu-law", 513},
      {SF_FORMAT_FLAC | SF_FORMAT_PCM_16, "16-bit PCM", 1},
      {SF_FORMAT_FLAC | SF_FORMAT_PCM_24, "24-bit PCM", 0.51},
      {SF_FORMAT_OGG | SF_FORMAT_VORBIS, "Vorbis", 1640},
  };
  for (const Encoding& encoding : encodings) {
    const auto read = decode_audio(file_of(wanted, 16000, 1, encoding.format), 16000, "a");
    ASSERT_TRUE(read.ok()) << encoding.name << ": " << read.error().message();
    EXPECT_EQ(read->conversions.encoding, encoding.name);
    EXPECT_EQ(read->conversions.any(), std::string(encoding.name) != "16-bit PCM");
    EXPECT_LE(largest_difference(read->audio, wanted), encoding.tolerance) << encoding.name;
  }
}

TEST(AudioFile, stereo_is_averaged_and_said_so) {
  std::vector<float> both;
  const std::vector<float> left = sine(16000, 300, 0.2), right = sine(16000, 700, 0.2);
  std::vector<float> wanted;
  for (size_t i = 0; i < left.size(); ++i) {
    both.insert(both.end(), {left[i], right[i]});
    wanted.push_back((left[i] + right[i]) / 2);
  }
  const auto read = decode_audio(file_of(both, 16000, 2, SF_FORMAT_WAV | SF_FORMAT_FLOAT), 16000, "a.wav");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->conversions.channels, 2);
  EXPECT_LE(largest_difference(read->audio, wanted), 0.51);  // one rounding to int16
}

TEST(AudioFile, every_rate_is_resampled_to_the_same_tone_and_length) {
  const std::vector<float> wanted = sine(16000, 440, 1.0);
  for (const int rate : {4000, 8000, 11025, 22050, 44100, 48000, 96000, 192000}) {
    const auto bytes = file_of(sine(rate, 440, 1.0), rate, 1, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
    const auto read = decode_audio(bytes, 16000, "a.wav");
    ASSERT_TRUE(read.ok()) << rate;
    EXPECT_TRUE(read->conversions.rate_changed);
    EXPECT_EQ(read->conversions.sample_rate_hz, rate);
    // The medium converter promises 121 dB below full scale, so the rounding to int16 decides: 0.5 steps, and
    // one for the ripple of its pass band (under 0.001 dB of 16384). The ends, where the filter sees silence,
    // are left out.
    EXPECT_LE(largest_difference(read->audio, wanted, 1600), 1.5) << rate;
    EXPECT_EQ(decode_audio(bytes, 16000, "a.wav")->audio.pcm, read->audio.pcm)
        << "not the same twice at " << rate;
  }
}

TEST(AudioFile, loud_float_values_are_cut_to_full_scale_and_counted) {
  const auto bytes = file_of({0.0f, 1.5f, -2.0f, 0.25f}, 16000, 1, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
  const auto read = decode_audio(bytes, 16000, "a.wav");
  ASSERT_TRUE(read.ok());
  EXPECT_THAT(read->audio.pcm, testing::ElementsAre(0, 32767, -32768, 8192));
  EXPECT_EQ(read->conversions.clipped_values, 2);
}

TEST(AudioFile, the_largest_finite_values_survive_resampling) {
  std::vector<float> huge(300);
  for (size_t i = 0; i < huge.size(); ++i) huge[i] = (i % 7 < 3 ? 1 : -1) * std::numeric_limits<float>::max();
  const auto read = decode_audio(file_of(huge, 48000, 1, SF_FORMAT_WAV | SF_FORMAT_FLOAT), 16000, "a.wav");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->audio.pcm.size(), 100u);
  EXPECT_GT(read->conversions.clipped_values, 0);
}

TEST(AudioFile, values_that_are_not_numbers_are_refused) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const auto bytes = file_of({0.0f, 0.5f, bad, 0.25f}, 16000, 1, SF_FORMAT_WAV | SF_FORMAT_FLOAT);
    const auto read = decode_audio(bytes, 16000, "a.wav");
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().code, Code::audio_not_finite);
    EXPECT_THAT(read.error().detail, HasSubstr("value 2 "));
  }
}

TEST(AudioFile, a_text_file_named_wav_is_shown_by_its_first_bytes) {
  const std::string text = "<html><body>not found";
  const auto read =
      decode_audio({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, 16000, "data/yes/17.wav");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::audio_not_audio);
  EXPECT_EQ(read.error().detail,
            "data/yes/17.wav: not a WAV file (starts with 3C 68 74 6D, \"<htm\"). Remove it, or import with "
            "--skip-bad.");
}

TEST(AudioFile, a_file_cut_anywhere_is_an_error_in_every_format) {
  const std::vector<float> sound = sine(16000, 440, 0.25);
  for (const int format : {SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16,
                           SF_FORMAT_OGG | SF_FORMAT_VORBIS}) {
    const std::vector<uint8_t> whole = file_of(sound, 16000, 1, format);
    ASSERT_TRUE(decode_audio(whole, 16000, "a").ok());
    for (size_t size = 0; size < whole.size(); size += 1 + size / 16) {
      const auto read = decode_audio(std::span(whole).first(size), 16000, "a");
      ASSERT_FALSE(read.ok()) << "format " << std::hex << format << " cut to " << std::dec << size;
      EXPECT_THAT(read.error().code,
                  testing::AnyOf(Code::audio_truncated, Code::audio_not_audio, Code::audio_empty));
    }
  }
}

TEST(AudioFile, a_header_that_promises_more_than_there_is_says_both_numbers) {
  std::vector<uint8_t> bytes = encode_wav({16000, std::vector<int16_t>(1000)});
  bytes.resize(1044);
  const auto read = decode_audio(bytes, 16000, "cut.wav");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::audio_truncated);
  EXPECT_THAT(read.error().detail, testing::AllOf(HasSubstr("2000"), HasSubstr("1000")));
}

TEST(AudioFile, a_streamed_header_of_unknown_length_is_read_to_the_end) {
  std::vector<uint8_t> bytes = encode_wav({16000, std::vector<int16_t>(1000, 7)});
  for (const size_t at : {4, 40}) std::fill_n(bytes.begin() + static_cast<long>(at), 4, uint8_t{0xFF});
  const auto read = decode_audio(bytes, 16000, "streamed.wav");
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->audio.pcm.size(), 1000u);
}

TEST(AudioFile, nothing_to_hear_is_audio_empty) {
  EXPECT_EQ(decode_audio({}, 16000, "a.wav").error().code, Code::audio_empty);
  EXPECT_EQ(decode_audio(encode_wav({16000, {}}), 16000, "a.wav").error().code, Code::audio_empty);
}

TEST(AudioFile, rates_outside_the_range_are_refused_by_number) {
  const auto read = decode_audio(encode_wav({2000, {1, 2, 3}}), 16000, "slow.wav");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::audio_unsupported);
  EXPECT_THAT(read.error().detail, HasSubstr("2000 Hz"));
}

TEST(AudioFile, resample_gives_the_promised_length) {
  for (const int from : {8000, 22050, 44100}) {
    const auto out = resample(std::vector<float>(12345, 0.1f), from, 16000);
    ASSERT_TRUE(out.ok());
    EXPECT_EQ(out->size(), static_cast<size_t>(std::lround(12345.0 * 16000 / from)));
  }
  EXPECT_EQ(resample({}, 8000, 100).error().code, Code::audio_unsupported);
}

TEST(AudioFile, a_written_wav_is_what_libsndfile_reads) {
  const Scratch scratch;
  const samples::Audio audio{16000, {5, -5, 32767, -32768}};
  ASSERT_TRUE(write_wav(scratch / "a.wav", audio).ok());
  SF_INFO info{};
  SNDFILE* file = sf_open((scratch / "a.wav").c_str(), SFM_READ, &info);
  ASSERT_NE(file, nullptr);
  std::vector<int16_t> pcm(4);
  EXPECT_EQ(sf_read_short(file, pcm.data(), 4), 4);
  sf_close(file);
  EXPECT_EQ(pcm, audio.pcm);
  EXPECT_EQ(info.samplerate, 16000);
  EXPECT_EQ(info.format, SF_FORMAT_WAV | SF_FORMAT_PCM_16);
}

}  // namespace
}  // namespace tadpole::data
