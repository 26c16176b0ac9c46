// tadpole train: features, training, evaluation.
#include "cli/commands.h"

namespace tadpole::cli {

namespace {
struct TrainFlags {
  std::optional<uint64_t> seed;
  std::optional<int> updates, threads;
  std::optional<std::string> architecture;
  bool resume = false, skip_bad = false, find_rate = false;
};

void apply(const TrainFlags& flags, project::ProjectConfig& config) {
  if (flags.seed) config.train.seed = *flags.seed;
  if (flags.updates) config.train.updates = *flags.updates;
  if (flags.threads) config.threads = *flags.threads;
  if (flags.architecture) config.architecture = *flags.architecture;
  if (flags.skip_bad) config.data.skip_bad = true;
}

void find_rate(Context& context, const TrainFlags& flags) {
  context.in_project([](project::Project& project,
                        project::Tools tools) { return project::find_learning_rate(project, tools); },
                     [&](const project::RateSummary& summary) {
                       context.console.print("\n" + summary.words + "\nPicture: " + summary.picture + "\n");
                       return nlohmann::json{{"learning_rate", summary.proposal},
                                             {"largest_learning_rate", summary.largest},
                                             {"picture", summary.picture}};
                     },
                     [&](project::ProjectConfig& config) { apply(flags, config); });
}
}  // namespace

void add_train(CLI::App& app, Context& context) {
  CLI::App* command = add_command(app, context, "train", "train the network of the project and evaluate it",
                                  "tadpole train --seed 2", Needs::project);
  auto flags = std::make_shared<TrainFlags>();
  command->add_option("--seed", flags->seed, "instead of [train] seed")->type_name("N");
  command->add_option("--updates", flags->updates, "instead of [train] updates")
      ->type_name("N")
      ->check(CLI::Range(1, 10000000));
  command->add_option("--threads", flags->threads, "instead of [train] threads; the result is the same")
      ->type_name("N")
      ->check(CLI::Range(0, 256));
  command->add_option("--arch", flags->architecture, "instead of [model] arch")->type_name("NAME");
  command->add_flag("--skip-bad", flags->skip_bad, kSkipBadHelp);
  command->add_flag("--resume", flags->resume, "go on with the newest run that was interrupted");
  command->add_flag("--find-rate", flags->find_rate,
                    "do not train: test which learning rate suits, with a picture");
  command->callback([&context, flags] {
    if (flags->find_rate) return find_rate(context, *flags);
    context.in_project(
        [&](project::Project& project, project::Tools tools) {
          return project::train_project(project, flags->resume, tools);
        },
        [&](const project::TrainSummary& summary) {
          char speed[96];
          std::snprintf(speed, sizeof speed, "Trained in %.1f s (%.0f samples a second).\n", summary.seconds,
                        summary.samples_per_second);
          context.console.print(
              "\n" + std::string(speed) +
              "Validation side: " + headline_text(summary.headline_name, summary.validation) +
              "\n\nTest side, which training has not seen:\n" + evaluation_text(summary.test) +
              "\nModel:  " + summary.model + "\nReport: " + summary.report + "\nNext:   tadpole quantise\n");
          return nlohmann::json{{"validation_" + summary.headline_name, or_null(summary.validation)},
                                {"test_" + summary.headline_name, or_null(summary.tested)},
                                {"seconds", summary.seconds},
                                {"samples_per_second", summary.samples_per_second},
                                {"epochs", summary.epochs},
                                {"model", summary.model},
                                {"run", summary.run},
                                {"report", summary.report},
                                {"test", summary.test}};
        },
        [&](project::ProjectConfig& config) { apply(*flags, config); });
  });
}

}  // namespace tadpole::cli
