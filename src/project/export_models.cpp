#include "project/export_models.h"

#include <filesystem>

#include "data/files.h"
#include "project/deployable.h"
#include "project/firmware.h"
#include "project/prepare.h"

namespace tadpole::project {

namespace {

namespace fs = std::filesystem;

/// A member of the library, and what it points into.
struct Taken {
  codegen::Member member;
  std::string file;
  std::unique_ptr<const features::FeatureBlock> block;
};

Result<Taken> take(const ExportSource& source, const board::Board& board) {
  std::error_code ignored;
  if (!fs::is_directory(source.path, ignored)) {
    TADPOLE_TRY(const std::vector<uint8_t> bytes, data::read_file(source.path));
    TADPOLE_TRY(const ir::Graph graph, read_model(source.path));
    const std::string name = fs::path(source.path).stem().string();
    TADPOLE_TRY(plan::Plan plan, plan_for(graph, board, {.name = name}));
    return Taken{
        {std::move(plan), {.name = name, .hash = model_hash(bytes), .speech = {}, .space = source.name}},
        source.path,
        nullptr};
  }
  TADPOLE_TRY(const Project project, Project::open(source.path));
  TADPOLE_TRY(Deployable found, read_deployable(project));
  const ProjectConfig& config = found.project.config();
  TADPOLE_TRY(plan::Plan plan, plan_for(found.graph, board,
                                        {.name = config.name,
                                         .ram_limit_bytes = config.deploy.ram_limit,
                                         .flash_limit_bytes = config.deploy.flash_limit}));
  return Taken{{std::move(plan),
                {.name = config.name,
                 .hash = model_hash(found.bytes),
                 .speech = found.application.speech,
                 .signal = found.application.signal,
                 .space = source.name}},
               found.path,
               std::move(found.block)};
}

/// Whether `folder` may be replaced.
Result<void> check_free(const std::string& folder) {
  std::error_code ignored;
  if (!fs::exists(folder, ignored) || fs::exists(folder + "/arena.h", ignored)) return {};
  return Error{Code::file_unwritable,
               folder + " is there already and is no earlier export. Choose another folder with --to."};
}

}  // namespace

Result<ExportSummary> export_models(const ExportOptions& options, Progress& progress) {
  TADPOLE_TRY(const board::Board board, board::find_board(options.board));
  const std::string library = options.to + "/library";
  TADPOLE_CHECK(check_free(library));
  std::vector<codegen::Member> members;
  std::vector<std::unique_ptr<const features::FeatureBlock>> blocks;
  ExportSummary summary;
  for (const ExportSource& source : options.models) {
    auto taken = take(source, board);
    if (!taken.ok()) return Error{taken.error().code, source.name + ": " + taken.error().detail};
    const plan::Plan& plan = taken->member.plan;
    summary.models.push_back(
        {source.name, taken->file, plan.arena_bytes(), plan.constant_bytes(), plan.macs()});
    summary.arena_bytes = std::max(summary.arena_bytes, plan.arena_bytes());
    summary.arena_sum_bytes += plan.arena_bytes();
    members.push_back(std::move(taken->member));
    blocks.push_back(std::move(taken->block));
  }
  TADPOLE_TRY(const std::vector<codegen::File> files, codegen::emit_models(members));
  const WorkFolder work(options.to + "/build");
  TADPOLE_CHECK(write_library(files, work.path() + "/library"));
  if (!options.main.empty()) {
    progress.report("compile firmware", 0, 1, board.name);
    TADPOLE_TRY(const board::Firmware firmware,
                board::build_firmware(board, work.path() + "/library", work.path(),
                                      {.main = options.main, .progress = &progress}));
    progress.report("compile firmware", 1, 1, board.name);
    summary.firmware = options.to + "/firmware.elf";
    summary.ram_bytes = firmware.total_ram_bytes();
    summary.flash_bytes = firmware.flash_bytes();
    TADPOLE_CHECK(publish(firmware.elf_path, summary.firmware));
  }
  summary.ram_limit = board.ram_bytes;
  summary.flash_limit = board.flash_bytes;
  TADPOLE_CHECK(publish(work.path() + "/library", library));
  summary.library = library;
  return summary;
}

}  // namespace tadpole::project
