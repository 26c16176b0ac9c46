// Where a model's instructions, cycles, RAM and flash go on a board, layer by layer: counted on the virtual
// board.
#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "base/text.h"
#include "board/estimate.h"
#include "data/files.h"
#include "plan/step_names.h"
#include "project/firmware.h"
#include "project/prepare.h"
#include "project/raw_model.h"

namespace tadpole::project {

namespace {

using nlohmann::json;

/// Bytes of the arena that hold something while a step runs; what lies over something else counts once.
int64_t live_bytes(const plan::Plan& plan, int step) {
  std::vector<std::pair<int64_t, int64_t>> parts;  // begin, end
  for (const plan::Placement& place : plan.placements()) {
    if (place.first_step <= step && step <= place.last_step)
      parts.emplace_back(place.offset, place.offset + place.bytes);
  }
  std::sort(parts.begin(), parts.end());
  int64_t bytes = 0, end = 0;
  for (const auto& [from, to] : parts) {
    bytes += std::max<int64_t>(0, to - std::max(from, end));
    end = std::max(end, to);
  }
  return bytes;
}

/// Parameters, weights and other constants of a step.
int64_t constant_bytes(const plan::Step& step) {
  int64_t bytes = step.call->constant_bytes();
  for (const plan::Operand& operand : step.operands) {
    if (operand.constant) bytes += static_cast<int64_t>(operand.constant->size());
  }
  return bytes;
}

json counts_json(const board::Counts& counts) {
  json result = json::object();
  for (size_t i = 0; i < board::kCounts; ++i)
    result[std::string(board::count_name(static_cast<board::Count>(i)))] = counts.values[i];
  return result;
}

void add_estimate(json& row, const board::Board& board, const board::Counts& counts, int64_t macs) {
  const board::Estimate estimate = board::estimate(board, counts);
  row["macs"] = macs;
  row["instructions"] = estimate.instructions;
  row["floor_instructions"] = (macs + 1) / 2;
  row["cycles_estimated"] = static_cast<int64_t>(estimate.cycles_estimated);
  row["milliseconds_estimated"] = estimate.milliseconds_estimated;
  row["microjoules_estimated"] = estimate.microjoules_estimated;
  row["counts"] = counts_json(counts);
}

/// The model's own code: what its layers reach, with the function that calls them, and their parameters.
int64_t model_code_bytes(const board::Firmware& firmware, const board::InstructionCounts& counts) {
  std::vector<std::string_view> roots;
  for (const board::LayerInstructions& layer : counts.layers) roots.push_back(layer.name);
  int64_t bytes = 0;
  for (const board::Symbol& symbol : firmware.symbols) {
    if (symbol.kind == board::SymbolKind::function && symbol.name.starts_with("_ZN5model"))
      roots.push_back(symbol.name);
    if (symbol.kind == board::SymbolKind::object && symbol.section >= 0 &&
        symbol.name.find("layer_") != std::string::npos && symbol.name.find("weights") == std::string::npos)
      bytes += symbol.size;
  }
  return bytes + firmware.code.bytes_of(firmware.code.reached_from(roots));
}

/// What the layers of the model file multiply, by name: a plan may do less (dead channels), or more (rows
/// that bands share).
class ImportedWork {
 public:
  explicit ImportedWork(const ir::Graph& graph) {
    for (const ir::Node& node : graph.nodes) macs_[node.name] += ir::multiply_accumulates(graph, node);
  }
  /// Of the layer that a step belongs to; 0 for all of its steps but the first.
  int64_t take(const std::string& step) {
    auto found = macs_.find(step);
    if (found == macs_.end()) found = macs_.find(step.substr(0, step.rfind(plan::kRowsOfBand)));
    return found == macs_.end() ? 0 : std::exchange(found->second, 0);
  }

 private:
  std::map<std::string, int64_t> macs_;
};

json layers_of(const ir::Graph& imported, const plan::Plan& plan, const board::Board& board,
               const board::Firmware& firmware, const board::InstructionCounts& counts) {
  json rows = json::array();
  ImportedWork work(imported);
  for (size_t i = 0; i < plan.steps().size() && i < counts.layers.size(); ++i) {
    const plan::Step& step = plan.steps()[i];
    json row = {{"name", step.name}, {"op", ir::op_name(step.op)}};
    add_estimate(row, board, counts.layers[i].counts, step.macs);
    row["macs_imported"] = work.take(step.name);
    row["kernel"] = step.call->name().function;
    row["ram_bytes"] = live_bytes(plan, static_cast<int>(i));
    row["flash_weights_bytes"] = constant_bytes(step);
    row["flash_code_bytes"] = firmware.code.bytes_reached_from(counts.layers[i].name);
    rows.push_back(std::move(row));
  }
  return rows;
}

/// Our promise to the chip: kernels never read or write across a word's border.
Result<void> check_alignment(const plan::Plan& plan, const board::InstructionCounts& counts) {
  for (size_t i = 0; i < plan.steps().size() && i < counts.layers.size(); ++i) {
    const int64_t unaligned = counts.layers[i].counts[board::Count::unaligned_accesses];
    if (unaligned == 0) continue;
    return Error{Code::internal, "layer '" + plan.steps()[i].name + "' made " + base::with_commas(unaligned) +
                                     " unaligned memory accesses in " +
                                     std::string(plan.steps()[i].call->name().function) +
                                     "; kernels must make none."};
  }
  return {};
}

}  // namespace

Result<json> profile_model(const std::string& model, const std::string& board_name, ModelBuild how,
                           Progress& progress) {
  how.name = std::filesystem::path(model).stem().string();
  TADPOLE_TRY(const board::Board board, board::find_board(board_name));
  TADPOLE_TRY(const std::vector<uint8_t> bytes, data::read_file(model));
  TADPOLE_TRY(const ir::Graph graph, read_model(model));
  TADPOLE_TRY(const TemporaryFolder folder, TemporaryFolder::make());
  TADPOLE_TRY(const BuiltModel built, build_model(graph, bytes, board, how, folder.path(), progress));
  TADPOLE_TRY(const auto machine, boot(board, built.firmware.elf_path, progress, {.watch_memory = true}));
  const plan::Plan& plan = built.plan;
  TADPOLE_CHECK(machine->infer(std::vector<uint8_t>(static_cast<size_t>(plan.input_bytes()))));
  const board::InstructionCounts counts = machine->instructions();
  TADPOLE_TRY(const board::BoardStats stats, machine->stats());
  TADPOLE_CHECK(check_alignment(plan, counts));
  const board::Firmware& firmware = built.firmware;
  json profile = {{"model", model},
                  {"board", board.name},
                  {"clock_hz", board.clock_hz},
                  {"active_milliwatts", board.active_milliwatts},
                  {"cycles_error", board::error_of_cycles(board)},
                  {"cycles_error_low_percent", board.cycle_model.error_low_percent},
                  {"cycles_error_high_percent", board.cycle_model.error_high_percent},
                  {"arena_bytes", plan.arena_bytes()},
                  {"arena_lower_bound_bytes", plan.arena_lower_bound_bytes()},
                  {"peak_layer", plan.peak_step()},
                  {"stack_high_water_bytes", stats.stack_high_water},
                  {"ram_bytes", firmware.total_ram_bytes()},
                  {"ram_limit_bytes", board.ram_bytes},
                  {"flash_bytes", firmware.flash_bytes()},
                  {"flash_limit_bytes", board.flash_bytes},
                  {"flash_code_bytes", firmware.flash_code_bytes},
                  {"flash_weights_bytes", firmware.flash_weights_bytes},
                  {"model_code_bytes", model_code_bytes(firmware, counts)},
                  {"layers", layers_of(graph, plan, board, firmware, counts)}};
  add_estimate(profile, board, counts.inference_counts, plan.macs());
  profile["macs_imported"] = ir::multiply_accumulates(graph);
  return profile;
}

}  // namespace tadpole::project
