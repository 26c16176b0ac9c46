// tadpole completion: a script that lets the shell complete commands and options.
#include "cli/commands.h"

namespace tadpole::cli {

namespace {

std::string names_of(const CLI::App& app) {
  std::string names;
  for (const CLI::App* command : app.get_subcommands({}))
    names += (names.empty() ? "" : " ") + command->get_name();
  return names;
}

std::string options_of(const CLI::App& command) {
  std::string names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names += (names.empty() ? "--" : " --") + name;
  }
  return names;
}

std::string bash_script(const CLI::App& app) {
  std::string cases;
  for (const CLI::App* command : app.get_subcommands({}))
    cases += "    " + command->get_name() + ") words='" + options_of(*command) + "' ;;\n";
  return "_tadpole() {\n  local word=${COMP_WORDS[COMP_CWORD]} words=''\n  if [ \"$COMP_CWORD\" -eq 1 ]; "
         "then\n    COMPREPLY=($(compgen -W '" +
         names_of(app) + "' -- \"$word\"))\n    return\n  fi\n  case ${COMP_WORDS[1]} in\n" + cases +
         "  esac\n  case $word in\n    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) ;;\n    *) "
         "COMPREPLY=($(compgen -f -- \"$word\")) ;;\n  esac\n}\n"
         "complete -o filenames -F _tadpole tadpole\n";
}

}  // namespace

void add_completion(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("completion", "print a script for the shell's completion");
  command->footer(
      "Example:\n  source <(tadpole completion bash)          in ~/.bashrc; zsh: first autoload -U "
      "bashcompinit && bashcompinit");
  auto shell = std::make_shared<std::string>("bash");
  command->add_option("SHELL", *shell, "bash (zsh reads it too, with bashcompinit)")
      ->check(CLI::IsMember({"bash", "zsh"}))
      ->capture_default_str();
  command->callback([&app, &context] { context.console.print(bash_script(app)); });
}

}  // namespace tadpole::cli
