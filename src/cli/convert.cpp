// tadpole convert: a model file in another form.
#include <filesystem>

#include "cli/commands.h"
#include "convert/tflite.h"
#include "data/files.h"

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

Result<void> convert_file(const std::string& from, const std::string& to) {
  TADPOLE_TRY(const std::vector<uint8_t> bytes, data::read_file(from));
  TADPOLE_TRY(const ir::Graph graph, convert::read_tflite(bytes));
  if (std::filesystem::path(to).extension() == ".tflite") {
    TADPOLE_TRY(const std::vector<uint8_t> rewritten, convert::write_tflite(graph, "Tadpole"));
    return data::write_file(to, rewritten);
  }
  return data::write_text(to, convert::write_cc_array(bytes, identifier_of(from)));
}

}  // namespace

void add_convert(CLI::App& app, Context& context) {
  CLI::App* command =
      add_command(app, context, "convert",
                  "write a model in another form: a C++ array for other engines, or a clean .tflite",
                  "tadpole convert runs/0001/model.tflite model.cc", Needs::nothing);
  auto from = std::make_shared<std::string>();
  auto to = std::make_shared<std::string>();
  command->add_option("FROM", *from, "a .tflite file")->required();
  command->add_option("TO", *to, "a file that ends in .cc or .tflite")->required();
  command->callback([&context, from, to] {
    const std::string extension = std::filesystem::path(*to).extension().string();
    if (extension != ".cc" && extension != ".tflite")
      throw CLI::ValidationError("TO", *to + " ends in '" + extension + "'; needs .cc or .tflite");
    const auto done = convert_file(*from, *to);
    if (!done.ok()) {
      context.exit_code = context.console.fail(done.error());
      return;
    }
    context.console.print("Wrote " + *to + ".");
    context.exit_code = context.console.finish({{"output", *to}});
  });
}

}  // namespace tadpole::cli
