// The examples whose data are not in the repository: each runs where they are beside it, with training cut
// short.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>

#include "tests/examples/baseline.h"

namespace tadpole {
namespace {

/// Imports, runs the whole way and checks what every example promises.
WholeWay whole_way(const ImportedExample& example, int updates) {
  const WholeWay way = example.run_all(updates);
  expect_board_equals_host(way);
  EXPECT_LE(way.deploy.value("ram_bytes", int64_t{1} << 40), way.deploy.value("ram_limit", int64_t{0}));
  expect_recorded_memory(example.name, way.deploy);
  return way;
}

/// The benchmark holds many series; the example is about one.
void keep_only(const std::string& folder, const std::string& name) {
  std::vector<std::filesystem::path> others;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().filename() != name) others.push_back(entry.path());
  for (const auto& path : others) std::filesystem::remove(path);
}

// The floors are below what one short training reached, by the spread of a few seeds.

TEST(KeywordExample, tells_yes_from_no_on_the_board) {
  const ImportedExample example("keyword", "speech_commands");
  if (!example.has_data) GTEST_SKIP() << "needs ../shared/data/speech_commands";
  const WholeWay way = whole_way(example, 150);
  EXPECT_GT(way.board.value("board_accuracy", 0.0), 0.6);
  EXPECT_LE(way.deploy.value("ram_bytes", 1 << 30), 32 * 1024) << "features and buffers included";
}

/// Of the recordings to learn from, `count` of each of `words` stay and twice as many of other words.
void keep_few(const std::string& folder, const std::set<std::string>& words, size_t count) {
  namespace fs = std::filesystem;
  std::set<std::string> held;
  for (const char* list : {"testing_list.txt", "validation_list.txt"}) {
    std::ifstream file(folder + "/" + list);
    for (std::string line; std::getline(file, line);) held.insert(line);
  }
  std::map<std::string, std::vector<std::string>> free;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string path = fs::relative(entry.path(), folder).string();
    const std::string word = path.substr(0, path.find('/'));
    if (entry.path().extension() != ".wav" || word.starts_with("_") || held.contains(path)) continue;
    free[words.contains(word) ? word : ""].push_back(path);
  }
  for (auto& [word, paths] : free) {
    std::sort(paths.begin(), paths.end(), [](const std::string& a, const std::string& b) {
      return a.substr(a.find('/')) <
             b.substr(b.find('/'));  // by speaker: other words are not all of one kind
    });
    for (size_t i = word.empty() ? 2 * count : count; i < paths.size(); ++i)
      fs::remove(folder + "/" + paths[i]);
  }
}

TEST(KeywordCustomExample, learns_words_from_thirty_recordings) {
  const ImportedExample example("keyword_custom", "speech_commands");
  if (!example.has_data) GTEST_SKIP() << "needs ../shared/data/speech_commands";
  keep_few(example.path("example/data"), {"stop", "go"}, 30);
  const WholeWay way = whole_way(example, 40);
  EXPECT_GT(way.board.value("board_accuracy", 0.0), 0.6);
}

TEST(KeywordArabicExample, tells_four_words_apart_on_the_board) {
  const ImportedExample example("keyword_arabic", "arabic_speech_commands");
  if (!example.has_data) GTEST_SKIP() << "needs ../shared/data/arabic_speech_commands";
  EXPECT_GT(whole_way(example, 150).board.value("board_accuracy", 0.0), 0.6);
}

TEST(DigitsImageExample, reads_digits_on_the_board) {
  const ImportedExample example("digits_image", "mnist");
  if (!example.has_data) GTEST_SKIP() << "needs ../shared/data/mnist";
  example.edit("example/tadpole.toml", "variants = 6", "variants = 1");  // a quicker test
  const WholeWay way = whole_way(example, 250);
  EXPECT_GT(way.board.value("board_accuracy", 0.0), 0.93);
  EXPECT_LE(way.quantise.value("tflite_bytes", 1 << 30), 30 * 1024);
}

TEST(PersonExample, looks_at_pictures_on_the_board) {
  const ImportedExample example("person", "person96");
  if (!example.has_data) GTEST_SKIP() << "needs ../shared/data/person96";
  const std::string model = shared_data("../reference/vww_96_float.tflite");
  if (!std::filesystem::exists(model)) GTEST_SKIP() << "needs ../shared/reference";
  std::filesystem::copy(model, example.path("example"));
  example.edit("example/tadpole.toml", "variants = 16", "variants = 1");  // a quicker test
  EXPECT_GT(whole_way(example, 40).board.value("board_accuracy", 0.0), 0.7);
}

TEST(GestureExample, tells_movements_apart_on_the_board) {
  const ImportedExample example("gesture", "nano33ble_gestures/AdamClarkStandke", {"--rate", "119"});
  if (!example.has_data) GTEST_SKIP() << "needs ../shared/data/nano33ble_gestures";
  EXPECT_GT(whole_way(example, 100).board.value("board_accuracy", 0.0), 0.7);
}

TEST(MagicWandExample, reads_drawn_digits_on_the_board) {
  const ImportedExample example("magic_wand", "magic_wand_digits");
  if (!example.has_data) GTEST_SKIP() << "needs ../shared/data/magic_wand_digits";
  EXPECT_GT(whole_way(example, 200).board.value("board_accuracy", 0.0), 0.8);
}

TEST(FanAnomalyExample, notices_a_coin_on_a_blade_on_the_board) {
  const ImportedExample example("fan_anomaly", "ceiling_fan_vibration/ceiling-fan", {"--rate", "200"});
  if (!example.has_data) GTEST_SKIP() << "needs ../shared/data/ceiling_fan_vibration";
  const WholeWay way = whole_way(example, 200);
  EXPECT_GT(way.board.value("board_auc", 0.0), 0.9);
  const nlohmann::json chosen = example.step({"threshold"});
  ASSERT_TRUE(chosen.contains("validation"));
  EXPECT_LE(chosen["validation"]["score"]["cost_per_hour"],
            chosen["validation"]["score_before"]["cost_per_hour"]);
  const auto report = nlohmann::json::parse(example.read("example/runs/0001/report.json"));
  const double threshold = chosen["threshold"];
  EXPECT_NEAR(report["evaluation"]["int8"]["threshold"].get<double>(), threshold, 1e-4 * threshold)
      << "the firmware's threshold, from a margin of five digits";
}

TEST(SeriesAnomalyExample, watches_a_machine_on_the_board) {
  const ImportedExample example("series_anomaly", "NAB");
  if (!example.has_data) GTEST_SKIP() << "needs ../shared/data/NAB";
  keep_only(example.path("example/data"), "machine_temperature_system_failure.csv");
  EXPECT_GT(whole_way(example, 200).board.value("board_auc", 0.0), 0.6);
}

}  // namespace
}  // namespace tadpole
