// Builds, quantises and lowers each example of the zoo.
#include "project/architectures.h"

#include "base/rng.h"
#include "board/board.h"
#include "board/toolchain.h"
#include "plan/plan.h"
#include "quantise/quantise.h"
#include "zoo/zoo.h"

namespace tadpole::project {

namespace {

using nlohmann::json;

/// Sizes do not depend on the values: one input of noise calibrates.
quantise::CalibrationSet noise(const ir::Shape& input) {
  return {1, [input](int) {
            Rng rng(1);
            std::vector<float> values(static_cast<size_t>(ir::element_count(input)));
            for (float& value : values) value = rng.normal();
            return values;
          }};
}

Result<plan::Plan> int8_plan(const ir::Graph& graph, const ir::Shape& input, const board::Board& board) {
  Silent silent;  // three stages of some milliseconds for each network
  TADPOLE_TRY(const ir::Graph folded, quantise::fold_for_inference(graph));
  TADPOLE_TRY(const quantise::QuantiseResult int8, quantise::quantise_int8(folded, noise(input), silent));
  return plan::lower(int8.graph.graph, {.kernels = board.kernels});
}

void add_int8(json& row, const Result<plan::Plan>& plan, const board::Board& board) {
  if (!plan.ok()) {
    row["fits"] = false;
    row["why"] = plan.error().detail;
    return;
  }
  const int64_t ram = plan->arena_bytes() + board::kFirmwareRamBytes;
  const int64_t flash = plan->constant_bytes() + board::kFirmwareCodeBytes;
  row["arena_bytes"] = plan->arena_bytes();
  row["weights_bytes"] = plan->constant_bytes();
  row["ram_bytes"] = ram;
  row["flash_bytes"] = flash;
  row["fits"] = ram <= board.ram_bytes && flash <= board.flash_bytes;
}

}  // namespace

Result<json> architectures_on(const std::string& board_name, Progress& progress) {
  TADPOLE_TRY(const board::Board board, board::find_board(board_name));
  json rows = json::array();
  const auto table = zoo::architectures();
  for (const zoo::Architecture& row : table) {
    if (progress.cancelled()) return Error{Code::cancelled, "the list was stopped."};
    progress.report("measure networks", static_cast<long>(rows.size()), static_cast<long>(table.size()),
                    row.name);
    TADPOLE_TRY(const ir::Graph graph, zoo::make(row.example, row.input, row.outputs, 1, row.head));
    json entry = {{"name", row.name},
                  {"summary", row.summary},
                  {"reference", row.reference},
                  {"example", row.example},
                  {"input", row.input},
                  {"outputs", row.outputs},
                  {"parameters", zoo::trained_parameters(graph)},
                  {"macs", ir::multiply_accumulates(graph)},
                  {"published",
                   {{"parameters", row.published.parameters},
                    {"macs", row.published.macs},
                    {"source", row.published.source}}},
                  {"board", board.name}};
    add_int8(entry, int8_plan(graph, row.input, board), board);
    rows.push_back(std::move(entry));
  }
  return rows;
}

}  // namespace tadpole::project
