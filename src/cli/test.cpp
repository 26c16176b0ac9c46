// tadpole test: what the newest run answers on the test side.
#include "cli/commands.h"

namespace tadpole::cli {

namespace {

using nlohmann::json;

std::string number_cell(const json& object, const char* key) {
  const json value = object.value(key, json());
  char text[32];
  std::snprintf(text, sizeof text, "%18.4f", value.is_number() ? value.get<double>() : 0.0);
  return value.is_number() ? text : "                 -";
}

/// How well the scores rank, class by class; "" where a report has no such figures.
std::string ranking_text(const json& evaluation) {
  const json ranking = evaluation.value("ranking", json::object());
  if (!ranking.is_object() || !ranking.contains("classes")) return "";
  std::string text = "\n  against the rest    area under ROC average precision\n";
  const auto line = [&](const std::string& name, const json& row) {
    char start[40];
    std::snprintf(start, sizeof start, "  %-14.14s", name.c_str());
    text += start + number_cell(row, "auc") + number_cell(row, "average_precision") + "\n";
  };
  const json words = ranking.value("words", json());
  if (words.is_object()) line("any word", words);
  for (const json& row : ranking["classes"]) line(row.value("class", ""), row);
  return text;
}

/// The worst group of each kind; "" where the samples have no groups.
std::string groups_text(const json& evaluation) {
  std::string text;
  const auto line = [&](const std::string& kind, const json& table) {
    if (!table.is_object() || !table.contains("rows")) return;
    const std::string worst = table.value("worst", "");
    for (const json& row : table["rows"]) {
      if (row.value("group", "") != worst || worst.empty()) continue;
      const bool share = row.contains("low");
      char value[120];
      std::snprintf(value, sizeof value, "%.4g", row.value("value", 0.0));
      text += "  " + kind + " served worst of " + std::to_string(table["rows"].size()) + ": " + worst + ", " +
              table.value("figure", "") + " " + (share ? percent(row.value("value", 0.0)) : value) + " of " +
              std::to_string(row.value("count", 0)) +
              (share ? " (likely " + percent(row.value("low", 0.0)) + " to " +
                           percent(row.value("high", 1.0)) + ")"
                     : std::string()) +
              "\n";
    }
  };
  line("group", evaluation.value("groups", json()));
  for (const json& table : evaluation.value("more_groups", json::array()))
    line(table.value("kind", ""), table);
  return text.empty() ? "" : "\n" + text;
}

std::string errors_text(const nlohmann::json& evaluation) {
  char line[200];
  std::snprintf(line, sizeof line, "  %d samples\n\n  %-20s %12s %12s %12s %8s\n",
                evaluation.value("count", 0), "output", "mean error", "RMS error", "largest", "R2");
  std::string text = line;
  for (const auto& output : evaluation["outputs"]) {
    const auto r_squared = output.value("r_squared", nlohmann::json());
    std::snprintf(line, sizeof line, "  %-20.20s %12.5g %12.5g %12.5g %8.4f\n",
                  output.value("name", "").c_str(), output.value("mean_absolute_error", 0.0),
                  output.value("root_mean_square_error", 0.0), output.value("largest_error", 0.0),
                  r_squared.is_number() ? r_squared.get<double>() : 0.0);
    text += line;
  }
  return text;
}

std::string alarms_text(const nlohmann::json& evaluation) {
  const auto auc = evaluation.value("auc", nlohmann::json());
  char line[300];
  std::snprintf(line, sizeof line,
                "  %d normal samples, %d anomalies; area under ROC %s\n  at the threshold %.4g: %d anomalies "
                "noticed, %d missed, %d false alarms, %d rightly quiet\n",
                evaluation.value("normal", 0), evaluation.value("anomalies", 0),
                auc.is_number() ? std::to_string(auc.get<double>()).c_str() : "not measured (no anomalies)",
                evaluation.value("threshold", 0.0), evaluation.value("hits", 0),
                evaluation.value("misses", 0), evaluation.value("false_alarms", 0),
                evaluation.value("quiet", 0));
  return line;
}

}  // namespace

std::string evaluation_text(const nlohmann::json& evaluation) {
  if (!evaluation.is_object()) return "";
  if (evaluation.contains("outputs") && evaluation["outputs"].is_array())
    return errors_text(evaluation) + groups_text(evaluation);
  if (evaluation.contains("false_alarms")) return alarms_text(evaluation) + groups_text(evaluation);
  std::string text = "  accuracy " + percent(evaluation.value("accuracy_without_silence", 0.0)) + " of " +
                     std::to_string(evaluation.value("count_without_silence", 0)) + " samples" +
                     (evaluation.value("count", 0) == evaluation.value("count_without_silence", 0)
                          ? "\n\n"
                          : " (silence not counted)\n\n");
  const auto classes = evaluation.value("classes", std::vector<std::string>{});
  const auto rows = evaluation.value("confusion", std::vector<std::vector<int64_t>>{});
  if (rows.size() != classes.size()) return text;
  char cell[32];
  text += "  answered:      ";
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
  return text + ranking_text(evaluation) + groups_text(evaluation);
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
      "tadpole test\n"
      "  tadpole test --model other.tflite",
      Needs::project);
  auto model = std::make_shared<std::string>();
  command
      ->add_option("--model", *model,
                   "judge this .tflite or ONNX file instead; its outputs are the project's classes, in order")
      ->type_name("FILE");
  command->callback([&context, model] {
    context.in_project(
        [&](project::Project& project, project::Tools tools) -> Result<Shown> {
          if (!model->empty()) {
            TADPOLE_TRY(nlohmann::json evaluation, project::test_model(project, *model, tools));
            const std::string text = *model + "\n" + evaluation_text(evaluation);
            return Shown{std::move(evaluation), text};
          }
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
