// tadpole test: what the newest run answers on the test side.
#include "cli/commands.h"

namespace tadpole::cli {

std::string evaluation_text(const nlohmann::json& evaluation) {
  if (!evaluation.is_object()) return "";
  std::string text = "  accuracy " + percent(evaluation.value("accuracy_without_silence", 0.0)) + " of " +
                     std::to_string(evaluation.value("count_without_silence", 0)) +
                     " recordings (silence not counted)\n\n";
  const auto classes = evaluation.value("classes", std::vector<std::string>{});
  const auto rows = evaluation.value("confusion", std::vector<std::vector<int64_t>>{});
  if (rows.size() != classes.size()) return text;
  char cell[32];
  text += "  heard as:      ";
  for (const std::string& name : classes) {
    std::snprintf(cell, sizeof cell, "%8.8s", name.c_str());
    text += cell;
  }
  text += "\n";
  for (size_t row = 0; row < rows.size(); ++row) {
    std::snprintf(cell, sizeof cell, "  %-14.14s ", classes[row].c_str());
    text += cell;
    for (const int64_t count : rows[row]) {
      std::snprintf(cell, sizeof cell, count == 0 ? "       ." : "%8lld", static_cast<long long>(count));
      text += cell;
    }
    text += "\n";
  }
  return text;
}

namespace {

struct Shown {
  nlohmann::json json;
  std::string text;
};

/// The evaluations of a report, which may have been damaged or edited.
Result<Shown> evaluation_of(const nlohmann::json& report, const std::string& file) {
  try {
    Shown shown{report.value("evaluation", nlohmann::json::object()), ""};
    for (const char* form : {"float", "int8", "board"}) {
      if (shown.json.contains(form))
        shown.text += std::string(form) + "\n" + evaluation_text(shown.json[form]) + "\n";
    }
    return shown;
  } catch (const nlohmann::json::exception& error) {
    return Error{Code::file_unreadable,
                 file + " is damaged: " + error.what() + ". Delete it and run: tadpole train"};
  }
}

}  // namespace

void add_test(CLI::App& app, Context& context) {
  CLI::App* command = add_command(
      app, context, "test", "show what the newest run answers on the test side: float, int8 and on the board",
      "tadpole test", Needs::project);
  command->callback([&context] {
    context.in_project(
        [&](project::Project& project, project::Tools) -> Result<Shown> {
          TADPOLE_TRY(const std::string run, project.latest_run("report.json", "tadpole train"));
          TADPOLE_TRY(project::RunReport report, project::RunReport::open(run));
          return evaluation_of(report.json, run + "/report.json");
        },
        [&](const Shown& shown) {
          context.console.print(shown.text);
          return shown.json;
        });
  });
}

}  // namespace tadpole::cli
