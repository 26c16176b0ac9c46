// tadpole listen: what a file or a stream makes it announce is what the evaluation of that recording hears.
#include <gtest/gtest.h>

#include "data/speech_folder.h"
#include "evaluate/stream.h"
#include "project/listening.h"
#include "tests/e2e/trained_project.h"

namespace tadpole {
namespace {

using nlohmann::json;

constexpr double kSeconds = 45;

/// The objects on the lines of standard output before the last.
std::vector<json> events_of(const Printed& printed) {
  std::vector<json> events;
  size_t at = 0;
  for (size_t end; (end = printed.out.find('\n', at)) != std::string::npos; at = end + 1)
    events.push_back(json::parse(printed.out.substr(at, end - at), nullptr, false));
  if (!events.empty()) events.pop_back();
  return events;
}

/// The made-up words in noise.
evaluate::Recording long_recording() {
  Workers workers(2);
  Silent silent;
  const auto import =
      data::read_speech_folder(trained_project().path("words"), {.words = {"rise", "fall"}}, workers, silent);
  EXPECT_TRUE(import.ok());
  auto recording = evaluate::build_recording(import->data, {.seconds = kSeconds});
  EXPECT_TRUE(recording.ok());
  return *recording;
}

/// What evaluation announces of a recording: features of all of it at once, in parallel, and one spotter.
std::vector<metrics::Detection> evaluated(const Folder& folder, const evaluate::Recording& recording,
                                          const std::vector<std::string>& labels) {
  const auto project = *project::Project::open(folder.path("p"));
  const auto graph = *project::read_model(folder.path(std::string(kRun) + "model.tflite"));
  const auto plan = *plan::lower(graph, {.kernels = "host"});
  const auto block = *features::FeatureBlock::create(project.config().features);
  Workers workers(2);
  Silent silent;
  const auto spotter = project::spotter_of(project.config(), labels);
  const auto heard = project::listen(graph, plan, block, spotter, recording.pcm, {workers, silent});
  EXPECT_TRUE(heard.ok());
  return project::spot(*heard, spotter);
}

TEST(Listen, announces_of_a_file_a_stream_and_a_microphone_exactly_what_evaluation_hears) {
  const TrainedCopy folder;
  const evaluate::Recording recording = long_recording();
  ASSERT_TRUE(data::write_wav(folder.path("long.wav"), {16000, recording.pcm}).ok());
  const auto report = json::parse(folder.read(std::string(kRun) + "report.json"));
  const auto labels = report["data"]["classes"].get<std::vector<std::string>>();
  const auto expected = evaluated(folder, recording, labels);
  ASSERT_GE(expected.size(), 3u) << "a recording without events proves nothing";

  const Printed heard = folder.tadpole({"listen", "--project", "p", "--from", "long.wav", "--json"});
  ASSERT_EQ(heard.exit_code, 0) << heard.err;
  const std::vector<json> events = events_of(heard);
  ASSERT_EQ(events.size(), expected.size());
  for (size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i]["event"], labels[static_cast<size_t>(expected[i].label)]);
    EXPECT_EQ(events[i]["time_ms"], expected[i].time_ms);
    EXPECT_NEAR(events[i]["score"].get<double>(), expected[i].score, 1e-6) << "float32 of 1/255 steps";
  }
  EXPECT_EQ(heard.json()["events"], expected.size());
  EXPECT_EQ(heard.json()["seconds"], kSeconds);
  EXPECT_LT(heard.json()["busy_share"], 1.0);

  const Printed streamed =
      folder.run({"/bin/sh", "-c",
                  "tail -c +45 long.wav | " + std::string(kTadpole) + " listen --project p --from - --json"});
  ASSERT_EQ(streamed.exit_code, 0) << streamed.err;
  EXPECT_EQ(events_of(streamed), events) << "however the samples arrive";

  // ALSA's file plugin is the microphone.
  ASSERT_EQ(folder.run({"/bin/sh", "-c", "tail -c +45 long.wav > long.raw"}).exit_code, 0);
  folder.write("asound.conf", "pcm.tape { type file slave.pcm { type null } file \"/dev/null\" infile \"" +
                                  folder.path("long.raw") + "\" format raw }\n");
  const Printed live =
      folder.tadpole_with({"ALSA_CONFIG_PATH=" + folder.path("asound.conf")},
                          {"listen", "--project", "p", "--from", "alsa:tape", "--seconds", "45", "--json"});
  if (live.err.find("without ALSA") != std::string::npos) GTEST_SKIP() << "built without ALSA";
  EXPECT_EQ(events_of(live), events) << live.err;
}

TEST(Listen, stops_after_so_many_seconds_and_names_what_is_missing) {
  const TrainedCopy folder;
  folder.write_silence("quiet.wav");
  const Printed short_one =
      folder.tadpole({"listen", "--project", "p", "--from", "quiet.wav", "--seconds", "0.5", "--json"});
  ASSERT_EQ(short_one.exit_code, 0) << short_one.err;
  EXPECT_EQ(short_one.json()["seconds"], 0.5);
  EXPECT_EQ(short_one.json()["events"], 0);
  expect_error(folder.tadpole({"listen", "--project", "p", "--from", "microphone:none"}), "E0010");
  expect_error(folder.tadpole({"listen", "--project", "p", "--from", "nothing.wav"}), "E0010");
  expect_error(
      folder.run({"/bin/sh", "-c", std::string(kTadpole) + " listen --project p --from - < quiet.wav"}),
      "E0114", {"arecord -t raw"});
  expect_error(folder.tadpole({"listen", "--project", "p", "--model",
                               std::string(kRun) + "model_float.tflite", "--from", "quiet.wav"}),
               "E0303", {"tadpole quantise"});
}

TEST(Listen, ends_at_ctrl_c_with_a_summary) {
  const TrainedCopy folder;
  ASSERT_TRUE(data::write_wav(folder.path("hour.wav"), {16000, std::vector<int16_t>(16000 * 600)}).ok());
  const Printed stopped = folder.tadpole_interrupted(
      "sleep 1", {"listen", "--project", "p", "--from", "hour.wav", "--real-time", "--json"});
  EXPECT_EQ(stopped.exit_code, 0) << stopped.err;
  const double seconds = stopped.json()["seconds"];
  EXPECT_GT(seconds, 0.2);
  EXPECT_LT(seconds, 60) << "at the pace of a microphone, not as fast as possible";
}

}  // namespace
}  // namespace tadpole
