// The command line: finds the command, keeps the exit code.
#include <cerrno>
#include <cstring>
#include <exception>

#include "base/text.h"
#include "cli/commands.h"

namespace {

/// What was printed has arrived, or the user learns that it has not: a result in a file that is cut off would
/// look like success.
int exit_code_of(tadpole::cli::Context& context) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return context.exit_code;
  const std::string reason = std::strerror(errno);
  return context.console.fail(
      {tadpole::Code::file_unwritable, "the standard output could not be written: " + reason + "."});
}

}  // namespace

namespace {

/// A sentence when `word` is neither an option nor a command; else "".
std::string unknown_command(const CLI::App& app, std::string_view word) {
  std::vector<std::string_view> known;
  for (const CLI::App* command : app.get_subcommands({})) known.push_back(command->get_name());
  if (word.starts_with("-") || std::find(known.begin(), known.end(), word) != known.end()) return "";
  const std::string_view near = tadpole::base::nearest(word, known);
  return "there is no command '" + std::string(word) + "'." +
         (near.empty() ? "" : " Did you mean '" + std::string(near) + "'?");
}

}  // namespace

int main(int argc, char** argv) {
  using namespace tadpole;
  cli::catch_interrupts();
  CLI::App app(
      "Tadpole: from recordings to a tiny device that understands them. No cloud, no Python, no hardware "
      "needed.",
      "tadpole");
  app.set_version_flag("--version", TADPOLE_VERSION);
  app.set_help_flag("-h,--help", "explain this command");
  app.footer("Each command has --help with an example. Exit code: 0 done, 1 the work failed, 2 wrong use.");

  cli::Context context;
  cli::add_new(app, context);
  cli::add_data(app, context);
  cli::add_features(app, context);
  cli::add_train(app, context);
  cli::add_test(app, context);
  cli::add_quantise(app, context);
  cli::add_threshold(app, context);
  cli::add_optimise(app, context);
  cli::add_convert(app, context);
  cli::add_inspect(app, context);
  cli::add_deploy(app, context);
  cli::add_export(app, context);
  cli::add_run(app, context);
  cli::add_listen(app, context);
  cli::add_profile(app, context);
  cli::add_runs(app, context);
  cli::add_report(app, context);
  cli::add_board(app, context);
  cli::add_doctor(app, context);
  cli::add_completion(app, context);

  if (argc == 1) {
    context.console.print(cli::what_next());
    return cli::kDone;
  }
  if (const std::string slip = unknown_command(app, argv[1]); !slip.empty()) {
    std::fprintf(stderr, "tadpole: %s tadpole --help lists the commands.\n", slip.c_str());
    return cli::kWrongUse;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& shown) {  // --help, --version
    return app.exit(shown);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "tadpole: %s\n", error.what());
    std::fprintf(stderr,
                 "         tadpole --help lists the commands; tadpole COMMAND --help explains one.\n");
    return cli::kWrongUse;
  } catch (const std::bad_alloc&) {
    return context.console.fail({Code::internal, "this computer has not enough memory for this step"});
  } catch (const std::exception& error) {
    return context.console.fail(
        {Code::internal, std::string("an exception that nobody caught: ") + error.what()});
  }
  return exit_code_of(context);
}
