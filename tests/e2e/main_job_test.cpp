// The main job with a handful of made-up words: recordings to firmware that answers, each command as a user
// types it.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/rng.h"
#include "data/files.h"
#include "tests/e2e/tadpole_program.h"

namespace tadpole {
namespace {

constexpr double kPi = 3.14159265358979323846;

/// "Words" that are easy to tell apart: a tone that rises, one that falls, and two that hover.
std::vector<int16_t> tone_word(double from_hz, double to_hz, Rng& rng) {
  std::vector<int16_t> pcm(16000);
  const int start = static_cast<int>(rng.below(4000)) + 2000, length = 7000;
  double phase = rng.uniform() * 2 * kPi;
  const double level = 3000 + rng.uniform() * 5000, detune = 0.95 + 0.1 * rng.uniform();
  for (size_t i = 0; i < pcm.size(); ++i) {
    double value = 40 * rng.normal();
    const int at = static_cast<int>(i) - start;
    if (at >= 0 && at < length) {
      const double share = static_cast<double>(at) / length;
      phase += 2 * kPi * detune * (from_hz + (to_hz - from_hz) * share) / 16000;
      value += level * std::sin(kPi * share) * std::sin(phase);
    }
    pcm[i] = static_cast<int16_t>(value);
  }
  return pcm;
}

void make_words(const Folder& folder) {
  struct Word {
    const char* name;
    double from_hz, to_hz;
    int count;
  };
  Rng rng(11);
  for (const Word& word : {Word{"rise", 300, 1500, 40}, Word{"fall", 1500, 300, 40},
                           Word{"low", 250, 250, 12}, Word{"high", 2500, 2500, 12}}) {
    for (int i = 0; i < word.count; ++i) {
      const std::string path = std::string("words/") + word.name + "/" + std::to_string(i % 8) +
                               "abcdef0_nohash_" + std::to_string(i / 8) + ".wav";
      std::filesystem::create_directories(std::filesystem::path(folder.path(path)).parent_path());
      ASSERT_TRUE(data::write_wav(folder.path(path), {16000, tone_word(word.from_hz, word.to_hz, rng)}).ok());
    }
  }
}

nlohmann::json report_of(const Folder& folder) {
  const auto text = data::read_text(folder.path("rise-fall/runs/0001/report.json"));
  EXPECT_TRUE(text.ok());
  return text.ok() ? nlohmann::json::parse(*text) : nlohmann::json();
}

TEST(MainJob, takes_recordings_to_firmware_that_gives_the_hosts_answers) {
  const Folder folder;
  make_words(folder);
  const Printed made = folder.tadpole({"new", "rise-fall", "--task", "keyword", "--data", "words"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_NE(made.out.find("rise and fall"), std::string::npos) << made.out;

  const Printed trained =
      folder.tadpole({"train", "--project", "rise-fall", "--seed", "1", "--updates", "120", "--json"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  for (const char* key :
       {"validation_accuracy", "test_accuracy", "seconds", "samples_per_second", "epochs", "model"}) {
    EXPECT_TRUE(trained.json().contains(key)) << key;
  }
  // Rising and falling tones are told apart by any network that has learned at all; by chance it would be
  // about a third.
  EXPECT_GE(trained.json()["test_accuracy"], 0.8);

  const Printed quantised = folder.tadpole({"quantise", "--project", "rise-fall", "--json"});
  ASSERT_EQ(quantised.exit_code, 0) << quantised.err;
  EXPECT_GT(quantised.json()["tflite_bytes"], 1000);

  const Printed deployed =
      folder.tadpole({"deploy", "--project", "rise-fall", "--board", "virtual-nano33ble", "--json"});
  ASSERT_EQ(deployed.exit_code, 0) << deployed.err;
  EXPECT_GT(deployed.json()["instructions"], 100000);
  EXPECT_LT(deployed.json()["real_time_factor"], 1.0);

  const Printed tested =
      folder.tadpole({"run", "--project", "rise-fall", "--board", "virtual-nano33ble", "--test", "--json"});
  ASSERT_EQ(tested.exit_code, 0) << tested.err;
  EXPECT_EQ(tested.json()["board_equals_host"], true) << tested.out;

  const Printed answered = folder.tadpole(
      {"run", "--project", "rise-fall", "rise-fall/data/rise/0abcdef0_nohash_0.wav", "--json"});
  ASSERT_EQ(answered.exit_code, 0) << answered.err;
  EXPECT_EQ(answered.json()["scores"].size(), answered.json()["classes"].size());

  const Printed summary = folder.tadpole({"report", "--project", "rise-fall", "--seconds", "12.5", "--json"});
  for (const char* key : {"float_accuracy", "int8_accuracy", "board_accuracy", "board_equals_host",
                          "ram_bytes", "flash_bytes", "instructions", "tflite_bytes", "seconds", "report"}) {
    EXPECT_FALSE(summary.json()[key].is_null()) << key;
  }
  EXPECT_TRUE(std::filesystem::exists(summary.json()["report"].get<std::string>()));
  EXPECT_EQ(summary.json()["int8_accuracy"], summary.json()["board_accuracy"]);
  EXPECT_GT(report_of(folder)["board"]["stack_high_water_bytes"], 0);
}

TEST(MainJob, the_same_seed_gives_the_same_model_for_any_number_of_threads) {
  const Folder folder;
  make_words(folder);
  ASSERT_EQ(folder.tadpole({"new", "p", "--data", "words", "--words", "rise,fall"}).exit_code, 0);
  std::vector<std::vector<uint8_t>> models;
  for (const char* threads : {"1", "2", "3"}) {
    const Printed trained =
        folder.tadpole({"train", "--project", "p", "--updates", "20", "--threads", threads, "--json"});
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
    const auto bytes = data::read_file(folder.path(trained.json()["model"].get<std::string>()));
    ASSERT_TRUE(bytes.ok());
    models.push_back(*bytes);
  }
  EXPECT_EQ(models[0], models[1]);
  EXPECT_EQ(models[0], models[2]);
}

}  // namespace
}  // namespace tadpole
