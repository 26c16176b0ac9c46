// The spotter that costs least, found on made-up answers whose best setting is known.
#include "project/spotter_choice.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"

namespace tadpole::project {
namespace {

const std::vector<std::string> kLabels = {"silence", "unknown", "stop"};
constexpr int kStop = 2;

struct Quiet {
  Workers workers{2};
  Silent silent;
  Tools tools() { return {workers, silent}; }
};

int8_t score(double share) { return static_cast<int8_t>(std::lround(share * 255) - 128); }

/// Ten minutes of inferences, ten a second. A word every 6 s that is seen with 0.8 for 500 ms; and, between
/// words, blips of a single inference with 1.0.
struct World {
  std::vector<Heard> heard;
  evaluate::Recording recording;
  World() {
    recording.pcm.resize(600 * 16000);
    Rng rng(3);
    for (int i = 10; i < 6000; ++i) {
      const int64_t time_ms = i * 100, in_round_ms = time_ms % 6000;
      const bool word = in_round_ms >= 1000 && in_round_ms < 1500, blip = in_round_ms == 4000;
      const double stop = (word ? 0.8 : blip ? 1.0 : 0.05) - 0.03 * rng.uniform();
      heard.push_back({time_ms, {score(1 - stop), score(0), score(stop)}});
      if (in_round_ms == 1000) recording.events.push_back({kStop, time_ms - 400, time_ms + 400});
    }
  }
};

ProjectConfig config_of(float miss_cost, float false_accept_cost) {
  ProjectConfig config;
  config.threshold.miss_cost = miss_cost;
  config.threshold.false_accept_cost = false_accept_cost;
  return config;
}

TEST(SpotterChoice, averages_over_so_many_answers_that_blips_do_not_count) {
  const World world;
  Quiet quiet;
  const auto choice = choose_spotter(world.heard, world.recording, config_of(1, 1), kLabels, quiet.tools());
  ASSERT_TRUE(choice.ok());
  EXPECT_EQ(choice->score.misses, 0);
  EXPECT_EQ(choice->score.false_accepts, 0);
  EXPECT_GT(choice->results, 1) << "a single answer of 1.0 would be louder than a word's 0.8";
  EXPECT_EQ(choice->cost_per_hour, 0);
}

TEST(SpotterChoice, what_is_written_makes_the_spotter_that_was_tried) {
  const World world;
  Quiet quiet;
  ProjectConfig config = config_of(1, 1);
  const auto choice = choose_spotter(world.heard, world.recording, config, kLabels, quiet.tools());
  ASSERT_TRUE(choice.ok());
  config.deploy = with_choice(config.deploy, *choice, 100);
  const app::SpotterConfig spotter = spotter_of(config, kLabels);
  EXPECT_TRUE(app::valid(spotter));
  EXPECT_EQ(spotter.threshold, choice->threshold);
  const auto score = metrics::score_events(world.recording.events, spot(world.heard, spotter), 600);
  EXPECT_EQ(score.hits, choice->score.hits);
}

TEST(SpotterChoice, a_difference_in_cost_is_known_by_what_only_one_of_two_spotters_did) {
  evaluate::Recording recording;
  recording.sample_rate_hz = 1000;
  recording.pcm.resize(360 * 1000);  // a tenth of an hour
  for (int i = 1; i <= 4; ++i) recording.events.push_back({kStop, i * 10'000, i * 10'000 + 500});
  const auto at = [](int64_t time_ms) { return metrics::Detection{kStop, time_ms, 0.9f}; };
  const std::vector<metrics::Detection> one = {at(10'200), at(20'200), at(150'000)};
  const std::vector<metrics::Detection> other = {at(20'300), at(30'200), at(150'500), at(180'000)};
  ThresholdConfig costs;
  costs.miss_cost = 3;
  costs.false_accept_cost = 2;
  // Two of four words, forty an hour, were heard by one alone; and one false accept, the other is shared.
  EXPECT_NEAR(cost_difference_error(costs, recording, one, other),
              std::hypot(3 * 40 * std::sqrt(2.0) / 4, 2 * 1 / 0.1), 1e-9);
  EXPECT_EQ(cost_difference_error(costs, recording, one, one), 0);
  recording.groups = {"ana", "ben", "ana", "ben"};
  EXPECT_NEAR(cost_difference_error(costs, recording, one, other), 20, 1e-9)
      << "of one speaker a word is heard more and one less, which says nothing";
}

TEST(SpotterChoice, a_costly_false_accept_makes_it_more_careful) {
  World world;
  for (Heard& one : world.heard) {  // blips as long and as loud as words: nothing tells them apart
    if (one.time_ms % 6000 >= 4000 && one.time_ms % 6000 < 4500)
      one.scores = {score(0.2), score(0), score(0.82)};
  }
  Quiet quiet;
  const auto eager = choose_spotter(world.heard, world.recording, config_of(5, 1), kLabels, quiet.tools());
  const auto careful = choose_spotter(world.heard, world.recording, config_of(1, 5), kLabels, quiet.tools());
  ASSERT_TRUE(eager.ok() && careful.ok());
  EXPECT_EQ(eager->score.misses, 0);
  EXPECT_EQ(careful->score.false_accepts, 0);
  EXPECT_GT(careful->score.misses, 0);
}

TEST(CostPerHour, counts_misses_at_the_stated_rate_of_words_and_false_accepts_by_the_hour) {
  metrics::EventScore score;
  score.events = 20;
  score.hits = 15;
  score.misses = 5;
  score.false_accepts = 3;
  score.seconds = 1800;
  ThresholdConfig costs{.miss_cost = 2, .false_accept_cost = 10, .events_per_hour = 4};
  EXPECT_DOUBLE_EQ(cost_per_hour(costs, score), 2 * 0.25 * 4 + 10 * 6);
  costs.events_per_hour = 0;
  EXPECT_DOUBLE_EQ(cost_per_hour(costs, score), 2 * 0.25 * 40 + 10 * 6) << "40 words an hour, as recorded";
}

}  // namespace
}  // namespace tadpole::project
