// tadpole data: what the recordings are; and a starter set for those who have none.
#include "cli/commands.h"
#include "data/starter_set.h"

namespace tadpole::cli {

void add_data(CLI::App& app, Context& context) {
  CLI::App* command = add_command(app, context, "data",
                                  "show the recordings of the project: classes, sides, speakers, warnings",
                                  "tadpole data\n  tadpole data starter recordings", Needs::project);
  auto folder = std::make_shared<std::string>();
  CLI::App* starter =
      command->add_subcommand("starter", "make a starter set of spoken words with synthetic voices");
  starter->add_option("DIR", *folder, "folder to make")->required();
  starter->add_flag("--json", context.console.json, "the last line of standard output is one JSON object");
  starter->footer("Example:\n  tadpole data starter recordings");
  starter->callback([&context, folder] {
    Workers workers(base::processor_count());
    const auto made = data::make_starter_set(*folder, {}, workers, context.console);
    if (!made.ok()) {
      context.exit_code = context.console.fail(made.error());
      return;
    }
    context.console.print("Made " + std::to_string(made->recordings) + " recordings of " +
                          std::to_string(made->voices) + " synthetic voices in " + *folder +
                          ". Real voices are harder: record your own when you can.\nNext:\n"
                          "  tadpole new yes-no --task keyword --data " +
                          *folder + "\n");
    context.exit_code = context.console.finish(
        {{"folder", *folder}, {"recordings", made->recordings}, {"voices", made->voices}});
  });
  auto skip_bad = std::make_shared<bool>(false);
  command->add_flag("--skip-bad", *skip_bad, kSkipBadHelp);
  command->callback([&context, command, skip_bad] {
    if (!command->get_subcommands().empty()) return;
    context.in_project(
        [](project::Project& project, project::Tools tools) { return project::read_data(project, tools); },
        [&](const data::Import& import) {
          context.console.print(data::to_text(import.report));
          return data::to_json(import.report);
        },
        [&](project::ProjectConfig& config) { config.data.skip_bad |= *skip_bad; });
  });
}

}  // namespace tadpole::cli
