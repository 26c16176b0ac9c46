// tadpole inspect: what is in a model file, and which architectures there are.
#include <filesystem>

#include "base/text.h"
#include "cli/commands.h"
#include "data/files.h"
#include "ir/graph.h"
#include "project/architectures.h"
#include "project/draw_graph.h"
#include "project/inspect_model.h"

namespace tadpole::cli {

namespace {

using nlohmann::json;

/// "0.0235 -128", or "" for what is not quantised.
std::string scale_text(const json& row) {
  if (!row.contains("scale")) return "";
  char text[40];
  std::snprintf(text, sizeof text, "%.4g @%d", row["scale"].get<double>(), row["zero_point"].get<int>());
  return text;
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

std::string layer_table(const json& model) {
  // What a plan multiplies has a column where it is not what the file says.
  const int left = model["macs_planned"] == model["macs"] ? 0 : 10;
  char line[240];
  std::snprintf(line, sizeof line, "%3s %-15s %-17s %-13s %-7s %-13s%10s%*s%9s %s\n", "", "layer", "operator",
                "output", "type", "scale @zero", "mult.-acc.", left, left > 0 ? "in plan" : "", "weights",
                "options");
  std::string text = line;
  int index = 0;
  for (const json& layer : model["layers"]) {
    std::snprintf(line, sizeof line, "%3d %-15s %-17.17s %-13s %-7s %-13s%10s%*s%9s %s", index++,
                  project::short_layer_name(layer["name"].get<std::string>(), 15).c_str(),
                  layer["op"].get<std::string>().c_str(),
                  ir::to_string(layer["output_shape"].get<ir::Shape>()).c_str(),
                  layer["type"].get<std::string>().c_str(), scale_text(layer).c_str(),
                  base::with_commas(layer["macs"].get<int64_t>()).c_str(), left,
                  left > 0 ? base::with_commas(layer["macs_planned"].get<int64_t>()).c_str() : "",
                  base::with_commas(layer["weights_bytes"].get<int64_t>()).c_str(),
                  layer["options"].get<std::string>().c_str());
    text += line;
    text = text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

/// Lines of at most 108 characters, indented by two.
std::string wrapped(const std::string& text) {
  std::string out, line;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    if (!line.empty() && line.size() + 1 + end - at > 106) {
      out += "  " + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + text.substr(at, end - at);
    at = end + 1;
  }
  return out + "  " + line + "\n";
}

std::string model_text(const json& model) {
  std::string text;
  for (const json& tensor : model["inputs"]) text += tensor_line("input ", tensor);
  for (const json& tensor : model["outputs"]) text += tensor_line("output", tensor);
  text += base::with_commas(model["parameters"].get<int64_t>()) + " parameters (" +
          base::with_commas(model["constant_bytes"].get<int64_t>()) + " B), " +
          base::with_commas(model["macs"].get<int64_t>()) + " multiply-accumulates" +
          (model["macs_planned"] == model["macs"]
               ? ""
               : " (" + base::with_commas(model["macs_planned"].get<int64_t>()) +
                     " when channels that carry nothing are left out)") +
          "; the file has " + base::with_commas(model["bytes"].get<int64_t>()) + " B\n\n" +
          layer_table(model) + "\n";
  for (size_t i = 0; i < model["boards"].size(); ++i) {
    const json& board = model["boards"][i];
    if (i > 0 && board["why"] == model["boards"][i - 1]["why"]) continue;  // a board and its virtual twin
    std::string names = board["name"].get<std::string>();
    for (size_t j = i + 1; j < model["boards"].size() && model["boards"][j]["why"] == board["why"]; ++j)
      names += ", " + model["boards"][j]["name"].get<std::string>();
    text += names +
            (board["fits"].get<bool>()     ? ": fits.\n"
             : board.contains("ram_bytes") ? ": DOES NOT FIT.\n"
                                           : ": CANNOT RUN IT.\n") +
            wrapped(board["why"].get<std::string>());
  }
  return text;
}

std::string architecture_table(const json& rows) {
  char line[200];
  std::snprintf(line, sizeof line, "%-20s%-14s%12s%13s%11s%11s  %s\n", "architecture", "input", "parameters",
                "mult.-acc.", "RAM int8", "flash int8", "on the board");
  std::string text = line;
  for (const json& row : rows) {
    const bool known = row.contains("ram_bytes");
    std::snprintf(line, sizeof line, "%-20s%-14s%12s%13s%11s%11s  %s\n",
                  row["example"].get<std::string>().c_str(),
                  ir::to_string(row["input"].get<ir::Shape>()).c_str(),
                  base::with_commas(row["parameters"].get<int64_t>()).c_str(),
                  base::with_commas(row["macs"].get<int64_t>()).c_str(),
                  known ? base::with_commas(row["ram_bytes"].get<int64_t>()).c_str() : "-",
                  known ? base::with_commas(row["flash_bytes"].get<int64_t>()).c_str() : "-",
                  row["fits"].get<bool>() ? "fits"
                  : known                 ? "DOES NOT FIT"
                                          : "float only");
    text += line;
    text += "  " + row["summary"].get<std::string>() + "\n" + wrapped(row["reference"].get<std::string>());
  }
  return text +
         "\nWrite a name into [model] arch, with a width behind it for more or fewer channels "
         "(mobilenet_v1_0.25).\narch = \"custom\" is a network of your own: docs/formats/layers.md.\n";
}

/// Describes the model; with `svg` also draws it there.
Result<json> inspect_file(const std::string& path, const std::string& svg) {
  TADPOLE_TRY(const project::Inspection model, project::inspect_model(path));
  json facts = model.facts;
  if (!svg.empty()) {
    const std::string title = std::filesystem::path(path).filename().string();
    TADPOLE_CHECK(data::write_text(svg, project::draw_graph(model.graph, title)));
    facts["svg"] = svg;
  }
  return facts;
}

}  // namespace

void add_inspect(CLI::App& app, Context& context) {
  CLI::App* command = add_command(app, context, "inspect",
                                  "show what is in a model file: layers, shapes, scales, sizes, work, which "
                                  "boards it fits, and a picture",
                                  "tadpole inspect runs/0001/model.tflite --svg model.svg", Needs::nothing);
  auto path = std::make_shared<std::string>();
  auto svg = std::make_shared<std::string>();
  auto list = std::make_shared<bool>(false);
  command->add_option("MODEL", *path, "a .tflite file");
  command->add_option("--svg", *svg, "write a picture of the network; every browser shows it")
      ->type_name("FILE");
  command->add_flag("--architectures", *list,
                    "list the networks for [model] arch, with what each costs, instead");
  command->callback([&context, path, svg, list] {
    if (*list == !path->empty())
      throw CLI::ValidationError("inspect", "give a .tflite file, or --architectures (one of them)");
    if (*list) {
      const auto rows = project::architectures_on(project::DeployConfig{}.board, context.console);
      if (!rows.ok()) {
        context.exit_code = context.console.fail(rows.error());
        return;
      }
      context.console.print(architecture_table(*rows));
      context.exit_code = context.console.finish({{"architectures", *rows}});
      return;
    }
    const auto model = inspect_file(*path, *svg);
    if (!model.ok()) {
      context.exit_code = context.console.fail(model.error());
      return;
    }
    context.console.print(model_text(*model) + (svg->empty() ? "" : "Picture: " + *svg + "\n"));
    context.exit_code = context.console.finish(*model);
  });
}

}  // namespace tadpole::cli
