// Every real dataset beside the repository becomes a data folder with one call, and is read back.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "data/folder.h"
#include "data/import.h"
#include "data/speech_folder.h"
#include "scratch.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;
using samples::Side;

struct SharedSet {
  std::string name, format;
  long samples;
  size_t labels, groups;
  ImportOptions options{};
};

class SharedData : public testing::TestWithParam<SharedSet> {
 protected:
  Result<ImportSummary> import(const std::string& to) {
    Silent silent;
    return import_data(source(), to, GetParam().options, silent);
  }
  static std::string source() { return TADPOLE_SOURCE_DIR "/../shared/data/" + GetParam().name; }
};

// No side is empty, and no group is on two: of anomaly detection only what is normal, since anomalies of a
// machine that trains are the test.
void expect_sides(const samples::Dataset& data) {
  std::map<std::string, std::set<Side>> of_group;
  std::set<Side> sides(data.side.begin(), data.side.end());
  for (size_t i = 0; i < data.samples.size(); ++i) {
    const bool anomaly = data.classes[static_cast<size_t>(data.target[i])] == "anomaly";
    if (!data.samples[i].group.empty() && !anomaly) of_group[data.samples[i].group].insert(data.side[i]);
  }
  EXPECT_EQ(sides.size(), 3u);
  for (const auto& [group, used] : of_group) {
    if (of_group.size() >= 3) {
      EXPECT_EQ(used.size(), 1u) << group;
    }
  }
}

TEST_P(SharedData, imports_with_one_call_and_reads_back) {
  if (!fs::exists(source())) GTEST_SKIP() << "needs ../shared/data/" << GetParam().name;
  const Scratch scratch;
  const std::string to = scratch / "data";
  const auto summary = import(to);
  ASSERT_TRUE(summary.ok()) << summary.error().message();
  EXPECT_EQ(summary->format, GetParam().format);
  EXPECT_EQ(summary->counts.samples, GetParam().samples);
  EXPECT_EQ(summary->counts.labels.size(), GetParam().labels);
  EXPECT_EQ(summary->counts.groups.size(), GetParam().groups);
  EXPECT_TRUE(summary->left_out.empty());
  Workers workers(2);
  Silent silent;
  if (summary->task == "keyword")
    return;  // read_speech_folder has tests of its own, and resampling takes long
  ReadOptions read{.kind = summary->task == "image"       ? DataKind::image
                           : summary->task == "table"     ? DataKind::table
                           : summary->format == "strokes" ? DataKind::stroke
                                                          : DataKind::series};
  if (summary->task == "anomaly") {
    read.normal = {"normal"};
    read.window_ms = 3'600'000;  // an hour
  }
  const auto dataset = read_folder(to, read, workers, silent);
  if (GetParam().labels == 1) {
    EXPECT_EQ(dataset.error().code, Code::data_one_class);
    return;
  }
  ASSERT_TRUE(dataset.ok()) << dataset.error().message();
  expect_sides(dataset->data);
}

INSTANTIATE_TEST_SUITE_P(
    All, SharedData,
    testing::Values(
        SharedSet{"NAB", "nab", 18, 3, 0}, SharedSet{"arabic_speech_commands", "sounds", 571, 36, 24},
        SharedSet{"asterisk_spoken_words", "sounds", 298, 120, 3},
        SharedSet{"ceiling_fan_vibration", "series", 880, 8, 0},
        SharedSet{"emlearn_motion", "series", 1, 1, 0},
        SharedSet{"free-spoken-digit-dataset", "spoken-digits", 2000, 10, 4},
        SharedSet{"german_credit", "table", 700, 2, 0}, SharedSet{"magic_wand_digits", "strokes", 700, 10, 1},
        SharedSet{"mnist", "image-set", 25000, 10, 0},
        SharedSet{"nano33ble_gestures", "series", 64, 3, 2, {.rate_hz = 119}},
        SharedSet{"person96", "images", 183, 2, 109}, SharedSet{"picovoice_wake_words", "sounds", 72, 3, 0},
        SharedSet{"speech_commands", "sounds", 774, 36, 110}, SharedSet{"uci_adult", "table", 40701, 2, 0},
        SharedSet{"xiao_imu_gestures", "edge-impulse", 72, 4, 0}),
    [](const auto& info) {
      std::string name = info.param.name;
      for (char& c : name) {
        if (c == '-') c = '_';
      }
      return name;
    });

}  // namespace
}  // namespace tadpole::data
