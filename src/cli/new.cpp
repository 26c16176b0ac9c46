// tadpole new: a project folder.
#include "cli/commands.h"
#include "project/task.h"

namespace tadpole::cli {

namespace {
std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const project::Task& task : project::tasks()) names.emplace_back(task.name);
  return names;
}
}  // namespace

void add_new(CLI::App& app, Context& context) {
  CLI::App* command =
      add_command(app, context, "new", "make a project folder with a commented tadpole.toml",
                  "tadpole new yes-no --task keyword --data recordings --words yes,no", Needs::nothing);
  auto options = std::make_shared<project::NewOptions>();
  command->add_option("NAME", options->folder, "folder to make; its last part is the project's name")
      ->required();
  command->add_option("--task", options->task, "what kind of work it is")
      ->check(CLI::IsMember(task_names()))
      ->capture_default_str();
  command
      ->add_option("--data", options->data,
                   "one folder of samples per class (sound, pictures or CSV), or a folder with table.csv")
      ->required()
      ->type_name("DIR");
  command
      ->add_option("--words,--classes", options->words,
                   "classes to tell apart (other words become \"unknown\"); anomaly: what is normal")
      ->delimiter(',')
      ->type_name("A,B,...");
  command->add_option("--label", options->label, "table: the column of classes; without: the last one")
      ->type_name("COLUMN");
  command->add_option("--targets", options->targets, "regression: the columns of numbers to predict")
      ->delimiter(',')
      ->type_name("A,B,...");
  command->add_flag(
      "--few-shot", options->few_shot,
      "keyword: for 5 to 50 recordings of a word; starts from a network that knows speech already");
  command->add_flag("--copy", options->copy_data, "copy the data instead of linking to them");
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
