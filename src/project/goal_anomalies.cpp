// Noticing what is strange: a network that learns to repeat normal inputs, judged by how badly it repeats
// others. The score is the mean squared difference between the model's input and its output.
#include <algorithm>
#include <cstring>

#include "device/app/anomaly.h"
#include "evaluate/anomaly.h"
#include "project/goal.h"
#include "project/network.h"
#include "project/task.h"

namespace tadpole::project {

namespace {

/// A threshold from fewer samples than this leans on the training side too.
constexpr size_t kEnoughSamples = 50;

class AnomalyGoal final : public Goal {
 public:
  AnomalyGoal(const samples::Dataset& data, const AnomalyConfig& config)
      : Goal(data), config_(config), anomaly_(data.class_index(kAnomalyName)) {}

  std::string_view headline_name() const override { return "auc"; }

  Result<ir::Graph> network(const ProjectConfig& config, const ir::Shape& input) const override {
    const int64_t size = ir::element_count(input);
    TADPOLE_TRY(ir::Graph graph, make_network(config, input, static_cast<int>(size), zoo::Head::plain));
    const ir::Shape& output = graph.tensors[static_cast<size_t>(graph.outputs[0])].shape;
    const bool repeats = ir::element_count(output) == size &&
                         (graph.nodes.empty() || graph.nodes.back().op != ir::Op::softmax);
    if (repeats) return graph;
    return Error{Code::bad_shape, "'" + config.architecture + "' turns an input of " + ir::to_string(input) +
                                      " into " + ir::to_string(output) +
                                      "; anomalies need a network that repeats its input, for example arch = "
                                      "\"autoencoder\"."};
  }
  int64_t outputs(int64_t inputs) const override { return inputs; }
  bool learns_from(int sample) const override { return label(sample) != anomaly_; }
  void adjust(train::LossOptions& loss) const override { loss.label_smoothing = 0; }

  size_t answer_size() const override { return 1; }
  std::vector<uint8_t> answer_bytes(const ir::Graph& graph, std::span<const uint8_t> input,
                                    std::span<const uint8_t> output) const override {
    const float score = repetition_score(graph, input, output);
    std::vector<uint8_t> bytes(sizeof score);
    std::memcpy(bytes.data(), &score, sizeof score);
    return bytes;
  }
  std::vector<float> numbers(const ir::Graph&, std::span<const uint8_t> answers) const override {
    std::vector<float> scores(answers.size() / sizeof(float));
    std::memcpy(scores.data(), answers.data(), scores.size() * sizeof(float));
    return scores;
  }

  std::vector<int> threshold_samples() const override {
    std::vector<int> chosen;
    for (const samples::Side side : {samples::Side::validation, samples::Side::train}) {
      for (const int index : data().indices(side)) {
        if (learns_from(index)) chosen.push_back(index);
      }
      if (chosen.size() >= kEnoughSamples) break;
    }
    return chosen;
  }
  float choose_threshold(std::span<const float> answers) const override {
    if (answers.empty()) return 0;
    return metrics::quantile(answers, config_.percentile / 100) * config_.margin;
  }

  Result<Judged> judge(std::span<const float> answers, std::span<const int> indices,
                       float threshold) const override {
    std::vector<uint8_t> anomalies;
    for (const int index : indices) anomalies.push_back(label(index) == anomaly_ ? 1 : 0);
    TADPOLE_TRY(const auto result, evaluate::evaluate_anomaly(answers, anomalies, threshold));
    Judged judged{evaluate::to_json(result), result.ranking.auc, {}};
    std::vector<double> right;
    for (size_t i = 0; i < answers.size(); ++i) {
      judged.verdicts.push_back(answers[i] > threshold ? 1.0f : 0.0f);
      right.push_back((judged.verdicts[i] != 0) == (anomalies[i] != 0) ? 1 : 0);
    }
    add_group_tables(judged.section, "right answers", indices, right);
    return judged;
  }

 private:
  AnomalyConfig config_;
  int anomaly_;
};

}  // namespace

float repetition_score(const ir::Graph& graph, std::span<const uint8_t> input,
                       std::span<const uint8_t> output) {
  const ir::Tensor& in = graph.tensors[static_cast<size_t>(graph.inputs[0])];
  const ir::Tensor& out = graph.tensors[static_cast<size_t>(graph.outputs[0])];
  const uint32_t count = static_cast<uint32_t>(ir::element_count(in.shape));
  if (in.type == ir::DType::int8) {
    const app::AnomalyScale scale = {in.quantisation->scales[0], out.quantisation->scales[0],
                                     in.quantisation->zero_points[0], out.quantisation->zero_points[0]};
    return app::repetition_error(reinterpret_cast<const int8_t*>(input.data()),
                                 reinterpret_cast<const int8_t*>(output.data()), count, scale);
  }
  const std::vector<float> truth = real_values(in, input), answer = real_values(out, output);
  double sum = 0;
  for (size_t i = 0; i < truth.size() && i < answer.size(); ++i) {
    const double difference = static_cast<double>(answer[i]) - static_cast<double>(truth[i]);
    sum += difference * difference;
  }
  return static_cast<float>(sum / std::max<double>(1, count));
}

Result<std::unique_ptr<Goal>> make_anomaly_goal(const ProjectConfig& config, const samples::Dataset& data) {
  return std::unique_ptr<Goal>(new AnomalyGoal(data, config.anomaly));
}

}  // namespace tadpole::project
