// profile and inspect on public models: the figures add up, repeat, and the picture is there.
#include <gtest/gtest.h>

#include "data/files.h"
#include "tests/e2e/tadpole_program.h"

namespace tadpole {
namespace {

const std::string kReference = TADPOLE_SOURCE_DIR "/../shared/reference";

TEST(Profile, of_a_reference_model_adds_up_and_repeats) {
  const std::string model = kReference + "/ad_int8.tflite";
  if (!data::read_file(model).ok()) GTEST_SKIP() << "needs ../shared/reference";
  const Folder folder;
  const Printed printed = folder.tadpole({"profile", model, "--json"});
  ASSERT_EQ(printed.exit_code, 0) << printed.err;
  const nlohmann::json all = printed.json();
  int64_t instructions = 0, macs = 0, arena = 0;
  for (const nlohmann::json& layer : all["layers"]) {
    instructions += layer["instructions"].get<int64_t>();
    macs += layer["macs"].get<int64_t>();
    arena = std::max(arena, layer["ram_bytes"].get<int64_t>());
    EXPECT_GT(layer["flash_code_bytes"], 0);
    EXPECT_LE(layer["flash_code_bytes"], all["model_code_bytes"]);
  }
  EXPECT_EQ(macs, all["macs"]);
  EXPECT_EQ(macs, 264'192);
  EXPECT_EQ(all["macs_imported"], macs);  // it has no dead channels
  EXPECT_LE(instructions, all["instructions"].get<int64_t>());
  EXPECT_GT(instructions, all["instructions"].get<int64_t>() - 200);  // what calls the layers
  EXPECT_EQ(all["floor_instructions"], 132'096);
  EXPECT_LE(arena, all["arena_bytes"].get<int64_t>());
  EXPECT_EQ(all["counts"]["unaligned_accesses"], 0);
  EXPECT_GE(all["cycles_estimated"], all["instructions"]);
  EXPECT_EQ(folder.tadpole({"profile", model, "--json"}).json()["counts"], all["counts"]);
}

TEST(Inspect, of_a_model_with_dead_channels_shows_what_the_file_and_what_the_plan_multiplies) {
  const std::string path = kReference + "/vww_96_int8.tflite";
  if (!data::read_file(path).ok()) GTEST_SKIP() << "needs ../shared/reference";
  const Folder folder;
  const Printed printed = folder.tadpole({"inspect", path, "--json"});
  ASSERT_EQ(printed.exit_code, 0) << printed.err;
  const nlohmann::json model = printed.json();
  int64_t imported = 0, planned = 0;
  for (const nlohmann::json& layer : model["layers"]) {
    EXPECT_LE(layer["macs_planned"], layer["macs_imported"]) << layer["name"];
    imported += layer["macs_imported"].get<int64_t>();
    planned += layer["macs_planned"].get<int64_t>();
  }
  EXPECT_EQ(model["macs_imported"], imported);
  EXPECT_EQ(model["macs_planned"], planned);
  EXPECT_GT(imported, 7'400'000);  // the published 7.5 million
  EXPECT_LT(planned, imported / 2 + 100'000);
  EXPECT_NE(printed.err.find("in plan"), std::string::npos);
}

TEST(Inspect, of_a_float_and_an_int8_model_names_boards_and_draws) {
  const Folder folder;
  for (const char* name : {"/ic_int8.tflite", "/hello_float.tflite"}) {
    if (!data::read_file(kReference + name).ok()) GTEST_SKIP() << "needs ../shared/reference";
    const Printed printed = folder.tadpole({"inspect", kReference + name, "--svg", "m.svg", "--json"});
    ASSERT_EQ(printed.exit_code, 0) << printed.err;
    const nlohmann::json model = printed.json();
    ASSERT_FALSE(model["boards"].empty());
    for (const nlohmann::json& board : model["boards"]) {
      EXPECT_EQ(board["fits"], true) << board["why"];
      EXPECT_GT(board["ram_bytes"], board["arena_bytes"]);
    }
    const std::string svg = folder.read("m.svg");
    EXPECT_EQ(svg.find("<svg "), 0u);
    EXPECT_NE(svg.find("</svg>"), std::string::npos);
  }
}

}  // namespace
}  // namespace tadpole
