// tadpole deploy: the C++ library and the firmware, built, booted and measured.
#include "base/text.h"
#include "cli/commands.h"

namespace tadpole::cli {

namespace {

/// Of a firmware that sleeps between windows.
std::string duty_text(const nlohmann::json& duty) {
  if (!duty.is_object()) return "";
  char text[200];
  std::snprintf(text, sizeof text, "Wakes every %d ms; busy %.3f %% of the time (estimated). ",
                duty["wake_every_ms"].get<int>(), 100 * duty["busy_share_estimated"].get<double>());
  std::string all = text;
  const nlohmann::json& average = duty["average_microwatts_estimated"];
  if (!average.is_number()) return all + "No average power: " + duty["missing"].get<std::string>() + ".\n";
  std::snprintf(text, sizeof text, "Average %.1f microwatts (estimated, without the sensor).\n",
                average.get<double>());
  all += text;
  const nlohmann::json& days = duty["battery_days_estimated"];
  if (!days.is_number()) return all;
  std::snprintf(text, sizeof text, "The battery lasts %.0f days at that (estimated).\n", days.get<double>());
  return all + text;
}

std::string deploy_text(const project::DeploySummary& s) {
  using base::with_commas;
  char times[256];
  std::snprintf(times, sizeof times,
                "Estimated: %.1f ms and %.0f microjoules per inference; real-time factor %.2f (below 1 keeps "
                "up with its sensor).\n",
                s.milliseconds_estimated, s.microjoules_estimated, s.real_time_factor);
  return "RAM    " + with_commas(s.ram_bytes) + " of " + with_commas(s.ram_limit) +
         " B (of these the arena " + with_commas(s.arena_bytes) + " B; it could not be below " +
         with_commas(s.arena_lower_bound_bytes) + " B)\nFlash  " + with_commas(s.flash_bytes) + " of " +
         with_commas(s.flash_limit) + " B\nInstructions per inference: " + with_commas(s.instructions) +
         "; features of one stride: " + with_commas(s.feature_instructions) + " (counted exactly)\n" + times +
         duty_text(s.duty);
}

nlohmann::json deploy_json(const project::DeploySummary& s) {
  return {{"run", s.run},
          {"library", s.library},
          {"firmware", s.firmware},
          {"report", s.report},
          {"ram_bytes", s.ram_bytes},
          {"ram_limit", s.ram_limit},
          {"flash_bytes", s.flash_bytes},
          {"flash_limit", s.flash_limit},
          {"arena_bytes", s.arena_bytes},
          {"arena_lower_bound_bytes", s.arena_lower_bound_bytes},
          {"instructions", s.instructions},
          {"feature_instructions", s.feature_instructions},
          {"milliseconds_estimated", s.milliseconds_estimated},
          {"microjoules_estimated", s.microjoules_estimated},
          {"real_time_factor", s.real_time_factor},
          {"duty", s.duty},
          {"layers", s.layers}};
}

}  // namespace

void add_deploy(CLI::App& app, Context& context) {
  CLI::App* command =
      add_command(app, context, "deploy", "make the C++ library and the firmware, and boot it on the board",
                  "tadpole deploy --board virtual-nano33ble", Needs::project);
  auto board = std::make_shared<std::string>();
  command->add_option("--board", *board, "instead of [deploy] board; tadpole board lists them")
      ->type_name("NAME");
  command->callback([&context, board] {
    context.in_project(
        [&](project::Project& project, project::Tools tools) {
          if (board->empty()) *board = project.config().deploy.board;
          return project::deploy_project(project, *board, tools);
        },
        [&](const project::DeploySummary& summary) {
          context.console.print(deploy_text(summary) + "\nLibrary:  " + summary.library +
                                "\nFirmware: " + summary.firmware + "\nReport:   " + summary.report +
                                "\nNext:     tadpole run --board " + *board + " --test\n");
          return deploy_json(summary);
        });
  });
}

}  // namespace tadpole::cli
