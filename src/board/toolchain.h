// From a generated library to a firmware: compiles it together with the board's port and links it within the
// chip's limits. Then reads from the ELF file where flash and RAM went.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "board/board.h"
#include "board/code_map.h"
#include "board/elf.h"

namespace tadpole::board {

/// What a firmware for raw inputs needs beside the model's arena and constants: at most this RAM, stacks
/// included, and about this flash for code, which depends on the kernels. Sound features come on top.
inline constexpr int64_t kFirmwareRamBytes = 13'000;
inline constexpr int64_t kFirmwareCodeBytes = 28'000;

struct BuildOptions {
  int jobs = 2;                ///< compilers at once, at least 1
  int64_t stack_bytes = 8192;  ///< of the program; a multiple of 8. Faults have 1,024 B of their own
  bool serial_uart =
      false;  ///< the emulated UART, byte by byte, instead of blocks by semihosting; Cortex-M only
  std::vector<std::string> flags{};  ///< added to the compiler's
  /// A program of one's own with tadpole_main() (device/port/port.h) in the place of the ready-made one,
  /// which serves the library's only model; "" = that one.
  std::string main{};
  const Progress* progress = nullptr;  ///< polled for cancellation
};

struct Firmware {
  std::string elf_path;
  int64_t flash_code_bytes = 0;     ///< code, tables and start values: all of flash but the weights
  int64_t flash_weights_bytes = 0;  ///< objects with "weights" in their name
  int64_t ram_bytes = 0;            ///< data and zeroed data
  int64_t stack_bytes = 0;          ///< both stacks
  std::vector<Symbol> symbols;
  CodeMap code;

  int64_t flash_bytes() const { return flash_code_bytes + flash_weights_bytes; }
  int64_t total_ram_bytes() const { return ram_bytes + stack_bytes; }
};

/// Compiles every .cc below `library_folder` (but examples/ and a main.cc at its top) and the port's own
/// files, which come from the program itself, into `work_folder`; links firmware.elf there. The same inputs
/// give the same bytes. Fails: unknown_board (no port), file_not_found (no library), program_missing
/// (compiler or its C library), compile_failed with the compiler's words, does_not_fit with need and limit,
/// cancelled.
Result<Firmware> build_firmware(const Board& board, const std::string& library_folder,
                                const std::string& work_folder, const BuildOptions& options = {});

/// Reads sizes and symbols of a firmware. Fails: file_not_found, elf_damaged.
Result<Firmware> read_firmware(const std::string& elf_path);

}  // namespace tadpole::board
