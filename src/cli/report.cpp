// tadpole report: the summary of the newest run, and where its report is.
#include <filesystem>

#include "base/text.h"
#include "cli/commands.h"

namespace tadpole::cli {

namespace {

using nlohmann::json;

/// A number of report.json by its path, or null when that step has not been done.
json at(const json& report, const std::string& path) {
  const json::json_pointer pointer(path);
  return report.contains(pointer) ? report.at(pointer) : json();
}

/// What the run's evaluations are judged by.
std::string headline_name(const json& evaluation) {
  for (const char* place : {"float", "int8", "board"}) {
    if (!evaluation.is_object() || !evaluation.contains(place) || !evaluation[place].is_object()) continue;
    if (evaluation[place].contains("auc")) return "auc";
    if (evaluation[place].contains("r_squared")) return "r_squared";
  }
  return "accuracy";
}

/// How well the scores of the classes rank, of the place nearest to the board.
json ranking_figure(const json& evaluation, const std::string& key) {
  for (const char* place : {"board", "int8", "float"}) {
    const json value = at(evaluation, std::string("/") + place + "/ranking/" + key);
    if (value.is_number()) return value;
  }
  return nullptr;
}

json summary_of(const json& report, const std::string& html, std::optional<double> seconds) {
  const json evaluation = at(report, "/evaluation");
  const std::string name = headline_name(evaluation);
  const auto headline = [&](const char* place) {
    return evaluation.is_object() && evaluation.contains(place) ? headline_value(evaluation[place]) : json();
  };
  json summary = {{"headline", name},
                  {"float_" + name, headline("float")},
                  {"int8_" + name, headline("int8")},
                  {"board_" + name, headline("board")},
                  {"board_equals_host", at(report, "/agreement/board_is_host")},
                  {"int8_equals_float", at(report, "/agreement/int8_equals_float")},
                  {"macro_auc", ranking_figure(evaluation, "macro_auc")},
                  {"macro_average_precision", ranking_figure(evaluation, "macro_average_precision")},
                  {"ram_bytes", at(report, "/board/ram/used")},
                  {"flash_bytes", at(report, "/board/flash/used")},
                  {"instructions", at(report, "/board/instructions_per_inference")},
                  {"tflite_bytes", at(report, "/quantisation/tflite_bytes")},
                  {"synthetic", at(report, "/synthetic") == true},
                  {"report", html}};
  if (seconds) summary["seconds"] = *seconds;
  return summary;
}

std::string value_text(const std::string& name, const json& value) {
  if (!value.is_number()) return "not measured yet";
  if (name == "accuracy") return percent(value.get<double>());
  char text[32];
  std::snprintf(text, sizeof text, "%.4f", value.get<double>());
  return text;
}
std::string count_text(const json& value, const std::string& unit) {
  return value.is_number() ? base::with_commas(value.get<int64_t>()) + unit : "not measured yet";
}

std::string summary_text(const json& s) {
  const std::string name = s["headline"].get<std::string>();
  std::string text = std::string(name == "auc"         ? "Area under ROC"
                                 : name == "r_squared" ? "R2"
                                                       : "Accuracy") +
                     " on samples that training has not seen\n";
  text += "  float                 " + value_text(name, s["float_" + name]) + "\n";
  text += "  int8                  " + value_text(name, s["int8_" + name]) + "\n";
  text += "  on the board          " + value_text(name, s["board_" + name]);
  if (s["board_equals_host"].is_boolean())
    text += s["board_equals_host"] ? "  (every byte equal to this computer's)"
                                   : "  (DIFFERS from this computer's: a bug)";
  if (s["macro_auc"].is_number()) {
    text += "\nArea under ROC          " + value_text("auc", s["macro_auc"]) +
            "  (mean over the classes; average precision " + value_text("auc", s["macro_average_precision"]) +
            ")";
  }
  text += "\nRAM                     " + count_text(s["ram_bytes"], " B") + "\n";
  text += "Flash                   " + count_text(s["flash_bytes"], " B") + "\n";
  text += "Instructions/inference  " + count_text(s["instructions"], "") + "\n";
  text += "Size of the .tflite     " + count_text(s["tflite_bytes"], " B") + "\n";
  if (s.contains("seconds"))
    text += "Seconds in all          " + std::to_string(static_cast<int>(s["seconds"].get<double>() + 0.5)) +
            "\n";
  if (s["synthetic"].get<bool>())
    text += "The recordings are synthetic voices: real voices will be harder.\n";
  return text + "Report                  " + s["report"].get<std::string>() + "\n";
}

}  // namespace

void add_report(CLI::App& app, Context& context) {
  CLI::App* command =
      add_command(app, context, "report", "the summary of the newest run, and where its report is",
                  "tadpole report --json", Needs::project);
  auto seconds = std::make_shared<std::optional<double>>();
  command->add_option("--seconds", *seconds, "how long it all took, to stand in the summary")->type_name("S");
  command->callback([&context, seconds] {
    context.in_project(
        [&](project::Project& project, project::Tools) -> Result<json> {
          TADPOLE_TRY(const std::string run, project.latest_run("report.json", "tadpole train"));
          TADPOLE_TRY(const project::RunReport report, project::RunReport::open(run));
          return summary_of(report.json,
                            std::filesystem::absolute(report.html_path()).lexically_normal().string(),
                            *seconds);
        },
        [&](const json& summary) {
          context.console.print(summary_text(summary));
          return summary;
        });
  });
}

}  // namespace tadpole::cli
