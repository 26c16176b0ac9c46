// tadpole run --board B --test: the test side and a long recording, streamed to the firmware and compared
// with this computer.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>

#include "data/files.h"
#include "evaluate/classification.h"
#include "project/firmware.h"
#include "project/listening.h"
#include "project/prepare.h"
#include "project/sections.h"

namespace tadpole::project {

namespace {

constexpr double kRecordingSeconds = 60;
constexpr float kThresholdStep = 0.05f;
constexpr double kWantedFalseAcceptsPerHour = 60;

/// The model on this computer with what it is compared on.
struct Host {
  ir::Graph graph, float_graph;
  plan::Plan plan, float_plan;
  Prepared prepared;
  std::vector<int> test;
  std::vector<uint8_t> answers;  ///< output bytes, [test, classes]
  app::SpotterConfig spotter;
};

Result<Host> prepare_host(const Project& project, const std::string& run, Tools tools) {
  TADPOLE_TRY(ir::Graph graph, read_model(run + "/model.tflite"));
  TADPOLE_TRY(ir::Graph float_graph, read_model(run + "/model_float.tflite"));
  TADPOLE_TRY(plan::Plan plan, plan::lower(graph, {.kernels = "host"}));
  TADPOLE_TRY(plan::Plan float_plan, plan::lower(float_graph, {.kernels = "host"}));
  TADPOLE_TRY(Prepared prepared, prepare(project, false, tools));
  for (const auto& [file, model] :
       {std::pair{"/model.tflite", &graph}, {"/model_float.tflite", &float_graph}})
    TADPOLE_CHECK(check_speech_model(run + file, *model, prepared.block, prepared.data().classes.size()));
  std::vector<int> test = prepared.data().indices(samples::Side::test);
  std::vector<uint8_t> answers;
  TADPOLE_CHECK(score_samples(graph, plan, prepared, test, tools, &answers));
  const app::SpotterConfig spotter = spotter_of(project.config(), prepared.data().classes);
  return Host{std::move(graph),    std::move(float_graph), std::move(plan),    std::move(float_plan),
              std::move(prepared), std::move(test),        std::move(answers), spotter};
}

/// A model that was made after the firmware would be compared with another one.
Result<void> check_same_model(const std::string& run, const board::BoardHello& hello) {
  TADPOLE_TRY(const std::vector<uint8_t> bytes, data::read_file(run + "/model.tflite"));
  if (hello.model_hash == model_hash(bytes)) return {};
  return Error{Code::run_missing, run + "/firmware.elf was made from another model than " + run +
                                      "/model.tflite. Run first: tadpole deploy --board " + hello.board};
}

/// Streams every test recording to `machines` boards at once. Output bytes, [test, classes].
Result<std::vector<uint8_t>> classify_all(const Host& host, std::span<board::VirtualBoard* const> machines,
                                          Tools tools) {
  const size_t row = static_cast<size_t>(host.plan.output_bytes()), count = host.test.size();
  std::vector<uint8_t> answers(count * row);
  std::vector<std::optional<Error>> failed(machines.size());
  std::atomic<size_t> next = 0;
  tools.workers.run(static_cast<int>(machines.size()), [&](int machine) {
    for (size_t i = next++; i < count && !tools.progress.cancelled(); i = next++) {
      const samples::Sample& sample = host.prepared.data().samples[static_cast<size_t>(host.test[i])];
      const auto answer =
          machines[static_cast<size_t>(machine)]->classify(host.prepared.block.clip_of(sample.audio().pcm));
      if (!answer.ok()) {
        failed[static_cast<size_t>(machine)] = answer.error();
        return;
      }
      std::copy(answer->begin(), answer->end(), answers.begin() + static_cast<ptrdiff_t>(i * row));
      tools.progress.report("test on the board", static_cast<long>(i + 1), static_cast<long>(count), "");
    }
  });
  for (const auto& error : failed) {
    if (error) return *error;
  }
  if (tools.progress.cancelled()) return Error{Code::cancelled, ""};
  return answers;
}

struct StreamTest {
  nlohmann::json section;
  bool equals_host = false;
};

/// The long recording on this computer, float and int8, and on the board.
Result<StreamTest> test_stream(const Host& host, board::VirtualBoard& machine, float threshold, Tools tools) {
  const features::FeatureBlock& block = host.prepared.block;
  TADPOLE_TRY(
      const evaluate::Recording recording,
      evaluate::build_recording(host.prepared.data(), {.sample_rate_hz = block.config().sample_rate_hz,
                                                       .seconds = kRecordingSeconds}));
  TADPOLE_TRY(const auto in_int8, listen(host.graph, host.plan, block, host.spotter, recording.pcm, tools));
  TADPOLE_TRY(const auto in_float,
              listen(host.float_graph, host.float_plan, block, host.spotter, recording.pcm, tools));
  const int64_t total = static_cast<int64_t>(recording.pcm.size());
  TADPOLE_TRY(const auto on_board, machine.stream(recording.pcm, true, [&](int64_t done) {
    tools.progress.report("stream to the board", static_cast<long>(done), static_cast<long>(total), "");
    return !tools.progress.cancelled();
  }));

  const auto detector_of = [&](const std::vector<Heard>& heard) {
    return [&](const evaluate::Recording&, float at) -> Result<std::vector<metrics::Detection>> {
      app::SpotterConfig spotter = host.spotter;
      spotter.threshold = static_cast<int32_t>(at * 255 + 0.5f);
      return spot(heard, spotter);
    };
  };
  std::vector<float> thresholds;
  for (float at = kThresholdStep; at < 1; at += kThresholdStep) thresholds.push_back(at);
  TADPOLE_TRY(const auto curve, evaluate::evaluate_stream(recording, thresholds, detector_of(in_int8),
                                                          kWantedFalseAcceptsPerHour));
  TADPOLE_TRY(const auto float_score, evaluate::score_stream(recording, threshold, detector_of(in_float)));
  TADPOLE_TRY(const auto int8_score, evaluate::score_stream(recording, threshold, detector_of(in_int8)));
  std::vector<metrics::Detection> announced;
  StreamTest result;
  result.equals_host = on_board.size() == in_int8.size();
  for (size_t i = 0; i < on_board.size(); ++i) {
    if (on_board[i].detection >= 0) announced.push_back({on_board[i].detection, on_board[i].time_ms, 0});
    result.equals_host = result.equals_host && on_board[i].time_ms == in_int8[i].time_ms &&
                         on_board[i].scores == in_int8[i].scores;
  }
  const metrics::EventScore board_score =
      metrics::score_events(recording.events, announced, recording.seconds());
  result.section = evaluate::to_json(curve);
  result.section["chosen_threshold"] = threshold;
  result.section["float"] = evaluate::to_json(float_score);
  result.section["int8"] = evaluate::to_json(int8_score);
  result.section["board"] = evaluate::to_json(board_score);
  result.section["board_equals_host"] = result.equals_host;
  return result;
}

}  // namespace

Result<BoardTestSummary> test_on_board(const Project& current, const std::string& board_name, Tools tools) {
  TADPOLE_TRY(const board::Board board, board::find_board(board_name));
  TADPOLE_TRY(const std::string run,
              current.latest_run("firmware.elf", "tadpole deploy --board " + board_name));
  TADPOLE_TRY(const Project project, current.as_of(run));
  TADPOLE_TRY(const Host host, prepare_host(project, run, tools));
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<board::VirtualBoard>> machines;
  std::vector<board::VirtualBoard*> pointers;
  for (int i = 0; i < tools.workers.threads(); ++i) {
    TADPOLE_TRY(machines.emplace_back(),
                boot(board, run + "/firmware.elf", tools.progress, {.count_branches = false}));
    pointers.push_back(machines.back().get());
  }
  TADPOLE_CHECK(check_same_model(run, machines[0]->hello()));
  TADPOLE_TRY(const std::vector<uint8_t> answers, classify_all(host, pointers, tools));
  TADPOLE_TRY(const StreamTest stream,
              test_stream(host, *machines[0], project.config().deploy.threshold, tools));
  TADPOLE_TRY(const board::BoardStats stats, machines[0]->stats());

  const samples::Dataset& data = host.prepared.data();
  TADPOLE_TRY(const auto result,
              evaluate::evaluate_scores(real_scores(host.graph, answers), targets_of(data, host.test),
                                        data.classes, samples::kSilence));
  TADPOLE_TRY(const auto host_answers, evaluate::answers_of(real_scores(host.graph, host.answers),
                                                            static_cast<int>(data.classes.size())));
  BoardTestSummary summary;
  summary.run = run;
  summary.count = static_cast<int>(host.test.size());
  const size_t row = static_cast<size_t>(host.plan.output_bytes());
  for (size_t i = 0; i < host.test.size(); ++i) {
    summary.same_answers += result.answers[i] == host_answers[i];
    summary.same_bytes += std::equal(answers.begin() + static_cast<ptrdiff_t>(i * row),
                                     answers.begin() + static_cast<ptrdiff_t>((i + 1) * row),
                                     host.answers.begin() + static_cast<ptrdiff_t>(i * row));
  }
  summary.accuracy = result.accuracy_without_silence.value_or(0);
  summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  summary.stream = stream.section;

  TADPOLE_TRY(RunReport report, RunReport::open(run));
  report.json["evaluation"]["board"] = evaluate::to_json(result);
  report.json["agreement"]["board_equals_host"] = summary.same_bytes;
  report.json["agreement"]["board_is_host"] = summary.same_bytes == summary.count && stream.equals_host;
  report.json["agreement"]["count"] = summary.count;
  report.json["stream"] = stream.section;
  report.json["board"]["stack_high_water_bytes"] = stats.stack_high_water;
  report.json["board"]["arena_high_water_bytes"] = stats.arena_high_water;
  TADPOLE_CHECK(report.save());
  summary.report = report.html_path();
  return summary;
}

}  // namespace tadpole::project
