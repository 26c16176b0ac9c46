// tadpole threshold: the choice reaches tadpole.toml and the firmware, and nothing else of the file changes.
#include <gtest/gtest.h>

#include "tests/e2e/trained_project.h"

namespace tadpole {
namespace {

TEST(Threshold, chosen_from_a_stream_is_written_to_the_project_and_used_by_the_firmware) {
  const TrainedCopy folder;
  folder.edit("p/tadpole.toml", "[deploy]\n", "[deploy]  # mine\n");
  const std::string before = folder.read("p/tadpole.toml");
  const std::vector<std::string> command = {"threshold", "--project",   "p", "--minutes",
                                            "5",         "--miss-cost", "3", "--json"};
  std::vector<std::string> look = command;
  look.push_back("--dry-run");
  const Printed shown = folder.tadpole(look);
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_EQ(folder.read("p/tadpole.toml"), before) << "--dry-run changes nothing";

  const Printed chosen = folder.tadpole(command);
  ASSERT_EQ(chosen.exit_code, 0) << chosen.err;
  const nlohmann::json json = chosen.json();
  EXPECT_EQ(json["settings"], shown.json()["settings"]) << "the same seed gives the same choice";
  EXPECT_LE(json["validation"]["score"]["cost_per_hour"],
            json["validation"]["score_before"]["cost_per_hour"]);
  EXPECT_EQ(json["test"]["score"]["events"].get<int>(),
            json["test"]["score"]["hits"].get<int>() + json["test"]["score"]["misses"].get<int>());
  EXPECT_GT(json["test"]["curve"].size(), 50u);

  const std::string after = folder.read("p/tadpole.toml");
  EXPECT_NE(after.find("[deploy]  # mine\n"), std::string::npos);
  const std::string line = "threshold = " + json["settings"]["deploy.threshold"].get<std::string>() + " ";
  EXPECT_NE(after.find(line), std::string::npos) << line << "\n" << after;
  EXPECT_EQ(std::count(after.begin(), after.end(), '\n'), std::count(before.begin(), before.end(), '\n'));

  ASSERT_EQ(folder.tadpole({"deploy", "--project", "p"}).exit_code, 0);
  const std::string application = folder.read(std::string(kRun) + "library/application.cc");
  const int of_255 = static_cast<int>(json["threshold"].get<double>() * 255 + 0.5);
  EXPECT_NE(application.find("    " + std::to_string(of_255) + ",  // threshold, of 255\n"),
            std::string::npos);
  const auto report = nlohmann::json::parse(folder.read(std::string(kRun) + "report.json"));
  EXPECT_EQ(report["threshold"]["settings"], json["settings"]);
  EXPECT_NE(folder.read(std::string(kRun) + "report.html").find("When does it answer?"), std::string::npos);
}

TEST(Threshold, is_refused_where_never_to_answer_would_be_cheapest) {
  const TrainedCopy folder;
  const std::string before = folder.read("p/tadpole.toml");
  expect_error(folder.tadpole({"threshold", "--project", "p", "--minutes", "1", "--miss-cost", "0"}), "E0703",
               {"cheapest never to answer", "false_accept_cost"});
  EXPECT_EQ(folder.read("p/tadpole.toml"), before);
}

}  // namespace
}  // namespace tadpole
