// The runs of a project side by side, and the log that training appends to.
#include "project/runs.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "data/files.h"
#include "project/metrics_log.h"

namespace tadpole::project {
namespace {

namespace fs = std::filesystem;

class Runs : public testing::Test {
 protected:
  Runs() : folder_(fs::temp_directory_path() / ("tadpole_runs_" + std::to_string(getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "runs");
    write("tadpole.toml", config_text(ProjectConfig{}));
  }
  ~Runs() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    EXPECT_TRUE(data::write_text((folder_ / name).string(), text).ok());
  }
  std::string read(const std::string& name) { return *data::read_text((folder_ / name).string()); }
  std::string path(const std::string& name) { return (folder_ / name).string(); }
  Project project() { return *Project::open(folder_.string()); }

  void add_run(const std::string& name, float rate, double accuracy) {
    ProjectConfig config;
    config.train.learning_rate = rate;
    write("runs/" + name + "/config.toml", config_text(config));
    write("runs/" + name + "/model_float.tflite", "model");
    write("runs/" + name + "/report.json",
          nlohmann::json{{"evaluation", {{"float", {{"accuracy_without_silence", accuracy}}}}},
                         {"quantisation", {{"tflite_bytes", 53000}}}}
              .dump());
    MetricsLog log(path("runs/" + name + "/metrics.jsonl"));
    for (int epoch = 1; epoch <= 3; ++epoch) {
      train::EpochMetrics m;
      m.epoch = epoch;
      m.update = 10 * epoch;
      m.train_loss = 1.0f / static_cast<float>(epoch);
      m.validation_loss = m.train_loss + 0.1f;
      EXPECT_TRUE(log.append(m).ok());
    }
  }

  fs::path folder_;
};

TEST_F(Runs, show_the_settings_that_differ_and_what_came_out) {
  add_run("0001", 0.003f, 0.91);
  add_run("0002", 0.01f, 0.87);
  write("runs/0003/checkpoint.bin", "interrupted");
  const auto runs = read_runs(project());
  ASSERT_TRUE(runs.ok()) << runs.error().message();
  ASSERT_EQ(runs->rows.size(), 3u);
  EXPECT_EQ(runs->settings, std::vector<std::string>{"train.learning_rate"});
  EXPECT_EQ(runs->rows[1].settings, std::vector<std::string>{"0.01"});
  EXPECT_EQ(runs->rows[0].float_accuracy, 0.91);
  EXPECT_EQ(runs->rows[0].tflite_bytes, 53000);
  EXPECT_FALSE(runs->rows[0].board_accuracy.has_value());
  EXPECT_EQ(runs->rows[1].epochs.back().update, 30);
  EXPECT_TRUE(runs->rows[1].finished);
  EXPECT_FALSE(runs->rows[2].finished);
  EXPECT_NE(to_text(*runs).find("(not finished)"), std::string::npos);
  EXPECT_EQ(to_json(*runs)["runs"][1]["settings"]["train.learning_rate"], "0.01");
  const std::string csv = to_csv(*runs);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 4);
  EXPECT_NE(csv.find("\n0001,true,0.91,,,,53000,"), std::string::npos) << csv;
  const std::string curves = learning_curves(*runs);
  EXPECT_EQ(curves.rfind("<svg xmlns=", 0), 0u);
  EXPECT_NE(curves.find("0002 validation"), std::string::npos);
  EXPECT_EQ(curves.find("0003"), std::string::npos);
}

TEST_F(Runs, of_a_project_without_any_are_refused_with_what_to_run) {
  const auto runs = read_runs(project());
  ASSERT_FALSE(runs.ok());
  EXPECT_EQ(runs.error().code, Code::run_missing);
  EXPECT_NE(runs.error().detail.find("tadpole train"), std::string::npos);
}

TEST_F(Runs, whose_files_are_damaged_are_shown_without_them) {
  add_run("0001", 0.003f, 0.91);
  write("runs/0001/report.json", "{broken");
  write("runs/0001/config.toml", "updates = [");
  write("runs/0001/metrics.jsonl", "nonsense\n[1]\n{\"epoch\": 1, \"update\": 5}\n{\"epoch\": 2, \"upd");
  const auto runs = read_runs(project());
  ASSERT_TRUE(runs.ok());
  EXPECT_FALSE(runs->rows[0].float_accuracy.has_value());
  ASSERT_EQ(runs->rows[0].epochs.size(), 1u);  // the line that a kill cut off is not there
  EXPECT_EQ(runs->rows[0].epochs[0].update, 5);
  EXPECT_EQ(learning_curves(*runs), "");
}

TEST_F(Runs, values_with_commas_and_quotes_are_one_field_of_csv) {
  for (const char* name : {"0001", "0002"}) {
    ProjectConfig config;
    config.data.classes = {name, "a \"word\""};
    write(std::string("runs/") + name + "/config.toml", config_text(config));
  }
  const std::string csv = to_csv(*read_runs(project()));
  EXPECT_NE(csv.find(",\"[\"\"0001\"\", \"\"a \\\"\"word\\\"\"\"\"]\"\n"), std::string::npos) << csv;
}

TEST_F(Runs, a_log_that_a_kill_cut_off_is_mended_when_the_run_goes_on) {
  MetricsLog log(path("metrics.jsonl"));
  std::vector<train::EpochMetrics> history(2);
  history[0].epoch = 1;
  history[1].epoch = 2;
  ASSERT_TRUE(log.restart(history).ok());
  const std::string whole = read("metrics.jsonl");
  train::EpochMetrics third;
  third.epoch = 3;
  ASSERT_TRUE(log.append(third).ok());
  write("metrics.jsonl", read("metrics.jsonl") + "{\"epoch\": 4, \"tr");
  ASSERT_TRUE(log.restart(history).ok());  // the checkpoint knows two
  EXPECT_EQ(read("metrics.jsonl"), whole);
  ASSERT_TRUE(log.append(third).ok());
  const auto epochs = parse_metrics(read("metrics.jsonl"));
  ASSERT_EQ(epochs.size(), 3u);
  EXPECT_EQ(epochs[2].epoch, 3);
}

}  // namespace
}  // namespace tadpole::project
