// tadpole data: what the recordings are; import of what people have; a starter set for those who have none.
#include "cli/commands.h"
#include "data/import.h"
#include "data/record.h"
#include "data/starter_set.h"

namespace tadpole::cli {
namespace {

nlohmann::json to_json(const data::ImportSummary& summary) {
  nlohmann::json left_out = nlohmann::json::array();
  for (const data::LeftOut& one : summary.left_out)
    left_out.push_back(
        {{"path", one.path}, {"code", base::code_text(one.error.code)}, {"detail", one.error.detail}});
  return {{"folder", summary.folder},
          {"format", summary.format},
          {"task", summary.task},
          {"samples", summary.counts.samples},
          {"labels", summary.counts.labels},
          {"groups", summary.counts.groups.size()},
          {"validation", summary.counts.validation},
          {"test", summary.counts.test},
          {"notes", summary.notes},
          {"left_out", left_out}};
}

std::string formats_text() {
  std::string text = "Formats, in the order in which they are recognised:\n";
  for (const data::ImportFormat& format : data::import_formats()) {
    text += "  " + std::string(format.name) + std::string(16 - format.name.size(), ' ') +
            std::string(format.reads) + "\n";
  }
  return text +
         "\nExample:\n  tadpole data import Downloads/speech_commands --to words\n"
         "  tadpole data import fan.csv --to fan --label normal --rate 200";
}

void import(Context& context, const std::string& source, const std::string& to,
            const data::ImportOptions& options) {
  const auto summary = data::import_data(source, to, options, context.console);
  if (!summary.ok()) {
    context.exit_code = context.console.fail(summary.error());
    return;
  }
  context.console.print(data::to_text(*summary) + "Next:\n  tadpole new NAME --task " + summary->task +
                        " --data " + to + "\n");
  context.exit_code = context.console.finish(to_json(*summary));
}

namespace {
std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text += (text.empty() ? "" : ",") + (word.find(' ') == word.npos ? word : "\"" + word + "\"");
  return text;
}
}  // namespace

void add_import(CLI::App& command, Context& context) {
  struct Wanted {
    std::string source, to;
    data::ImportOptions options;
  };
  auto wanted = std::make_shared<Wanted>();
  CLI::App* app =
      command.add_subcommand("import", "make a data folder from data in other layouts and formats");
  app->add_option("SOURCE", wanted->source, "file or folder to read; it is not changed")->required();
  app->add_option("--to", wanted->to, "data folder to make; must not be there yet")
      ->required()
      ->type_name("DIR");
  app->add_option("--as", wanted->options.format, "the format, when it is not recognised")
      ->type_name("FORMAT");
  app->add_option("--label", wanted->options.label,
                  "the label of everything, where the source does not say it");
  app->add_option("--rate", wanted->options.rate_hz, "steps a second of series without times")
      ->type_name("HZ")
      ->check(CLI::PositiveNumber);
  app->add_option("--axes", wanted->options.axes, "names of the axes or columns, where there are none")
      ->delimiter(',')
      ->type_name("A,B,...");
  app->add_option("--labels", wanted->options.labels_file,
                  "stretches of a series with labels: start,end,label")
      ->type_name("FILE");
  app->add_flag("--skip-bad", wanted->options.skip_bad, "leave out what cannot be read, and list it");
  app->add_flag("--json", context.console.json, "the last line of standard output is one JSON object");
  app->footer(formats_text());
  app->callback([&context, wanted] { import(context, wanted->source, wanted->to, wanted->options); });
}

void record(Context& context, const data::RecordOptions& options) {
  const auto done = data::record(options, context.console);
  if (!done.ok()) {
    context.exit_code = context.console.fail(done.error());
    return;
  }
  std::string text = "Recorded " + std::to_string(done->files.size()) + " x '" + options.label +
                     "': " + done->folder + "/" + done->files.front() + " to " + done->files.back();
  if (done->rate_hz > 0) {
    char rate[64];
    std::snprintf(rate, sizeof rate, " at %g Hz%s", done->rate_hz, done->rate_measured ? " (measured)" : "");
    text += rate;
  }
  text += ".\n";
  for (const std::string& note : done->notes) text += "Note: " + note + ".\n";
  context.console.print(text);
  context.exit_code = context.console.finish({{"folder", done->folder},
                                              {"files", done->files},
                                              {"rate_hz", done->rate_hz},
                                              {"rate_measured", done->rate_measured},
                                              {"notes", done->notes}});
}

void add_record(CLI::App& command, Context& context) {
  auto options = std::make_shared<data::RecordOptions>();
  CLI::App* app = command.add_subcommand(
      "record", "record from a microphone, a camera or a board's serial line into a data folder");
  app->add_option(
         "--from", options->from,
         "microphone[:NAME], camera[:/dev/video0], serial:/dev/ttyACM0 (lines such as 1.2,3.4,5.6), or "
         "file:PATH in the place of a microphone (.wav) or a serial line (text)")
      ->required()
      ->type_name("SENSOR");
  app->add_option("--label", options->label, "what is recorded: becomes a folder")->required();
  app->add_option("--to", options->to, "data folder; what is in it stays")
      ->type_name("DIR")
      ->capture_default_str();
  app->add_option("--seconds", options->seconds, "length of one recording")->capture_default_str();
  app->add_option("--count", options->count, "how many")->capture_default_str();
  app->add_option("--pause", options->pause_seconds, "seconds to get ready before each")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app->add_option("--group", options->group, "who or what is recorded; a group never is on two sides");
  app->add_option("--rate", options->rate_hz, "of sound (16000), or of rows (measured)")
      ->type_name("HZ")
      ->check(CLI::PositiveNumber);
  app->add_option("--axes", options->axes, "names of the numbers in a row")
      ->delimiter(',')
      ->type_name("A,B,...");
  app->add_option("--baud", options->baud, "speed of a serial line")->capture_default_str();
  app->add_option("--width", options->width, "of pictures")
      ->check(CLI::Range(2, 4096))
      ->capture_default_str();
  app->add_option("--height", options->height, "of pictures")
      ->check(CLI::Range(2, 4096))
      ->capture_default_str();
  app->add_flag("--json", context.console.json, "the last line of standard output is one JSON object");
  app->footer(
      "Example:\n  tadpole data record --from microphone --label yes --count 20 --group ana\n"
      "  tadpole data record --from serial:/dev/ttyACM0 --label punch --seconds 2");
  app->callback([&context, options] { record(context, *options); });
}

}  // namespace

void add_data(CLI::App& app, Context& context) {
  CLI::App* command = add_command(app, context, "data",
                                  "show the recordings of the project: classes, sides, speakers, warnings",
                                  "tadpole data\n  tadpole data import Downloads/speech_commands --to words\n"
                                  "  tadpole data record --from microphone --label yes\n"
                                  "  tadpole data starter recordings",
                                  Needs::project);
  auto folder = std::make_shared<std::string>();
  CLI::App* starter =
      command->add_subcommand("starter", "make a starter set of spoken words with synthetic voices");
  starter->add_option("DIR", *folder, "folder to make")->required();
  starter->add_flag("--json", context.console.json, "the last line of standard output is one JSON object");
  auto starter_options = std::make_shared<data::StarterOptions>();
  starter
      ->add_option("--words", starter_options->words,
                   "words to be spoken, read as English; without: six usual ones")
      ->delimiter(',')
      ->type_name("A,B,...");
  starter->add_option("--takes", starter_options->takes, "of each word by each of the 50 voices")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  starter->footer(
      "Example:\n  tadpole data starter recordings\n  tadpole data starter lamp --words \"light on,light "
      "off\" --takes 4");
  starter->callback([&context, folder, starter_options] {
    Workers workers(base::processor_count());
    const auto made = data::make_starter_set(*folder, *starter_options, workers, context.console);
    if (!made.ok()) {
      context.exit_code = context.console.fail(made.error());
      return;
    }
    context.console.print("Made " + std::to_string(made->recordings) + " recordings of " +
                          std::to_string(made->voices) + " synthetic voices in " + *folder +
                          ". Real voices are harder: record your own when you can.\nNext:\n"
                          "  tadpole new NAME --task keyword --data " +
                          *folder + " --words " + joined(starter_options->words) + "\n");
    context.exit_code = context.console.finish(
        {{"folder", *folder}, {"recordings", made->recordings}, {"voices", made->voices}});
  });
  add_import(*command, context);
  add_record(*command, context);
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
