#include "project/gate.h"

#include <algorithm>
#include <filesystem>

#include "data/files.h"
#include "project/task.h"
#include "unsupervised/threshold.h"

namespace tadpole::project {

namespace {

using nlohmann::json;

constexpr const char* kFile = "/gate.json";

Error bad_gate(const std::string& what) {
  return {Code::config_bad_value, "[gate] method: " + what + " Use method = \"none\"."};
}

Result<void> check(const ProjectConfig& config, int64_t inputs) {
  if (task_of(config).goal != GoalKind::classes || task_of(config).listens)
    return bad_gate("task \"" + config.task + "\" has no classes of a sensor's windows.");
  if (inputs > app::kGateWidth) {
    return bad_gate("the features have " + std::to_string(inputs) + " values; a gate takes at most " +
                    std::to_string(app::kGateWidth) +
                    ". A block with fewer, such as statistics or spectral, has room for one.");
  }
  return {};
}

const ir::Quantisation& input_of(const ir::Graph& graph) {
  return *graph.tensors[static_cast<size_t>(graph.inputs[0])].quantisation;
}

/// What goes into the model for each sample, [indices, inputs].
std::vector<int8_t> inputs_of(const ir::Graph& graph, const Prepared& prepared,
                              std::span<const int> indices) {
  std::vector<int8_t> inputs;
  for (const int index : indices) {
    for (const uint8_t byte : model_input(graph, prepared.block, prepared.features.plain_row(index)))
      inputs.push_back(static_cast<int8_t>(byte));
  }
  return inputs;
}

Result<unsupervised::Gate> fit(const ProjectConfig& config, const std::vector<int8_t>& inputs, int width,
                               Tools tools) {
  const std::vector<float> values(inputs.begin(), inputs.end());
  const unsupervised::Points points{values, static_cast<int>(values.size()) / width, width};
  TADPOLE_TRY(const unsupervised::Standardiser standardiser, unsupervised::fit_standardiser(points));
  const std::vector<float> scaled = standardiser.apply(points);
  const unsupervised::Points even{scaled, points.count, width};
  // The numbers are those that are stored.
  const unsupervised::StoredFeature stored;
  if (config.gate.method == "mahalanobis") {
    TADPOLE_TRY(const unsupervised::Gaussian model, unsupervised::fit_gaussian(even));
    return unsupervised::make_gate(model, standardiser, stored, 0);
  }
  TADPOLE_TRY(const unsupervised::KMeans model,
              unsupervised::k_means(even, {.centres = config.gate.centres, .seed = config.train.seed},
                                    tools.workers, tools.progress));
  return unsupervised::make_gate(model, standardiser, stored, 0);
}

std::vector<uint64_t> squared_distances(const unsupervised::Gate& gate, const std::vector<int8_t>& inputs) {
  const app::AnomalyGate view = gate.view();
  std::vector<uint64_t> squared;
  for (size_t at = 0; at < inputs.size(); at += static_cast<size_t>(gate.width))
    squared.push_back(app::judge(view, inputs.data() + at).squared);
  return squared;
}

json refused_of(const std::vector<uint64_t>& squared, uint64_t threshold) {
  const auto refused =
      std::count_if(squared.begin(), squared.end(), [&](uint64_t one) { return one > threshold; });
  return {{"count", squared.size()}, {"refused", refused}};
}

/// So that at most this share lies above.
uint64_t border(std::vector<uint64_t> squared, double share) {
  std::sort(squared.begin(), squared.end());
  const auto above = static_cast<size_t>(share * static_cast<double>(squared.size()));
  return squared[squared.size() - 1 - std::min(above, squared.size() - 1)];
}

template <class T>
std::vector<T> numbers(const json& object, const char* key) {
  return object.at(key).get<std::vector<T>>();
}

ModelGate gate_from(const json& file) {
  ModelGate read;
  read.method = file.at("method").get<std::string>();
  read.input_scale = file.at("input_scale").get<float>();
  read.input_zero_point = file.at("input_zero_point").get<int32_t>();
  read.usual = numbers<int8_t>(file, "usual");
  unsupervised::Gate& gate = read.gate;
  gate.kind = read.method == "mahalanobis" ? app::GateKind::whitening : app::GateKind::nearest_centre;
  gate.width = file.at("width").get<int>();
  gate.rows = file.at("rows").get<int>();
  gate.offset = numbers<int32_t>(file, "offset");
  gate.multiplier = numbers<int32_t>(file, "multiplier");
  gate.shift = numbers<int8_t>(file, "shift");
  gate.row_shift = numbers<int8_t>(file, "row_shift");
  gate.matrix = numbers<int16_t>(file, "matrix");
  gate.threshold = file.at("threshold").get<uint64_t>();
  return read;
}

bool sizes_fit(const ModelGate& read, int64_t inputs) {
  const unsupervised::Gate& gate = read.gate;
  if (gate.width != inputs || gate.width < 1 || gate.width > app::kGateWidth || gate.rows < 1 ||
      gate.rows > 255 + 1)
    return false;
  const auto width = static_cast<size_t>(gate.width), rows = static_cast<size_t>(gate.rows);
  const bool whitening = gate.kind == app::GateKind::whitening;
  return read.usual.size() == width && gate.offset.size() == width && gate.multiplier.size() == width &&
         gate.shift.size() == width && gate.row_shift.size() == (whitening ? width : 0) &&
         gate.matrix.size() == (whitening ? width * (width + 1) / 2 : rows * width) &&
         app::valid(gate.view());
}

}  // namespace

Result<std::optional<ModelGate>> learn_gate(const ProjectConfig& config, const Prepared& prepared,
                                            const ir::Graph& int8, Tools tools) {
  if (config.gate.method == "none") return std::optional<ModelGate>();
  TADPOLE_CHECK(check(config, prepared.block.size()));
  const int width = static_cast<int>(prepared.block.size());
  const auto side = [&](samples::Side which) {
    return inputs_of(int8, prepared, prepared.data().indices(which));
  };
  const std::vector<int8_t> training = side(samples::Side::train),
                            validation = side(samples::Side::validation);
  ModelGate made;
  made.method = config.gate.method;
  made.input_scale = input_of(int8).scales[0];
  made.input_zero_point = input_of(int8).zero_points[0];
  TADPOLE_TRY(made.gate, fit(config, training, width, tools));
  const std::vector<uint64_t> usual = squared_distances(made.gate, training);
  const std::vector<uint64_t> chosen_on =
      validation.empty() ? usual : squared_distances(made.gate, validation);
  made.gate.threshold = border(chosen_on, static_cast<double>(config.gate.false_refusals) / 100);
  const auto least = std::min_element(usual.begin(), usual.end()) - usual.begin();
  made.usual.assign(training.begin() + least * width, training.begin() + (least + 1) * width);
  app::GateAnswer at_threshold{};
  at_threshold.squared = made.gate.threshold;
  made.section = {
      {"method", made.method},
      {"threshold", unsupervised::Gate::distance(at_threshold)},
      {"false_refusals_percent", config.gate.false_refusals},
      {"chosen_on", validation.empty() ? "train" : "validation"},
      {"validation", refused_of(chosen_on, made.gate.threshold)},
      {"test", refused_of(squared_distances(made.gate, side(samples::Side::test)), made.gate.threshold)}};
  return std::optional<ModelGate>(std::move(made));
}

Result<void> save_gate(const std::optional<ModelGate>& gate, const std::string& run) {
  if (!gate) {
    std::error_code failed;
    std::filesystem::remove(run + kFile, failed);
    if (failed) return Error{Code::file_unwritable, run + kFile + ": cannot be removed: " + failed.message()};
    return {};
  }
  const unsupervised::Gate& g = gate->gate;
  const json file = {{"format", 1},
                     {"method", gate->method},
                     {"input_scale", gate->input_scale},
                     {"input_zero_point", gate->input_zero_point},
                     {"usual", gate->usual},
                     {"width", g.width},
                     {"rows", g.rows},
                     {"offset", g.offset},
                     {"multiplier", g.multiplier},
                     {"shift", g.shift},
                     {"row_shift", g.row_shift},
                     {"matrix", g.matrix},
                     {"threshold", g.threshold}};
  return data::write_text(run + kFile, file.dump() + "\n");
}

Result<std::optional<ModelGate>> read_gate(const std::string& run, const ir::Graph& int8) {
  std::error_code ignored;
  if (!std::filesystem::exists(run + kFile, ignored)) return std::optional<ModelGate>();
  TADPOLE_TRY(const std::string text, data::read_text(run + kFile));
  const Error damaged{Code::file_unreadable, run + kFile + " is damaged. Make it again: tadpole quantise"};
  const json file = json::parse(text, nullptr, false);
  if (!file.is_object() || file.value("format", json()) != json(1)) return damaged;
  ModelGate read;
  try {  // a key that is missing or of another type
    read = gate_from(file);
  } catch (const json::exception&) {
    return damaged;
  }
  const ir::Tensor& input = int8.tensors[static_cast<size_t>(int8.inputs[0])];
  if (!sizes_fit(read, ir::element_count(input.shape)) || !input.quantisation) return damaged;
  if (input.quantisation->scales[0] != read.input_scale ||
      input.quantisation->zero_points[0] != read.input_zero_point) {
    return Error{Code::run_missing, run + kFile + " was learnt for another model than " + run +
                                        "/model.tflite. Run first: tadpole quantise"};
  }
  return std::optional<ModelGate>(std::move(read));
}

bool refuses(const ModelGate& gate, std::span<const uint8_t> input) {
  return app::judge(gate.gate.view(), reinterpret_cast<const int8_t*>(input.data())).anomaly;
}

std::vector<uint8_t> refusal(size_t labels) { return std::vector<uint8_t>(labels, 0x80); }

}  // namespace tadpole::project
