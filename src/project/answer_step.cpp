// tadpole run RECORDING: what the newest int8 model hears in one recording.
#include <algorithm>

#include "data/audio_file.h"
#include "data/files.h"
#include "project/prepare.h"
#include "project/sections.h"

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

}  // namespace

Result<Answer> answer_recording(const Project& current, const std::string& path) {
  TADPOLE_TRY(const std::string run, current.latest_run("model.tflite", "tadpole quantise"));
  TADPOLE_TRY(const Project project, current.as_of(run));
  TADPOLE_TRY(const ir::Graph graph, read_model(run + "/model.tflite"));
  TADPOLE_TRY(const plan::Plan plan, plan::lower(graph, {.kernels = "host"}));
  TADPOLE_TRY(const features::FeatureBlock block, features::FeatureBlock::create(project.config().features));
  TADPOLE_TRY(const RunReport report, RunReport::open(run));
  TADPOLE_TRY(const data::AudioFile file, data::read_audio(path, project.config().features.sample_rate_hz));

  Answer answer;
  TADPOLE_TRY(answer.classes, labels_of(report, run));
  TADPOLE_CHECK(check_speech_model(run + "/model.tflite", graph, block, answer.classes.size()));
  answer.conversions = sentences(file.conversions, project.config().features.sample_rate_hz);
  std::vector<uint8_t> output(static_cast<size_t>(plan.output_bytes()));
  const std::vector<int16_t> features = block.extract(file.audio.pcm);
  const std::vector<uint8_t> input = model_input(graph, block, features);
  plan::Runner(plan).run(input, output);
  const std::vector<float> scores = real_scores(graph, output);
  answer.scores.assign(scores.begin(), scores.end());
  const auto best = std::max_element(scores.begin(), scores.end());
  answer.label = answer.classes[static_cast<size_t>(best - scores.begin())];
  answer.score = *best;
  return answer;
}

}  // namespace tadpole::project
