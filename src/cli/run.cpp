// tadpole run: one file, the test side on a board, or the raw bytes of any model.
#include "base/text.h"
#include "cli/commands.h"
#include "data/files.h"
#include "project/raw_model.h"

namespace tadpole::cli {

namespace {

struct RunFlags {
  std::string what, board, firmware;
  std::vector<std::string> inputs, outputs;
  project::ModelBuild how;
  bool test = false;
};

std::string bar(double share, int width) {
  const int full = static_cast<int>(share * width + 0.5);
  return std::string(static_cast<size_t>(full), '#') + std::string(static_cast<size_t>(width - full), '.');
}

void run_raw(Context& context, const RunFlags& flags) {
  const auto work = [&]() -> Result<size_t> {
    std::vector<uint8_t> input;
    for (const std::string& path : flags.inputs) {
      TADPOLE_TRY(const std::vector<uint8_t> part, data::read_file(path));
      input.insert(input.end(), part.begin(), part.end());
    }
    TADPOLE_TRY(
        const auto outputs,
        project::run_model(flags.what, input, {flags.board, flags.firmware, flags.how}, context.console));
    if (flags.outputs.size() > outputs.size()) {
      return Error{Code::input_size, flags.what + " has " + std::to_string(outputs.size()) +
                                         " outputs; --output names " + std::to_string(flags.outputs.size()) +
                                         " files."};
    }
    size_t bytes = 0;
    for (size_t i = 0; i < flags.outputs.size(); ++i) {
      TADPOLE_CHECK(data::write_file(flags.outputs[i], outputs[i]));
      bytes += outputs[i].size();
    }
    return bytes;
  };
  const auto written = work();
  if (!written.ok()) {
    context.exit_code = context.console.fail(written.error());
    return;
  }
  context.console.print("Wrote " + std::to_string(*written) + " bytes to " + flags.outputs[0] +
                        (flags.outputs.size() > 1 ? " and further files." : "."));
  context.exit_code = context.console.finish({{"output", flags.outputs[0]}, {"output_bytes", *written}});
}

std::string answer_text(const project::Answer& answer) {
  std::string text;
  char line[160];
  for (const std::string& note : answer.conversions) text += note + "\n";
  if (answer.threshold) {
    std::snprintf(line, sizeof line, "%s: score %.5g, threshold %.5g\n", answer.label.c_str(), answer.score,
                  *answer.threshold);
    return text + line;
  }
  if (answer.label.empty()) {
    for (size_t i = 0; i < answer.classes.size(); ++i) {
      std::snprintf(line, sizeof line, "%s = %.6g\n", answer.classes[i].c_str(), answer.scores[i]);
      text += line;
    }
    return text;
  }
  text += answer.label + " (" + percent(answer.score) + ")\n\n";
  for (size_t i = 0; i < answer.classes.size(); ++i) {
    std::snprintf(line, sizeof line, "  %-12s %s %s\n", answer.classes[i].c_str(),
                  bar(answer.scores[i], 30).c_str(), percent(answer.scores[i]).c_str());
    text += line;
  }
  return text;
}

void run_file(Context& context, const RunFlags& flags) {
  context.in_project(
      [&](project::Project& project, project::Tools) { return project::answer_file(project, flags.what); },
      [&](const project::Answer& answer) {
        context.console.print(answer_text(answer));
        nlohmann::json shown = {{"classes", answer.classes}, {"scores", answer.scores}};
        if (!answer.label.empty()) shown["label"] = answer.label, shown["score"] = answer.score;
        if (answer.threshold) shown["threshold"] = *answer.threshold;
        return shown;
      });
}

void run_test(Context& context, const RunFlags& flags) {
  context.in_project(
      [&](project::Project& project, project::Tools tools) {
        return project::test_on_board(
            project, flags.board.empty() ? project.config().deploy.board : flags.board, tools);
      },
      [&](const project::BoardTestSummary& s) {
        char speed[160];
        std::snprintf(speed, sizeof speed,
                      "\nThe board answered %d samples in %.1f s; %d of %d answers equal the host's, %d "
                      "to the last byte.\n",
                      s.count, s.seconds, s.same_answers, s.count, s.same_bytes);
        std::string text =
            speed + std::string("On the board: ") + headline_text(s.headline_name, s.on_board) + "\n";
        const nlohmann::json heard = s.stream.is_object() ? s.stream.value("board", nlohmann::json::object())
                                                          : nlohmann::json::object();
        if (!heard.empty()) {
          char line[200];
          std::snprintf(line, sizeof line,
                        "In a recording of %.0f s with %d words: %d heard, %d missed, %d false alarms (%.0f "
                        "an hour).\n",
                        s.stream.value("seconds", 0.0), s.stream.value("events", 0), heard.value("hits", 0),
                        heard.value("misses", 0), heard.value("false_accepts", 0),
                        heard.value("false_accepts_per_hour", 0.0));
          text += line;
        }
        context.console.print(text + "Report: " + s.report + "\n");
        return nlohmann::json{{"count", s.count},
                              {"same_answers", s.same_answers},
                              {"same_bytes", s.same_bytes},
                              {"board_" + s.headline_name, or_null(s.on_board)},
                              {"board_equals_host", s.count == s.same_bytes},
                              {"seconds", s.seconds},
                              {"stream", s.stream},
                              {"report", s.report}};
      });
}

}  // namespace

void add_run(CLI::App& app, Context& context) {
  CLI::App* command = add_command(
      app, context, "run", "answer for a file, the test side on a board, or raw bytes of any model",
      "tadpole run data/yes/17.wav\n  tadpole run --board virtual-nano33ble --test\n"
      "  tadpole run model.tflite --input in.bin --output out.bin --board virtual-nano33ble",
      Needs::project);
  auto flags = std::make_shared<RunFlags>();
  command->add_option(
      "WHAT", flags->what,
      "a recording, picture or CSV file, or a model (.tflite, .onnx, .blob) with --input and --output");
  command->add_option("--board", flags->board, "where to run; without it: on this computer")
      ->type_name("NAME");
  command->add_flag("--test", flags->test, "send the test side to the board and compare with this computer");
  command
      ->add_option("--firmware", flags->firmware,
                   "with a blob: the runner to put it into; built there when it does not exist")
      ->type_name("ELF");
  add_build_options(*command, flags->how);
  auto* input = command
                    ->add_option("--input", flags->inputs,
                                 "little-endian bytes of the model's input 0; once for each input")
                    ->type_name("FILE")
                    ->allow_extra_args(false);
  auto* output = command
                     ->add_option("--output", flags->outputs,
                                  "where to write the bytes of output 0; again for further outputs")
                     ->type_name("FILE")
                     ->allow_extra_args(false);
  input->needs(output);
  output->needs(input);
  command->callback([&context, flags] {
    if (flags->test == !flags->what.empty())
      throw CLI::ValidationError("run", "give a file, a model, or --test (one of them)");
    if (flags->test) {
      run_test(context, *flags);
    } else if (!flags->inputs.empty()) {
      run_raw(context, *flags);
    } else if (!flags->board.empty()) {
      throw CLI::ValidationError("run", "--board goes with --test, or with a model and --input and --output");
    } else {
      run_file(context, *flags);
    }
  });
}

}  // namespace tadpole::cli
