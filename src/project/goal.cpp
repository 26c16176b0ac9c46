// What most goals share.
#include "project/goal.h"

#include <cstring>

#include "project/task.h"

namespace tadpole::project {

std::vector<float> real_values(const ir::Tensor& tensor, std::span<const uint8_t> bytes) {
  std::vector<float> values;
  if (tensor.type == ir::DType::int8) {
    for (const uint8_t byte : bytes) {
      values.push_back(tensor.quantisation->scales[0] *
                       static_cast<float>(static_cast<int8_t>(byte) - tensor.quantisation->zero_points[0]));
    }
  } else {
    values.resize(bytes.size() / sizeof(float));
    std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  }
  return values;
}

std::vector<uint8_t> Goal::answer_bytes(const ir::Graph&, std::span<const uint8_t>,
                                        std::span<const uint8_t> output) const {
  return {output.begin(), output.end()};
}

std::vector<float> Goal::numbers(const ir::Graph& graph, std::span<const uint8_t> answers) const {
  return real_values(graph.tensors[static_cast<size_t>(graph.outputs[0])], answers);
}

int Goal::same_verdicts(const Judged& a, const Judged& b) const {
  int same = 0;
  for (size_t i = 0; i < a.verdicts.size() && i < b.verdicts.size(); ++i)
    same += a.verdicts[i] == b.verdicts[i];
  return same;
}

std::vector<std::string> Goal::groups_of(std::span<const int> indices) const {
  std::vector<std::string> groups;
  for (const int index : indices) groups.push_back(data_.samples[static_cast<size_t>(index)].group);
  return groups;
}

Result<std::unique_ptr<Goal>> make_goal(const ProjectConfig& config, const samples::Dataset& data) {
  switch (task_of(config).goal) {
    case GoalKind::numbers:
      return make_number_goal(config, data);
    case GoalKind::anomalies:
      return make_anomaly_goal(config, data);
    case GoalKind::classes:
      break;
  }
  return make_class_goal(config, data);
}

}  // namespace tadpole::project
