// The main job with a handful of made-up words: recordings to firmware that answers, each command as a user
// types it.
#include <gtest/gtest.h>

#include <filesystem>

#include "data/files.h"
#include "tests/e2e/tone_words.h"

namespace tadpole {
namespace {

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

  const Printed rate = folder.tadpole({"train", "--project", "rise-fall", "--find-rate", "--json"});
  ASSERT_EQ(rate.exit_code, 0) << rate.err;
  EXPECT_GT(rate.json()["learning_rate"], 1e-6);
  EXPECT_TRUE(std::filesystem::exists(folder.path(rate.json()["picture"].get<std::string>())));

  const Printed runs = folder.tadpole(
      {"runs", "--project", "rise-fall", "--csv", "runs.csv", "--curves", "runs.svg", "--json"});
  ASSERT_EQ(runs.exit_code, 0) << runs.err;
  ASSERT_EQ(runs.json()["runs"].size(), 2u);
  EXPECT_EQ(runs.json()["runs"][0]["int8_accuracy"], summary.json()["int8_accuracy"]);
  EXPECT_EQ(runs.json()["runs"][1]["finished"], false);
  for (const char* made : {"runs.csv", "runs.svg"}) EXPECT_TRUE(std::filesystem::exists(folder.path(made)));
}

TEST(MainJob, a_handful_of_recordings_is_enough_to_train_and_the_smaller_batch_is_said) {
  const Folder folder;
  make_words(folder, 8, 4);
  ASSERT_EQ(folder.tadpole({"new", "p", "--data", "words", "--words", "rise,fall"}).exit_code, 0);
  const Printed trained = folder.tadpole({"train", "--project", "p", "--updates", "5", "--json"});
  EXPECT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_NE(trained.err.find("so a batch is"), std::string::npos) << trained.err;
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
