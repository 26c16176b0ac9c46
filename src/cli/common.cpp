// Pieces that several commands print.
#include <cstdio>
#include <filesystem>
#include <map>

#include "cli/commands.h"

namespace tadpole::cli {

CLI::App* add_command(CLI::App& app, Context& context, const std::string& name, const std::string& does,
                      const std::string& example, Needs needs) {
  CLI::App* command = app.add_subcommand(name, does);
  command->footer("Example:\n  " + example);
  command->add_flag("--json", context.console.json,
                    "the last line of standard output is one JSON object; all else goes to standard error");
  if (needs == Needs::project) {
    command->add_option("--project", context.project_folder, "the project's folder")
        ->type_name("DIR")
        ->capture_default_str();
  }
  return command;
}

void add_build_options(CLI::App& command, project::ModelBuild& how) {
  const std::map<std::string, codegen::Form> forms = {{"generated", codegen::Form::generated},
                                                      {"blob", codegen::Form::blob}};
  command.add_option("--form", how.form, "generated: one C++ function a layer; blob: data and a runner")
      ->transform(CLI::CheckedTransformer(forms, CLI::ignore_case));
  command
      .add_option("--ram-limit", how.ram_limit_bytes,
                  "bytes of RAM for activations; layers are run in bands of rows to stay below")
      ->type_name("BYTES")
      ->check(CLI::NonNegativeNumber);
  command
      .add_option("--flash-limit", how.flash_limit_bytes,
                  "bytes of flash for weights; more of it buys layers of fewer instructions")
      ->type_name("BYTES")
      ->check(CLI::NonNegativeNumber);
}

std::string percent(double share) {
  char text[16];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * share);
  return text;
}

std::string headline_text(const std::string& name, const std::optional<double>& value) {
  const std::string words = name == "auc" ? "area under ROC" : name == "r_squared" ? "R2" : name;
  if (!value) return words + " not measured";
  if (name == "accuracy") return words + " " + percent(*value);
  char text[32];
  std::snprintf(text, sizeof text, " %.4f", *value);
  return words + text;
}

nlohmann::json headline_value(const nlohmann::json& evaluation) {
  if (!evaluation.is_object()) return nullptr;
  for (const char* key : {"accuracy_without_silence", "auc", "r_squared"}) {
    if (evaluation.contains(key)) return evaluation[key];
  }
  return nullptr;
}

std::string what_next() {
  const auto project = project::Project::open(".");
  if (!project.ok() && project.error().code != Code::project_missing) {
    return project.error().message() + "\n";
  }
  if (!project.ok()) {
    return "Tadpole takes you from recordings to a tiny device that understands them.\n\n"
           "This folder is not a project yet. To begin:\n"
           "  tadpole new yes-no --task keyword --data DIR    DIR holds one folder of recordings per word\n"
           "  tadpole data starter DIR                        no recordings? this makes some with synthetic "
           "voices\n\n"
           "tadpole doctor    what this computer has and lacks\n"
           "tadpole --help    all commands\n";
  }
  std::string next = "tadpole train";
  std::string why = "nothing has been trained yet";
  if (project->latest_run("model_float.tflite", "").ok())
    next = "tadpole quantise", why = "there is a trained model";
  if (project->latest_run("model.tflite", "").ok())
    next = "tadpole deploy --board " + project->config().deploy.board, why = "there is an int8 model";
  if (project->latest_run("firmware.elf", "").ok()) {
    next = "tadpole run --board " + project->config().deploy.board + " --test", why = "the firmware is built";
  }
  return "Project '" + project->config().name + "': " + why + ". Next:\n  " + next +
         "\n\ntadpole --help    all commands\n";
}

}  // namespace tadpole::cli
