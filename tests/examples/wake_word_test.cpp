// examples/wake_word: the threshold from twenty minutes on this computer, and a minute on the board.
#include <gtest/gtest.h>

#include "tests/examples/baseline.h"

namespace tadpole {
namespace {

TEST(WakeWordExample, weighs_misses_against_false_accepts_on_twenty_minutes_and_listens_on_the_board) {
  const ImportedExample example("wake_word", "speech_commands");
  if (!example.has_data) GTEST_SKIP() << "needs ../shared/data/speech_commands";
  // Few variants: making them is most of a short training.
  example.edit("example/tadpole.toml", "[train]\n", "[augment]\nvariants = 3\n\n[train]\n");
  example.step({"train", "--updates", "120"});
  example.step({"quantise"});
  // One seed's short training: it hears at all, and the choice is not worse than the settings before it.
  const nlohmann::json chosen = example.step({"threshold"});
  ASSERT_TRUE(chosen.contains("validation"));
  EXPECT_EQ(chosen["validation"]["seconds"], 1200);
  EXPECT_LE(chosen["validation"]["score"]["cost_per_hour"],
            chosen["validation"]["score_before"]["cost_per_hour"]);
  EXPECT_LT(chosen["test"]["score"]["false_reject_rate"], 0.7);
  WholeWay way;
  way.deploy = example.step({"deploy"});
  expect_recorded_memory(example.name, way.deploy);
  EXPECT_LE(way.deploy.value("ram_bytes", 1 << 30), 32 * 1024) << "features and buffers included";
  way.board = example.step({"run", "--test"});
  expect_board_equals_host(way);
  ASSERT_TRUE(way.board.contains("stream"));
  const nlohmann::json& stream = way.board["stream"];
  EXPECT_EQ(stream["board_equals_host"], true) << "every window of a minute";
  EXPECT_EQ(stream["board"], stream["int8"]);
  EXPECT_EQ(stream["chosen_threshold"], chosen["threshold"]);
}

}  // namespace
}  // namespace tadpole
