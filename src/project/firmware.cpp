// Library, build and boot of one model.
#include "project/firmware.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/hash.h"
#include "codegen/blob.h"
#include "data/files.h"

namespace tadpole::project {

namespace fs = std::filesystem;

namespace {

constexpr const char* kPatience = "TADPOLE_BOARD_TIMEOUT_S";
constexpr int kMostPatience = 86400;

Result<void> need_virtual(const board::Board& board) {
  if (!board.machine.empty()) return {};
  return Error{Code::unknown_board,
               "'" + board.name + "' is a real board; this step runs on virtual ones. Try --board virtual-" +
                   board.name + "."};
}

/// The environment variable kPatience, where it is set.
Result<std::optional<std::chrono::milliseconds>> board_patience() {
  const char* text = std::getenv(kPatience);
  if (text == nullptr || *text == '\0') return std::optional<std::chrono::milliseconds>();
  int seconds = 0;
  const char* end = text + std::strlen(text);
  const auto read = std::from_chars(text, end, seconds);
  if (read.ec != std::errc() || read.ptr != end || seconds < 1 || seconds > kMostPatience) {
    return Error{Code::config_bad_value, "the environment variable " + std::string(kPatience) + " = \"" +
                                             text + "\"; needs a whole number of seconds from 1 to " +
                                             std::to_string(kMostPatience) + "."};
  }
  return std::optional<std::chrono::milliseconds>(std::chrono::seconds(seconds));
}

}  // namespace

Result<void> publish(const std::string& from, const std::string& to) {
  std::error_code failed;
  if (fs::is_directory(from, failed)) fs::remove_all(to, failed);
  if (!failed) fs::rename(from, to, failed);
  if (failed) return Error{Code::file_unwritable, to + ": cannot be replaced: " + failed.message() + "."};
  return {};
}

Result<void> write_library(const std::vector<codegen::File>& files, const std::string& folder) {
  for (const codegen::File& file : files) {
    const fs::path path = fs::path(folder) / file.path;
    TADPOLE_CHECK(data::make_folders(path.parent_path().string()));
    TADPOLE_CHECK(data::write_text(path.string(), file.text));
  }
  return {};
}

WorkFolder::WorkFolder(std::string path) : path_(std::move(path)) {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}
WorkFolder::~WorkFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string model_hash(std::span<const uint8_t> bytes) {
  const uint64_t hash = base::fnv1a({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

Result<plan::Plan> plan_for(const ir::Graph& graph, const board::Board& board, const ModelBuild& how) {
  plan::Target target;
  target.kernels = board.kernels;
  target.ram_limit_bytes = how.ram_limit_bytes;
  target.flash_limit_bytes = how.flash_limit_bytes;
  TADPOLE_TRY(plan::Plan plan, plan::lower(graph, target));
  const int64_t ram =
      how.ram_limit_bytes > 0 ? std::min(how.ram_limit_bytes, board.ram_bytes) : board.ram_bytes;
  const int64_t flash =
      how.flash_limit_bytes > 0 ? std::min(how.flash_limit_bytes, board.flash_bytes) : board.flash_bytes;
  if (const auto fitting = plan::fits(plan, ram, flash); !fitting.ok())
    return Error{fitting.error().code, board.name + ": " + fitting.error().detail};
  return plan;
}

Result<BuiltModel> build_model(const ir::Graph& graph, std::span<const uint8_t> model_bytes,
                               const board::Board& board, const ModelBuild& how, const std::string& folder,
                               Progress& progress) {
  TADPOLE_CHECK(need_virtual(board));
  TADPOLE_TRY(const plan::Plan plan, plan_for(graph, board, how));
  TADPOLE_TRY(const std::vector<codegen::File> files,
              codegen::emit_library(plan, {.name = how.name,
                                           .hash = model_hash(model_bytes),
                                           .speech = how.speech,
                                           .form = how.form,
                                           .signal = how.signal}));
  const auto work = std::make_shared<const WorkFolder>(folder + "/build");
  const std::string library = work->path() + "/library";
  TADPOLE_CHECK(write_library(files, library));
  progress.report("compile firmware", 0, 1, board.name);
  TADPOLE_TRY(board::Firmware firmware,
              board::build_firmware(board, library, work->path(), {.progress = &progress}));
  progress.report("compile firmware", 1, 1, board.name);
  return BuiltModel{plan, std::move(firmware), work};
}

Result<std::vector<uint8_t>> build_blob(const ir::Graph& graph, std::span<const uint8_t> model_bytes,
                                        const board::Board& board, const ModelBuild& how) {
  TADPOLE_TRY(const plan::Plan plan, plan_for(graph, board, how));
  return codegen::emit_blob(plan, how.name, model_hash(model_bytes));
}

Result<board::Firmware> build_runner(const board::Board& board, const std::string& folder,
                                     Progress& progress) {
  TADPOLE_CHECK(need_virtual(board));
  // What the session, the stack and the runner itself keep of RAM, and what all kernels take of flash,
  // measured and rounded up; the linker says so when it is not enough.
  constexpr int64_t kOwnRam = 24 << 10, kOwnFlash = 192 << 10;
  TADPOLE_TRY(const std::vector<codegen::File> files,
              codegen::emit_runner_library({.kernels = board.kernels,
                                            .arena_bytes = board.ram_bytes - kOwnRam,
                                            .blob_bytes = board.flash_bytes - kOwnFlash}));
  const WorkFolder work(folder + "/build");
  const std::string library = work.path() + "/library";
  TADPOLE_CHECK(write_library(files, library));
  progress.report("compile runner", 0, 1, board.name);
  TADPOLE_TRY(board::Firmware firmware,
              board::build_firmware(board, library, work.path(), {.progress = &progress}));
  TADPOLE_CHECK(publish(firmware.elf_path, folder + "/runner.elf"));
  firmware.elf_path = folder + "/runner.elf";
  progress.report("compile runner", 1, 1, board.name);
  return firmware;
}

Result<void> publish_model(BuiltModel& built, const std::string& folder) {
  TADPOLE_CHECK(publish(built.work->path() + "/library", folder + "/library"));
  TADPOLE_CHECK(publish(built.firmware.elf_path, folder + "/firmware.elf"));
  built.firmware.elf_path = folder + "/firmware.elf";
  return {};
}

Result<std::unique_ptr<board::VirtualBoard>> boot(const board::Board& board, const std::string& elf,
                                                  const Progress& progress, board::BootOptions options) {
  TADPOLE_CHECK(need_virtual(board));
  options.progress = &progress;
  TADPOLE_TRY(const auto patience, board_patience());
  if (patience) options.boot_timeout = options.answer_timeout = *patience;
  return board::VirtualBoard::boot(board, elf, options);
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
