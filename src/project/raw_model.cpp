// A model file alone, on this computer or on a virtual board.
#include "project/raw_model.h"

#include <cstring>
#include <filesystem>

#include "board/place_blob.h"
#include "data/files.h"
#include "device/runtime/blob.h"
#include "project/firmware.h"
#include "project/prepare.h"

namespace tadpole::project {

namespace {

/// "1x49x10x1 of int8 and 1x4 of float32"
std::string describe(const ir::Graph& graph) {
  std::string text;
  for (const int input : graph.inputs) {
    const ir::Tensor& tensor = graph.tensors[static_cast<size_t>(input)];
    text += (text.empty() ? "" : " and ") + ir::to_string(tensor.shape) + " of " +
            std::string(ir::to_string(tensor.type));
  }
  return text;
}

Error wrong_input(const std::string& model, const plan::Plan& plan, size_t found) {
  return {Code::input_size, model + ": the input has " + std::to_string(found) + " bytes; the model needs " +
                                std::to_string(plan.input_bytes()) + " (" + describe(plan.graph()) + ")."};
}

/// The bytes of all outputs as those of each.
std::vector<std::vector<uint8_t>> split_outputs(const plan::Plan& plan, std::span<const uint8_t> all) {
  std::vector<std::vector<uint8_t>> outputs;
  for (int i = 0; i < plan.output_count(); ++i) {
    const auto bytes = all.first(static_cast<size_t>(plan.output_bytes(i)));
    outputs.emplace_back(bytes.begin(), bytes.end());
    all = all.subspan(bytes.size());
  }
  return outputs;
}

bool looks_like_blob(std::span<const uint8_t> bytes) {
  uint32_t magic = 0;
  if (bytes.size() < sizeof(runtime::BlobHeader)) return false;
  std::memcpy(&magic, bytes.data(), sizeof magic);
  return magic == runtime::kBlobMagic;
}

/// Sizes of the outputs that a blob tells of; nothing when its tables lie outside of it.
Result<std::vector<std::vector<uint8_t>>> split_blob_outputs(const std::string& model,
                                                             std::span<const uint8_t> blob,
                                                             std::span<const uint8_t> all) {
  runtime::BlobHeader header;
  std::memcpy(&header, blob.data(), sizeof header);
  std::vector<std::vector<uint8_t>> outputs;
  for (uint64_t i = 0; i < header.outputs; ++i) {
    const uint64_t at = header.ends + (uint64_t{header.inputs} + i) * sizeof(runtime::Place);
    runtime::Place place;
    if (at + sizeof place > blob.size())
      return Error{Code::blob_damaged, model + ": its tables lie outside of it."};
    std::memcpy(&place, blob.data() + at, sizeof place);
    if (place.bytes > all.size())
      return Error{Code::blob_damaged, model + ": its outputs do not fit the answer."};
    const auto bytes = all.first(place.bytes);
    outputs.emplace_back(bytes.begin(), bytes.end());
    all = all.subspan(place.bytes);
  }
  return outputs;
}

Result<std::vector<std::vector<uint8_t>>> run_blob(const std::string& model, std::span<const uint8_t> blob,
                                                   std::span<const uint8_t> input, const RawRun& where,
                                                   Progress& progress) {
  if (where.board.empty()) {
    return Error{Code::unknown_board,
                 model +
                     " is a blob, made for the kernels of a board; run it there: --board "
                     "virtual-nano33ble."};
  }
  TADPOLE_TRY(const board::Board board, board::find_board(where.board));
  TADPOLE_TRY(const TemporaryFolder folder, TemporaryFolder::make());
  std::string runner = where.firmware;
  if (runner.empty() || !std::filesystem::exists(runner)) {
    TADPOLE_TRY(const board::Firmware built, build_runner(board, folder.path(), progress));
    if (!runner.empty()) {
      TADPOLE_TRY(const std::vector<uint8_t> image, data::read_file(built.elf_path));
      TADPOLE_CHECK(data::write_file(runner, image));
    }
    runner = built.elf_path;
  }
  const std::string elf = folder.path() + "/with_blob.elf";
  TADPOLE_CHECK(board::place_blob(runner, blob, elf));
  TADPOLE_TRY(const auto machine, boot(board, elf, progress));
  if (machine->hello().input_bytes == 0)
    return Error{Code::blob_damaged, model + " on " + board.name + ": " + machine->hello().model + "."};
  if (std::ssize(input) != machine->hello().input_bytes) {
    return Error{Code::input_size, model + ": the input has " + std::to_string(input.size()) +
                                       " bytes; the model needs " +
                                       std::to_string(machine->hello().input_bytes) + "."};
  }
  TADPOLE_TRY(const std::vector<uint8_t> output, machine->infer(input));
  return split_blob_outputs(model, blob, output);
}

struct OnBoard {
  TemporaryFolder folder;
  BuiltModel built;
  std::unique_ptr<board::VirtualBoard> machine;
};

Result<OnBoard> start(const std::string& model, const ir::Graph& graph, const board::Board& board,
                      ModelBuild how, Progress& progress) {
  how.name = std::filesystem::path(model).stem().string();
  TADPOLE_TRY(const std::vector<uint8_t> bytes, data::read_file(model));
  TADPOLE_TRY(TemporaryFolder folder, TemporaryFolder::make());
  TADPOLE_TRY(BuiltModel built, build_model(graph, bytes, board, how, folder.path(), progress));
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

Result<std::vector<std::vector<uint8_t>>> run_model(const std::string& model, std::span<const uint8_t> input,
                                                    const RawRun& where, Progress& progress) {
  TADPOLE_TRY(const std::vector<uint8_t> bytes, data::read_file(model));
  if (looks_like_blob(bytes)) return run_blob(model, bytes, input, where, progress);
  TADPOLE_TRY(const ir::Graph graph, read_model(model));
  TADPOLE_TRY(const plan::Plan plan, plan::lower(graph, {.kernels = "host"}));
  if (static_cast<int64_t>(input.size()) != plan.input_bytes()) return wrong_input(model, plan, input.size());
  if (where.board.empty()) {
    std::vector<uint8_t> output(static_cast<size_t>(plan.output_bytes()));
    plan::Runner(plan).run(input, output);
    return split_outputs(plan, output);
  }
  TADPOLE_TRY(const board::Board board, board::find_board(where.board));
  TADPOLE_TRY(const OnBoard on_board, start(model, graph, board, where.how, progress));
  TADPOLE_TRY(const std::vector<uint8_t> output, on_board.machine->infer(input));
  return split_outputs(plan, output);
}

}  // namespace tadpole::project
