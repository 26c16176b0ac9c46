// tadpole run FILE: what the newest int8 model answers for one file.
#include <algorithm>

#include "data/audio_file.h"
#include "data/byte_stream.h"
#include "data/image_file.h"
#include "data/series_file.h"
#include "project/gate.h"
#include "project/prepare.h"
#include "project/sections.h"
#include "project/task.h"

namespace tadpole::project {

namespace {

/// What was done to a recording, as sentences; none for 16-bit mono at the right rate.
std::vector<std::string> sentences(const data::Conversions& done, int wanted_rate_hz) {
  std::vector<std::string> said;
  if (done.channels > 1)
    said.push_back("The recording has " + std::to_string(done.channels) + " channels; they were averaged.");
  if (done.encoding != "16-bit PCM")
    said.push_back("The recording is " + done.encoding + "; it was turned into 16-bit PCM.");
  if (done.rate_changed) {
    said.push_back("The recording has " + std::to_string(done.sample_rate_hz) + " Hz; it was resampled to " +
                   std::to_string(wanted_rate_hz) + " Hz.");
  }
  return said;
}

/// Some file as the signal that the block takes.
Result<samples::Signal> read_signal(const std::string& path, const features::FeatureBlock& block,
                                    std::vector<std::string>& said) {
  switch (block.kind()) {
    case features::SignalKind::audio: {
      const int rate_hz = block.config().sample_rate_hz;
      TADPOLE_TRY(data::AudioFile file, data::read_audio(path, rate_hz));
      said = sentences(file.conversions, rate_hz);
      return samples::Signal(std::move(file.audio));
    }
    case features::SignalKind::image: {
      TADPOLE_TRY(samples::Image image, data::read_image(path));
      return samples::Signal(std::move(image));
    }
    case features::SignalKind::stroke: {
      TADPOLE_TRY(const auto stream, data::open_stream(path));
      TADPOLE_TRY(samples::Stroke stroke, data::read_stroke(*stream, path));
      return samples::Signal(std::move(stroke));
    }
    case features::SignalKind::series:
      break;
  }
  TADPOLE_TRY(const auto stream, data::open_stream(path));
  TADPOLE_TRY(data::SeriesFile file, data::read_series(*stream, path));
  return samples::Signal(std::move(file.series));
}

/// The answer in words, from the bytes of the model's input and output.
Result<void> put_into_words(const ProjectConfig& config, const RunReport& report, const std::string& run,
                            const ir::Graph& graph, std::span<const uint8_t> input,
                            std::span<const uint8_t> output, Answer& answer) {
  const std::vector<float> values = real_values(graph.tensors[static_cast<size_t>(graph.outputs[0])], output);
  switch (task_of(config).goal) {
    case GoalKind::anomalies:
      answer.score = static_cast<double>(repetition_score(graph, input, output));
      answer.threshold = static_cast<double>(threshold_in(report));
      answer.label = answer.score > *answer.threshold ? kAnomalyName : kNormalName;
      return {};
    case GoalKind::numbers:
      answer.scores.assign(values.begin(), values.end());
      answer.classes = config.data.targets;
      answer.classes.resize(values.size(), "number");
      return {};
    case GoalKind::classes:
      break;
  }
  TADPOLE_TRY(answer.classes, labels_of(report, run));
  if (answer.classes.size() != values.size()) {
    return Error{Code::input_size, run + "/model.tflite gives " + std::to_string(values.size()) +
                                       " scores for " + std::to_string(answer.classes.size()) +
                                       " classes. Make it again: tadpole train, tadpole quantise."};
  }
  answer.scores.assign(values.begin(), values.end());
  const auto best = std::max_element(values.begin(), values.end());
  answer.label = answer.classes[static_cast<size_t>(best - values.begin())];
  answer.score = static_cast<double>(*best);
  return {};
}

}  // namespace

Result<Answer> answer_file(const Project& current, const std::string& path) {
  TADPOLE_TRY(const std::string run, current.latest_run("model.tflite", "tadpole quantise"));
  TADPOLE_TRY(const Project project, current.as_of(run));
  TADPOLE_TRY(const ir::Graph graph, read_model(run + "/model.tflite"));
  TADPOLE_TRY(const plan::Plan plan, plan::lower(graph, {.kernels = "host"}));
  TADPOLE_TRY(const features::FeatureBlock block, features::FeatureBlock::create(project.config().features));
  TADPOLE_TRY(const RunReport report, RunReport::open(run));
  TADPOLE_CHECK(check_model_ends(run + "/model.tflite", graph, block, outputs_in(graph)));
  Answer answer;
  TADPOLE_TRY(const samples::Signal signal, read_signal(path, block, answer.conversions));
  if (const auto accepted = block.accepts(signal); !accepted)
    return Error{accepted.error().code, path + ": " + accepted.error().detail};
  const std::vector<uint8_t> input = model_input(graph, block, block.extract(signal));
  std::vector<uint8_t> output(static_cast<size_t>(plan.output_bytes()));
  plan::Runner(plan).run(input, output);
  TADPOLE_TRY(const std::optional<ModelGate> gate, read_gate(run, graph));
  const bool refused = gate && refuses(*gate, input);
  if (refused) output = refusal(output.size());
  TADPOLE_CHECK(put_into_words(project.config(), report, run, graph, input, output, answer));
  if (refused) answer.label = kNotSeenName;
  return answer;
}

}  // namespace tadpole::project
