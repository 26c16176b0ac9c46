// tadpole listen: what the trained model hears now, as the firmware would announce it.
#include "project/listen.h"

#include <algorithm>

#include "cli/commands.h"

namespace tadpole::cli {

namespace {

constexpr int kMeterWidth = 16;

std::string meter(double share) {
  const int full = std::clamp(static_cast<int>(share * kMeterWidth + 0.5), 0, kMeterWidth);
  return "[" + std::string(static_cast<size_t>(full), '#') +
         std::string(static_cast<size_t>(kMeterWidth - full), '.') + "]";
}

/// A line for each event, and on a terminal one that moves.
class Shown final : public project::HearingShow {
 public:
  explicit Shown(Console& console) : console_(console) {}

  void event(const project::HeardEvent& event) override {
    char line[200];
    std::snprintf(line, sizeof line, "%9.2f s  %-16.80s %.2f", static_cast<double>(event.time_ms) / 1000,
                  event.label.c_str(), event.score);
    console_.print(line);
    console_.item({{"event", event.label}, {"time_ms", event.time_ms}, {"score", event.score}});
  }

  void now(const project::HearingNow& now) override {
    char line[300];
    // Ordinary speech before a laptop lies between -50 and -10 dB.
    std::snprintf(line, sizeof line, "%9.1f s  sound %s %4.0f dB   %-.80s %s %.2f", now.seconds,
                  meter((now.level_db + 60) / 60).c_str(), now.level_db, now.label.c_str(),
                  meter(now.score).c_str(), now.score);
    console_.live(line);
  }

 private:
  Console& console_;
};

std::string summary_text(const project::ListenSummary& s) {
  char text[300];
  std::snprintf(text, sizeof text,
                "\nHeard %.1f s: %lld event%s in %lld inferences. Computing took %.2f %% of the time.\n",
                s.seconds, static_cast<long long>(s.events), s.events == 1 ? "" : "s",
                static_cast<long long>(s.inferences), 100 * s.busy_share());
  std::string lines = text;
  for (const auto& [word, count] : s.words) {
    std::snprintf(text, sizeof text, "  %-16.80s %6lld\n", word.c_str(), static_cast<long long>(count));
    lines += text;
  }
  return lines;
}

}  // namespace

void add_listen(CLI::App& app, Context& context) {
  CLI::App* command = add_command(
      app, context, "listen", "try the int8 model on this computer's microphone, a sound file or a stream",
      "tadpole listen\n  tadpole listen --from evening.wav --json\n"
      "  arecord -q -t raw -f S16_LE -r 16000 -c 1 | tadpole listen --from -",
      Needs::project);
  auto options = std::make_shared<project::ListenOptions>();
  command
      ->add_option("--from", options->from,
                   "microphone, microphone:NAME (of ALSA; also alsa:NAME), a sound file, or - for raw 16-bit "
                   "values of one channel on standard input")
      ->type_name("SOUND")
      ->capture_default_str();
  command
      ->add_option("--model", options->model,
                   "this int8 .tflite or ONNX file instead; its outputs are the project's classes, in order")
      ->type_name("FILE");
  command->add_option("--seconds", options->seconds, "stop after so much sound; 0: at its end, or Ctrl-C")
      ->type_name("S")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_flag("--real-time", options->real_time,
                    "a file or stream at the pace of a microphone, not as fast as possible");
  command->callback([&context, options] {
    context.in_project(
        [&](project::Project& project, project::Tools tools) {
          Shown shown(context.console);
          return project::listen_live(project, *options, shown, tools);
        },
        [&](const project::ListenSummary& summary) {
          context.console.print(summary_text(summary));
          return nlohmann::json{{"model", summary.model},
                                {"events", summary.events},
                                {"words", summary.words},
                                {"inferences", summary.inferences},
                                {"seconds", summary.seconds},
                                {"computed_seconds", summary.computed_s},
                                {"busy_share", summary.busy_share()}};
        });
  });
}

}  // namespace tadpole::cli
