// tadpole inspect: what is in a model file, and which architectures there are.
#include <filesystem>

#include "base/text.h"
#include "cli/commands.h"
#include "convert/tflite.h"
#include "data/files.h"
#include "zoo/zoo.h"

namespace tadpole::cli {

namespace {

using nlohmann::json;

json tensor_json(const ir::Tensor& tensor) {
  json result = {{"name", tensor.name}, {"type", ir::to_string(tensor.type)}, {"shape", tensor.shape}};
  if (tensor.quantisation) {
    result["scale"] = tensor.quantisation->scales[0];
    result["zero_point"] = tensor.quantisation->zero_points[0];
  }
  return result;
}

json graph_json(const ir::Graph& graph, size_t file_bytes) {
  json layers = json::array();
  for (const ir::Node& node : graph.nodes) {
    const ir::Tensor& out = graph.output_of(node);
    int64_t parameters = 0;
    for (size_t i = 1; i < node.inputs.size(); ++i) {
      const int index = static_cast<int>(i);
      if (ir::Graph::has_input(node, index) && graph.input_of(node, index).is_constant())
        parameters += ir::element_count(graph.input_of(node, index).shape);
    }
    layers.push_back({{"name", node.name},
                      {"op", ir::op_name(node.op)},
                      {"output_shape", out.shape},
                      {"type", ir::to_string(out.type)},
                      {"parameters", parameters},
                      {"macs", ir::multiply_accumulates(graph, node)}});
  }
  json inputs = json::array(), outputs = json::array();
  for (const int index : graph.inputs)
    inputs.push_back(tensor_json(graph.tensors[static_cast<size_t>(index)]));
  for (const int index : graph.outputs)
    outputs.push_back(tensor_json(graph.tensors[static_cast<size_t>(index)]));
  return {{"bytes", file_bytes},
          {"macs", ir::multiply_accumulates(graph)},
          {"parameters", ir::parameter_count(graph)},
          {"inputs", inputs},
          {"outputs", outputs},
          {"layers", layers}};
}

std::string tensor_line(const char* what, const json& tensor) {
  std::string line = std::string(what) + " " + tensor["name"].get<std::string>() + ": " +
                     ir::to_string(tensor["shape"].get<ir::Shape>()) + " " +
                     tensor["type"].get<std::string>();
  if (tensor.contains("scale")) {
    char scale[64];
    std::snprintf(scale, sizeof scale, ", real = %g * (stored - %d)", tensor["scale"].get<double>(),
                  tensor["zero_point"].get<int>());
    line += scale;
  }
  return line + "\n";
}

std::string graph_text(const json& model) {
  std::string text;
  for (const json& tensor : model["inputs"]) text += tensor_line("input ", tensor);
  for (const json& tensor : model["outputs"]) text += tensor_line("output", tensor);
  text += base::with_commas(model["parameters"].get<int64_t>()) + " parameters, " +
          base::with_commas(model["macs"].get<int64_t>()) + " multiply-accumulates, " +
          base::with_commas(model["bytes"].get<int64_t>()) + " B\n\n";
  char line[200];
  std::snprintf(line, sizeof line, "%-28s %-18s %-16s %-8s %12s %14s\n", "layer", "operator", "output",
                "type", "parameters", "mult.-acc.");
  text += line;
  for (const json& layer : model["layers"]) {
    std::snprintf(line, sizeof line, "%-28.28s %-18s %-16s %-8s %12s %14s\n",
                  layer["name"].get<std::string>().c_str(), layer["op"].get<std::string>().c_str(),
                  ir::to_string(layer["output_shape"].get<ir::Shape>()).c_str(),
                  layer["type"].get<std::string>().c_str(),
                  base::with_commas(layer["parameters"].get<int64_t>()).c_str(),
                  base::with_commas(layer["macs"].get<int64_t>()).c_str());
    text += line;
  }
  return text;
}

std::string architecture_table() {
  std::string text = "Architectures for [model] arch:\n";
  for (const zoo::Architecture& row : zoo::architectures()) {
    text += "  " + std::string(row.name) + "\n      " + std::string(row.summary) + "\n      " +
            std::string(row.reference) + "\n";
  }
  return text;
}

Result<json> inspect_file(const std::string& path) {
  TADPOLE_TRY(const std::vector<uint8_t> bytes, data::read_file(path));
  TADPOLE_TRY(const ir::Graph graph, convert::read_tflite(bytes));
  return graph_json(graph, bytes.size());
}

}  // namespace

void add_inspect(CLI::App& app, Context& context) {
  CLI::App* command =
      add_command(app, context, "inspect", "show what is in a model file: layers, shapes, sizes, work",
                  "tadpole inspect runs/0001/model.tflite", Needs::nothing);
  auto path = std::make_shared<std::string>();
  auto list = std::make_shared<bool>(false);
  command->add_option("MODEL", *path, "a .tflite file");
  command->add_flag("--architectures", *list, "list the architectures for [model] arch instead");
  command->callback([&context, path, list] {
    if (*list == !path->empty())
      throw CLI::ValidationError("inspect", "give a .tflite file, or --architectures (one of them)");
    if (*list) {
      json rows = json::array();
      for (const zoo::Architecture& row : zoo::architectures())
        rows.push_back({{"name", row.name}, {"summary", row.summary}, {"reference", row.reference}});
      context.console.print(architecture_table());
      context.exit_code = context.console.finish({{"architectures", rows}});
      return;
    }
    const auto model = inspect_file(*path);
    if (!model.ok()) {
      context.exit_code = context.console.fail({model.error().code, *path + ": " + model.error().detail});
      return;
    }
    context.console.print(graph_text(*model));
    context.exit_code = context.console.finish(*model);
  });
}

}  // namespace tadpole::cli
