// What differs between telling classes apart, giving numbers and noticing what is strange.
#include "project/goal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "data/files.h"
#include "ir/builder.h"
#include "plan/plan.h"
#include "project/plain_network.h"
#include "project/task.h"

namespace tadpole::project {
namespace {

using samples::Side;

samples::Dataset rows(const std::vector<std::vector<float>>& targets) {
  samples::Dataset data;
  for (size_t i = 0; i < targets.size(); ++i) {
    samples::Sample sample;
    sample.id = "row " + std::to_string(i + 1);
    sample.targets = targets[i];
    data.samples.push_back(sample);
    data.target.push_back(0);
    data.side.push_back(Side::train);
  }
  return data;
}

ProjectConfig config_of(const char* task) {
  ProjectConfig config;
  config.task = task;
  return config;
}

TEST(NumberGoal, teaches_targets_of_mean_0_and_deviation_1) {
  const samples::Dataset data = rows({{10, 5}, {20, 5}, {30, 5}});
  const auto goal = make_goal(config_of("regression"), data);
  ASSERT_TRUE(goal.ok());
  EXPECT_EQ((*goal)->target_size(), 2);
  std::vector<float> target(2);
  (*goal)->target(2, target);
  EXPECT_NEAR(target[0], 10 / std::sqrt(200.0 / 3), 1e-5);
  EXPECT_EQ(target[1], 0) << "a number that never changes is no reason to divide by nothing";
}

TEST(NumberGoal, a_finished_network_is_unfinished_to_the_answers_that_it_was_taught) {
  const samples::Dataset data = rows({{10, 5}, {20, 7}, {60, 1}});
  const auto goal = *make_goal(config_of("regression"), data);
  ir::GraphBuilder builder("small", Rng(3));
  const ir::Value x = builder.input({1, 4});
  const ir::Graph taught = *std::move(builder).finish(builder.fully_connected(x, 2));
  const auto finished = goal->finish(taught);
  ASSERT_TRUE(finished.ok());
  const auto again = goal->unfinish(*finished);
  ASSERT_TRUE(again.ok()) << again.error().message();
  for (const int tensor : {1, 2}) {
    const auto before = taught.input_of(taught.nodes[0], tensor).values<float>();
    const auto after = again->input_of(again->nodes[0], tensor).values<float>();
    for (size_t i = 0; i < before.size(); ++i) EXPECT_NEAR(after[i], before[i], 1e-5) << "float rounding";
  }
}

TEST(NumberGoal, refuses_samples_without_the_numbers_to_predict) {
  const samples::Dataset data = rows({{1}, {}});
  const auto goal = make_goal(config_of("regression"), data);
  ASSERT_FALSE(goal.ok());
  EXPECT_THAT(goal.error().detail, testing::HasSubstr("row 2"));
}

TEST(NumberGoal, counts_answers_as_alike_within_a_fiftieth_of_the_range) {
  const samples::Dataset data = rows({{0}, {100}});
  const auto goal = *make_goal(config_of("regression"), data);
  const std::vector<int> both = {0, 1};
  const auto a = goal->judge(std::vector<float>{0, 50}, both, 0);
  const auto b = goal->judge(std::vector<float>{1.9f, 53}, both, 0);
  EXPECT_EQ(goal->same_verdicts(*a, *b), 1);
}

TEST(AnomalyGoal, learns_from_normal_samples_only_and_chooses_its_threshold_from_them) {
  samples::Dataset data = rows({{}, {}, {}, {}});
  data.classes = {std::string(kNormalName), std::string(kAnomalyName)};
  data.target = {0, 0, 1, 0};
  data.side = {Side::train, Side::validation, Side::validation, Side::test};
  ProjectConfig config = config_of("anomaly");
  config.anomaly = {.percentile = 100, .margin = 2};
  const auto goal = *make_goal(config, data);
  EXPECT_FALSE(goal->learns_from(2));
  EXPECT_EQ(goal->threshold_samples(), (std::vector<int>{1, 0})) << "few on the validation side";
  EXPECT_FLOAT_EQ(goal->choose_threshold(std::vector<float>{1, 3}), 6);
  const std::vector<int> test = {3, 2};
  const auto judged = goal->judge(std::vector<float>{5, 7}, test, 6);
  EXPECT_EQ(judged->verdicts, (std::vector<float>{0, 1}));
  EXPECT_EQ(*judged->headline, 1.0);
}

TEST(ClassGoal, has_no_silence_unless_the_data_have_it) {
  samples::Dataset data = rows({{}, {}});
  data.classes = {"a", "b"};
  data.target = {0, 1};
  const auto goal = *make_goal(config_of("gesture"), data);
  const std::vector<int> both = {0, 1};
  const auto judged = goal->judge(std::vector<float>{0.9f, 0.1f, 0.8f, 0.2f}, both, 0);
  EXPECT_EQ(*judged->headline, 0.5) << "class 0 counts";
  EXPECT_EQ(judged->section["count_without_silence"], 2);
}

TEST(ClassGoal, judges_every_kind_of_group_that_the_samples_have) {
  samples::Dataset data = rows({{}, {}, {}, {}});
  data.classes = {"a", "b"};
  data.target = {0, 0, 1, 1};
  for (size_t i = 0; i < 4; ++i) data.samples[i].source = i < 2 ? "recording" : "synthetic";
  data.samples[3].id += "@2.5s";
  data.more_groups = {{"device", {{"row 1", "phone"}, {"row 2", "desk"}, {"row 4", "desk"}}},
                      {"language", {{"row 1", "ar"}, {"row 2", "ar"}}}};
  const auto goal = *make_goal(config_of("gesture"), data);
  const std::vector<int> all = {0, 1, 2, 3};
  const auto judged = goal->judge(std::vector<float>{0.9f, 0.1f, 0.2f, 0.8f, 0.6f, 0.4f, 0.1f, 0.9f}, all, 0);
  ASSERT_TRUE(judged.ok());
  EXPECT_TRUE(judged->section["groups"].is_null()) << "nobody is named";
  const nlohmann::json& more = judged->section["more_groups"];
  ASSERT_EQ(more.size(), 2u) << "one language is no comparison: " << more;
  EXPECT_EQ(more[0]["kind"], "device");
  EXPECT_EQ(more[0]["rows"][0]["group"], "desk");
  EXPECT_EQ(more[0]["rows"][0]["count"], 2) << "a cut is of its recording's device";
  EXPECT_EQ(more[0]["rows"][0]["value"], 0.5);
  EXPECT_EQ(more[1]["kind"], "source");
  EXPECT_EQ(judged->section["ranking"]["classes"][1]["auc"], 0.75);
}

TEST(ScaleOutputs, makes_the_network_answer_in_the_users_units) {
  for (const bool with_bias : {true, false}) {
    ir::GraphBuilder builder("small", Rng(3));
    const ir::Value x = builder.input({1, 4});
    const ir::Graph graph = *std::move(builder).finish(builder.fully_connected(x, 2, {}, with_bias));
    const auto scaled = scale_outputs(graph, std::vector<float>{2, 100}, std::vector<float>{-1, 7});
    ASSERT_TRUE(scaled.ok());
    const std::vector<float> input = {1, -2, 3, 0.5f};
    const auto run = [&](const ir::Graph& which) {
      std::vector<float> output(2);
      const plan::Plan plan = *plan::lower(which, {.kernels = "host"});
      plan::Runner(plan).run({reinterpret_cast<const uint8_t*>(input.data()), 16},
                             {reinterpret_cast<uint8_t*>(output.data()), 8});
      return output;
    };
    const std::vector<float> before = run(graph), after = run(*scaled);
    EXPECT_NEAR(after[0], 2 * before[0] - 1, 1e-4) << "float rounding";
    EXPECT_NEAR(after[1], 100 * before[1] + 7, 1e-3) << "float rounding";
  }
}

TEST(Tasks, each_suits_a_configuration_that_reads_back_as_it_was) {
  for (const Task& task : tasks()) {
    ProjectConfig config;
    config.task = std::string(task.name);
    suit_task(task, false, config);
    const auto again = parse_config(config_text(config), "tadpole.toml");
    ASSERT_TRUE(again.ok()) << task.name << ": " << again.error().message();
    EXPECT_EQ(again->architecture, config.architecture);
    EXPECT_EQ(again->features.block, config.features.block);
  }
}

TEST(Examples, each_has_settings_that_are_read_without_a_complaint) {
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(TADPOLE_SOURCE_DIR "/examples")) {
    const std::string file = entry.path().string() + "/tadpole.toml";
    if (!std::filesystem::exists(file)) continue;
    ++found;
    const auto config = parse_config(*data::read_text(file), file);
    EXPECT_TRUE(config.ok()) << config.error().message();
    EXPECT_EQ(config->name, entry.path().filename().string());
  }
  EXPECT_GE(found, 9);
}

}  // namespace
}  // namespace tadpole::project
