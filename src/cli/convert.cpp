// tadpole convert: a model file in another form.
#include <filesystem>

#include "cli/commands.h"
#include "convert/tflite.h"
#include "data/files.h"
#include "ir/surgery.h"
#include "project/prepare.h"
#include "quantise/quantise.h"
#include "quantise/weights.h"

namespace tadpole::cli {

namespace {

/// "my_model" of "runs/0001/my-model.tflite": a name that C++ accepts.
std::string identifier_of(const std::string& path) {
  std::string name = std::filesystem::path(path).stem().string();
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) ? "model_" + name : name;
}

/// What is done to a model on the way.
struct Change {
  std::string up_to;          ///< the last layer that stays; "" = all
  bool int8_weights = false;  ///< weights alone as int8

  bool any() const { return !up_to.empty() || int8_weights; }
};

Result<ir::Graph> changed(ir::Graph graph, const Change& change) {
  if (!change.up_to.empty()) {
    TADPOLE_TRY(graph, ir::part_up_to(graph, change.up_to));
  }
  if (!change.int8_weights) return graph;
  TADPOLE_TRY(graph, quantise::fold_for_inference(graph));
  return quantise::quantise_weights(graph);
}

/// What `to` is called tells what it becomes.
Result<void> convert_file(const std::string& from, const std::string& to, const std::string& board_name,
                          const Change& change, project::ModelBuild how) {
  TADPOLE_TRY(std::vector<uint8_t> bytes, data::read_file(from));
  TADPOLE_TRY(ir::Graph graph, project::read_model(from));
  if (change.any()) {
    TADPOLE_TRY(graph, changed(std::move(graph), change));
    TADPOLE_TRY(bytes, convert::write_tflite(graph, "Tadpole"));
  }
  const std::string extension = std::filesystem::path(to).extension().string();
  if (extension == ".tflite") {
    TADPOLE_TRY(const std::vector<uint8_t> rewritten, convert::write_tflite(graph, "Tadpole"));
    return data::write_file(to, rewritten);
  }
  if (extension == ".blob") {
    TADPOLE_TRY(const board::Board board, board::find_board(board_name));
    how.name = std::filesystem::path(from).stem().string();
    TADPOLE_TRY(const std::vector<uint8_t> blob, project::build_blob(graph, bytes, board, how));
    return data::write_file(to, blob);
  }
  return data::write_text(to, convert::write_cc_array(bytes, identifier_of(from)));
}

}  // namespace

void add_convert(CLI::App& app, Context& context) {
  CLI::App* command = add_command(
      app, context, "convert",
      "write a model in another form: .tflite, a blob for a board, or a C++ array for other engines",
      "tadpole convert model.onnx model.tflite\n"
      "  tadpole convert runs/0001/model.tflite model.blob --board virtual-nano33ble\n"
      "  tadpole convert model_float.tflite small.tflite --int8-weights",
      Needs::nothing);
  auto from = std::make_shared<std::string>();
  auto to = std::make_shared<std::string>();
  command->add_option("FROM", *from, "a .tflite or ONNX file")->required();
  command->add_option("TO", *to, "a file that ends in .tflite, .blob or .cc")->required();
  auto board = std::make_shared<std::string>("virtual-nano33ble");
  auto how = std::make_shared<project::ModelBuild>();
  command->add_option("--board", *board, "for a blob: whose kernels it is made for")
      ->type_name("NAME")
      ->capture_default_str();
  auto change = std::make_shared<Change>();
  command->add_option("--up-to", change->up_to, "leave out what comes after this layer")->type_name("LAYER");
  command->add_flag("--int8-weights", change->int8_weights,
                    "of a float model: weights as int8, a quarter of the size; activations stay floats");
  add_build_options(*command, *how);
  command->callback([&context, from, to, board, change, how] {
    const std::string extension = std::filesystem::path(*to).extension().string();
    if (extension != ".cc" && extension != ".tflite" && extension != ".blob")
      throw CLI::ValidationError("TO", *to + " ends in '" + extension + "'; needs .tflite, .blob or .cc");
    const auto done = convert_file(*from, *to, *board, *change, *how);
    if (!done.ok()) {
      context.exit_code = context.console.fail(done.error());
      return;
    }
    context.console.print("Wrote " + *to + ".");
    context.exit_code = context.console.finish({{"output", *to}});
  });
}

}  // namespace tadpole::cli
