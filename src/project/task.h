// The tasks that a project can have: what each is for and what a new project of it begins with.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "project/config.h"

namespace tadpole::project {

enum class GoalKind : uint8_t { classes, numbers, anomalies };

struct Task {
  std::string_view name;     ///< [project] task
  std::string_view summary;  ///< for --help
  GoalKind goal;
  bool listens = false;      ///< words in a stream of sound, with the classes silence and unknown
  std::string_view samples;  ///< what its samples are called: "recordings"
};

std::span<const Task> tasks();

/// The task of that name, or null.
const Task* find_task(std::string_view name);

/// The task of a checked configuration.
const Task& task_of(const ProjectConfig& config);

/// Changes the defaults of a keyword project into settings that suit the task. `strokes`: the data are drawn
/// lines.
void suit_task(const Task& task, bool strokes, ProjectConfig& config);

/// The class of what is strange in a project with task "anomaly", and of what is not.
inline constexpr std::string_view kAnomalyName = "anomaly";
inline constexpr std::string_view kNormalName = "normal";

}  // namespace tadpole::project
