// The engine's exact figures stay as they are recorded: instructions, arena, code and weights of the
// reference models. Better ones are recorded with the change that made them so; worse ones are seen.
#include <gtest/gtest.h>

#include "bench/device_baseline.h"
#include "data/files.h"
#include "data/process.h"
#include "tests/e2e/tadpole_program.h"

namespace tadpole {
namespace {

const std::string kReference = TADPOLE_SOURCE_DIR "/../shared/reference";
const std::string kBaselines = TADPOLE_SOURCE_DIR "/bench/";

void expect_recorded_figures(const std::string& model, const std::string& board,
                             const std::string& baseline) {
  const std::string file = kReference + "/" + model + ".tflite";
  if (!data::read_file(file).ok()) GTEST_SKIP() << "needs ../shared/reference";
  for (const char* program : {"arm-none-eabi-gcc", "qemu-system-arm"})
    if (!data::find_program(program).ok()) GTEST_SKIP() << "needs " << program;
  const Folder folder;
  const Printed profile = folder.tadpole({"profile", file, "--board", board, "--json"});
  ASSERT_EQ(profile.exit_code, 0) << profile.err;
  for (const bench::Moved& moved :
       bench::moved_figures(model, profile.json(), bench::read_baseline(kBaselines + baseline)))
    ADD_FAILURE() << moved.text << (moved.worse ? ": worse" : ": better")
                  << ". If that is meant, run ./dev bench device --record (with --helium for that board) and "
                     "commit bench/"
                  << baseline << " with the change (and docs/results.md).";
}

class RecordedFigures : public testing::TestWithParam<const char*> {};

TEST_P(RecordedFigures, are_those_of_today) {
  expect_recorded_figures(GetParam(), bench::kBaselineBoard, "device_baseline.json");
}

INSTANTIATE_TEST_SUITE_P(Of, RecordedFigures,
                         testing::Values("kws_int8", "vww_96_int8", "ic_int8", "ad_int8", "micro_speech_int8",
                                         "hello_int8"),
                         [](const auto& info) { return std::string(info.param); });

/// One is quick and has every kernel but the sum; ./dev bench device --helium compares all.
using RecordedHeliumFigures = RecordedFigures;

TEST_P(RecordedHeliumFigures, are_those_of_today) {
  expect_recorded_figures(GetParam(), bench::kHeliumBoard, "device_baseline_helium.json");
}

INSTANTIATE_TEST_SUITE_P(Of, RecordedHeliumFigures, testing::Values("kws_int8"),
                         [](const auto& info) { return std::string(info.param); });

TEST(MovedFigures, name_the_model_the_figure_and_both_values) {
  const nlohmann::ordered_json baseline = {{"kws_int8",
                                            {{"instructions", 1000},
                                             {"arena_bytes", 8960},
                                             {"model_code_bytes", 80},
                                             {"flash_weights_bytes", 7}}}};
  const nlohmann::json profile = {
      {"instructions", 990}, {"arena_bytes", 8964}, {"model_code_bytes", 80}, {"flash_weights_bytes", 7}};
  const auto moved = bench::moved_figures("kws_int8", profile, baseline);
  ASSERT_EQ(moved.size(), 2u);
  EXPECT_EQ(moved[0].text, "kws_int8: instructions 1,000 -> 990 (-1.00 %)");
  EXPECT_FALSE(moved[0].worse);
  EXPECT_EQ(moved[1].text, "kws_int8: arena_bytes 8,960 -> 8,964 (+0.04 %)");
  EXPECT_TRUE(moved[1].worse);
  EXPECT_EQ(bench::moved_figures("new", profile, baseline).size(), 1u);
}

}  // namespace
}  // namespace tadpole
