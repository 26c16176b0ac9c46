// tadpole quantise: the newest trained model to int8, and what that cost.
#include "convert/tflite.h"
#include "data/files.h"
#include "project/examples.h"
#include "project/gate.h"
#include "project/learning_data.h"
#include "project/metrics_log.h"
#include "project/prepare.h"
#include "project/sections.h"
#include "project/task.h"
#include "quantise/qat.h"

namespace tadpole::project {

namespace {

nlohmann::json layers_json(std::span<const quantise::LayerError> layers) {
  nlohmann::json rows = nlohmann::json::array();
  for (const quantise::LayerError& layer : layers) {
    rows.push_back({{"layer", layer.layer},
                    {"op", layer.op},
                    {"signal_to_noise_db", layer.signal_to_noise_db},
                    {"low", layer.low},
                    {"high", layer.high}});
  }
  return rows;
}

Result<JudgedModel> judge_test(const ir::Graph& graph, const Prepared& prepared, Tools tools) {
  TADPOLE_TRY(const plan::Plan plan, plan::lower(graph, {.kernels = "host"}));
  return judge_model(graph, plan, prepared, samples::Side::test, tools);
}

/// By the project's scheme. `folded` is the float model.
struct Quantised {
  quantise::QuantiseResult int8;
  nlohmann::json training;  ///< null without one
};
Result<Quantised> quantised_by(const ProjectConfig& config, const ir::Graph& folded, const Prepared& prepared,
                               Tools tools) {
  const quantise::CalibrationSet calibration = calibration_of(prepared, config.calibration_samples);
  if (config.scheme != "int8_qat") {
    TADPOLE_TRY(
        quantise::QuantiseResult int8,
        quantise::quantise_int8(folded, calibration, {.int16_activations = config.scheme == "int16x8"},
                                tools.workers, tools.progress));
    return Quantised{std::move(int8), nullptr};
  }
  quantise::QatOptions options;
  options.train = quantise::QatOptions::fine_tuning(config.train);
  options.train.updates = config.qat_updates;
  options.train.learning_rate = config.qat_learning_rate;
  prepared.goal->adjust(options.train.loss);
  const SideExamples training(prepared, samples::Side::train, &config.masks);
  const SideExamples validation(prepared, samples::Side::validation, nullptr);
  options.train.batch = std::max(1, std::min(options.train.batch, training.size()));
  TADPOLE_TRY(quantise::QatResult aware, quantise::train_int8(folded, calibration, training,
                                                              validation.size() > 0 ? &validation : nullptr,
                                                              options, tools.workers, tools.progress));
  nlohmann::json epochs = nlohmann::json::array();
  for (const train::EpochMetrics& metrics : aware.history) epochs.push_back(epoch_json(metrics));
  return Quantised{std::move(aware.int8), {{"updates", options.train.updates}, {"epochs", epochs}}};
}

/// A training on needs what the model learnt from, in the units that it learnt.
Result<void> check_scheme(const ProjectConfig& config) {
  if (config.scheme != "int8_qat" || task_of(config).goal != GoalKind::numbers) return {};
  return Error{
      Code::config_bad_value,
      "[quantise] scheme = \"int8_qat\" trains on with classes or anomalies; a model that answers with "
      "numbers in the user's units cannot. Use scheme = \"int8\" for task \"" +
          config.task + "\"."};
}

}  // namespace

Result<QuantiseSummary> quantise_project(const Project& current, Tools tools) {
  TADPOLE_TRY(const std::string run, current.latest_run("model_float.tflite", "tadpole train"));
  TADPOLE_TRY(const Project project, current.as_of(run));
  TADPOLE_CHECK(check_scheme(project.config()));
  TADPOLE_TRY(const ir::Graph folded, read_model(run + "/model_float.tflite"));
  TADPOLE_TRY(data::Import import, read_data(project, tools));
  const bool trains = project.config().scheme == "int8_qat";
  TADPOLE_TRY(const Prepared prepared, prepare(project, std::move(import), trains, tools));
  const VariantKeeper keeper(prepared, tools);
  TADPOLE_CHECK(check_model_ends(run + "/model_float.tflite", folded, prepared.block,
                                 prepared.goal->outputs(prepared.block.size())));
  TADPOLE_TRY(const Quantised made, quantised_by(project.config(), folded, prepared, tools));
  const quantise::QuantiseResult& quantised = made.int8;
  TADPOLE_TRY(
      const std::vector<uint8_t> bytes,
      convert::write_tflite(quantised.graph.graph,
                            project.config().name + ", " + project.config().scheme + ", made by Tadpole"));
  TADPOLE_TRY(const JudgedModel in_float, judge_test(folded, prepared, tools));
  TADPOLE_TRY(const JudgedModel in_int8, judge_test(quantised.graph.graph, prepared, tools));

  TADPOLE_TRY(const std::optional<ModelGate> gate,
              learn_gate(project.config(), prepared, quantised.graph.graph, tools));

  QuantiseSummary summary;
  summary.run = run;
  summary.model = run + "/model.tflite";
  TADPOLE_CHECK(data::write_file(summary.model, bytes));
  TADPOLE_CHECK(save_gate(gate, run));
  TADPOLE_TRY(const std::vector<uint8_t> float_file, data::read_file(run + "/model_float.tflite"));
  summary.tflite_bytes = static_cast<int64_t>(bytes.size());
  summary.float_bytes = static_cast<int64_t>(float_file.size());
  summary.headline_name = prepared.goal->headline_name();
  summary.in_float = in_float.judged.headline;
  summary.in_int8 = in_int8.judged.headline;
  summary.count = static_cast<int>(prepared.data().indices(samples::Side::test).size());
  summary.same_answers = prepared.goal->same_verdicts(in_float.judged, in_int8.judged);
  summary.scheme = project.config().scheme;
  summary.layers = layers_json(quantised.layers);

  TADPOLE_TRY(RunReport report, RunReport::open(run));
  report.json["evaluation"]["int8"] = in_int8.judged.section;
  report.json["agreement"] = {{"int8_equals_float", summary.same_answers}, {"count", summary.count}};
  report.json["quantisation"] = {{"layers", summary.layers},
                                 {"tflite_bytes", summary.tflite_bytes},
                                 {"float_bytes", summary.float_bytes},
                                 {"scheme", project.config().scheme}};
  report.json.erase("gate");
  if (gate) report.json["gate"] = gate->section;
  if (!made.training.is_null()) report.json["quantisation"]["training"] = made.training;
  TADPOLE_CHECK(report.save());
  summary.report = report.html_path();
  return summary;
}

}  // namespace tadpole::project
