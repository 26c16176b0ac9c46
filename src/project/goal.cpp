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

void Goal::add_group_tables(nlohmann::json& section, std::string_view what, std::span<const int> indices,
                            std::span<const double> values, evaluate::GroupFigure figure) const {
  const auto table = [&](const auto& group_of) {
    std::vector<std::string> groups;
    for (const int index : indices) groups.push_back(group_of(index));
    return evaluate::group_table(what, groups, values, figure);
  };
  const auto sample = [&](int index) -> const samples::Sample& {
    return data_.samples[static_cast<size_t>(index)];
  };
  section["groups"] = table([&](int index) { return sample(index).group; });
  nlohmann::json more = nlohmann::json::array();
  const auto add = [&](const std::string& kind, nlohmann::json found) {
    if (found.is_null()) return;
    found["kind"] = kind;
    more.push_back(std::move(found));
  };
  for (const auto& [kind, values_of_kind] : data_.more_groups)
    add(kind, table([&, &kind = kind](int index) { return data_.more_group(kind, index); }));
  add("source", table([&](int index) { return sample(index).source; }));
  if (!more.empty()) section["more_groups"] = std::move(more);
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
