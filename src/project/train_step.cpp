// tadpole train: features, training and evaluation in a new run.
#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "convert/tflite.h"
#include "data/files.h"
#include "evaluate/classification.h"
#include "features/spectrogram.h"
#include "project/prepare.h"
#include "project/sections.h"
#include "quantise/quantise.h"
#include "train/trainer.h"
#include "zoo/zoo.h"

namespace tadpole::project {

namespace {

constexpr const char* kCheckpoint = "/checkpoint.bin";

/// The training side, a random variant of each recording at each visit, with masks; or one side as it is.
class SideExamples final : public train::Examples {
 public:
  SideExamples(const Prepared& prepared, samples::Side side, const samples::MaskOptions* masks)
      : prepared_(prepared), indices_(prepared.data().indices(side)), masks_(masks) {}

  int size() const override { return static_cast<int>(indices_.size()); }

  int get(int index, int, Rng& rng, std::span<float> out) const override {
    const int sample = indices_[static_cast<size_t>(index)];
    to_floats(masks_ == nullptr ? prepared_.features.plain_row(sample) : variant(index, sample, rng),
              prepared_.block.scale(), out);
    if (masks_ != nullptr)
      samples::mask_features(out, prepared_.block.frames(), prepared_.block.values_per_frame(), rng, *masks_);
    return prepared_.data().target[static_cast<size_t>(sample)];
  }

 private:
  /// The recording itself or one of its variants, all equally likely. Variants are stored in the order of the
  /// training side.
  std::span<const int16_t> variant(int index, int sample, Rng& rng) const {
    const int choice = static_cast<int>(rng.below(static_cast<uint32_t>(prepared_.features.variants) + 1));
    if (choice == 0) return prepared_.features.plain_row(sample);
    return prepared_.features.augmented_row(index, choice - 1);
  }

  const Prepared& prepared_;
  std::vector<int> indices_;
  const samples::MaskOptions* masks_;
};

std::string metrics_line(const train::EpochMetrics& m) { return epoch_json(m).dump() + "\n"; }

Result<std::string> run_to_use(const Project& project, bool resume) {
  if (!resume) return project.new_run();
  TADPOLE_TRY(const std::string run, project.latest_run("checkpoint.bin", "tadpole train"));
  return run;
}

/// A run that was interrupted goes on with what it was begun with.
Result<Project> project_of_run(const Project& project, const std::string& run, bool resume) {
  if (resume) return project.as_of(run);
  TADPOLE_CHECK(data::write_text(run + "/config.toml", config_text(project.config())));
  return project;
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
    for (const char* kept : {kCheckpoint, "/model_float.tflite"}) {
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
  const ir::Shape input = {1, prepared.block.frames(), prepared.block.values_per_frame(), 1};
  TADPOLE_TRY(const ir::Graph graph,
              zoo::make(config.architecture, input, static_cast<int>(prepared.data().classes.size()),
                        config.train.seed));
  train::TrainOptions options = config.train;
  std::string metrics;
  if (resume) {
    TADPOLE_TRY(options.resume_from, data::read_file(run + kCheckpoint));
    if (auto earlier = data::read_text(run + "/metrics.jsonl"); earlier.ok()) metrics = *earlier;
  }
  const auto epochs = [&] { return std::count(metrics.begin(), metrics.end(), '\n'); };
  auto kept_epochs = epochs();
  options.save_checkpoint = [&](std::span<const uint8_t> bytes) -> Result<void> {
    TADPOLE_CHECK(data::write_file(run + kCheckpoint, bytes));
    kept_epochs = epochs();
    return data::write_text(run + "/metrics.jsonl", metrics);
  };
  options.checkpoint_every_epochs = 10;
  const SideExamples training(prepared, samples::Side::train, &config.masks);
  if (training.size() > 0 && training.size() < options.batch) {
    tools.progress.say("Note: there are only " + std::to_string(training.size()) +
                       " recordings to learn from, so a batch is " + std::to_string(training.size()) +
                       " instead of " + std::to_string(options.batch) + ".");
    options.batch = training.size();
  }
  const SideExamples validation(prepared, samples::Side::validation, nullptr);
  auto result =
      train::train(graph, training, validation.size() > 0 ? &validation : nullptr, options, tools.workers,
                   tools.progress, [&](const train::EpochMetrics& m) { metrics += metrics_line(m); });
  if (!result.ok() && result.error().code == Code::cancelled)
    return stopped(run, static_cast<int64_t>(epochs()), static_cast<int64_t>(kept_epochs));
  if (!result.ok()) return result.error();
  TADPOLE_CHECK(data::write_text(run + "/metrics.jsonl", metrics));
  TADPOLE_TRY(ir::Graph folded, quantise::fold_for_inference(result->graph));
  return Trained{std::move(*result), std::move(folded)};
}

Result<evaluate::ClassificationResult> evaluate_side(const ir::Graph& graph, const plan::Plan& plan,
                                                     const Prepared& prepared, samples::Side side,
                                                     Tools tools) {
  const std::vector<int> indices = prepared.data().indices(side);
  TADPOLE_TRY(const std::vector<float> scores, score_samples(graph, plan, prepared, indices, tools));
  return evaluate::evaluate_scores(scores, targets_of(prepared.data(), indices), prepared.data().classes,
                                   samples::kSilence);
}

}  // namespace

Result<TrainSummary> train_project(const Project& current, bool resume, Tools tools) {
  TADPOLE_TRY(const std::string run, run_to_use(current, resume));
  const RunGuard guard(run);
  TADPOLE_TRY(const Project project, project_of_run(current, run, resume));
  TADPOLE_TRY(const Prepared prepared, prepare(project, true, tools));
  for (const data::Finding& warning : prepared.import.report.warnings)
    tools.progress.say("Note: " + warning.sentence);
  TADPOLE_TRY(Trained trained, train_network(project, run, resume, prepared, tools));
  TADPOLE_TRY(const plan::Plan plan, plan::lower(trained.folded, {.kernels = "host"}));
  TADPOLE_TRY(const auto validation,
              evaluate_side(trained.folded, plan, prepared, samples::Side::validation, tools));
  TADPOLE_TRY(const auto test, evaluate_side(trained.folded, plan, prepared, samples::Side::test, tools));

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
  report.json["evaluation"]["float"] = evaluate::to_json(test);
  TADPOLE_TRY(report.json["spectrograms"], spectrogram_section(prepared, trained.folded, plan));
  TADPOLE_CHECK(report.save());

  summary.report = report.html_path();
  summary.validation_accuracy = validation.accuracy_without_silence.value_or(0);
  summary.test_accuracy = test.accuracy_without_silence.value_or(0);
  summary.seconds = trained.result.seconds;
  summary.samples_per_second = trained.result.samples_per_second;
  summary.epochs = static_cast<int>(trained.result.history.size());
  summary.test = report.json["evaluation"]["float"];
  return summary;
}

}  // namespace tadpole::project
