// tadpole optimise: the trained model made smaller in several ways, side by side.
#include "project/optimise.h"

#include "base/text.h"
#include "cli/commands.h"

namespace tadpole::cli {

namespace {

std::string cell(const std::optional<int64_t>& value) { return value ? base::with_commas(*value) : "-"; }

std::string headline_cell(const std::string& name, const std::optional<double>& value) {
  if (!value) return "-";
  char text[24];
  std::snprintf(text, sizeof text, name == "accuracy" ? "%.1f %%" : "%.4f",
                name == "accuracy" ? 100 * *value : *value);
  return text;
}

std::string ladder_table(const project::OptimiseSummary& summary) {
  char line[200];
  std::snprintf(line, sizeof line, "  %-18s %10s %9s %9s %9s %12s %8s %9s %10s\n", "model", "validation",
                "test", "RAM", "flash", "instructions", "ms ~", "file", "compressed");
  std::string text = line;
  for (const project::OptimisePoint& point : summary.points) {
    char ms[24] = "-";
    if (point.milliseconds_estimated) std::snprintf(ms, sizeof ms, "%.2f", *point.milliseconds_estimated);
    const char mark = point.name == summary.recommended ? '>' : point.on_front ? '*' : ' ';
    std::snprintf(line, sizeof line, "%c %-18s %10s %9s %9s %9s %12s %8s %9s %10s\n", mark,
                  point.name.c_str(), headline_cell(summary.headline_name, point.validation).c_str(),
                  headline_cell(summary.headline_name, point.tested).c_str(), cell(point.arena_bytes).c_str(),
                  cell(point.flash_bytes).c_str(), cell(point.instructions).c_str(), ms,
                  base::with_commas(point.tflite_bytes).c_str(),
                  base::with_commas(point.compressed_bytes).c_str());
    text += line;
  }
  text += "* nothing else is as good in accuracy, RAM, flash and time.\n";
  for (const project::OptimisePoint& point : summary.points) {
    if (!point.not_on_board.empty())
      text += "Not on the board: " + point.name + ": " + point.not_on_board + "\n";
    if (point.flash_limit_bytes > 0) {
      text += point.name + " keeps its int4 weights packed, with slower layers: --flash-limit " +
              std::to_string(point.flash_limit_bytes) +
              ", or flash_limit in [deploy]. Without it they are unpacked.\n";
    }
  }
  return text;
}

std::string closing(const project::OptimiseSummary& summary) {
  char budget[32];
  std::snprintf(budget, sizeof budget, "%.4g", 100 * summary.budget);
  std::string text = "\n";
  if (!summary.recommended.empty())
    text += "> " + summary.recommended + " is the quickest that loses at most " + budget +
            " points on the validation side.\n";
  text += "\nModels: " + summary.run + "/optimise\n";
  if (!summary.picture.empty()) text += "Picture: " + summary.picture + "\n";
  return text + "Report: " + summary.report + "\nNext:   tadpole optimise --use " +
         (summary.recommended.empty() ? "NAME" : summary.recommended) + ", then tadpole deploy\n";
}

std::string used_text(const project::UsedPoint& used) {
  std::string text = used.name + ": " + used.words + ".\n";
  if (used.tested)
    text += "On the test side: " + used.headline_name + " " + headline_cell(used.headline_name, used.tested) +
            "\n";
  if (!used.replaced.empty()) text += "It takes the place of: " + used.replaced + "\n";
  if (used.flash_limit_bytes > 0) {
    text += "Its int4 weights stay packed on a board with flash_limit = " +
            std::to_string(used.flash_limit_bytes) + " in [deploy]; without it they are unpacked.\n";
  }
  return text + "\nModel:  " + used.model + "\nReport: " + used.report +
         "\nNext:   tadpole deploy; back with tadpole optimise --use NAME or tadpole quantise\n";
}

nlohmann::json used_json(const project::UsedPoint& used) {
  return {{"name", used.name},
          {"run", used.run},
          {"model", used.model},
          {"report", used.report},
          {"replaced", used.replaced},
          {"headline", used.headline_name},
          {"test", used.tested ? nlohmann::json(*used.tested) : nlohmann::json()},
          {"flash_limit_bytes", used.flash_limit_bytes}};
}

std::string names_of_rungs() {
  std::string names;
  for (const project::RungName& rung : project::rung_names())
    names += (names.empty() ? "" : ", ") + std::string(rung.name);
  return names;
}

struct OptimiseFlags {
  project::OptimiseOptions options;
  double points = 1;
  std::string use;
};

}  // namespace

void add_optimise(CLI::App& app, Context& context) {
  CLI::App* command = add_command(
      app, context, "optimise",
      "make the newest trained model smaller in several ways: accuracy against RAM, flash and time",
      "tadpole optimise --budget 1\n  tadpole optimise --only int8,channels_50 --board virtual-m0plus\n  "
      "tadpole "
      "optimise --use channels_50",
      Needs::project);
  auto flags = std::make_shared<OptimiseFlags>();
  command
      ->add_option("--budget", flags->points,
                   "points (hundredths of the accuracy, R2 or area) that may be lost")
      ->type_name("POINTS")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  command->add_option("--board", flags->options.board, "where they are measured; default: [deploy] board")
      ->type_name("BOARD");
  command
      ->add_option("--updates", flags->options.updates, "of fine-tuning; default: a third of [train] updates")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  command->add_option("--only", flags->options.only, "some of: " + names_of_rungs())
      ->type_name("NAMES")
      ->delimiter(',');
  command
      ->add_option("--use", flags->use,
                   "make nothing; a model that was made becomes the project's, for deploy, run and test")
      ->type_name("NAME")
      ->excludes("--budget", "--board", "--updates", "--only");
  command->callback([&context, flags, command] {
    if (command->count("--use") > 0) {
      context.in_project(
          [flags](project::Project& project, project::Tools tools) {
            return project::use_optimised(project, flags->use, tools);
          },
          [&](const project::UsedPoint& used) {
            context.console.print(used_text(used));
            return used_json(used);
          });
      return;
    }
    flags->options.budget = flags->points / 100;
    context.in_project(
        [flags](project::Project& project, project::Tools tools) {
          return project::optimise_project(project, flags->options, tools);
        },
        [&](const project::OptimiseSummary& summary) {
          context.console.print(ladder_table(summary) + closing(summary));
          nlohmann::json result = project::to_json(summary);
          result["run"] = summary.run;
          result["report"] = summary.report;
          result["picture"] = summary.picture;
          return result;
        });
  });
}

}  // namespace tadpole::cli
