// tadpole export: several models as one C++ library in one arena.
#include <filesystem>

#include "base/text.h"
#include "cli/commands.h"
#include "project/export_models.h"

namespace tadpole::cli {

namespace {

using base::with_commas;

/// "hear=../keyword"
project::ExportSource source_of(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    throw CLI::ValidationError("MODELS", "'" + text + "' needs the form NAME=PROJECT or NAME=FILE.tflite");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::string export_text(const project::ExportSummary& s) {
  std::string text;
  for (const project::ExportedModel& model : s.models) {
    text += model.name + ": " + model.file + "; alone it needs an arena of " +
            with_commas(model.arena_bytes) + " B, and " + with_commas(model.weights_bytes) +
            " B of weights\n";
  }
  text += "Arena  " + with_commas(s.arena_bytes) + " B for whichever runs; of their own they would take " +
          with_commas(s.arena_sum_bytes) + " B\n";
  if (!s.firmware.empty()) {
    text += "RAM    " + with_commas(s.ram_bytes) + " of " + with_commas(s.ram_limit) + " B\nFlash  " +
            with_commas(s.flash_bytes) + " of " + with_commas(s.flash_limit) +
            " B\n\nFirmware: " + s.firmware;
  }
  return text + "\nLibrary:  " + s.library + "\n";
}

nlohmann::json export_json(const project::ExportSummary& s) {
  nlohmann::json models = nlohmann::json::array();
  for (const project::ExportedModel& model : s.models) {
    models.push_back({{"name", model.name},
                      {"model", model.file},
                      {"arena_bytes", model.arena_bytes},
                      {"flash_weights_bytes", model.weights_bytes},
                      {"macs", model.macs}});
  }
  nlohmann::json json = {{"library", s.library},
                         {"models", models},
                         {"arena_bytes", s.arena_bytes},
                         {"arena_sum_bytes", s.arena_sum_bytes}};
  if (!s.firmware.empty()) {
    json["firmware"] = s.firmware;
    json["ram_bytes"] = s.ram_bytes;
    json["ram_limit"] = s.ram_limit;
    json["flash_bytes"] = s.flash_bytes;
    json["flash_limit"] = s.flash_limit;
  }
  return json;
}

}  // namespace

void add_export(CLI::App& app, Context& context) {
  CLI::App* command =
      add_command(app, context, "export",
                  "make one C++ library of several models that share one arena, and the firmware around them",
                  "tadpole export hear=../keyword see=../person --to build --main main.cc\n"
                  "  tadpole export small=a.tflite large=b.tflite --to build",
                  Needs::nothing);
  auto models = std::make_shared<std::vector<std::string>>();
  auto options = std::make_shared<project::ExportOptions>();
  options->board = "virtual-nano33ble";
  command
      ->add_option("MODELS", *models,
                   "NAME=PROJECT (its newest int8 model, with features and labels) or NAME=FILE.tflite (raw "
                   "inputs); NAME becomes the C++ namespace")
      ->required();
  command->add_option("--to", options->to, "folder that gets library/ and firmware.elf")
      ->type_name("DIR")
      ->required();
  command
      ->add_option("--main", options->main, "a program with tadpole_main(); without it no firmware is made")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  command->add_option("--board", options->board, "whose kernels and limits; tadpole board lists them")
      ->type_name("NAME")
      ->capture_default_str();
  command->callback([&context, models, options] {
    for (const std::string& text : *models) options->models.push_back(source_of(text));
    const auto done = project::export_models(*options, context.console);
    if (!done.ok()) {
      context.exit_code = context.console.fail(done.error());
      return;
    }
    context.console.print(export_text(*done));
    context.exit_code = context.console.finish(export_json(*done));
  });
}

}  // namespace tadpole::cli
