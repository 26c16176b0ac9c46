// From a model to a measured firmware: library, build, boot. Used by deploy, run and profile. Private to this
// room.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "board/board.h"
#include "board/toolchain.h"
#include "board/virtual_board.h"
#include "codegen/library.h"
#include "plan/plan.h"

namespace tadpole::project {

/// A folder for work in progress; gone with the object, whatever happened.
class WorkFolder {
 public:
  explicit WorkFolder(std::string path);
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A new folder below the system's folder for temporary files; gone with the object.
class TemporaryFolder {
 public:
  /// Fails: file_unwritable.
  static Result<TemporaryFolder> make();
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  ~TemporaryFolder();
  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// Moves a file or a folder to the place of what an earlier model left at `to`. Fails: file_unwritable.
Result<void> publish(const std::string& from, const std::string& to);

/// Fails: file_unwritable, disk_full.
Result<void> write_library(const std::vector<codegen::File>& files, const std::string& folder);

struct BuiltModel {
  plan::Plan plan;
  board::Firmware firmware;  ///< in `work`
  std::shared_ptr<const WorkFolder> work;
};

/// What a firmware says of the .tflite file that it was made from: 16 hex digits.
std::string model_hash(std::span<const uint8_t> model_bytes);

/// How a model becomes firmware.
struct ModelBuild {
  std::string name;
  std::optional<codegen::SpeechApplication> speech = std::nullopt;
  std::optional<codegen::SignalApplication> signal = std::nullopt;
  codegen::Form form = codegen::Form::generated;
  int64_t ram_limit_bytes = 0, flash_limit_bytes = 0;  ///< as in plan::Target
};

/// The plan of a model for a board, refused when it cannot fit. Fails: as plan::lower and plan::fits.
Result<plan::Plan> plan_for(const ir::Graph& graph, const board::Board& board, const ModelBuild& how);

/// Lowers `graph` for `board`, refuses what cannot fit before anything is compiled, writes the library and
/// builds the firmware in `folder`/build. `model_bytes` gives the hash. Fails: as plan::lower,
/// plan::fits, board::build_firmware; compile_failed for a board that is not virtual is not possible here:
/// such boards are refused with unknown_board.
Result<BuiltModel> build_model(const ir::Graph& graph, std::span<const uint8_t> model_bytes,
                               const board::Board& board, const ModelBuild& how, const std::string& folder,
                               Progress& progress);

/// The blob of a model for a board: docs/formats/blob.md. Fails: as plan_for.
Result<std::vector<uint8_t>> build_blob(const ir::Graph& graph, std::span<const uint8_t> model_bytes,
                                        const board::Board& board, const ModelBuild& how);

/// Builds a firmware without a network in `folder`/build: one that runs whatever blob board::place_blob puts
/// into it. `built.plan` of such a firmware does not exist, so this returns the firmware alone; it lives in
/// `folder`. Fails: as board::build_firmware.
Result<board::Firmware> build_runner(const board::Board& board, const std::string& folder,
                                     Progress& progress);

/// Boots a firmware on its virtual board. The environment variable TADPOLE_BOARD_TIMEOUT_S (seconds) replaces
/// the time that the board has for its hello and for each answer (docs/how-to/settings-of-the-machine.md).
/// `progress` is polled for cancellation while the board lives. Fails: as board::VirtualBoard::boot;
/// unknown_board for a board that is not virtual.
Result<std::unique_ptr<board::VirtualBoard>> boot(const board::Board& board, const std::string& elf,
                                                  const Progress& progress, board::BootOptions options = {});

/// Makes the library and the firmware of `built` those of `folder`; until then those of an earlier model
/// stay. Fails: file_unwritable.
Result<void> publish_model(BuiltModel& built, const std::string& folder);

/// layers[{name, op, macs, instructions}] of the last inference. A layer that the plan dropped has no row.
nlohmann::json layer_rows(const plan::Plan& plan, const board::InstructionCounts& counts);

}  // namespace tadpole::project
