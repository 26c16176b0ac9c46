// tadpole profile: where a model's instructions, cycles and memory go on a board.
#include <algorithm>

#include "base/text.h"
#include "board/instructions.h"
#include "cli/commands.h"
#include "project/raw_model.h"

namespace tadpole::cli {

namespace {

using base::with_commas;
using nlohmann::json;

/// "a/b/conv2d" is best known by its end; long names keep their last characters.
std::string short_name(const std::string& name, size_t width) {
  const std::string end = name.substr(name.find_last_of('/') + 1);
  return end.size() <= width ? end : "~" + end.substr(end.size() - (width - 1));
}

std::string number(const json& row, const char* key) { return with_commas(row[key].get<int64_t>()); }

std::string ratio(const json& row) {
  const int64_t macs = row["macs"].get<int64_t>();
  if (macs == 0) return "-";
  char text[16];
  std::snprintf(text, sizeof text, "%.2f", row["instructions"].get<double>() / static_cast<double>(macs));
  return text;
}

/// The columns before the figures: the file's multiply-accumulates have one where the plan does others.
struct Head {
  int name, op;
  bool imported;
};
Head head_of(const json& profile) {
  const auto& layers = profile["layers"];
  const bool same = std::all_of(layers.begin(), layers.end(),
                                [](const json& layer) { return layer["macs"] == layer["macs_imported"]; });
  return same && profile["macs"] == profile["macs_imported"] ? Head{17, 17, false} : Head{14, 10, true};
}

std::string layer_line(const Head& head, const std::string& index, const std::string& name,
                       const std::string& op, const json& row, const std::string& ram) {
  char line[220];
  std::snprintf(line, sizeof line, "%3s %-*s %-*.*s%*s%11s%11s%6s%11s%8.2f%8.1f%8s%8s\n", index.c_str(),
                head.name, name.c_str(), head.op, head.op, op.c_str(), head.imported ? 10 : 0,
                head.imported ? number(row, "macs_imported").c_str() : "", number(row, "macs").c_str(),
                number(row, "instructions").c_str(), ratio(row).c_str(),
                number(row, "cycles_estimated").c_str(), row["milliseconds_estimated"].get<double>(),
                row["microjoules_estimated"].get<double>(), ram.c_str(),
                number(row, "flash_weights_bytes").c_str());
  return line;
}

std::string profile_table(const json& profile) {
  const Head head = head_of(profile);
  char line[220];
  std::snprintf(line, sizeof line, "%3s %-*s %-*s%*s%11s%11s%6s%11s%8s%8s%8s%8s\n", "", head.name, "layer",
                head.op, "operator", head.imported ? 10 : 0, head.imported ? "in file" : "", "mult.-acc.",
                "instruct.", "/m-a", "cycles ~", "ms ~", "uJ ~", "RAM", "weights");
  std::string text = line;
  int index = 0;
  for (const json& layer : profile["layers"]) {
    const bool peak = index == profile["peak_layer"].get<int>();
    const std::string name = short_name(layer["name"].get<std::string>(), static_cast<size_t>(head.name));
    text += layer_line(head, std::to_string(index), name, layer["op"].get<std::string>(), layer,
                       (peak ? "*" : "") + number(layer, "ram_bytes"));
    ++index;
  }
  return text + layer_line(head, "", "in all", "", profile, number(profile, "arena_bytes"));
}

/// Why the plan multiplies less, or more, than the model file says.
std::string imported_words(const json& p) {
  if (p["macs"] == p["macs_imported"]) return "";
  return "\nMultiply-accumulates: " + number(p, "macs") + "; the model file has " +
         number(p, "macs_imported") +
         (p["macs"] < p["macs_imported"]
              ? ". Channels that carry nothing are left out, exactly."
              : ". Bands of rows compute some rows twice, to stay within the RAM limit.");
}

/// What the summary says below the table.
std::string profile_words(const json& p) {
  char line[400];
  const double instructions = p["instructions"].get<double>();
  std::string text = imported_words(p) + "\nInstructions are exact.";
  if (const int64_t floor = p["floor_instructions"].get<int64_t>(); floor > 0) {
    std::snprintf(line, sizeof line,
                  " They are %.2f times the arithmetic floor of %s (SMLAD: two /m-a each).",
                  instructions / static_cast<double>(floor), with_commas(floor).c_str());
    text += line;
  }
  std::snprintf(line, sizeof line,
                "\nEstimates (~): %.2f cycles an instruction; %.2f ms at %d MHz, %.0f uJ at %.1f mW;\n  %s\n"
                "  (docs/cycle-model.md).\n",
                p["cycles_estimated"].get<double>() / instructions, p["milliseconds_estimated"].get<double>(),
                static_cast<int>(p["clock_hz"].get<int64_t>() / 1000000),
                p["microjoules_estimated"].get<double>(), p["active_milliwatts"].get<double>(),
                p["cycles_error"].get<std::string>().c_str());
  text += line;
  return text + "RAM: arena " + number(p, "arena_bytes") + " B, at least " +
         number(p, "arena_lower_bound_bytes") +
         " B with these kernels (* the fullest layer); deepest stack " + number(p, "stack_high_water_bytes") +
         " B;\n  whole firmware " + number(p, "ram_bytes") + " of " + number(p, "ram_limit_bytes") +
         " B.\nFlash: weights " + number(p, "flash_weights_bytes") + " B, the model's code " +
         number(p, "model_code_bytes") + " B; whole firmware " + number(p, "flash_bytes") + " of " +
         number(p, "flash_limit_bytes") + " B.\n";
}

/// Classes that are shown, and the rows of plugin/classes.def in each.
struct Column {
  const char* title;
  std::vector<board::Count> counts;
};
const std::vector<Column>& columns() {
  using board::Count;
  static const std::vector<Column> all = {{"ALU", {Count::alu}},
                                          {"multiply", {Count::multiply}},
                                          {"load", {Count::load}},
                                          {"load+", {Count::load_pipelined}},
                                          {"load many", {Count::load_multiple}},
                                          {"store", {Count::store, Count::store_indexed}},
                                          {"st. many", {Count::store_multiple}},
                                          {"taken", {Count::branch_taken}},
                                          {"not", {Count::branch_not_taken}},
                                          {"rest",
                                           {Count::divide, Count::float_alu, Count::float_multiply_accumulate,
                                            Count::float_divide, Count::other}},
                                          {"stalls", {Count::address_stalls}},
                                          {"code B", {}}};
  return all;
}

std::string class_line(const std::string& index, const json& row) {
  std::string text = index + std::string(4 - std::min<size_t>(index.size(), 4), ' ');
  for (const Column& column : columns()) {
    int64_t sum = column.counts.empty() ? row.value("flash_code_bytes", int64_t{0}) : 0;
    for (const board::Count count : column.counts)
      sum += row["counts"][std::string(board::count_name(count))].get<int64_t>();
    char cell[32];
    std::snprintf(cell, sizeof cell, "%10s", with_commas(sum).c_str());
    text += std::string(cell).substr(column.counts.empty() || column.title[0] == 'n' ? 1 : 0);
  }
  return text + "\n";
}

std::string class_table(const json& profile) {
  std::string text = "\n    ";
  for (const Column& column : columns()) {
    char cell[32];
    std::snprintf(cell, sizeof cell, "%10s", column.title);
    text += std::string(cell).substr(column.counts.empty() || column.title[0] == 'n' ? 1 : 0);
  }
  text += "\n";
  int index = 0;
  for (const json& layer : profile["layers"]) text += class_line(" " + std::to_string(index++), layer);
  json all = profile;
  all["flash_code_bytes"] = profile["model_code_bytes"];
  text += class_line("all", all);
  return text +
         "\nload: 2 cycles each; load+: right behind another load, 1 cycle; many: of several registers, 1 "
         "and 1 "
         "for each;\ntaken: 3 cycles; not: branches that go on; stalls: waits of 1 cycle for an address that "
         "was just computed;\ncode: what the layer reaches, shared code in each layer that uses it.\n";
}

}  // namespace

void add_profile(CLI::App& app, Context& context) {
  CLI::App* command = add_command(
      app, context, "profile",
      "count a model's instructions layer by layer on a virtual board (exact), and estimate time and energy",
      "tadpole profile model.tflite --board virtual-nano33ble --classes", Needs::nothing);
  auto model = std::make_shared<std::string>();
  auto board = std::make_shared<std::string>("virtual-nano33ble");
  auto classes = std::make_shared<bool>(false);
  auto how = std::make_shared<project::ModelBuild>();
  command->add_option("MODEL", *model, "a .tflite or ONNX file")->required();
  command->add_option("--board", *board, "tadpole board lists them")
      ->type_name("NAME")
      ->capture_default_str();
  command->add_flag("--classes", *classes, "also show the instructions of each layer by class");
  add_build_options(*command, *how);
  command->callback([&context, model, board, classes, how] {
    const auto profile = project::profile_model(*model, *board, *how, context.console);
    if (!profile.ok()) {
      context.exit_code = context.console.fail(profile.error());
      return;
    }
    context.console.print(profile_table(*profile) + (*classes ? class_table(*profile) : "") +
                          profile_words(*profile));
    context.exit_code = context.console.finish(*profile);
  });
}

}  // namespace tadpole::cli
