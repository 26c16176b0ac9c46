// A .tflite, or the float model of a run's folder.
#include "project/teacher.h"

#include <filesystem>

#include "convert/tflite.h"
#include "data/files.h"

namespace tadpole::project {

Result<void> load_teacher(const Project& project, train::TrainOptions& options) {
  if (project.config().teacher.empty()) return {};
  namespace fs = std::filesystem;
  fs::path path = project.config().teacher;
  if (path.is_relative()) path = fs::path(project.folder()) / path;
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) path /= "model_float.tflite";
  TADPOLE_TRY(const std::vector<uint8_t> bytes, data::read_file(path.string()));
  TADPOLE_TRY(ir::Graph graph, convert::read_tflite(bytes));
  graph.name = path.filename().string();
  options.teacher = std::make_shared<const ir::Graph>(std::move(graph));
  return {};
}

}  // namespace tadpole::project
