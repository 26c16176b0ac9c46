#include "project/task.h"

#include <algorithm>
#include <array>

namespace tadpole::project {

namespace {
constexpr std::array<Task, 6> kTasks = {{
    {"keyword", "words in sound", GoalKind::classes, true, "recordings"},
    {"image", "what a picture shows", GoalKind::classes, false, "pictures"},
    {"gesture", "movements, strokes and other short series", GoalKind::classes, false, "recordings"},
    {"anomaly", "what differs from normal series", GoalKind::anomalies, false, "recordings"},
    {"regression", "numbers from the columns of a table", GoalKind::numbers, false, "rows"},
    {"table", "classes from the columns of a table", GoalKind::classes, false, "rows"},
}};
}  // namespace

std::span<const Task> tasks() { return kTasks; }

const Task* find_task(std::string_view name) {
  const auto found =
      std::find_if(kTasks.begin(), kTasks.end(), [&](const Task& task) { return task.name == name; });
  return found == kTasks.end() ? nullptr : &*found;
}

void suit_task(const Task& task, bool strokes, ProjectConfig& config) {
  if (task.listens) return;
  const bool table = task.name == "table" || task.goal == GoalKind::numbers;
  config.features = features::default_config(task.name == "image" ? "image" : strokes ? "stroke" : "raw");
  config.features.steps = table ? 1 : 0;
  config.augment.variants = table || task.goal == GoalKind::anomalies ? 0 : 10;
  config.train.weight_decay = 0.05f;
  if (task.goal == GoalKind::anomalies) {
    config.architecture = "dense_autoencoder";
    config.data.split_by = "time";
  } else if (table) {
    config.architecture = "mlp";
  } else if (task.name == "image") {
    config.architecture = "mobilenet_v1_0.25";
    config.features.width = config.features.height = 0;  // as large as the pictures are, 96 at most
  } else {
    config.architecture = strokes ? "lenet" : "cnn_1d";
  }
  if (task.goal != GoalKind::classes) {
    config.train.loss.label_smoothing = 0;
    config.train.weight_decay = 0;
  }
}

const Task& task_of(const ProjectConfig& config) {
  const Task* task = find_task(config.task);
  return task == nullptr ? kTasks[0] : *task;
}

}  // namespace tadpole::project
