// tadpole run --board B --test: the test side, and for keywords a long recording, sent to the firmware and
// compared with this computer.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>

#include "data/files.h"
#include "project/application.h"
#include "project/firmware.h"
#include "project/gate.h"
#include "project/keyword_stream.h"
#include "project/prepare.h"
#include "project/task.h"

namespace tadpole::project {

namespace {

/// The model on this computer with what it is compared on.
struct Host {
  HostModels models;
  std::vector<int> test;
  Answers answers;
  float threshold = 0;
  std::vector<bool> refused;  ///< of the test samples: kept out by the gate
};

/// What the gate keeps out is answered as a board does.
Result<void> apply_gate(const std::string& run, Host& host) {
  host.refused.assign(host.test.size(), false);
  const HostModels& models = host.models;
  TADPOLE_TRY(const std::optional<ModelGate> gate, read_gate(run, models.graph));
  if (!gate || host.test.empty()) return {};
  const size_t row = host.answers.bytes.size() / host.test.size();
  const std::vector<uint8_t> unknown = refusal(row);
  for (size_t i = 0; i < host.test.size(); ++i) {
    host.refused[i] = refuses(*gate, model_input(models.graph, models.prepared.block,
                                                 models.prepared.features.plain_row(host.test[i])));
    if (host.refused[i])
      std::copy(unknown.begin(), unknown.end(), host.answers.bytes.begin() + static_cast<ptrdiff_t>(i * row));
  }
  host.answers.numbers = models.prepared.goal->numbers(models.graph, host.answers.bytes);
  return {};
}

/// Only of what the gate let in there is an answer to judge.
Result<Judged> judge_answered(const Host& host, std::span<const float> numbers) {
  const Goal& goal = *host.models.prepared.goal;
  const size_t size = goal.answer_size();
  std::vector<float> kept;
  std::vector<int> indices;
  for (size_t i = 0; i < host.test.size(); ++i) {
    if (host.refused[i]) continue;
    indices.push_back(host.test[i]);
    const auto one = numbers.subspan(i * size, size);
    kept.insert(kept.end(), one.begin(), one.end());
  }
  return goal.judge(kept, indices, host.threshold);
}

Result<Host> prepare_host(const Project& project, const std::string& run, Tools tools) {
  TADPOLE_TRY(ir::Graph graph, read_model(run + "/model.tflite"));
  TADPOLE_TRY(ir::Graph float_graph, read_model(run + "/model_float.tflite"));
  TADPOLE_TRY(plan::Plan plan, plan::lower(graph, {.kernels = "host"}));
  TADPOLE_TRY(plan::Plan float_plan, plan::lower(float_graph, {.kernels = "host"}));
  TADPOLE_TRY(Prepared prepared, prepare(project, tools));
  for (const auto& [file, model] :
       {std::pair{"/model.tflite", &graph}, {"/model_float.tflite", &float_graph}}) {
    TADPOLE_CHECK(
        check_model_ends(run + file, *model, prepared.block, prepared.goal->outputs(prepared.block.size())));
  }
  Host host{
      {std::move(graph), std::move(float_graph), std::move(plan), std::move(float_plan), std::move(prepared)},
      {},
      {},
      0,
      {}};
  const HostModels& models = host.models;
  host.test = models.prepared.data().indices(samples::Side::test);
  TADPOLE_TRY(host.answers, answer_samples(models.graph, models.plan, models.prepared, host.test, tools));
  TADPOLE_TRY(host.threshold, threshold_of(models.graph, models.plan, models.prepared, tools));
  TADPOLE_CHECK(apply_gate(run, host));
  return host;
}

/// A model that was made after the firmware would be compared with another one.
Result<void> check_same_model(const std::string& run, const board::BoardHello& hello) {
  TADPOLE_TRY(const std::vector<uint8_t> bytes, data::read_file(run + "/model.tflite"));
  if (hello.model_hash == model_hash(bytes)) return {};
  return Error{Code::run_missing, run + "/firmware.elf was made from another model than " + run +
                                      "/model.tflite. Run first: tadpole deploy --board " + hello.board};
}

/// Sends every test sample to `machines` boards at once. Answers as they send them, [test, ...].
Result<std::vector<uint8_t>> answer_all(const Host& host, std::span<board::VirtualBoard* const> machines,
                                        Tools tools) {
  const size_t count = host.test.size(), row = count == 0 ? 0 : host.answers.bytes.size() / count;
  std::vector<uint8_t> answers(count * row);
  std::vector<std::optional<Error>> failed(machines.size());
  std::atomic<size_t> next = 0;
  tools.workers.run(static_cast<int>(machines.size()), [&](int machine) {
    for (size_t i = next++; i < count && !tools.progress.cancelled(); i = next++) {
      const samples::Sample& sample = host.models.prepared.data().samples[static_cast<size_t>(host.test[i])];
      const auto answer = answer_on_board(*machines[static_cast<size_t>(machine)], host.models.prepared.block,
                                          *sample.signal);
      if (!answer.ok() || answer->size() != row) {
        failed[static_cast<size_t>(machine)] =
            answer.ok() ? Error{Code::bad_frame, sample.id + ": the board answered with " +
                                                     std::to_string(answer->size()) + " bytes instead of " +
                                                     std::to_string(row) + "."}
                        : answer.error();
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
  TADPOLE_TRY(const std::vector<uint8_t> answers, answer_all(host, pointers, tools));
  const Goal& goal = *host.models.prepared.goal;
  std::optional<StreamTest> stream;
  if (task_of(project.config()).listens) {
    TADPOLE_TRY(stream, test_stream(host.models, project.config(), *machines[0], tools));
  }
  TADPOLE_TRY(const board::BoardStats stats, machines[0]->stats());
  TADPOLE_TRY(const Judged on_board, judge_answered(host, goal.numbers(host.models.graph, answers)));
  TADPOLE_TRY(const Judged on_host, judge_answered(host, host.answers.numbers));

  BoardTestSummary summary;
  summary.run = run;
  summary.count = static_cast<int>(host.test.size());
  const auto refused = std::count(host.refused.begin(), host.refused.end(), true);
  summary.same_answers = goal.same_verdicts(on_board, on_host);
  const size_t row = host.test.empty() ? 0 : answers.size() / host.test.size();
  for (size_t i = 0; i < host.test.size(); ++i) {
    summary.same_bytes += std::equal(answers.begin() + static_cast<ptrdiff_t>(i * row),
                                     answers.begin() + static_cast<ptrdiff_t>((i + 1) * row),
                                     host.answers.bytes.begin() + static_cast<ptrdiff_t>(i * row));
  }
  // A refusal that only one of the two made shows in the bytes.
  for (size_t i = 0; i < host.test.size(); ++i) {
    summary.same_answers +=
        host.refused[i] && std::equal(answers.begin() + static_cast<ptrdiff_t>(i * row),
                                      answers.begin() + static_cast<ptrdiff_t>((i + 1) * row),
                                      host.answers.bytes.begin() + static_cast<ptrdiff_t>(i * row));
  }
  summary.headline_name = goal.headline_name();
  summary.on_board = on_board.headline;
  summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (stream) summary.stream = stream->section;

  TADPOLE_TRY(RunReport report, RunReport::open(run));
  report.json["evaluation"]["board"] = on_board.section;
  if (report.json.contains("gate"))
    report.json["gate"]["board"] = {{"count", summary.count}, {"refused", refused}};
  report.json["agreement"]["board_equals_host"] = summary.same_bytes;
  report.json["agreement"]["board_is_host"] =
      summary.same_bytes == summary.count && (!stream || stream->equals_host);
  report.json["agreement"]["count"] = summary.count;
  const nlohmann::json::json_pointer busy("/board/real_time_factor");
  if (stream && report.json.contains(busy))
    stream->section["duty_cycle_estimated"] = summary.stream["duty_cycle_estimated"] = report.json[busy];
  if (stream) report.json["stream"] = stream->section;
  report.json["board"]["stack_high_water_bytes"] = stats.stack_high_water;
  report.json["board"]["arena_high_water_bytes"] = stats.arena_high_water;
  TADPOLE_CHECK(report.save());
  summary.report = report.html_path();
  return summary;
}

}  // namespace tadpole::project
