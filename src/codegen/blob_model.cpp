// model.cc for networks that are data: the runner, the kernels it may call, and the place of the blob.
#include <set>

#include "codegen/blob.h"
#include "codegen/device_sources.h"
#include "codegen/emit.h"
#include "codegen/text.h"

namespace tadpole::codegen {

namespace {

/// `lists`: macros that stand for several entries.
std::string kernel_table(const std::set<std::string>& functions, const std::set<std::string>& lists = {}) {
  std::string text = "const tadpole::runtime::KernelEntry kernels[] = {\n";
  for (const std::string& function : functions) text += "    TADPOLE_KERNEL_ENTRY(" + function + "),\n";
  for (const std::string& list : lists) text += "    " + list + "\n";
  return text + "};\nenum { kKernelCount = sizeof(kernels) / sizeof(kernels[0]) };\n";
}

std::string include_lines(const std::set<std::string>& headers) {
  std::string text;
  for (const std::string& header : headers) text += "#include \"" + header + "\"\n";
  return text;
}

/// Macros that a header defines to list kernels which it declares by macros.
std::set<std::string> kernel_lists_in(std::string_view header) {
  std::set<std::string> macros;
  const std::string_view start = "\n#define TADPOLE_KERNEL_ENTRIES_";
  for (size_t at = header.find(start); at != std::string_view::npos; at = header.find(start, at + 1)) {
    const size_t name = at + std::string_view("\n#define ").size();
    macros.emplace(header.substr(name, header.find_first_of(" \\\n", name) - name));
  }
  return macros;
}

}  // namespace

std::set<std::string> kernels_in(std::string_view header) {
  std::set<std::string> functions;
  const std::string_view start = "\nvoid ";
  for (size_t at = header.find(start); at != std::string_view::npos; at = header.find(start, at + 1)) {
    const size_t name = at + start.size(), open = header.find('(', name);
    if (open == std::string_view::npos) break;
    // The first argument may stand on a line of its own.
    const size_t argument = header.find_first_not_of(" \n", open + 1);
    const std::string_view first = header.substr(argument, header.find_first_of(",)", argument) - argument);
    if (first.starts_with("const ") && first.find("Params& ") != std::string_view::npos)
      functions.emplace(header.substr(name, open - name));
  }
  return functions;
}

Result<std::string> emit_blob_source(const plan::Plan& plan, const LibraryOptions& options) {
  TADPOLE_TRY(const std::vector<uint8_t> blob, emit_blob(plan, options.name, options.hash));
  std::set<std::string> headers = {"device/runtime/runner.h"}, functions;
  for (const plan::Step& step : plan.steps()) {
    headers.emplace(step.call->name().header);
    functions.emplace(step.call->name().function);
  }
  std::string text =
      "// Made by tadpole: the network in model.h as data, and its runner.\n#include \"model.h\"\n\n"
      "#include <string.h>\n\n" +
      include_lines(headers) + "\nnamespace {\n\n";
  text += kernel_table(functions) + "\nalignas(16) uint8_t arena_memory[" + literal(plan.arena_bytes()) +
          "];\n" + array_definition("weights_blob", std::span<const uint8_t>(blob), 16);
  return text + R"(
tadpole::runtime::Runner runner;
bool is_open = false;

void open() {
  is_open = runner.open(weights_blob, sizeof(weights_blob), )" +
         literal(std::string_view(plan.target().kernels)) +
         R"(, kernels, kKernelCount, arena_memory,
                        sizeof(arena_memory)) == tadpole::runtime::kOk;
}

}  // namespace

namespace model {

)" + emit_ends(plan) +
         R"(
void reset() {
  if (is_open) {
    runner.reset();
  } else {
    open();
  }
}

void invoke() {
  if (!is_open) open();
  if (is_open) runner.invoke();
}

const char kName[] = )" +
         literal(options.name) + ";\nconst char kHash[] = " + literal(options.hash) +
         ";\n\n}  // namespace model\n";
}

Result<std::vector<File>> emit_runner_library(const RunnerOptions& options) {
  std::set<std::string> headers = {"device/runtime/runner.h"}, functions, lists;
  for (const DeviceSource& source : device_sources()) {
    const bool wanted = source.path.starts_with("device/kernels/ref/") ||
                        source.path.starts_with("device/kernels/generic/") ||
                        source.path.starts_with("device/kernels/" + options.kernels + "/");
    if (!wanted || !source.path.ends_with(".h")) continue;
    const std::set<std::string> found = kernels_in(source.text), macros = kernel_lists_in(source.text);
    if (!found.empty() || !macros.empty()) headers.emplace(source.path);
    functions.insert(found.begin(), found.end());
    lists.insert(macros.begin(), macros.end());
  }
  std::string text =
      "// Made by tadpole: runs whatever network stands in tadpole_blob.\n#include \"model.h\"\n\n"
      "#include <string.h>\n\n" +
      include_lines(headers) + "\n" +
      "// Filled in by who writes the firmware to the chip. Not const, so that no compiler reads it now.\n"
      "extern \"C\" {\nextern const uint8_t tadpole_blob[" +
      literal(options.blob_bytes) + "];\n" +
      "__attribute__((aligned(16), section(\".rodata.tadpole_blob\"))) const uint8_t tadpole_blob[" +
      literal(options.blob_bytes) + "] = {0};\n}\n\nnamespace {\n\n" + kernel_table(functions, lists) +
      "\nalignas(16) uint8_t arena_memory[" + literal(options.arena_bytes) + "];\n";
  text += R"(
tadpole::runtime::Runner runner;
char hash[17];

const char* const kWhyNot[] = {"",
                               "no network: there is no blob",
                               "no network: the blob's format has another version",
                               "no network: the blob is for another kind of processor",
                               "no network: the blob is damaged",
                               "no network: the blob is not aligned",
                               "no network: the blob needs more RAM",
                               "no network: the blob uses a kernel that is not here"};

uint32_t row_bytes(bool inputs) {
  uint32_t bytes = 0;
  for (uint32_t i = 0; i < (inputs ? runner.header().inputs : runner.header().outputs); ++i)
    bytes += inputs ? runner.input_bytes(i) : runner.output_bytes(i);
  return bytes;
}

void copy_row(bool inputs, uint32_t offset, uint8_t* bytes, uint32_t count) {
  const uint32_t end = offset + count;
  uint32_t start = 0;
  for (uint32_t i = 0; start < end && i < (inputs ? runner.header().inputs : runner.header().outputs); ++i) {
    const uint32_t size = inputs ? runner.input_bytes(i) : runner.output_bytes(i);
    const uint32_t from = offset > start ? offset : start, to = end < start + size ? end : start + size;
    if (from < to && inputs) memcpy(runner.input(i) + (from - start), bytes + (from - offset), to - from);
    if (from < to && !inputs) memcpy(bytes + (from - offset), runner.output(i) + (from - start), to - from);
    start += size;
  }
}

uint8_t* first_input() { return runner.input(0); }
const uint8_t* first_output() { return runner.output(0); }
void write_input(uint32_t offset, const uint8_t* bytes, uint32_t count) {
  copy_row(true, offset, const_cast<uint8_t*>(bytes), count);
}
void read_output(uint32_t offset, uint8_t* bytes, uint32_t count) { copy_row(false, offset, bytes, count); }
void invoke() { runner.invoke(); }
void reset() { runner.reset(); }
void nothing() {}

}  // namespace

namespace model {

tadpole::app::SessionModel opened() {
  const uint8_t* blob = tadpole_blob;
  __asm__ volatile("" : "+r"(blob));  // what stands there now is not what was compiled
)";
  text +=
      "  const tadpole::runtime::Status status = runner.open(blob, " + literal(options.blob_bytes) + ", " +
      literal(std::string_view(options.kernels)) + ",\n" +
      R"(                                                  kernels, kKernelCount, arena_memory, sizeof(arena_memory));
  if (status != tadpole::runtime::kOk)
    return {kWhyNot[status], "0000000000000000", arena_memory, 0, first_input, 0, first_output, 0, nothing,
            write_input, read_output, nothing};
  memcpy(hash, runner.header().hash, 16);
  return {runner.name(), hash, arena_memory, runner.header().arena_bytes, first_input, row_bytes(true), first_output,
          row_bytes(false), invoke, write_input, read_output, reset};
}

}  // namespace model
)";
  std::vector<std::string> roots(headers.begin(), headers.end());
  for (const DeviceSource& source : device_sources()) {
    if (source.path.starts_with("device/app/") || source.path.starts_with("device/runtime/crc32."))
      roots.emplace_back(source.path);
  }
  std::vector<File> files = {
      {"model.h",
       "// Made by tadpole: whatever network the firmware holds.\n#ifndef TADPOLE_MODEL_H_\n"
       "#define TADPOLE_MODEL_H_\n\n#include \"device/app/session.h\"\n\nnamespace model {\n\n"
       "// The network, or one without inputs whose name says what is wrong.\n"
       "tadpole::app::SessionModel opened();\n\n}  // namespace model\n\n#endif  // TADPOLE_MODEL_H_\n"},
      {"model.cc", text},
      {"application.h",
       "// Made by tadpole.\n#ifndef TADPOLE_APPLICATION_H_\n#define TADPOLE_APPLICATION_H_\n\n"
       "#define TADPOLE_HAS_SPEECH 0\n#define TADPOLE_TAKES_BLOBS 1\n\n"
       "#endif  // TADPOLE_APPLICATION_H_\n"}};
  for (const DeviceSource& source : device_source_closure(roots))
    files.push_back({std::string(source.path), std::string(source.text)});
  return files;
}

}  // namespace tadpole::codegen
