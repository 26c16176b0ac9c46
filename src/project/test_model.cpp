// tadpole test --model: any model file judged on the project's test side.
#include "project/prepare.h"

namespace tadpole::project {

Result<nlohmann::json> test_model(const Project& project, const std::string& path, Tools tools) {
  TADPOLE_TRY(const ir::Graph graph, read_model(path));
  TADPOLE_TRY(const Prepared prepared, prepare(project, tools));
  TADPOLE_CHECK(check_model_ends(path, graph, prepared.block, prepared.goal->outputs(prepared.block.size())));
  TADPOLE_TRY(const plan::Plan plan, plan::lower(graph, {.kernels = "host"}));
  TADPOLE_TRY(const JudgedModel model, judge_model(graph, plan, prepared, samples::Side::test, tools));
  return model.judged.section;
}

}  // namespace tadpole::project
