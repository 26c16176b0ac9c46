// Telling classes apart: keywords, pictures, gestures, rows of a table.
#include "evaluate/class_ranking.h"
#include "evaluate/classification.h"
#include "project/goal.h"
#include "project/network.h"

namespace tadpole::project {

namespace {

class ClassGoal final : public Goal {
 public:
  explicit ClassGoal(const samples::Dataset& data)
      : Goal(data), silence_(data.class_index(samples::kSilenceName)) {}

  std::string_view headline_name() const override { return "accuracy"; }

  Result<ir::Graph> network(const ProjectConfig& config, const ir::Shape& input) const override {
    return make_network(config, input, static_cast<int>(data().classes.size()));
  }
  int64_t outputs(int64_t) const override { return static_cast<int64_t>(data().classes.size()); }

  size_t answer_size() const override { return data().classes.size(); }

  Result<Judged> judge(std::span<const float> answers, std::span<const int> indices, float) const override {
    std::vector<int> targets;
    for (const int index : indices) targets.push_back(label(index));
    TADPOLE_TRY(const auto result, evaluate::evaluate_scores(answers, targets, data().classes, silence_));
    Judged judged;
    judged.section = evaluate::to_json(result);
    judged.headline = result.accuracy_without_silence;
    judged.verdicts.assign(result.answers.begin(), result.answers.end());
    TADPOLE_TRY(judged.section["ranking"], evaluate::rank_classes(answers, targets, data().classes, words()));
    std::vector<int> spoken;  // silence is not counted
    std::vector<double> right;
    for (size_t i = 0; i < indices.size(); ++i) {
      if (targets[i] == silence_) continue;
      spoken.push_back(indices[i]);
      right.push_back(result.answers[i] == targets[i] ? 1 : 0);
    }
    add_group_tables(judged.section, "right answers", spoken, right);
    return judged;
  }

 private:
  /// Which classes are listened for; none where there is no silence to tell them from.
  std::vector<uint8_t> words() const {
    std::vector<uint8_t> listed;
    if (silence_ < 0) return listed;
    const int unknown = data().class_index(samples::kUnknownName);
    for (int i = 0; i < static_cast<int>(data().classes.size()); ++i)
      listed.push_back(i != silence_ && i != unknown);
    return listed;
  }

  int silence_;
};

}  // namespace

Result<std::unique_ptr<Goal>> make_class_goal(const ProjectConfig&, const samples::Dataset& data) {
  return std::unique_ptr<Goal>(new ClassGoal(data));
}

}  // namespace tadpole::project
