// tadpole quantise: the int8 model and what it cost.
#include "base/text.h"
#include "cli/commands.h"

namespace tadpole::cli {

namespace {
std::string layer_table(const nlohmann::json& layers) {
  std::string text =
      "Signal-to-noise of each layer, int8 against float (higher is better; below 10 dB deserves a look):\n";
  for (const auto& layer : layers) {
    char line[160];
    std::snprintf(line, sizeof line, "  %-24s %-18s %6.1f dB   range %8.2f to %.2f\n",
                  layer.value("layer", "").c_str(), layer.value("op", "").c_str(),
                  layer.value("signal_to_noise_db", 0.0), layer.value("low", 0.0), layer.value("high", 0.0));
    text += line;
  }
  return text;
}
}  // namespace

void add_quantise(CLI::App& app, Context& context) {
  CLI::App* command =
      add_command(app, context, "quantise", "turn the newest trained model into int8 and say what it cost",
                  "tadpole quantise", Needs::project);
  command->callback([&context] {
    context.in_project(
        [](project::Project& project, project::Tools tools) {
          return project::quantise_project(project, tools);
        },
        [&](const project::QuantiseSummary& summary) {
          char answers[160];
          std::snprintf(answers, sizeof answers, "Same answer as float: %d of %d test samples.\n",
                        summary.same_answers, summary.count);
          context.console.print(layer_table(summary.layers) +
                                "\nFloat: " + headline_text(summary.headline_name, summary.in_float) +
                                "; int8: " + headline_text(summary.headline_name, summary.in_int8) + ". " +
                                answers + "Size: " + base::with_commas(summary.tflite_bytes) +
                                " B (float: " + base::with_commas(summary.float_bytes) +
                                " B)\n\nModel:  " + summary.model + "\nReport: " + summary.report +
                                "\nNext:   tadpole deploy --board virtual-nano33ble\n");
          return nlohmann::json{{"float_" + summary.headline_name, or_null(summary.in_float)},
                                {"int8_" + summary.headline_name, or_null(summary.in_int8)},
                                {"same_answers", summary.same_answers},
                                {"count", summary.count},
                                {"tflite_bytes", summary.tflite_bytes},
                                {"float_bytes", summary.float_bytes},
                                {"model", summary.model},
                                {"run", summary.run},
                                {"scheme", summary.scheme},
                                {"layers", summary.layers}};
        });
  });
}

}  // namespace tadpole::cli
