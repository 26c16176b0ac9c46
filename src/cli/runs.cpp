// tadpole runs: the runs of a project side by side.
#include "project/runs.h"

#include "cli/commands.h"
#include "data/files.h"

namespace tadpole::cli {

namespace {

struct RunsFlags {
  std::string csv, curves;
};

Result<project::Runs> write_runs(const project::Project& project, const RunsFlags& flags) {
  TADPOLE_TRY(project::Runs runs, project::read_runs(project));
  if (!flags.csv.empty()) TADPOLE_CHECK(data::write_text(flags.csv, project::to_csv(runs)));
  if (!flags.curves.empty()) {
    const std::string picture = project::learning_curves(runs);
    if (picture.empty())
      return Error{Code::run_missing, "no run has learning curves yet. Run first: tadpole train"};
    TADPOLE_CHECK(data::write_text(flags.curves, picture));
  }
  return runs;
}

}  // namespace

void add_runs(CLI::App& app, Context& context) {
  CLI::App* command = add_command(
      app, context, "runs", "compare the runs of the project: settings that differ, accuracy, size, curves",
      "tadpole runs\n  tadpole runs --csv runs.csv --curves runs.svg", Needs::project);
  auto flags = std::make_shared<RunsFlags>();
  command->add_option("--csv", flags->csv, "write the table here")->type_name("FILE");
  command->add_option("--curves", flags->curves, "draw the losses of the newest six runs here, as SVG")
      ->type_name("FILE");
  command->callback([&context, flags] {
    context.in_project([&](project::Project& project, project::Tools) { return write_runs(project, *flags); },
                       [&](const project::Runs& runs) {
                         std::string text = project::to_text(runs);
                         if (!flags->csv.empty()) text += "Table:  " + flags->csv + "\n";
                         if (!flags->curves.empty()) text += "Curves: " + flags->curves + "\n";
                         context.console.print(text);
                         return project::to_json(runs);
                       });
  });
}

}  // namespace tadpole::cli
