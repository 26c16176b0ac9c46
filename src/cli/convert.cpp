// tadpole convert: a model file in another form.
#include <filesystem>

#include "cli/commands.h"
#include "convert/tflite.h"
#include "data/files.h"
#include "project/prepare.h"

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

/// What `to` is called tells what it becomes.
Result<void> convert_file(const std::string& from, const std::string& to, const std::string& board_name,
                          project::ModelBuild how) {
  TADPOLE_TRY(const std::vector<uint8_t> bytes, data::read_file(from));
  TADPOLE_TRY(const ir::Graph graph, project::read_model(from));
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
      "  tadpole convert runs/0001/model.tflite model.blob --board virtual-nano33ble",
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
  add_build_options(*command, *how);
  command->callback([&context, from, to, board, how] {
    const std::string extension = std::filesystem::path(*to).extension().string();
    if (extension != ".cc" && extension != ".tflite" && extension != ".blob")
      throw CLI::ValidationError("TO", *to + " ends in '" + extension + "'; needs .tflite, .blob or .cc");
    const auto done = convert_file(*from, *to, *board, *how);
    if (!done.ok()) {
      context.exit_code = context.console.fail(done.error());
      return;
    }
    context.console.print("Wrote " + *to + ".");
    context.exit_code = context.console.finish({{"output", *to}});
  });
}

}  // namespace tadpole::cli
