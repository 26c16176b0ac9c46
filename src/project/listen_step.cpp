// tadpole listen: app::SpeechInput, which the firmware runs, fed with live sound.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "data/sound_source.h"
#include "device/app/frame.h"
#include "device/app/speech_input.h"
#include "project/listen.h"
#include "project/listening.h"
#include "project/sections.h"
#include "project/task.h"

namespace tadpole::project {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPieceMs = 20;
constexpr double kQuietestDb = -96;  // half a step of 16 bits

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// What listens: an int8 model with the settings of its project.
struct Ears {
  std::string model;
  ProjectConfig config;
  ir::Graph graph;
  features::FeatureBlock block;
  std::vector<std::string> labels;
};

/// The classes of a model that no run has described, by the order that training gives them.
Result<std::vector<std::string>> labels_by_count(const std::string& path, const ProjectConfig& config,
                                                 int64_t outputs) {
  const std::vector<std::string>& words = config.data.classes;
  const int64_t others = outputs - static_cast<int64_t>(words.size());
  if (words.empty() || others < 1 || others > 2) {
    return Error{Code::input_size, path + ": gives " + std::to_string(outputs) +
                                       " scores; [data] classes names " + std::to_string(words.size()) +
                                       " words, which makes one more (silence) or two (silence, unknown)."};
  }
  std::vector<std::string> labels = {std::string(samples::kSilenceName)};
  if (others == 2) labels.emplace_back(samples::kUnknownName);
  labels.insert(labels.end(), words.begin(), words.end());
  return labels;
}

/// Of the newest run, or options.model with the newest run's settings, or with the project's when there is no
/// run.
Result<Ears> open_ears(const Project& current, const std::string& model) {
  const auto run = current.latest_run(model.empty() ? "model.tflite" : "report.json", "tadpole quantise");
  if (!run.ok() && model.empty()) return run.error();
  const std::string path = model.empty() ? *run + "/model.tflite" : model;
  TADPOLE_TRY(const Project project, run.ok() ? current.as_of(*run) : Result<Project>(current));
  const ProjectConfig& config = project.config();
  if (!task_of(config).listens) {
    return Error{Code::config_bad_value, "tadpole.toml: project.task = \"" + config.task +
                                             "\" hears nothing; tadpole listen is for \"keyword\"."};
  }
  TADPOLE_TRY(ir::Graph graph, read_model(path));
  TADPOLE_TRY(features::FeatureBlock block, features::FeatureBlock::create(config.features));
  std::vector<std::string> labels;
  if (run.ok()) {
    TADPOLE_TRY(const RunReport report, RunReport::open(*run));
    TADPOLE_TRY(labels, labels_of(report, *run));
  } else {
    TADPOLE_TRY(labels, labels_by_count(path, config, outputs_in(graph)));
  }
  TADPOLE_CHECK(check_model_ends(path, graph, block, static_cast<int64_t>(labels.size())));
  if (graph.tensors[static_cast<size_t>(graph.inputs[0])].type != ir::DType::int8) {
    return Error{Code::type_unsupported,
                 path +
                     ": is a float model; the firmware, and with it tadpole listen, needs int8. Make one: "
                     "tadpole quantise, or tadpole convert."};
  }
  return Ears{path, config, std::move(graph), std::move(block), std::move(labels)};
}

/// The firmware's parts with their memory. Neither copied nor moved: they point at each other.
class Board {
 public:
  Board(const Ears& ears, const plan::Plan& plan)
      : labels_(ears.labels.size()),
        spotter_(spotter_of(ears.config, ears.labels)),
        quantiser_(quantiser_of(ears)),
        stream_memory_(dsp::stream_bytes(ears.block.device()) / 2 + 1),
        scratch_(dsp::scratch_bytes(ears.block.device()) / 4 + 1),
        history_(app::kSpotterResults * labels_),
        input_(static_cast<size_t>(ears.block.size())),
        output_(labels_),
        payload_(app::kMaxPayload),
        runner_(plan) {
    const app::SpeechParts parts = {&ears.block.device(), &quantiser_, stream_memory_.data(),
                                    scratch_.data(),      &spotter_,   history_.data()};
    fits_ = speech_.init(parts, static_cast<uint32_t>(input_.size()), static_cast<uint32_t>(labels_));
    if (fits_) speech_.reset(app::kStream);
  }
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  bool fits() const { return fits_; }

  /// One RESULT of the firmware.
  struct Answer {
    int64_t time_ms;
    int label;                       ///< announced now, or -1
    std::span<const uint8_t> means;  ///< of each label, of 255; valid until the next call
  };

  /// Takes samples, and calls `take` after each inference.
  template <class Take>
  void hear(std::span<const int16_t> pcm, Take take) {
    bytes_.clear();
    for (const int16_t value : pcm) {
      bytes_.push_back(static_cast<uint8_t>(value & 255));
      bytes_.push_back(static_cast<uint8_t>(static_cast<uint16_t>(value) >> 8));
    }
    for (size_t at = 0; at < pcm.size();) {
      bool due = false;
      at += speech_.push(bytes_.data() + 2 * at, static_cast<uint32_t>(pcm.size() - at), &due);
      if (!due) continue;
      speech_.fill(input_.data());
      runner_.run(std::span(reinterpret_cast<const uint8_t*>(input_.data()), input_.size()), output_);
      speech_.result(reinterpret_cast<const int8_t*>(output_.data()), payload_.data());
      const int label = payload_[4] == 255 ? -1 : payload_[4];
      take(Answer{app::get_u32(payload_.data()), label, std::span(payload_).subspan(6, labels_)});
    }
  }

 private:
  static dsp::FeatureQuantiser quantiser_of(const Ears& ears) {
    const ir::Tensor& input = ears.graph.tensors[static_cast<size_t>(ears.graph.inputs[0])];
    return features::make_feature_quantiser(ears.block.scale(), input.quantisation->scales[0],
                                            input.quantisation->zero_points[0]);
  }

  size_t labels_;
  app::SpotterConfig spotter_;
  dsp::FeatureQuantiser quantiser_;
  std::vector<int16_t> stream_memory_;
  std::vector<uint32_t> scratch_;
  std::vector<uint8_t> history_;
  std::vector<int8_t> input_;
  std::vector<uint8_t> output_, payload_, bytes_;
  plan::Runner runner_;
  app::SpeechInput speech_;
  bool fits_ = false;
};

/// Loudness of what was heard since the last look.
class Level {
 public:
  void add(std::span<const int16_t> pcm) {
    for (const int16_t value : pcm) power_ += static_cast<double>(value) * value;
    count_ += pcm.size();
  }
  double take_db() {
    const double mean = count_ > 0 ? power_ / static_cast<double>(count_) / (32768.0 * 32768.0) : 0;
    power_ = 0;
    count_ = 0;
    return mean > 0 ? std::max(kQuietestDb, 10 * std::log10(mean)) : kQuietestDb;
  }

 private:
  double power_ = 0;
  size_t count_ = 0;
};

/// Waits until `heard_s` of sound would have come from a microphone that started at `begin`.
void keep_pace(Clock::time_point begin, double heard_s, const Progress& progress) {
  while (seconds_since(begin) < heard_s && !progress.cancelled())
    std::this_thread::sleep_for(
        std::chrono::duration<double>(std::min(0.02, heard_s - seconds_since(begin))));
}

}  // namespace

Result<ListenSummary> listen_live(const Project& project, const ListenOptions& options, HearingShow& show,
                                  Tools tools) {
  TADPOLE_TRY(const Ears ears, open_ears(project, options.model));
  TADPOLE_TRY(const plan::Plan plan, plan::lower(ears.graph, {.kernels = "host"}));
  Board board(ears, plan);
  if (!board.fits()) {
    return Error{Code::config_bad_value,
                 "tadpole.toml: [deploy] asks for a spotter that the firmware cannot "
                 "run. Take the values that tadpole new writes."};
  }
  const int rate_hz = ears.config.features.sample_rate_hz;
  TADPOLE_TRY(const auto source, data::open_sound_source(options.from, rate_hz));
  const auto most = options.seconds > 0 ? std::llround(options.seconds * rate_hz) : INT64_MAX;
  const size_t first_word = static_cast<size_t>(spotter_of(ears.config, ears.labels).first_keyword);

  ListenSummary summary;
  summary.model = ears.model;
  Level level;
  int64_t heard = 0;
  double told_s = 0;
  const auto tell = [&](const Board::Answer& answer) {
    const Clock::time_point start = Clock::now();
    ++summary.inferences;
    const auto best =
        std::max_element(answer.means.begin() + static_cast<std::ptrdiff_t>(first_word), answer.means.end());
    const auto score = [&](size_t label) { return answer.means[label] / 255.0; };
    const auto top = static_cast<size_t>(best - answer.means.begin());
    show.now({static_cast<double>(answer.time_ms) / 1000, level.take_db(), ears.labels[top], score(top)});
    if (answer.label >= 0) {
      const std::string& word = ears.labels[static_cast<size_t>(answer.label)];
      ++summary.events;
      ++summary.words[word];
      show.event({word, answer.time_ms, score(static_cast<size_t>(answer.label))});
    }
    told_s += seconds_since(start);
  };
  const Clock::time_point begin = Clock::now();
  while (heard < most && !tools.progress.cancelled()) {
    const size_t piece = static_cast<size_t>(std::min<int64_t>(rate_hz * kPieceMs / 1000, most - heard));
    const auto pcm = source->next(piece, tools.progress);
    if (!pcm.ok() && pcm.error().code == Code::cancelled) break;
    if (!pcm.ok()) return pcm.error();
    if (pcm->empty()) break;
    if (options.real_time)
      keep_pace(begin, static_cast<double>(heard + static_cast<int64_t>(pcm->size())) / rate_hz,
                tools.progress);
    level.add(*pcm);
    const Clock::time_point start = Clock::now();
    board.hear(*pcm, tell);
    summary.computed_s += seconds_since(start);
    heard += static_cast<int64_t>(pcm->size());
  }
  summary.seconds = static_cast<double>(heard) / rate_hz;
  summary.computed_s -= told_s;
  return summary;
}

}  // namespace tadpole::project
