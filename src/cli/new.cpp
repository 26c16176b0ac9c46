// tadpole new: a project folder.
#include "cli/commands.h"

namespace tadpole::cli {

void add_new(CLI::App& app, Context& context) {
  CLI::App* command =
      add_command(app, context, "new", "make a project folder with a commented tadpole.toml",
                  "tadpole new yes-no --task keyword --data recordings --words yes,no", Needs::nothing);
  auto options = std::make_shared<project::NewOptions>();
  command->add_option("NAME", options->folder, "folder to make; its last part is the project's name")
      ->required();
  command->add_option("--task", options->task, "what kind of work it is")
      ->check(CLI::IsMember({"keyword"}))
      ->capture_default_str();
  command
      ->add_option("--data", options->data,
                   "recordings: one folder per word (Speech Commands layout, or any such folder)")
      ->required()
      ->type_name("DIR");
  command->add_option("--words", options->words, "words to tell apart; the others become \"unknown\"")
      ->delimiter(',')
      ->type_name("A,B,...");
  command->add_flag("--copy", options->copy_data, "copy the recordings instead of linking to them");
  command->callback([&context, options] {
    std::string story;
    const auto project = project::Project::create(*options, story);
    if (!project.ok()) {
      context.exit_code = context.console.fail(project.error());
      return;
    }
    context.console.print("Made the project " + project->config().name + ".\n" + story + "\nNext:\n  cd " +
                          options->folder + "\n  tadpole train\n");
    context.exit_code =
        context.console.finish({{"project", project->folder()}, {"classes", project->config().data.classes}});
  });
}

}  // namespace tadpole::cli
