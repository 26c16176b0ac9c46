// Commands that look at data and models between the steps of the main job.
#include "tests/e2e/trained_project.h"

namespace tadpole {
namespace {

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(Pictures, variants_are_drawn_beside_their_recording) {
  const TrainedCopy folder;
  std::string first;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path("p/data/rise")))
    first = std::max(first, entry.path().filename().string());
  const Printed printed = folder.tadpole(
      {"features", "show", "rise/" + first, "--variants", "5", "--svg", "v.svg", "--project", "p", "--json"});
  ASSERT_EQ(printed.exit_code, 0) << printed.err;
  EXPECT_EQ(printed.json().value("variants", 0), 5);
  EXPECT_EQ(count_of(folder.read("v.svg"), "<svg "), 7u) << "the sheet, the recording and five variants";
}

TEST(Pictures, a_map_has_a_point_for_each_sample) {
  const TrainedCopy folder;
  for (const char* method : {"pca", "tsne"}) {
    const Printed printed = folder.tadpole({"features", "map", "--method", method, "--samples", "40", "--svg",
                                            "map.svg", "--project", "p", "--json"});
    ASSERT_EQ(printed.exit_code, 0) << printed.err;
    EXPECT_EQ(printed.json().value("points", 0), 40);
    // Tones that rise and fall are easily told apart.
    EXPECT_GT(printed.json().value("neighbours_alike", 0.0), 0.6);
    EXPECT_NE(folder.read("map.svg").find("rise"), std::string::npos);
  }
}

TEST(OtherModels, are_judged_on_the_projects_test_side) {
  const TrainedCopy folder;
  const Printed own = folder.tadpole({"test", "--project", "p", "--json"});
  const Printed other =
      folder.tadpole({"test", "--project", "p", "--model", std::string(kRun) + "model.tflite", "--json"});
  ASSERT_EQ(other.exit_code, 0) << other.err;
  EXPECT_EQ(other.json().value("accuracy", -1.0), own.json()["int8"].value("accuracy", -2.0));
}

TEST(OtherModels, a_part_of_a_model_with_small_weights_is_written) {
  const TrainedCopy folder;
  const std::string model = std::string(kRun) + "model_float.tflite";
  const Printed whole = folder.tadpole({"convert", model, "small.tflite", "--int8-weights"});
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  const auto size = [&](const std::string& name) { return std::filesystem::file_size(folder.path(name)); };
  EXPECT_LT(size("small.tflite"), size(model) / 2);
  const Printed judged = folder.tadpole({"test", "--project", "p", "--model", "small.tflite", "--json"});
  ASSERT_EQ(judged.exit_code, 0) << judged.err;
  const Printed cut = folder.tadpole({"convert", model, "part.tflite", "--up-to", "no_such_layer"});
  expect_error(cut, "E0305", {"no_such_layer"});
}

}  // namespace
}  // namespace tadpole
