// Giving numbers: regression. The network learns targets of mean 0 and deviation 1; afterwards its last layer
// is scaled, so that the finished model answers in the user's units.
#include <cmath>
#include <cstring>

#include "evaluate/regression.h"
#include "project/goal.h"
#include "project/network.h"
#include "project/plain_network.h"

namespace tadpole::project {

namespace {

/// Answers that differ by less than this share of the training targets' range count as alike.
constexpr float kAlikeShare = 0.02f;

class NumberGoal final : public Goal {
 public:
  NumberGoal(const samples::Dataset& data, std::vector<std::string> names)
      : Goal(data),
        names_(std::move(names)),
        mean_(names_.size()),
        deviation_(names_.size()),
        low_(names_.size()),
        high_(names_.size()) {
    const std::vector<int> side = data.indices(samples::Side::train);
    for (size_t output = 0; output < names_.size(); ++output) {
      double sum = 0, squares = 0;
      for (const int index : side) sum += truth(index, output);
      const double count = static_cast<double>(std::max<size_t>(side.size(), 1)), mean = sum / count;
      for (const int index : side) {
        const float value = truth(index, output);
        squares += (value - mean) * (value - mean);
        low_[output] = index == side[0] ? value : std::min(low_[output], value);
        high_[output] = index == side[0] ? value : std::max(high_[output], value);
      }
      mean_[output] = static_cast<float>(mean);
      deviation_[output] = squares > 0 ? static_cast<float>(std::sqrt(squares / count)) : 1.0f;
    }
  }

  std::string_view headline_name() const override { return "r_squared"; }

  Result<ir::Graph> network(const ProjectConfig& config, const ir::Shape& input) const override {
    return make_network(config, input, static_cast<int>(names_.size()), zoo::Head::plain);
  }
  int64_t outputs(int64_t) const override { return static_cast<int64_t>(names_.size()); }
  int label(int) const override { return 0; }
  int target_size() const override { return static_cast<int>(names_.size()); }
  void target(int sample, std::span<float> out) const override {
    for (size_t i = 0; i < out.size(); ++i) out[i] = (truth(sample, i) - mean_[i]) / deviation_[i];
  }
  void adjust(train::LossOptions& loss) const override { loss.label_smoothing = 0; }
  Result<ir::Graph> finish(ir::Graph folded) const override {
    return scale_outputs(std::move(folded), deviation_, mean_);
  }
  Result<ir::Graph> unfinish(ir::Graph finished) const override {
    std::vector<float> scale, offset;
    for (size_t i = 0; i < mean_.size(); ++i) {
      scale.push_back(1 / deviation_[i]);
      offset.push_back(-mean_[i] / deviation_[i]);
    }
    return scale_outputs(std::move(finished), scale, offset);
  }

  size_t answer_size() const override { return names_.size(); }

  Result<Judged> judge(std::span<const float> answers, std::span<const int> indices, float) const override {
    std::vector<float> truths;
    std::vector<double> errors;
    for (size_t i = 0; i < indices.size(); ++i) {
      double error = 0;
      for (size_t output = 0; output < names_.size(); ++output) {
        truths.push_back(truth(indices[i], output));
        if (truths.size() <= answers.size())
          error += std::abs(static_cast<double>(answers[truths.size() - 1]) - truths.back());
      }
      errors.push_back(error / static_cast<double>(names_.size()));
    }
    TADPOLE_TRY(const auto result, evaluate::evaluate_regression(answers, truths, names_));
    Judged judged{evaluate::to_json(result), result.r_squared, {answers.begin(), answers.end()}};
    add_group_tables(judged.section, "mean error", indices, errors, evaluate::GroupFigure::error);
    return judged;
  }

  int same_verdicts(const Judged& a, const Judged& b) const override {
    int same = 0;
    for (size_t row = 0; row + names_.size() <= std::min(a.verdicts.size(), b.verdicts.size());
         row += names_.size()) {
      bool alike = true;
      for (size_t i = 0; i < names_.size(); ++i) {
        alike = alike &&
                std::abs(a.verdicts[row + i] - b.verdicts[row + i]) <= kAlikeShare * (high_[i] - low_[i]);
      }
      same += alike;
    }
    return same;
  }

 private:
  float truth(int sample, size_t output) const {
    return data().samples[static_cast<size_t>(sample)].targets[output];
  }

  std::vector<std::string> names_;
  std::vector<float> mean_, deviation_, low_, high_;
};

}  // namespace

Result<std::unique_ptr<Goal>> make_number_goal(const ProjectConfig& config, const samples::Dataset& data) {
  std::vector<std::string> names = config.data.targets;
  const size_t width = data.samples.empty() ? names.size() : data.samples[0].targets.size();
  for (const samples::Sample& sample : data.samples) {
    if (sample.targets.size() == width && width > 0) continue;
    return Error{
        Code::config_bad_value,
        sample.id + ": has " + std::to_string(sample.targets.size()) +
            " numbers to predict, the first sample has " + std::to_string(width) +
            "; a regression needs the same in all. Name the columns: targets = [\"...\"] in [data]."};
  }
  names.resize(width);
  for (size_t i = 0; i < width; ++i) {
    if (names[i].empty()) names[i] = "number " + std::to_string(i + 1);
  }
  return std::unique_ptr<Goal>(new NumberGoal(data, std::move(names)));
}

}  // namespace tadpole::project
