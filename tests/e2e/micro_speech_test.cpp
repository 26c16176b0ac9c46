// The classic "yes" and "no" model as a firmware that hears: recordings in, micro frontend and network on the
// board, the published scores out.
#include <gtest/gtest.h>

#include "project/application.h"
#include "project/firmware.h"
#include "project/listening.h"
#include "project/prepare.h"
#include "tests/e2e/tadpole_program.h"

namespace tadpole {
namespace {

const std::string kReference = TADPOLE_SOURCE_DIR "/../shared/reference";

TEST(MicroSpeech, answers_four_recordings_on_the_board_with_the_published_scores) {
  const auto text = data::read_text(kReference + "/micro_speech.golden.json");
  if (!text.ok()) GTEST_SKIP() << "needs ../shared/reference";
  const std::string file = kReference + "/micro_speech_int8.tflite";
  const auto model_bytes = data::read_file(file);
  const auto graph = project::read_model(file);
  const auto board = board::find_board("virtual-nano33ble");
  ASSERT_TRUE(model_bytes.ok() && graph.ok() && board.ok());

  project::ProjectConfig config;
  config.features = features::default_config("micro_frontend");
  const auto block = features::FeatureBlock::create(config.features);
  ASSERT_TRUE(block.ok());
  const std::vector<std::string> labels = {"silence", "unknown", "yes", "no"};
  const auto application = project::make_application(config, *block, *graph, labels, 0);
  ASSERT_TRUE(application.ok()) << application.error().message();
  const Folder folder;
  Silent silent;
  const auto built =
      project::build_model(*graph, *model_bytes, *board,
                           {.name = "micro_speech", .speech = application->speech}, folder.path(), silent);
  ASSERT_TRUE(built.ok()) << built.error().message();
  EXPECT_LE(built->firmware.total_ram_bytes(), 32 * 1024) << "features and buffers included";
  auto machine = project::boot(*board, built->firmware.elf_path, silent);
  ASSERT_TRUE(machine.ok()) << machine.error().message();

  const nlohmann::json golden = nlohmann::json::parse(*text);
  int heard = 0;
  for (const nlohmann::json& test : golden["cases"]) {
    if (test["kind"] != "raw") continue;
    const std::string name = test["name"];
    const auto wav = data::read_file(kReference + "/inputs/" + name + ".wav");
    ASSERT_TRUE(wav.ok()) << name;
    const auto sound = data::decode_audio(*wav, 16000, name);
    ASSERT_TRUE(sound.ok()) << name;
    EXPECT_FALSE(sound->conversions.any()) << "the samples of the file, untouched";
    const auto answer = (*machine)->classify(sound->audio.pcm);
    ASSERT_TRUE(answer.ok()) << answer.error().message();
    std::vector<int> scores;
    for (const uint8_t byte : *answer) scores.push_back(static_cast<int8_t>(byte));
    EXPECT_EQ(scores, test["output"].get<std::vector<int>>()) << name;
    ++heard;
  }
  EXPECT_EQ(heard, 4);
}

}  // namespace
}  // namespace tadpole
