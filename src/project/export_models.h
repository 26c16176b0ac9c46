// tadpole export: several models as one C++ library in one arena, and on request the firmware around them.
#pragma once

#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"

namespace tadpole::project {

struct ExportSource {
  std::string name;  ///< folder and namespace in the library
  std::string path;  ///< a project's folder, whose newest int8 model is taken, or a model file: raw inputs
};

struct ExportOptions {
  std::vector<ExportSource> models;
  std::string board;
  std::string to;    ///< gets library/ and firmware.elf
  std::string main;  ///< the program around the models, with tadpole_main(); "" = no firmware
};

struct ExportedModel {
  std::string name, file;
  int64_t arena_bytes = 0, weights_bytes = 0, macs = 0;  ///< alone
};

struct ExportSummary {
  std::string library, firmware;  ///< firmware: "" without a program
  std::vector<ExportedModel> models;
  int64_t arena_bytes = 0;      ///< shared: of the largest
  int64_t arena_sum_bytes = 0;  ///< what arenas of their own would take
  int64_t ram_bytes = 0, ram_limit = 0, flash_bytes = 0, flash_limit = 0;  ///< of the firmware
};

/// An earlier export at `to` is replaced once the new one is whole. Fails: config_bad_value (names),
/// file_unwritable (something else is at to/library), unknown_board, as read_deployable, plan::lower,
/// codegen::emit_models and board::build_firmware.
Result<ExportSummary> export_models(const ExportOptions& options, Progress& progress);

}  // namespace tadpole::project
