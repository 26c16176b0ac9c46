// tadpole threshold: when to answer, chosen by what mistakes cost.
#include "cli/commands.h"

namespace tadpole::cli {

namespace {

struct ThresholdFlags {
  std::optional<float> miss_cost, false_accept_cost, events_per_hour;
  std::optional<int> minutes;
  project::ThresholdOptions options;
  bool look = false;
};

void apply(const ThresholdFlags& flags, project::ProjectConfig& config) {
  if (flags.miss_cost) config.threshold.miss_cost = *flags.miss_cost;
  if (flags.false_accept_cost) config.threshold.false_accept_cost = *flags.false_accept_cost;
  if (flags.events_per_hour) config.threshold.events_per_hour = *flags.events_per_hour;
  if (flags.minutes) config.threshold.minutes = *flags.minutes;
}

std::string score_line(const char* name, const nlohmann::json& score) {
  const auto number = [&](const char* key, const char* format) {
    const auto value = score.value(key, nlohmann::json());
    char text[32] = "-";
    if (value.is_number()) std::snprintf(text, sizeof text, format, value.get<double>());
    return std::string(text);
  };
  char line[200];
  std::snprintf(line, sizeof line, "  %-22s %6d %6d %9s %13d %9s %10s\n", name, score.value("hits", 0),
                score.value("misses", 0), percent(score.value("false_reject_rate", 0.0)).c_str(),
                score.value("false_accepts", 0), number("false_accepts_per_hour", "%.1f").c_str(),
                number("cost_per_hour", "%.1f").c_str());
  return line;
}

std::string summary_text(const project::ThresholdSummary& summary, bool written) {
  const nlohmann::json& section = summary.section;
  const nlohmann::json &validation = section["validation"], &test = section["test"];
  char head[160];
  std::snprintf(head, sizeof head, "\n  %-22s %6s %6s %9s %13s %9s %10s\n", "", "heard", "missed", "share",
                "false accepts", "an hour", "cost/hour");
  std::string text = head + score_line("validation, before", validation["score_before"]) +
                     score_line("validation, chosen", validation["score"]) +
                     score_line("test, before", section["test_before"]) +
                     score_line("test, chosen", test["score"]) + "\n";
  if (section.value("kept", false)) {
    char line[240];
    std::snprintf(line, sizeof line,
                  "The cheapest choice on the validation side would save %.1f an hour, give or take %.1f\n"
                  "(95 %%): no more than chance. The settings before stay.\n",
                  section.value("gain_per_hour", 0.0), section.value("gain_error_per_hour", 0.0));
    text += line;
  }
  const auto delay = test["score"].value("delay", nlohmann::json());
  if (delay.is_object()) {
    char line[160];
    std::snprintf(
        line, sizeof line,
        "Words of the test side are announced %.0f ms after their end (median; 95 %% within %.0f ms).\n",
        delay.value("median_ms", 0.0), delay.value("percentile_95_ms", 0.0));
    text += line;
  }
  const auto busy = section.value("duty_cycle_estimated", nlohmann::json());
  if (busy.is_number())
    text += "Duty cycle of the board: " + percent(busy.get<double>()) + " of its time (estimated).\n";
  text += written ? "Written to tadpole.toml:\n" : "Not written (--dry-run):\n";
  for (const project::SettingChange& setting : summary.settings)
    text += "  [" + setting.section + "] " + setting.key + " = " + setting.value + "\n";
  if (written) text += "Report: " + summary.report + "\nNext:   tadpole deploy\n";
  return text;
}

}  // namespace

void add_threshold(CLI::App& app, Context& context) {
  CLI::App* command =
      add_command(app, context, "threshold",
                  "choose by what mistakes cost when a word counts as heard, or a sample as strange",
                  "tadpole threshold --miss-cost 1 --false-accept-cost 5", Needs::project);
  auto flags = std::make_shared<ThresholdFlags>();
  command->add_option("--miss-cost", flags->miss_cost, "instead of [threshold] miss_cost")
      ->type_name("COST")
      ->check(CLI::Range(0.0, 1e6));
  command
      ->add_option("--false-accept-cost", flags->false_accept_cost,
                   "instead of [threshold] false_accept_cost")
      ->type_name("COST")
      ->check(CLI::Range(0.0, 1e6));
  command
      ->add_option("--events-per-hour", flags->events_per_hour,
                   "instead of [threshold] events_per_hour; 0 = as often as in the samples")
      ->type_name("N")
      ->check(CLI::Range(0.0, 1e6));
  command->add_option("--minutes", flags->minutes, "keyword: instead of [threshold] minutes")
      ->type_name("N")
      ->check(CLI::Range(1, 120));
  command->add_option("--seed", flags->options.seed, "keyword: of the recordings; the same gives the same")
      ->type_name("N");
  command->add_flag("--dry-run", flags->look, "only show the choice");
  command->callback([&context, flags] {
    flags->options.write = !flags->look;
    context.in_project(
        [&](project::Project& project, project::Tools tools) {
          return project::choose_threshold(project, flags->options, tools);
        },
        [&](const project::ThresholdSummary& summary) {
          context.console.print(summary_text(summary, flags->options.write));
          nlohmann::json shown = summary.section;
          shown["written"] = flags->options.write;
          shown["run"] = summary.run;
          shown["report"] = summary.report;
          return shown;
        },
        [&](project::ProjectConfig& config) { apply(*flags, config); });
  });
}

}  // namespace tadpole::cli
