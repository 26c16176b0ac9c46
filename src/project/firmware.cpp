// Library, build and boot of one model.
#include "project/firmware.h"

#include <filesystem>

#include "base/hash.h"
#include "data/files.h"

namespace tadpole::project {

namespace fs = std::filesystem;

namespace {

std::string hash_text(std::span<const uint8_t> bytes) {
  const uint64_t hash = base::fnv1a({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

Result<void> need_virtual(const board::Board& board) {
  if (!board.machine.empty()) return {};
  return Error{Code::unknown_board,
               "'" + board.name + "' is a real board; this step runs on virtual ones. Try --board virtual-" +
                   board.name + "."};
}

/// The folder is made anew, so that no file of an earlier model is left in it.
Result<void> write_library(const std::vector<codegen::File>& files, const std::string& folder) {
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  for (const codegen::File& file : files) {
    const fs::path path = fs::path(folder) / file.path;
    TADPOLE_CHECK(data::make_folders(path.parent_path().string()));
    TADPOLE_CHECK(data::write_text(path.string(), file.text));
  }
  return {};
}

}  // namespace

Result<BuiltModel> build_model(const ir::Graph& graph, std::span<const uint8_t> model_bytes,
                               const board::Board& board, const std::string& name,
                               std::optional<codegen::SpeechApplication> speech, const std::string& folder,
                               Progress& progress) {
  TADPOLE_CHECK(need_virtual(board));
  TADPOLE_TRY(const plan::Plan plan, plan::lower(graph, {.kernels = board.kernels}));
  TADPOLE_CHECK(plan::fits(plan, board.ram_bytes, board.flash_bytes));
  TADPOLE_TRY(const std::vector<codegen::File> files,
              codegen::emit_library(
                  plan, {.name = name, .hash = hash_text(model_bytes), .speech = std::move(speech)}));
  const std::string library = folder + "/library";
  TADPOLE_CHECK(write_library(files, library));

  const std::string work = folder + "/build";
  TADPOLE_CHECK(data::make_folders(work));
  progress.report("compile firmware", 0, 1, board.name);
  TADPOLE_TRY(board::Firmware firmware, board::build_firmware(board, library, work, {.progress = &progress}));
  std::error_code failed;
  const std::string elf = folder + "/firmware.elf";
  fs::rename(firmware.elf_path, elf, failed);
  if (failed) return Error{Code::file_unwritable, elf + ": " + failed.message() + "."};
  firmware.elf_path = elf;
  fs::remove_all(work, failed);
  progress.report("compile firmware", 1, 1, board.name);
  return BuiltModel{plan, std::move(firmware)};
}

Result<std::unique_ptr<board::VirtualBoard>> boot(const board::Board& board, const std::string& elf) {
  TADPOLE_CHECK(need_virtual(board));
  return board::VirtualBoard::boot(board, elf);
}

nlohmann::json layer_rows(const plan::Plan& plan, const board::InstructionCounts& counts) {
  nlohmann::json rows = nlohmann::json::array();
  for (size_t i = 0; i < plan.steps().size() && i < counts.layers.size(); ++i) {
    const plan::Step& step = plan.steps()[i];
    rows.push_back({{"name", step.name},
                    {"op", ir::op_name(step.op)},
                    {"macs", step.macs},
                    {"instructions", counts.layers[i].instructions}});
  }
  return rows;
}

}  // namespace tadpole::project
