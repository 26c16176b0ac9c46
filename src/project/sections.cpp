// Report sections that several steps share.
#include "project/sections.h"

#include <algorithm>
#include <ctime>

#include "features/spectrogram.h"
#include "project/task.h"

namespace tadpole::project {

using nlohmann::json;

namespace {

std::string now_utc() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

json data_section(const data::DataReport& report, const samples::Dataset& data) {
  json table = json::array(), warnings = json::array();
  for (const data::DataReport::ClassRow& row : report.classes) {
    table.push_back({{"class", row.name},
                     {"train", row.count[0]},
                     {"validation", row.count[1]},
                     {"test", row.count[2]},
                     {"seconds", row.seconds},
                     {"groups", row.groups}});
  }
  for (const data::Finding& warning : report.warnings) warnings.push_back(warning.sentence);
  return {{"classes", data.classes},
          {"table", table},
          {"split_story", report.split_story},
          {"warnings", warnings},
          {"conversions", report.notes}};
}

json features_section(const features::FeatureBlock& block) {
  const features::FeatureConfig& config = block.config();
  const auto [height, width, channels] = block.shape();
  json section = {{"block", config.block},
                  {"signal", features::signal_kind_name(block.kind())},
                  {"shape", {height, width, channels}}};
  if (block.kind() == features::SignalKind::series) {
    section["axes"] = config.axes;
    section["rate_hz"] = config.rate_hz;
    section["steps"] = config.steps;
  }
  if (block.kind() != features::SignalKind::audio) return section;
  const dsp::SpeechFeatures& device = block.device();
  section.update({{"sample_rate_hz", config.sample_rate_hz},
                  {"window_ms", config.window_ms},
                  {"stride_ms", config.stride_ms},
                  {"frames", block.frames()},
                  {"values_per_frame", block.values_per_frame()},
                  {"bands", config.bands},
                  {"ram_bytes", dsp::scratch_bytes(device) + dsp::stream_bytes(device)}});
  return section;
}

json model_section(const std::string& architecture, const ir::Graph& graph) {
  json layers = json::array();
  for (const ir::Node& node : graph.nodes) {
    int64_t parameters = 0;
    for (int i = 1; i < static_cast<int>(node.inputs.size()); ++i) {
      if (ir::Graph::has_input(node, i) && graph.input_of(node, i).is_constant())
        parameters += ir::element_count(graph.input_of(node, i).shape);
    }
    layers.push_back({{"name", node.name},
                      {"op", ir::op_name(node.op)},
                      {"output_shape", graph.output_of(node).shape},
                      {"parameters", parameters},
                      {"macs", ir::multiply_accumulates(graph, node)}});
  }
  return {{"architecture", architecture},
          {"parameters", ir::parameter_count(graph)},
          {"macs", ir::multiply_accumulates(graph)},
          {"layers", layers}};
}

}  // namespace

Result<std::vector<std::string>> labels_of(const RunReport& report, const std::string& run) {
  const json::json_pointer path("/data/classes");
  std::vector<std::string> labels;
  if (report.json.contains(path) && report.json.at(path).is_array()) {
    for (const json& label : report.json.at(path))
      labels.push_back(label.is_string() ? label.get<std::string>() : "?");
  }
  if (labels.empty())
    return Error{Code::file_unreadable, run + "/report.json does not list the classes. Train again."};
  return labels;
}

float threshold_in(const RunReport& report) {
  const json::json_pointer path("/evaluation/int8/threshold");
  if (!report.json.contains(path) || !report.json.at(path).is_number()) return 0;
  return report.json.at(path).get<float>();
}

json base_sections(const Project& project, const Prepared& prepared, const ir::Graph& graph) {
  const ProjectConfig& config = project.config();
  const auto& samples = prepared.data().samples;
  const bool synthetic = std::any_of(samples.begin(), samples.end(), [](const samples::Sample& sample) {
    return sample.source == "synthetic";
  });
  return {{"format", 1},
          {"project",
           {{"name", config.name},
            {"task", config.task},
            {"tadpole_version", TADPOLE_VERSION},
            {"created_utc", now_utc()},
            {"command_lines", json::array()}}},
          {"synthetic", synthetic},
          {"data", data_section(prepared.import->report, prepared.data())},
          {"features", features_section(prepared.block)},
          {"model", model_section(config.architecture, graph)}};
}

json epoch_json(const train::EpochMetrics& m) {
  return {{"epoch", m.epoch},
          {"update", m.update},
          {"learning_rate", m.learning_rate},
          {"train_loss", m.train_loss},
          {"train_accuracy", m.train_accuracy},
          {"validation_loss", m.validation_loss},
          {"validation_accuracy", m.validation_accuracy},
          {"train_error", m.train_error},
          {"validation_error", m.validation_error},
          {"seconds", m.seconds},
          {"samples_per_second", m.samples_per_second}};
}

json train_section(const train::TrainResult& result, const ProjectConfig& config, int threads) {
  json epochs = json::array();
  const bool classes = task_of(config).goal == GoalKind::classes;
  for (const train::EpochMetrics& metrics : result.history) {
    json row = epoch_json(metrics);
    for (const char* key : {"train_accuracy", "validation_accuracy", "train_error", "validation_error"}) {
      const bool error = std::string_view(key).ends_with("error");
      if (error == classes) row.erase(key);
    }
    epochs.push_back(std::move(row));
  }
  return {{"epochs", epochs},          {"best_epoch", result.best_epoch},
          {"seconds", result.seconds}, {"samples_per_second", result.samples_per_second},
          {"seed", config.train.seed}, {"threads", threads}};
}

Result<json> spectrogram_section(const Prepared& prepared, const ir::Graph& graph, const plan::Plan& plan) {
  const samples::Dataset& data = prepared.data();
  json pictures = json::array();
  plan::Runner runner(plan);
  std::vector<bool> shown(data.classes.size(), false);
  for (const int index : data.indices(samples::Side::test)) {
    const size_t target = static_cast<size_t>(data.target[static_cast<size_t>(index)]);
    if (shown[target]) continue;
    shown[target] = true;
    const samples::Sample& sample = data.samples[static_cast<size_t>(index)];
    const features::Spectrogram picture = features::log_mel_picture(prepared.block, sample.audio().pcm);
    std::vector<uint8_t> output(static_cast<size_t>(plan.output_bytes()));
    runner.reset();
    runner.run(model_input(graph, prepared.block, prepared.features.plain_row(index)), output);
    const std::vector<float> scores =
        real_values(graph.tensors[static_cast<size_t>(graph.outputs[0])], output);
    const size_t best = static_cast<size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
    pictures.push_back({{"class", data.classes[target]},
                        {"id", sample.id},
                        {"kind", "log_mel"},
                        {"frames", picture.rows},
                        {"values_per_frame", picture.cols},
                        {"values", picture.values},
                        {"answer", data.classes[best]},
                        {"score", scores[best]}});
  }
  return pictures;
}

}  // namespace tadpole::project
