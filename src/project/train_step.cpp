// tadpole train: features, training and evaluation in a new run.
#include <filesystem>

#include "base/text.h"
#include "convert/tflite.h"
#include "data/files.h"
#include "features/spectrogram.h"
#include "ir/surgery.h"
#include "project/examples.h"
#include "project/metrics_log.h"
#include "project/prepare.h"
#include "project/rate_picture.h"
#include "project/sections.h"
#include "project/task.h"
#include "project/teacher.h"
#include "project/transfer.h"
#include "quantise/quantise.h"
#include "train/checkpoint.h"
#include "train/trainer.h"

namespace tadpole::project {

namespace {

constexpr const char* kCheckpoint = "/checkpoint.bin";

Result<std::string> run_to_use(const Project& project, bool resume) {
  if (!resume) return project.new_run();
  TADPOLE_TRY(const std::string run, project.latest_run("checkpoint.bin", "tadpole train"));
  return run;
}

/// The samples, and the project with every setting that is measured on them. A run that was interrupted goes
/// on with what it was begun with.
struct Begun {
  Project project;
  data::Import import;
};
Result<Begun> begin_run(const Project& current, const std::string& run, bool resume, Tools tools) {
  Project project = current;
  if (resume) {
    TADPOLE_TRY(project, current.as_of(run));
  }
  TADPOLE_TRY(data::Import import, read_data(project, tools));
  if (!resume) {
    TADPOLE_CHECK(measure_settings(import.data, project.config()));
    TADPOLE_CHECK(data::write_text(run + "/config.toml", config_text(project.config())));
  }
  return Begun{std::move(project), std::move(import)};
}

/// What to tell someone who stopped the training after so many passes over the data.
Error stopped(const std::string& run, int64_t epochs, int64_t kept_epochs) {
  const std::string when = "training was stopped after " + std::to_string(epochs) + " passes over the data; ";
  if (kept_epochs == 0) return {Code::cancelled, when + "that was too early for a checkpoint."};
  return {Code::cancelled, when + "the first " + std::to_string(kept_epochs) + " of them are kept in " + run +
                               ". To go on from there: tadpole train --resume"};
}

/// Removes a new run in which nothing was kept, whatever way training is left: it would look like one that
/// can be used.
class RunGuard {
 public:
  explicit RunGuard(std::string run) : run_(std::move(run)) {}
  RunGuard(const RunGuard&) = delete;
  RunGuard& operator=(const RunGuard&) = delete;
  ~RunGuard() {
    std::error_code ignored;
    for (const char* kept : {kCheckpoint, "/model_float.tflite", "/learning_rate.svg"}) {
      if (std::filesystem::exists(run_ + kept, ignored)) return;
    }
    std::filesystem::remove_all(run_, ignored);
  }

 private:
  std::string run_;
};

struct Trained {
  train::TrainResult result;
  ir::Graph folded;
};

Result<Trained> train_network(const Project& project, const std::string& run, bool resume,
                              const Prepared& prepared, Tools tools) {
  const ProjectConfig& config = project.config();
  TADPOLE_TRY(const train::TransferNetwork network, network_to_train(project, prepared));
  train::TrainOptions options = config.train;
  TADPOLE_CHECK(load_teacher(project, options));
  prepared.goal->adjust(options.loss);
  MetricsLog log(run + "/metrics.jsonl");
  int64_t epochs = 0, kept_epochs = 0;
  if (resume) {
    TADPOLE_TRY(options.resume_from, data::read_file(run + kCheckpoint));
    TADPOLE_TRY(const train::Checkpoint checkpoint, train::read_checkpoint(options.resume_from));
    TADPOLE_CHECK(log.restart(checkpoint.history));
    epochs = kept_epochs = static_cast<int64_t>(checkpoint.history.size());
  }
  Result<void> logged;
  options.save_checkpoint = [&](std::span<const uint8_t> bytes) -> Result<void> {
    TADPOLE_CHECK(logged);
    TADPOLE_CHECK(data::write_file(run + kCheckpoint, bytes));
    kept_epochs = epochs;
    return {};
  };
  const SideExamples training(prepared, samples::Side::train, &config.masks);
  if (training.size() > 0 && training.size() < options.batch) {
    tools.progress.say("Note: there are only " + std::to_string(training.size()) + " " +
                       std::string(task_of(config).samples) + " to learn from, so a batch is " +
                       std::to_string(training.size()) + " instead of " + std::to_string(options.batch) +
                       ".");
    options.batch = training.size();
  }
  const SideExamples validation(prepared, samples::Side::validation, nullptr);
  const int variants = 1 + prepared.variants->count();
  TADPOLE_TRY(const SeenExamples seen, SeenExamples::make(network, training, variants, options.seed, tools));
  TADPOLE_TRY(const SeenExamples checked, SeenExamples::make(network, validation, 1, options.seed, tools));
  auto result = train::train(network.trained, seen.get(), validation.size() > 0 ? &checked.get() : nullptr,
                             options, tools.workers, tools.progress, [&](const train::EpochMetrics& m) {
                               ++epochs;
                               if (auto appended = log.append(m); !appended.ok())
                                 logged = std::move(appended);
                             });
  if (!result.ok() && result.error().code == Code::cancelled) return stopped(run, epochs, kept_epochs);
  if (!result.ok()) return result.error();
  ir::Graph whole = result->graph;
  if (network.frozen) {
    TADPOLE_TRY(whole, ir::join(*network.frozen, result->graph));
  }
  TADPOLE_TRY(ir::Graph folded, quantise::fold_for_inference(whole));
  TADPOLE_TRY(folded, prepared.goal->finish(std::move(folded)));
  return Trained{std::move(*result), std::move(folded)};
}

}  // namespace

Result<TrainSummary> train_project(const Project& current, bool resume, Tools tools) {
  TADPOLE_TRY(const std::string run, run_to_use(current, resume));
  const RunGuard guard(run);
  TADPOLE_TRY(Begun begun, begin_run(current, run, resume, tools));
  const Project& project = begun.project;
  TADPOLE_TRY(const Prepared prepared, prepare(project, std::move(begun.import), true, tools));
  for (const data::Finding& warning : prepared.import->report.warnings)
    tools.progress.say("Note: " + warning.sentence);
  const VariantKeeper keeper(prepared, tools);
  TADPOLE_TRY(Trained trained, train_network(project, run, resume, prepared, tools));
  TADPOLE_TRY(const plan::Plan plan, plan::lower(trained.folded, {.kernels = "host"}));
  const ir::Graph& graph = trained.folded;
  TADPOLE_TRY(const JudgedModel validation,
              judge_model(graph, plan, prepared, samples::Side::validation, tools));
  TADPOLE_TRY(const JudgedModel test, judge_model(graph, plan, prepared, samples::Side::test, tools));

  TrainSummary summary;
  summary.run = run;
  summary.model = run + "/model_float.tflite";
  TADPOLE_TRY(const std::vector<uint8_t> bytes,
              convert::write_tflite(trained.folded, project.config().name + ", made by Tadpole"));
  TADPOLE_CHECK(data::write_file(summary.model, bytes));
  std::error_code ignored;
  std::filesystem::remove(run + kCheckpoint, ignored);  // only an interrupted run has one

  TADPOLE_TRY(RunReport report, RunReport::open(run));
  report.json = base_sections(project, prepared, trained.folded);
  report.json["train"] = train_section(trained.result, project.config(), tools.workers.threads());
  report.json["evaluation"]["float"] = test.judged.section;
  if (prepared.block.kind() == features::SignalKind::audio) {
    TADPOLE_TRY(report.json["spectrograms"], spectrogram_section(prepared, trained.folded, plan));
  }
  TADPOLE_CHECK(report.save());

  summary.report = report.html_path();
  summary.headline_name = prepared.goal->headline_name();
  summary.validation = validation.judged.headline;
  summary.tested = test.judged.headline;
  summary.seconds = trained.result.seconds;
  summary.samples_per_second = trained.result.samples_per_second;
  summary.epochs = static_cast<int>(trained.result.history.size());
  summary.test = report.json["evaluation"]["float"];
  return summary;
}

Result<RateSummary> find_learning_rate(const Project& project, Tools tools) {
  TADPOLE_TRY(const std::string run, project.new_run());
  const RunGuard guard(run);
  TADPOLE_TRY(Begun begun, begin_run(project, run, false, tools));
  const ProjectConfig& config = begun.project.config();
  TADPOLE_TRY(const Prepared prepared, prepare(begun.project, std::move(begun.import), true, tools));
  const VariantKeeper keeper(prepared, tools);
  TADPOLE_TRY(const ir::Graph graph, prepared.goal->network(config, prepared.input_shape()));
  const SideExamples training(prepared, samples::Side::train, &config.masks);
  train::TrainOptions options = config.train;
  prepared.goal->adjust(options.loss);
  options.batch = std::min(options.batch, std::max(training.size(), 1));
  return test_rates(graph, training, options, run, tools);
}

}  // namespace tadpole::project
