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

void add_test(CLI::App& app, Context& context) {
  CLI::App* command = add_command(
      app, context, "test", "show what the newest run answers on the test side: float, int8 and on the board",
      "tadpole test", Needs::project);
  command->callback([&context] {
    context.in_project(
        [&](project::Project& project, project::Tools) -> Result<nlohmann::json> {
          TADPOLE_TRY(const std::string run, project.latest_run("report.json", "tadpole train"));
          TADPOLE_TRY(project::RunReport report, project::RunReport::open(run));
          return report.json.value("evaluation", nlohmann::json::object());
        },
        [&](const nlohmann::json& evaluation) {
          for (const char* form : {"float", "int8", "board"}) {
            if (evaluation.contains(form))
              context.console.print(std::string(form) + "\n" + evaluation_text(evaluation[form]));
          }
          return evaluation;
        });
  });
}

}  // namespace tadpole::cli
