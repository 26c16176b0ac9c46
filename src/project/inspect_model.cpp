// Describes a model and asks each board of the catalogue whether it fits.
#include "project/inspect_model.h"

#include <map>

#include "base/text.h"
#include "board/board.h"
#include "board/toolchain.h"
#include "data/files.h"
#include "ir/options_text.h"
#include "plan/plan.h"
#include "project/draw_graph.h"
#include "project/prepare.h"

namespace tadpole::project {

namespace {

using base::with_commas;
using nlohmann::json;

void add_scale(json& row, const ir::Tensor& tensor) {
  if (!tensor.quantisation || tensor.quantisation->scales.empty()) return;
  row["scale"] = tensor.quantisation->scales[0];
  row["zero_point"] = tensor.quantisation->zero_points[0];
}

json tensor_json(const ir::Tensor& tensor) {
  json row = {{"name", tensor.name}, {"type", ir::to_string(tensor.type)}, {"shape", tensor.shape}};
  add_scale(row, tensor);
  return row;
}

json tensors_json(const ir::Graph& graph, const std::vector<int>& indices) {
  json rows = json::array();
  for (const int index : indices) rows.push_back(tensor_json(graph.tensors[static_cast<size_t>(index)]));
  return rows;
}

/// Multiply-accumulates that are left when dead channels are gone, by layer; as imported when no plan can be
/// made (boards[] says why).
std::map<std::string, int64_t> planned_macs(const ir::Graph& graph) {
  std::map<std::string, int64_t> macs;
  const auto plan = plan::lower(graph, {.kernels = "generic"});
  if (plan.ok()) {
    for (const plan::Step& step : plan->steps()) macs[step.name] += step.macs;
  } else {
    for (const ir::Node& node : graph.nodes) macs[node.name] += ir::multiply_accumulates(graph, node);
  }
  return macs;
}

json layers_json(const ir::Graph& graph) {
  json rows = json::array();
  const std::map<std::string, int64_t> planned = planned_macs(graph);
  for (const ir::Node& node : graph.nodes) {
    const ir::Tensor& out = graph.output_of(node);
    int64_t parameters = 0;
    for (size_t i = 1; i < node.inputs.size(); ++i) {
      const int index = static_cast<int>(i);
      if (ir::Graph::has_input(node, index) && graph.input_of(node, index).is_constant())
        parameters += ir::element_count(graph.input_of(node, index).shape);
    }
    json row = {{"name", node.name},
                {"op", ir::op_name(node.op)},
                {"output_shape", out.shape},
                {"type", ir::to_string(out.type)},
                {"parameters", parameters},
                {"weights_bytes", constant_bytes(graph, node)},
                {"macs", ir::multiply_accumulates(graph, node)},
                {"options", ir::options_text(graph, node)}};
    const auto left = planned.find(node.name);
    row["macs_imported"] = row["macs"];
    row["macs_planned"] = left == planned.end() ? 0 : left->second;
    add_scale(row, out);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string share(int64_t part, int64_t whole) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return text;
}

/// "layer 2 'conv2d_1' (conv_2d 1x25x5x64)"
std::string layer_words(const plan::Plan& plan, int step_index) {
  const plan::Step& step = plan.steps()[static_cast<size_t>(step_index)];
  const ir::Tensor& out = plan.graph().output_of(plan.graph().nodes[static_cast<size_t>(step.node)]);
  return "layer " + std::to_string(step_index) + " '" + short_layer_name(step.name, 24) + "' (" +
         std::string(ir::op_name(step.op)) + " " + ir::to_string(out.shape) + ")";
}

json board_json(const board::Board& board, const plan::Plan& plan) {
  const int64_t ram = plan.arena_bytes() + board::kFirmwareRamBytes;
  const int64_t flash = plan.constant_bytes() + board::kFirmwareCodeBytes;
  const bool ram_fits = ram <= board.ram_bytes, flash_fits = flash <= board.flash_bytes;
  std::string why = "RAM " + with_commas(ram) + " of " + with_commas(board.ram_bytes) + " B (" +
                    share(ram, board.ram_bytes) + "): arena " + with_commas(plan.arena_bytes()) + " B";
  if (!plan.steps().empty()) why += ", fullest at " + layer_words(plan, plan.peak_step());
  why += ", firmware and stack at most " + with_commas(board::kFirmwareRamBytes) + " B. ";
  why += "Flash " + with_commas(flash) + " of " + with_commas(board.flash_bytes) + " B (" +
         share(flash, board.flash_bytes) + "): weights " + with_commas(plan.constant_bytes()) +
         " B, code about " + with_commas(board::kFirmwareCodeBytes) + " B.";
  if (!ram_fits) why += " Too much RAM: try a smaller input, fewer channels or a smaller architecture.";
  if (!flash_fits) why += " Too much flash: quantise the model, or use a smaller architecture.";
  return {{"name", board.name},
          {"fits", ram_fits && flash_fits},
          {"why", why},
          {"ram_bytes", ram},
          {"ram_limit_bytes", board.ram_bytes},
          {"arena_bytes", plan.arena_bytes()},
          {"arena_lower_bound_bytes", plan.arena_lower_bound_bytes()},
          {"peak_layer", plan.peak_step()},
          {"flash_bytes", flash},
          {"flash_limit_bytes", board.flash_bytes}};
}

/// Boards with the same kernels share a plan.
json boards_json(const ir::Graph& graph) {
  json rows = json::array();
  std::map<std::string, Result<plan::Plan>> plans;
  for (const board::Board& board : board::boards()) {
    auto plan = plans.find(board.kernels);
    if (plan == plans.end())
      plan = plans.emplace(board.kernels, plan::lower(graph, {.kernels = board.kernels})).first;
    if (plan->second.ok()) {
      rows.push_back(board_json(board, *plan->second));
    } else {
      rows.push_back({{"name", board.name}, {"fits", false}, {"why", plan->second.error().detail}});
    }
  }
  return rows;
}

}  // namespace

Result<Inspection> inspect_model(const std::string& path) {
  TADPOLE_TRY(const std::vector<uint8_t> bytes, data::read_file(path));
  TADPOLE_TRY(ir::Graph graph, read_model(path));
  int64_t constants = 0;
  for (const ir::Tensor& tensor : graph.tensors) constants += tensor.is_constant() ? tensor.bytes() : 0;
  json facts = {{"model", path},
                {"bytes", bytes.size()},
                {"macs", ir::multiply_accumulates(graph)},
                {"macs_imported", ir::multiply_accumulates(graph)},
                {"parameters", ir::parameter_count(graph)},
                {"constant_bytes", constants},
                {"inputs", tensors_json(graph, graph.inputs)},
                {"outputs", tensors_json(graph, graph.outputs)},
                {"layers", layers_json(graph)},
                {"boards", boards_json(graph)}};
  int64_t planned = 0;
  for (const json& layer : facts["layers"]) planned += layer["macs_planned"].get<int64_t>();
  facts["macs_planned"] = planned;
  return Inspection{std::move(graph), std::move(facts)};
}

}  // namespace tadpole::project
