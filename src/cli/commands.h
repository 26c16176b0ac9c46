// Every command of tadpole: each has a file of its own that adds it to the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "cli/console.h"
#include "project/firmware.h"
#include "project/pipeline.h"

namespace tadpole::cli {

/// What the commands share.
struct Context {
  Console console;
  int exit_code = kDone;
  std::string project_folder = ".";

  /// Opens the project of --project, lets `adjust` change its settings, runs `step` and keeps the exit code.
  /// step(project, tools) -> Result<T>; show(T) prints for people and returns the JSON.
  template <class Step, class Show>
  void in_project(Step step, Show show, const std::function<void(project::ProjectConfig&)>& adjust = {});
};

void add_new(CLI::App& app, Context& context);
void add_data(CLI::App& app, Context& context);
void add_features(CLI::App& app, Context& context);
void add_train(CLI::App& app, Context& context);
void add_test(CLI::App& app, Context& context);
void add_quantise(CLI::App& app, Context& context);
void add_convert(CLI::App& app, Context& context);
void add_inspect(CLI::App& app, Context& context);
void add_threshold(CLI::App& app, Context& context);
void add_deploy(CLI::App& app, Context& context);
void add_export(CLI::App& app, Context& context);
void add_run(CLI::App& app, Context& context);
void add_listen(CLI::App& app, Context& context);
void add_profile(CLI::App& app, Context& context);
void add_optimise(CLI::App& app, Context& context);
void add_runs(CLI::App& app, Context& context);
void add_report(CLI::App& app, Context& context);
void add_board(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);
void add_completion(CLI::App& app, Context& context);

/// Adds a command with its --json and, for those that work on a project, --project.
enum class Needs { nothing, project };
CLI::App* add_command(CLI::App& app, Context& context, const std::string& name, const std::string& does,
                      const std::string& example, Needs needs);

/// Of --skip-bad, which messages about recordings name.
inline constexpr const char* kSkipBadHelp =
    "leave out recordings that cannot be read; for good: skip_bad = true in [data] of tadpole.toml";

/// Adds --form, --ram-limit and --flash-limit.
void add_build_options(CLI::App& command, project::ModelBuild& how);

/// "97.6 %"
std::string percent(double share);

/// A headline for people: "accuracy 97.6 %", "R2 0.981", "area under ROC 0.997", or "... not measured".
std::string headline_text(const std::string& name, const std::optional<double>& value);

/// A number, or null.
inline nlohmann::json or_null(const std::optional<double>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}

/// The headline of an evaluation in report.json: accuracy_without_silence, auc or r_squared; null without.
nlohmann::json headline_value(const nlohmann::json& evaluation);

/// What an evaluation found, as text: confusion matrix, errors, or alarms.
std::string evaluation_text(const nlohmann::json& evaluation);

/// What to do next, printed when tadpole is called alone.
std::string what_next();

template <class Step, class Show>
void Context::in_project(Step step, Show show, const std::function<void(project::ProjectConfig&)>& adjust) {
  auto project = project::Project::open(project_folder);
  if (!project.ok()) {
    exit_code = console.fail(project.error());
    return;
  }
  if (adjust) adjust(project->config());
  const int threads = project->config().threads > 0 ? project->config().threads : base::processor_count();
  Workers workers(threads);
  auto outcome = step(*project, project::Tools{workers, console});
  exit_code = outcome.ok() ? console.finish(show(*outcome)) : console.fail(outcome.error());
}

}  // namespace tadpole::cli
