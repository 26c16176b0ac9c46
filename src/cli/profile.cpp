// tadpole profile: where a model's instructions go on a board.
#include "base/text.h"
#include "cli/commands.h"
#include "project/raw_model.h"

namespace tadpole::cli {

namespace {

std::string profile_text(const nlohmann::json& profile) {
  using base::with_commas;
  char line[200];
  std::snprintf(line, sizeof line, "%-28s %-18s %14s %14s %8s\n", "layer", "operator", "mult.-acc.",
                "instructions", "per m-a");
  std::string text = line;
  for (const auto& layer : profile["layers"]) {
    const int64_t macs = layer["macs"].get<int64_t>(), instructions = layer["instructions"].get<int64_t>();
    char ratio[16] = "-";
    if (macs > 0)
      std::snprintf(ratio, sizeof ratio, "%.2f",
                    static_cast<double>(instructions) / static_cast<double>(macs));
    std::snprintf(line, sizeof line, "%-28.28s %-18s %14s %14s %8s\n",
                  layer["name"].get<std::string>().c_str(), layer["op"].get<std::string>().c_str(),
                  with_commas(macs).c_str(), with_commas(instructions).c_str(), ratio);
    text += line;
  }
  std::snprintf(line, sizeof line, "%-28s %-18s %14s %14s\n\n", "in all", "",
                with_commas(profile["macs"].get<int64_t>()).c_str(),
                with_commas(profile["instructions"].get<int64_t>()).c_str());
  text += line;
  std::snprintf(line, sizeof line, "Estimated: %s cycles, %.2f ms.\n",
                with_commas(profile["cycles_estimated"].get<int64_t>()).c_str(),
                profile["milliseconds_estimated"].get<double>());
  text += line;
  return text + "Arena: " + with_commas(profile["arena_bytes"].get<int64_t>()) + " B (could not be below " +
         with_commas(profile["arena_lower_bound_bytes"].get<int64_t>()) + " B). Flash: code " +
         with_commas(profile["flash_code_bytes"].get<int64_t>()) + " B, weights " +
         with_commas(profile["flash_weights_bytes"].get<int64_t>()) + " B.\n";
}

}  // namespace

void add_profile(CLI::App& app, Context& context) {
  CLI::App* command = add_command(
      app, context, "profile",
      "count a model's instructions layer by layer on a virtual board (exact), and estimate its time",
      "tadpole profile model.tflite --board virtual-nano33ble", Needs::nothing);
  auto model = std::make_shared<std::string>();
  auto board = std::make_shared<std::string>("virtual-nano33ble");
  command->add_option("MODEL", *model, "a .tflite file")->required();
  command->add_option("--board", *board, "tadpole board lists them")
      ->type_name("NAME")
      ->capture_default_str();
  command->callback([&context, model, board] {
    const auto profile = project::profile_model(*model, *board, context.console);
    if (!profile.ok()) {
      context.exit_code = context.console.fail(profile.error());
      return;
    }
    context.console.print(profile_text(*profile));
    context.exit_code = context.console.finish(*profile);
  });
}

}  // namespace tadpole::cli
