// A model file alone, on this computer or on a virtual board.
#include "project/raw_model.h"

#include <filesystem>

#include "data/files.h"
#include "project/firmware.h"
#include "project/prepare.h"

namespace tadpole::project {

namespace {

Error wrong_input(const std::string& model, const plan::Plan& plan, size_t found) {
  const ir::Graph& graph = plan.graph();
  const ir::Tensor& input = graph.tensors[static_cast<size_t>(graph.inputs[0])];
  return {Code::input_size, model + ": the input has " + std::to_string(found) + " bytes; the model needs " +
                                std::to_string(plan.input_bytes()) + " (" + ir::to_string(input.shape) +
                                " of " + std::string(ir::to_string(input.type)) + ")."};
}

struct OnBoard {
  TemporaryFolder folder;
  BuiltModel built;
  std::unique_ptr<board::VirtualBoard> machine;
};

Result<OnBoard> start(const std::string& model, const ir::Graph& graph, const board::Board& board,
                      Progress& progress) {
  TADPOLE_TRY(const std::vector<uint8_t> bytes, data::read_file(model));
  TADPOLE_TRY(TemporaryFolder folder, TemporaryFolder::make());
  TADPOLE_TRY(BuiltModel built, build_model(graph, bytes, board, std::filesystem::path(model).stem().string(),
                                            std::nullopt, folder.path(), progress));
  TADPOLE_TRY(std::unique_ptr<board::VirtualBoard> machine, boot(board, built.firmware.elf_path, progress));
  return OnBoard{std::move(folder), std::move(built), std::move(machine)};
}

}  // namespace

Result<TemporaryFolder> TemporaryFolder::make() {
  std::string name = (std::filesystem::temp_directory_path() / "tadpole-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr)
    return Error{Code::file_unwritable, name + ": could not make a temporary folder."};
  return TemporaryFolder(std::move(name));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Result<std::vector<uint8_t>> run_model(const std::string& model, std::span<const uint8_t> input,
                                       const std::string& board_name, Progress& progress) {
  TADPOLE_TRY(const ir::Graph graph, read_model(model));
  TADPOLE_TRY(const plan::Plan plan, plan::lower(graph, {.kernels = "host"}));
  if (static_cast<int64_t>(input.size()) != plan.input_bytes()) return wrong_input(model, plan, input.size());
  if (board_name.empty()) {
    std::vector<uint8_t> output(static_cast<size_t>(plan.output_bytes()));
    plan::Runner(plan).run(input, output);
    return output;
  }
  TADPOLE_TRY(const board::Board board, board::find_board(board_name));
  TADPOLE_TRY(const OnBoard on_board, start(model, graph, board, progress));
  return on_board.machine->infer(input);
}

}  // namespace tadpole::project
