// Runs the cross-compiler and understands its complaints.
#include "board/toolchain.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>

#include "base/text.h"
#include "base/workers.h"
#include "codegen/device_sources.h"
#include "data/files.h"
#include "data/process.h"

namespace tadpole::board {
namespace {

namespace fs = std::filesystem;

/// -fno-ipa-icf: layers with equal bodies stay apart, since each is counted by its address.
const std::vector<std::string> kCommonFlags = {"-std=c++14",
                                               "-fno-exceptions",
                                               "-fno-rtti",
                                               "-fno-unwind-tables",
                                               "-fno-asynchronous-unwind-tables",
                                               "-fno-threadsafe-statics",
                                               "-fno-ipa-icf",
                                               "-ffp-contract=off",
                                               "-ffunction-sections",
                                               "-fdata-sections",
                                               "-Wall",
                                               "-Wextra",
                                               "-Wpedantic",
                                               "-Werror"};

/// Whatever model.h is beside it, served on the serial line.
constexpr std::string_view kReadyMain = "device/port/firmware.cc";

std::string how_to_install(const Board& board) {
  return "Run: apt-get install --no-install-recommends " + board.compiler_packages;
}

struct Unit {
  std::string source;  ///< full path
  std::string object;  ///< full path
};

Result<std::vector<std::string>> library_sources(const std::string& folder) {
  std::error_code failed;
  std::vector<std::string> found;
  for (fs::recursive_directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    const std::string relative = at->path().lexically_relative(folder).generic_string();
    const bool skipped =
        relative.starts_with("examples/") || relative.starts_with("device/port/") || relative == "main.cc";
    if (!skipped && at->path().extension() == ".cc" && at->is_regular_file()) found.push_back(relative);
  }
  if (failed) {
    return Error{Code::file_not_found, "the library " + folder + " cannot be read: " + failed.message() +
                                           ". Make it again: tadpole deploy."};
  }
  std::sort(found.begin(), found.end());
  if (found.empty()) {
    return Error{Code::file_not_found,
                 "there is no C++ source in the library " + folder + ". Make it again: tadpole deploy."};
  }
  return found;
}

/// Writes the port and what it includes to the work folder. Returns the .cc files that the library does not
/// have.
Result<std::vector<std::string>> write_port(const Board& board, const std::string& work,
                                            const std::vector<std::string>& library, bool own_main) {
  const std::string ports = "device/port/", port = ports + board.port + "/";
  std::vector<std::string> roots;
  for (const codegen::DeviceSource& file : codegen::device_sources()) {
    // The port's own files, and those beside the ports, which all of them share.
    const bool shared = file.path.starts_with(ports) && file.path.rfind('/') == ports.size() - 1;
    if (own_main && file.path == kReadyMain) continue;
    if (file.path.starts_with(port) || shared) roots.emplace_back(file.path);
  }
  if (board.port.empty()) {
    return Error{Code::unknown_board, "Tadpole has no firmware for " + board.name +
                                          " yet; it can export a library for it. Try virtual-" + board.name};
  }
  std::vector<std::string> own;
  for (const codegen::DeviceSource& file : codegen::device_source_closure(roots)) {
    const std::string path(file.path);
    const fs::path target = fs::path(work) / path;
    TADPOLE_CHECK(data::make_folders(target.parent_path().string()));
    TADPOLE_CHECK(data::write_text(target.string(), file.text));
    const bool in_library = std::binary_search(library.begin(), library.end(), path);
    if (path.ends_with(".cc") && !in_library) own.push_back(path);
  }
  return own;
}

/// The tools write objects and temporary files; a full disk is no fault of what they compile.
std::optional<Error> no_space(const data::ProcessResult& result) {
  const size_t found = result.err.find("No space left on device");
  if (found == std::string::npos) return std::nullopt;
  const size_t before = result.err.rfind('\n', found), begin = before == std::string::npos ? 0 : before + 1;
  return Error{
      Code::disk_full,
      "the cross-compiler stopped: " + result.err.substr(begin, result.err.find('\n', found) - begin) +
          ". Free some space (df -h shows how much is left) in the project's folder "
          "and in the folder for temporary files."};
}

Error explain_compiler(const Board& board, const std::string& source, const data::ProcessResult& result) {
  if (const auto full = no_space(result)) return *full;
  // <string.h> comes from the C library, and picolibc.specs with it; both are packages of their own.
  for (const char* lost : {"string.h: No such file", "stdint.h: No such file", "cannot read spec file"}) {
    if (result.err.find(lost) == std::string::npos) continue;
    return {Code::program_missing,
            "the C library of the cross-compiler is not installed. " + how_to_install(board)};
  }
  std::string words = result.err.substr(0, 2000);
  return {Code::compile_failed, source + " did not compile:\n" + words};
}

Result<void> compile(const Board& board, const std::vector<std::string>& base_command,
                     const std::vector<Unit>& units, const BuildOptions& options) {
  std::mutex guard;
  std::optional<Error> first;
  Workers workers(std::max(options.jobs, 1));
  workers.run(static_cast<int>(units.size()), [&](int shard) {
    {
      const std::lock_guard lock(guard);
      if (first) return;
    }
    const Unit& unit = units[static_cast<size_t>(shard)];
    std::vector<std::string> command = base_command;
    command.insert(command.end(), {"-c", unit.source, "-o", unit.object});
    data::ProcessOptions process;
    process.timeout = std::chrono::minutes(5);
    process.progress = options.progress;
    const Result<data::ProcessResult> result = data::run_process(command, process);
    std::optional<Error> error;
    if (!result) {
      error = result.error();
    } else if (result->timed_out) {
      error = Error{Code::timed_out, "the compiler took more than 5 minutes for " + unit.source};
    } else if (result->exit_code != 0) {
      error = explain_compiler(board, unit.source, *result);
    }
    const std::lock_guard lock(guard);
    if (error && !first) first = error;
  });
  if (first) return *first;
  return {};
}

/// The linker says: region `RAM' overflowed by 1234 bytes.
std::optional<int64_t> overflow_of(const std::string& words, const std::string& region) {
  const std::string start = "region `" + region + "' overflowed by ";
  const size_t at = words.find(start);
  if (at == std::string::npos) return std::nullopt;
  int64_t bytes = 0;
  for (size_t i = at + start.size(); i < words.size() && std::isdigit(static_cast<unsigned char>(words[i]));
       ++i) {
    bytes = bytes * 10 + (words[i] - '0');
    if (bytes > int64_t{1} << 40) break;
  }
  return bytes;
}

Error explain_linker(const Board& board, const BuildOptions& options, const data::ProcessResult& result) {
  if (const auto full = no_space(result)) return *full;
  std::string detail;
  const auto add = [&](const char* region, const char* what, int64_t limit, const std::string& more) {
    const std::optional<int64_t> over = overflow_of(result.err, region);
    if (!over) return;
    if (!detail.empty()) detail += " ";
    detail += "The firmware needs " + base::with_commas(limit + *over) + " B of " + what + more + "; " +
              board.name + " has " + base::with_commas(limit) + " B.";
  };
  add("RAM", "RAM", board.ram_bytes,
      " (" + base::with_commas(options.stack_bytes + 1024) + " B of it stack)");
  add("FLASH", "flash", board.flash_bytes, "");
  if (!detail.empty()) return {Code::does_not_fit, detail + " Try a smaller model or another board."};
  if (result.err.find("cannot find -lc") != std::string::npos) {
    return {Code::program_missing,
            "the C library of the cross-compiler is not installed. " + how_to_install(board)};
  }
  return {Code::compile_failed, "the firmware could not be linked:\n" + result.err.substr(0, 2000)};
}

Result<void> link(const Board& board, const std::string& compiler, const std::string& work,
                  const std::vector<Unit>& units, const std::string& elf, const BuildOptions& options) {
  const auto define = [](const char* name, int64_t value) {
    return std::string("-Wl,--defsym=") + name + "=" + std::to_string(value);
  };
  std::vector<std::string> command = {compiler};
  command.insert(command.end(), board.compiler_flags.begin(), board.compiler_flags.end());
  command.insert(
      command.end(),
      {"-nostdlib", "-nostartfiles", "-static", "-Wl,--gc-sections", "-Wl,--build-id=none",
       "-Wl,--no-warn-rwx-segments", define("tadpole_flash_bytes", board.flash_bytes),
       define("tadpole_ram_bytes", board.ram_bytes), define("tadpole_stack_bytes", options.stack_bytes), "-T",
       work + "/device/port/" + board.port + "/link.ld"});
  for (const Unit& unit : units) command.push_back(unit.object);
  command.insert(command.end(), {"-Wl,--start-group", "-lc", "-lgcc", "-Wl,--end-group", "-o", elf});
  data::ProcessOptions process;
  process.timeout = std::chrono::minutes(5);
  process.progress = options.progress;
  TADPOLE_TRY(const data::ProcessResult result, data::run_process(command, process));
  if (result.timed_out) return Error{Code::timed_out, "the linker took more than 5 minutes"};
  if (result.exit_code != 0) return explain_linker(board, options, result);
  return {};
}

std::vector<Unit> name_units(const std::string& library, const std::vector<std::string>& from_library,
                             const std::string& work, const std::vector<std::string>& from_port) {
  std::vector<Unit> units;
  const auto add = [&](const std::string& folder, const std::string& relative) {
    std::string name = relative;
    std::replace(name.begin(), name.end(), '/', '_');
    units.push_back({folder + "/" + relative, work + "/objects/" + name + ".o"});
  };
  for (const std::string& relative : from_library) add(library, relative);
  for (const std::string& relative : from_port) add(work, relative);
  return units;
}

}  // namespace

Result<Firmware> read_firmware(const std::string& elf_path) {
  TADPOLE_TRY(const std::vector<uint8_t> image, data::read_file(elf_path, size_t{64} << 20));
  TADPOLE_TRY(Elf elf, read_elf(image));
  const Symbol* ram = elf.find("tadpole_ram_begin");
  if (ram == nullptr)
    return Error{Code::elf_damaged, elf_path + " was not linked by Tadpole. Build it again."};
  const uint32_t ram_begin = ram->address;
  Firmware firmware;
  firmware.elf_path = elf_path;
  int64_t flash = 0;
  for (const ElfSection& section : elf.sections) {
    if (!section.allocated()) continue;
    const bool in_ram = section.address >= ram_begin;
    if (section.name == ".stack") {
      firmware.stack_bytes += section.size;
    } else if (in_ram) {
      firmware.ram_bytes += section.size;
    }
    // Start values of variables take flash too.
    if (!in_ram || (section.has_contents() && section.name != ".stack")) flash += section.size;
  }
  std::set<uint32_t> counted;  // two names of one object count once
  for (const Symbol& symbol : elf.symbols) {
    if (symbol.kind == SymbolKind::object && symbol.section >= 0 && symbol.address < ram_begin &&
        symbol.name.find("weights") != std::string::npos && counted.insert(symbol.address).second) {
      firmware.flash_weights_bytes += symbol.size;
    }
  }
  if (firmware.flash_weights_bytes > flash) {
    return Error{Code::elf_damaged, elf_path + ": its weights are larger than its flash. Build it again."};
  }
  firmware.flash_code_bytes = flash - firmware.flash_weights_bytes;
  TADPOLE_TRY(firmware.code, CodeMap::read(image, elf));
  firmware.symbols = std::move(elf.symbols);
  return firmware;
}

Result<Firmware> build_firmware(const Board& board, const std::string& library_folder,
                                const std::string& work_folder, const BuildOptions& options) {
  const Result<std::string> compiler = data::find_program(board.compiler);
  if (!compiler) {
    return Error{Code::program_missing,
                 "the cross-compiler " + board.compiler + " is not installed. " + how_to_install(board)};
  }
  TADPOLE_TRY(const std::vector<std::string> from_library, library_sources(library_folder));
  TADPOLE_TRY(const std::vector<std::string> from_port,
              write_port(board, work_folder, from_library, !options.main.empty()));
  TADPOLE_CHECK(data::make_folders(work_folder + "/objects"));

  std::vector<std::string> command = {*compiler};
  command.insert(command.end(), board.compiler_flags.begin(), board.compiler_flags.end());
  command.insert(command.end(), kCommonFlags.begin(), kCommonFlags.end());
  command.push_back("-DTADPOLE_BOARD_NAME=\"" + board.name + "\"");
  if (options.serial_uart) command.push_back("-DTADPOLE_SERIAL_UART");
  command.insert(command.end(), options.flags.begin(), options.flags.end());
  command.insert(command.end(), {"-I", library_folder, "-I", work_folder});

  std::vector<Unit> units = name_units(library_folder, from_library, work_folder, from_port);
  if (!options.main.empty()) units.push_back({options.main, work_folder + "/objects/main.o"});
  TADPOLE_CHECK(compile(board, command, units, options));
  const std::string elf = work_folder + "/firmware.elf";
  TADPOLE_CHECK(link(board, *compiler, work_folder, units, elf, options));
  return read_firmware(elf);
}

}  // namespace tadpole::board
