#include "quantise/cluster.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "quantise/weights.h"

namespace tadpole::quantise {

namespace {

double nearest(const std::vector<double>& levels, double value) {
  const auto above = std::lower_bound(levels.begin(), levels.end(), value);
  if (above == levels.begin()) return *above;
  if (above == levels.end()) return levels.back();
  return value - *(above - 1) <= *above - value ? *(above - 1) : *above;
}

template <class T>
void move_to_levels(ir::Tensor& weights, int levels) {
  const std::span<const T> values = weights.values<T>();
  std::vector<double> found = levels_of(std::vector<double>(values.begin(), values.end()), levels);
  if constexpr (std::is_integral_v<T>)
    for (double& level : found) level = std::round(level);
  std::vector<T> moved;
  moved.reserve(values.size());
  for (const T value : values) moved.push_back(static_cast<T>(nearest(found, static_cast<double>(value))));
  weights.constant = ir::make_constant<T>(moved);
}

}  // namespace

std::vector<double> levels_of(std::span<const double> values, int levels) {
  if (values.empty() || levels < 1) return {};
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> sums = {0};
  for (const double value : sorted) sums.push_back(sums.back() + value);
  std::vector<double> found;
  for (int i = 0; i < levels; ++i)
    found.push_back(sorted.front() + (sorted.back() - sorted.front()) * i / std::max(1, levels - 1));
  constexpr int kMostRounds = 100;
  for (int round = 0; round < kMostRounds; ++round) {
    // In sorted values a level owns one stretch: up to half way to the next.
    std::vector<double> moved;
    auto begin = sorted.begin();
    for (size_t i = 0; i < found.size(); ++i) {
      const auto end = i + 1 == found.size()
                           ? sorted.end()
                           : std::upper_bound(begin, sorted.end(), (found[i] + found[i + 1]) / 2);
      if (end != begin) {
        const auto from = static_cast<size_t>(begin - sorted.begin());
        const auto to = static_cast<size_t>(end - sorted.begin());
        moved.push_back((sums[to] - sums[from]) / static_cast<double>(to - from));
      }
      begin = end;
    }
    const bool same = moved == found;
    found = std::move(moved);
    if (same) break;
  }
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

Result<ir::Graph> cluster_weights(const ir::Graph& from, int levels) {
  if (levels < 2 || levels > 256) {
    return Error{Code::train_bad_setting,
                 "weights would be moved to " + std::to_string(levels) + " levels; needs 2 to 256."};
  }
  ir::Graph graph = from;
  std::vector<bool> done(graph.tensors.size());
  for (const ir::Node& node : graph.nodes) {
    if (!has_weights(node.op)) continue;
    const auto at = static_cast<size_t>(node.inputs[1]);
    ir::Tensor& weights = graph.tensors[at];
    if (done[at] || !weights.is_constant() || ir::element_count(weights.shape) < int64_t{4} * levels)
      continue;
    done[at] = true;
    if (weights.type == ir::DType::float32) move_to_levels<float>(weights, levels);
    if (weights.type == ir::DType::int8) move_to_levels<int8_t>(weights, levels);
  }
  return graph;
}

}  // namespace tadpole::quantise
