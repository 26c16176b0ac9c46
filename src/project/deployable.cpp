#include "project/deployable.h"

#include "data/files.h"
#include "project/prepare.h"
#include "project/sections.h"
#include "project/task.h"

namespace tadpole::project {

namespace {

/// The outputs that a model of this task has: a score for each class, as many numbers as it was trained for,
/// or its input again.
int64_t outputs_of(const ProjectConfig& config, size_t labels, const features::FeatureBlock& block,
                   const ir::Graph& graph) {
  switch (task_of(config).goal) {
    case GoalKind::anomalies:
      return block.size();
    case GoalKind::numbers:
      return outputs_in(graph);
    case GoalKind::classes:
      break;
  }
  return static_cast<int64_t>(labels);
}

}  // namespace

Result<Deployable> read_deployable(const Project& current) {
  TADPOLE_TRY(const std::string run, current.latest_run("model.tflite", "tadpole quantise"));
  TADPOLE_TRY(Project project, current.as_of(run));
  const ProjectConfig config = project.config();
  const std::string path = run + "/model.tflite";
  TADPOLE_TRY(std::vector<uint8_t> bytes, data::read_file(path));
  TADPOLE_TRY(ir::Graph graph, read_model(path));
  TADPOLE_TRY(features::FeatureBlock made, features::FeatureBlock::create(config.features));
  auto block = std::make_unique<const features::FeatureBlock>(std::move(made));
  TADPOLE_TRY(RunReport report, RunReport::open(run));
  std::vector<std::string> labels;
  if (task_of(config).goal == GoalKind::classes) {
    TADPOLE_TRY(labels, labels_of(report, run));
  }
  TADPOLE_CHECK(check_model_ends(path, graph, *block, outputs_of(config, labels.size(), *block, graph)));
  TADPOLE_TRY(std::optional<ModelGate> read, read_gate(run, graph));
  auto gate = read ? std::make_unique<const ModelGate>(std::move(*read)) : nullptr;
  auto application = make_application(config, *block, graph, labels, threshold_in(report), gate.get());
  if (!application.ok()) return Error{application.error().code, run + "/" + application.error().detail};
  return Deployable{std::move(project),
                    run,
                    path,
                    std::move(bytes),
                    std::move(graph),
                    std::move(block),
                    std::move(labels),
                    std::move(gate),
                    std::move(*application),
                    std::move(report)};
}

}  // namespace tadpole::project
