// tadpole optimise: each model of the ladder is there, runs, and costs what is said.
#include <gtest/gtest.h>

#include "tests/e2e/trained_project.h"

namespace tadpole {
namespace {

TEST(Optimise, makes_models_that_run_and_a_picture_of_what_they_cost) {
  const TrainedCopy folder;
  const Printed printed = folder.tadpole({"optimise", "--project", "p", "--updates", "10", "--only",
                                          "int8,channels_50,levels_16_trained", "--budget", "100", "--json"});
  ASSERT_EQ(printed.exit_code, 0) << printed.err;
  const nlohmann::json result = printed.json();
  std::map<std::string, nlohmann::json> points;
  for (const nlohmann::json& point : result["points"]) points[point["name"]] = point;
  ASSERT_EQ(points.size(), 3u) << printed.err;
  EXPECT_LT(points["channels_50"]["instructions"], points["int8"]["instructions"]);
  EXPECT_LT(points["channels_50"]["flash_bytes"], points["int8"]["flash_bytes"]);
  EXPECT_LT(points["channels_50"]["arena_bytes"], points["int8"]["arena_bytes"]);
  EXPECT_LT(points["channels_50"]["tflite_bytes"], points["int8"]["tflite_bytes"]);
  EXPECT_LT(points["levels_16_trained"]["compressed_bytes"], points["int8"]["compressed_bytes"]);
  // With a budget of everything the quickest is recommended, which half the channels make.
  EXPECT_EQ(result["recommended"], "channels_50");
  EXPECT_EQ(points["channels_50"]["on_front"], true);
  const nlohmann::json report = nlohmann::json::parse(folder.read(std::string(kRun) + "report.json"));
  EXPECT_EQ(report["optimise"]["points"], result["points"]);
  EXPECT_NE(folder.read(std::string(kRun) + "report.html").find("channels_50"), std::string::npos);
  EXPECT_NE(folder.read(std::string(kRun) + "optimise.svg").find("channels_50"), std::string::npos);
  folder.write("zeros.raw", std::string(49 * 10, '\0'));
  for (const auto& [name, point] : points) {
    const Printed run =
        folder.tadpole({"run", point["model"], "--input", "zeros.raw", "--output", "answer.raw"});
    EXPECT_EQ(run.exit_code, 0) << name << run.err;
  }

  // A point becomes the project's model, with what made it; a name that is none leaves everything as it is.
  const std::string model = std::string(kRun) + "model.tflite", before = folder.read(model);
  expect_error(folder.tadpole({"optimise", "--project", "p", "--use", "chanels_50"}), "E0703",
               {"did you mean 'channels_50'", "int8, channels_50, levels_16_trained"});
  EXPECT_EQ(folder.read(model), before);
  const Printed used = folder.tadpole({"optimise", "--project", "p", "--use", "channels_50", "--json"});
  ASSERT_EQ(used.exit_code, 0) << used.err;
  EXPECT_EQ(folder.read(model), folder.read(std::string(kRun) + "optimise/channels_50.tflite"));
  EXPECT_EQ(used.json()["test"], points["channels_50"]["test"]);
  const nlohmann::json after = nlohmann::json::parse(folder.read(std::string(kRun) + "report.json"));
  EXPECT_EQ(after["quantisation"]["scheme"], "channels_50");
  EXPECT_EQ(after["quantisation"]["made_by"]["updates"], 10);
  EXPECT_EQ(after["quantisation"]["tflite_bytes"], points["channels_50"]["tflite_bytes"]);
  EXPECT_EQ(after["optimise"], report["optimise"]);
}

TEST(Optimise, refuses_names_that_do_not_exist_and_projects_without_a_trained_run) {
  const TrainedCopy folder;
  expect_error(folder.tadpole({"optimise", "--project", "p", "--only", "chanels_50"}), "E0703",
               {"did you mean 'channels_50'", "levels_16"});
  expect_error(folder.tadpole({"optimise", "--project", "p", "--board", "toaster"}), "E0602");
  expect_error(folder.tadpole({"optimise", "--project", "p", "--use", "int8"}), "E0712",
               {"tadpole optimise"});
  std::filesystem::remove_all(folder.path("p/runs"));
  expect_error(folder.tadpole({"optimise", "--project", "p"}), "E0712", {"tadpole train"});
  EXPECT_EQ(folder.tadpole({"optimise", "--project", "p", "--budget", "-1"}).exit_code, 2);
}

TEST(Optimise, stopped_keeps_the_models_so_far_and_says_so) {
  const TrainedCopy folder;
  const Printed printed = folder.tadpole_interrupted(
      std::string("test -e ") + kRun + "optimise/int8.tflite && grep -q 'int8: ' err.txt",
      {"optimise", "--project", "p", "--only", "int8,channels_25", "--updates", "100000"});
  expect_error(printed, "E0001", {"after 1 of 2 models"});
  EXPECT_TRUE(folder.has(std::string(kRun) + "optimise/int8.tflite"));
  EXPECT_FALSE(folder.has(std::string(kRun) + "optimise/channels_25.tflite"));
  EXPECT_NE(folder.read(std::string(kRun) + "report.html").find("Making it smaller still"),
            std::string::npos);
}

}  // namespace
}  // namespace tadpole
