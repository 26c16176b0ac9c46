// What a project's network is for: to tell classes apart, to give numbers, or to notice what is strange. All
// that differs between these stands behind this interface; the steps know nothing of it. Private to this
// room.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "evaluate/groups.h"
#include "ir/graph.h"
#include "project/config.h"
#include "samples/dataset.h"
#include "train/loss.h"

namespace tadpole::project {

/// What a model's answers on one side are worth.
struct Judged {
  nlohmann::json section;          ///< evaluation.float, .int8 or .board of report.json
  std::optional<double> headline;  ///< what the model is judged by; higher is better
  /// What the user is told of each sample: a class, the numbers, or 1 for an alarm. [samples, verdict_size].
  std::vector<float> verdicts;
};

/// Immutable but for the dataset that it looks at, which must outlive it.
class Goal {
 public:
  explicit Goal(const samples::Dataset& data) : data_(data) {}
  virtual ~Goal() = default;
  Goal(const Goal&) = delete;
  Goal& operator=(const Goal&) = delete;

  /// "accuracy", "r_squared" or "auc": the headline's name in JSON.
  virtual std::string_view headline_name() const = 0;

  // Training.

  /// The network to train. Fails: as zoo::make.
  virtual Result<ir::Graph> network(const ProjectConfig& config, const ir::Shape& input) const = 0;
  /// The number of outputs that a model of this project has, for an input of so many values.
  virtual int64_t outputs(int64_t inputs) const = 0;
  /// Whether a sample of the training or validation side takes part in training.
  virtual bool learns_from(int /*sample*/) const { return true; }
  virtual int label(int sample) const { return data_.target[static_cast<size_t>(sample)]; }
  /// Numbers that a sample should answer; 0 with classes, and where the input is to be answered.
  virtual int target_size() const { return 0; }
  virtual void target(int /*sample*/, std::span<float> /*out*/) const {}
  /// Loss settings that the goal itself decides.
  virtual void adjust(train::LossOptions& /*loss*/) const {}
  /// The trained graph, folded for inference, with answers in the user's units. Fails: internal.
  virtual Result<ir::Graph> finish(ir::Graph folded) const { return folded; }
  /// The other way round: a finished graph with answers as target() has them, to be trained on.
  virtual Result<ir::Graph> unfinish(ir::Graph finished) const { return finished; }

  // Answers.

  /// Numbers in an answer.
  virtual size_t answer_size() const = 0;
  /// What a board sends as its answer for a sample, given the bytes of its model's input and output.
  virtual std::vector<uint8_t> answer_bytes(const ir::Graph& graph, std::span<const uint8_t> input,
                                            std::span<const uint8_t> output) const;
  /// Answers as numbers, from any number of them: [samples, answer_size].
  virtual std::vector<float> numbers(const ir::Graph& graph, std::span<const uint8_t> answers) const;

  // Judgement.

  /// Samples whose answers choose the threshold; none where there is nothing to choose.
  virtual std::vector<int> threshold_samples() const { return {}; }
  virtual float choose_threshold(std::span<const float> /*answers*/) const { return 0; }
  /// answers: [indices, answer_size]. Fails: evaluate_bad_scores.
  virtual Result<Judged> judge(std::span<const float> answers, std::span<const int> indices,
                               float threshold) const = 0;
  /// How many samples are answered alike.
  virtual int same_verdicts(const Judged& a, const Judged& b) const;

 protected:
  const samples::Dataset& data() const { return data_; }
  /// Adds "groups" and "more_groups" to a section of the report: the mean of `values` over the samples of
  /// each speaker, and of each language, device and what else groups the data. values: one for each index.
  void add_group_tables(nlohmann::json& section, std::string_view what, std::span<const int> indices,
                        std::span<const double> values,
                        evaluate::GroupFigure figure = evaluate::GroupFigure::share) const;

 private:
  const samples::Dataset& data_;
};

/// The goal of a project's task on its data. Fails: config_bad_value when the data do not suit the task.
Result<std::unique_ptr<Goal>> make_goal(const ProjectConfig& config, const samples::Dataset& data);

// goal_classes.cpp, goal_numbers.cpp, goal_anomalies.cpp
Result<std::unique_ptr<Goal>> make_class_goal(const ProjectConfig& config, const samples::Dataset& data);
Result<std::unique_ptr<Goal>> make_number_goal(const ProjectConfig& config, const samples::Dataset& data);
Result<std::unique_ptr<Goal>> make_anomaly_goal(const ProjectConfig& config, const samples::Dataset& data);

/// How badly a model repeated its input: the mean squared difference, for int8 as the board computes it.
float repetition_score(const ir::Graph& graph, std::span<const uint8_t> input,
                       std::span<const uint8_t> output);

/// Bytes of a tensor as the numbers that they stand for: float32, or int8 with a scale.
std::vector<float> real_values(const ir::Tensor& tensor, std::span<const uint8_t> bytes);

}  // namespace tadpole::project
