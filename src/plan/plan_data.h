// Inside the room: what a Plan holds.
#pragma once

#include "plan/plan.h"

namespace tadpole::plan {

struct Plan::Data {
  Target target;
  ir::Graph graph;
  std::vector<Step> steps;
  std::vector<Placement> placements;
  std::vector<int64_t> offset_of_tensor;  ///< -1: not in the arena
  int64_t arena_bytes = 0, arena_lower_bound_bytes = 0;
  int peak_step = 0;
  std::vector<State> states;

  const ir::Tensor& tensor(int index) const { return graph.tensors[static_cast<size_t>(index)]; }
};

/// The one who may make a Plan.
class PlanBuilder {
 public:
  static Plan finish(Plan::Data data) { return Plan(std::make_shared<const Plan::Data>(std::move(data))); }
  using Data = Plan::Data;
};

}  // namespace tadpole::plan
