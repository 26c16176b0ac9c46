// What a user may hand in that is not right: recordings, settings, models, damaged files. Each gets a message
// that says what was found, what is needed and what to do; nothing crashes and nothing is lost.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "convert/tflite.h"
#include "ir/builder.h"
#include "tests/e2e/trained_project.h"

namespace tadpole {
namespace {

void put(std::string& bytes, uint32_t value, int count) {
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i) & 255);
}

/// A WAV file of any kind. format: 1 = integers, 3 = float. Source: RIFF WAVE, Microsoft and IBM 1991.
std::string wav(int format, int bits, int channels, int rate_hz, const std::string& samples) {
  const uint32_t frame = static_cast<uint32_t>(channels * bits / 8);
  std::string bytes = "RIFF";
  put(bytes, 36 + static_cast<uint32_t>(samples.size()), 4);
  bytes += "WAVEfmt ";
  put(bytes, 16, 4);
  put(bytes, static_cast<uint32_t>(format), 2);
  put(bytes, static_cast<uint32_t>(channels), 2);
  put(bytes, static_cast<uint32_t>(rate_hz), 4);
  put(bytes, static_cast<uint32_t>(rate_hz) * frame, 4);
  put(bytes, frame, 2);
  put(bytes, static_cast<uint32_t>(bits), 2);
  bytes += "data";
  put(bytes, static_cast<uint32_t>(samples.size()), 4);
  return bytes + samples;
}

/// A tone as samples of a WAV file.
std::string tone(int format, int bits, int channels, int rate_hz) {
  std::string samples;
  for (int i = 0; i < rate_hz * channels; ++i) {
    const double value = 0.4 * std::sin(2 * 3.14159265 * 440 * (i / channels) / rate_hz);
    if (format == 3) {
      const float real = static_cast<float>(value);
      uint32_t word = 0;
      std::memcpy(&word, &real, 4);
      put(samples, word, 4);
    } else {
      const int whole =
          static_cast<int>(std::lround(value * ((1 << (bits - 1)) - 1))) + (bits == 8 ? 128 : 0);
      put(samples, static_cast<uint32_t>(whole), bits / 8);
    }
  }
  return samples;
}

/// A project "p" whose data, "words", has two good words, and one recording at words/yes/bad.wav.
class BadRecording : public ::testing::Test {
 protected:
  Folder folder;

  void make(const std::string& bad) {
    for (int i = 0; i < 6; ++i) {
      for (const char* word : {"yes", "no"})
        folder.write("words/" + std::string(word) + "/" + std::to_string(i) + ".wav",
                     wav(1, 16, 1, 16000, tone(1, 16, 1, 16000)));
    }
    folder.write("words/yes/bad.wav", bad);
    ASSERT_EQ(folder.tadpole({"new", "p", "--data", "words", "--words", "yes,no"}).exit_code, 0);
  }
  Printed look() { return folder.tadpole({"data", "--project", "p"}); }
};

TEST_F(BadRecording, a_text_file_named_wav_is_refused_with_its_first_bytes_and_can_be_skipped) {
  make("<html><body>404</body></html>");
  expect_error(look(), "E0110", {"yes/bad.wav", "3C 68 74 6D, \"<htm\"", "--skip-bad"});
  expect_error(folder.tadpole({"train", "--project", "p"}), "E0110", {"yes/bad.wav"});
  EXPECT_FALSE(folder.has(kRun)) << "a run in which nothing was kept";
  const Printed skipped = folder.tadpole({"data", "--project", "p", "--skip-bad"});
  EXPECT_EQ(skipped.exit_code, 0) << skipped.err;
  folder.edit("p/tadpole.toml", "skip_bad = false", "skip_bad = true ");
  const Printed looked = look();
  EXPECT_EQ(looked.exit_code, 0) << looked.err;
  EXPECT_NE(looked.out.find("bad.wav"), std::string::npos) << "what was left out is named\n" << looked.out;
  EXPECT_EQ(looked.out, skipped.out);
}

TEST_F(BadRecording, a_truncated_wav_is_refused_with_both_sizes) {
  make(wav(1, 16, 1, 16000, tone(1, 16, 1, 16000)).substr(0, 20000));
  expect_error(look(), "E0111", {"yes/bad.wav", "32000", "19956"});
}

TEST_F(BadRecording, a_wav_without_sound_is_refused) {
  make(wav(1, 16, 1, 16000, ""));
  expect_error(look(), "E0112", {"yes/bad.wav"});
}

TEST_F(BadRecording, an_empty_file_is_refused) {
  make("");
  expect_error(look(), "E0112", {"yes/bad.wav", "the file is empty"});
}

TEST_F(BadRecording, a_float_wav_with_a_nan_is_refused) {
  std::string samples = tone(3, 32, 1, 16000);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(samples.data() + 4 * 1234, &nan, 4);
  make(wav(3, 32, 1, 16000, samples));
  expect_error(look(), "E0113", {"yes/bad.wav"});
}

TEST_F(BadRecording, other_kinds_of_wav_are_converted_and_the_table_of_the_data_says_so) {
  make(wav(1, 16, 2, 16000, tone(1, 16, 2, 16000)));
  folder.write("words/yes/eight_bits.wav", wav(1, 8, 1, 16000, tone(1, 8, 1, 16000)));
  folder.write("words/yes/slow.wav", wav(1, 16, 1, 8000, tone(1, 16, 1, 8000)));
  folder.write("words/yes/fast.wav", wav(1, 16, 1, 96000, tone(1, 16, 1, 96000)));
  folder.write("words/yes/float.wav", wav(3, 32, 1, 16000, tone(3, 32, 1, 16000)));
  const Printed looked = look();
  ASSERT_EQ(looked.exit_code, 0) << looked.err;
  for (const char* said : {"8-bit PCM", "8000 Hz", "96000 Hz", "32-bit float", "channel"})
    EXPECT_NE(looked.out.find(said), std::string::npos) << "no " << said << " in:\n" << looked.out;
}

TEST_F(BadRecording, data_that_went_away_after_the_project_was_made_are_named) {
  make(wav(1, 16, 1, 16000, tone(1, 16, 1, 16000)));
  std::filesystem::remove_all(folder.path("words/no"));
  expect_error(look(), "E0102", {"\"no\"", "The folders are yes"});
  std::filesystem::remove_all(folder.path("words/yes"));
  expect_error(look(), "E0100", {"p/data"});
  std::filesystem::remove_all(folder.path("words"));
  expect_error(look(), "E0010", {"p/data"});
}

TEST_F(BadRecording, one_class_alone_is_refused) {
  make(wav(1, 16, 1, 16000, tone(1, 16, 1, 16000)));
  std::filesystem::remove_all(folder.path("words/no"));
  folder.edit("p/tadpole.toml", "classes = [", "classes = [\"yes\"] # [");
  expect_error(folder.tadpole({"train", "--project", "p"}), "E0101");
}

TEST(BadSettings, are_refused_with_file_and_line_and_what_is_needed) {
  const Folder folder;
  for (const char* word : {"yes", "no"}) folder.write_silence(std::string("d/") + word + "/1.wav");
  ASSERT_EQ(folder.tadpole({"new", "p", "--data", "d"}).exit_code, 0);
  const std::string good = folder.read("p/tadpole.toml");
  const auto line_of = [&](const std::string& text) {
    const std::string now = folder.read("p/tadpole.toml");
    return "p/tadpole.toml:" +
           std::to_string(1 + std::count(now.begin(), now.begin() + static_cast<long>(now.find(text)), '\n'));
  };
  folder.edit("p/tadpole.toml", "updates =", "udpates =");
  expect_error(folder.tadpole({"train", "--project", "p"}), "E0701",
               {line_of("udpates"), "'udpates'", "Did you mean 'updates'?"});
  folder.write("p/tadpole.toml", good);
  folder.edit("p/tadpole.toml", "stride_ms = 20", "stride_ms = \"20\"");
  expect_error(folder.tadpole({"train", "--project", "p"}), "E0702",
               {line_of("stride_ms = \""), "features.stride_ms", "a text", "needs a whole number"});
  folder.write("p/tadpole.toml", good);
  folder.edit("p/tadpole.toml", "batch =", "batch = 0 #");
  expect_error(folder.tadpole({"train", "--project", "p"}), "E0703", {line_of("batch = 0"), "from 1 to"});
  folder.write("p/tadpole.toml", good);
  folder.edit("p/tadpole.toml", "[features]", "[features");
  expect_error(folder.tadpole({"train", "--project", "p"}), "E0700", {line_of("[features"), "column"});
  folder.write("p/tadpole.toml", good);
  folder.edit("p/tadpole.toml", "virtual-nano33ble", "virtual-nano33");
  expect_error(folder.tadpole({"deploy", "--board", "virtual-nano33", "--project", "p"}), "E0602",
               {"did you mean \"virtual-nano33ble\"?"});
  EXPECT_FALSE(folder.has("p/runs"));
}

/// Writes a float model with random weights.
void write_model(const Folder& folder, const std::string& name, ir::GraphBuilder& builder, ir::Value output) {
  const auto graph = std::move(builder).finish(output);
  ASSERT_TRUE(graph.ok()) << graph.error().message();
  const auto bytes = convert::write_tflite(*graph, "test");
  ASSERT_TRUE(bytes.ok()) << bytes.error().message();
  ASSERT_TRUE(data::write_file(folder.path(name), *bytes).ok());
}

TEST(BadModel, that_does_not_fit_is_refused_with_layer_need_and_limit_before_anything_is_compiled) {
  const Folder folder;
  ir::GraphBuilder big("big", Rng(1));
  write_model(folder, "big.tflite", big, big.conv_2d(big.input({1, 200, 200, 16}), 16, 3, 3));
  ir::GraphBuilder heavy("heavy", Rng(1));
  write_model(folder, "heavy.tflite", heavy, heavy.fully_connected(heavy.input({1, 1000}), 1000));
  // Without programs in PATH, so that a compiler would be missed first.
  expect_error(folder.tadpole_with({"PATH=/nowhere"}, {"profile", "big.tflite"}), "E0600",
               {"virtual-nano33ble", "5,120,000 B of RAM", "conv_2d 1x200x200x16", "262,144 B", "Try "});
  expect_error(folder.tadpole_with({"PATH=/nowhere"}, {"profile", "heavy.tflite"}), "E0600",
               {"virtual-nano33ble", "B of flash", "'dense_1'", "983,040 B", "Quantise"});
}

TEST(BadModel, input_of_the_wrong_size_is_refused_with_both_sizes_before_anything_is_compiled) {
  const Folder folder;
  ir::GraphBuilder small("small", Rng(1));
  write_model(folder, "small.tflite", small, small.fully_connected(small.input({1, 10}), 4));
  folder.write("in.bin", "0123456789");
  for (const std::vector<std::string>& board :
       std::vector<std::vector<std::string>>{{}, {"--board", "virtual-nano33ble"}}) {
    std::vector<std::string> command = {"run", "small.tflite", "--input", "in.bin", "--output", "out.bin"};
    command.insert(command.end(), board.begin(), board.end());
    expect_error(folder.tadpole_with({"PATH=/nowhere"}, command), "E0607",
                 {"10 bytes", "needs 40", "1x10 of float32"});
  }
  EXPECT_FALSE(folder.has("out.bin"));
  folder.write("in.bin", std::string(40, '\0'));
  expect_error(folder.tadpole({"run", "small.tflite", "--input", "in.bin", "--output", "no/such/out.bin"}),
               "E0012", {"no/such/out.bin"});
  expect_error(folder.tadpole({"run", "small.tflite", "--input", "none.bin", "--output", "o"}), "E0010",
               {"none.bin"});
  EXPECT_EQ(folder.tadpole({"run", "small.tflite", "--input", "in.bin", "--output", "o"}).exit_code, 0);
}

TEST(BadModel, too_slow_for_its_sensor_is_refused_and_leaves_no_firmware) {
  const TrainedCopy folder;
  const auto before = folder.snapshot("p/runs");
  folder.edit("p/tadpole.toml", "inference_stride_ms = 100", "inference_stride_ms = 20");
  expect_error(folder.tadpole({"deploy", "--project", "p"}), "E0601",
               {"seconds of", "for each second of its sensor", "inference_stride_ms (now 20)"});
  EXPECT_EQ(folder.snapshot("p/runs"), before);  // a firmware of before stays, none appears
}

TEST(Damage, of_the_model_in_a_run_is_an_error_or_another_model_but_never_a_crash) {
  const TrainedCopy folder;
  const std::string model = std::string(kRun) + "model.tflite", good = folder.read(model);
  const std::string clip = "p/data/rise/0abcdef0_nohash_0.wav";
  folder.write(model, good.substr(0, good.size() / 2));
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"deploy", "--project", "p"},
                                             {"run", "--test", "--project", "p"},
                                             {"run", clip, "--project", "p"}})
    expect_error(folder.tadpole(command), "E0500", {model});
  folder.write(model, "not a model");
  expect_error(folder.tadpole({"run", clip, "--project", "p"}), "E0500", {model});
  int refused = 0;
  for (size_t i = 0; i < 40; ++i) {  // the tables of a .tflite lie before and behind its weights
    std::string bad = good;
    bad[i < 20 ? i * 7 : good.size() - i * 61] ^= static_cast<char>(0x11 << (i % 4));
    folder.write(model, bad);
    const Printed printed = folder.tadpole({"run", clip, "--project", "p"});
    EXPECT_TRUE(printed.exit_code == 0 || printed.exit_code == 1) << i << printed.err;
    EXPECT_EQ(printed.err.find("[E0002]"), std::string::npos) << i << printed.err;
    refused += printed.exit_code;
  }
  EXPECT_GT(refused, 5);
  folder.write(model, folder.read(std::string(kRun) + "model_float.tflite"));
  expect_error(folder.tadpole({"deploy", "--project", "p"}), "E0303", {model, "tadpole quantise"});
}

TEST(Damage, of_the_firmware_is_refused_by_its_name) {
  const TrainedCopy folder;
  const std::string firmware = std::string(kRun) + "firmware.elf", good = folder.read(firmware);
  folder.write(firmware, good.substr(0, 5000));
  expect_error(folder.tadpole({"run", "--test", "--project", "p"}), "E0608", {firmware, "Build it again"});
  folder.write(firmware, "ELF");
  expect_error(folder.tadpole({"run", "--test", "--project", "p"}), "E0608", {firmware});
}

TEST(Damage, a_firmware_of_another_model_is_not_compared_with_this_one) {
  const TrainedCopy folder;
  folder.edit("p/tadpole.toml", "calibration_samples = 200", "calibration_samples = 3");
  ASSERT_EQ(folder.tadpole({"quantise", "--project", "p"}).exit_code, 0);
  expect_error(folder.tadpole({"run", "--test", "--project", "p"}), "E0712",
               {"firmware.elf was made from another model", "tadpole deploy"});
}

TEST(Damage, of_the_report_is_an_error_that_names_it_but_never_a_crash) {
  const TrainedCopy folder;
  const std::string report = std::string(kRun) + "report.json", good = folder.read(report);
  for (const char* bad : {"", "{", "[]", "{\"evaluation\": 3}", "{\"board\": [1]}"}) {
    folder.write(report, bad);
    for (const char* command : {"report", "test", "deploy", "quantise"})
      expect_error(folder.tadpole({command, "--project", "p"}), "E0011", {report, "tadpole train"});
  }
  for (const char* bad :
       {"{}", "{\"data\": {}}", "{\"synthetic\": 5}", "{\"data\": {\"classes\": [1, 2]}}",
        "{\"evaluation\": {\"float\": {\"accuracy_without_silence\": \"x\", \"classes\": 7}}}"}) {
    folder.write(report, bad);
    for (const char* command : {"report", "test"}) {
      const Printed printed = folder.tadpole({command, "--project", "p"});
      EXPECT_TRUE(printed.exit_code == 0 || printed.exit_code == 1) << command << bad << printed.err;
      EXPECT_EQ(printed.err.find("[E0002]"), std::string::npos) << command << bad << printed.err;
    }
  }
}

TEST(Damage, of_the_feature_cache_is_said_and_the_features_are_made_anew) {
  const TrainedCopy folder;
  const auto quantise = [&] { return folder.tadpole({"quantise", "--project", "p"}); };
  ASSERT_EQ(quantise().exit_code, 0);
  const std::string model = folder.read(std::string(kRun) + "model.tflite");
  for (const auto& [name, bytes] : folder.snapshot("p/.cache")) {
    std::string bad = bytes;
    bad[bad.size() / 2] ^= 1;
    folder.write("p/.cache/" + name, bad);
  }
  const Printed healed = quantise();
  EXPECT_EQ(healed.exit_code, 0) << healed.err;
  EXPECT_NE(healed.err.find("checksum is wrong. The features are made anew."), std::string::npos)
      << healed.err;
  EXPECT_EQ(folder.read(std::string(kRun) + "model.tflite"), model);
  std::filesystem::remove_all(folder.path("p/.cache"));
  EXPECT_EQ(quantise().exit_code, 0);
  EXPECT_EQ(folder.read(std::string(kRun) + "model.tflite"), model);
}

}  // namespace
}  // namespace tadpole
