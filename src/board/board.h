// The catalogue of boards: what a chip offers, with the source of each figure. One TOML table (boards.toml),
// embedded in the program.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "board/instructions.h"

namespace tadpole::board {

/// A published measurement of a chip beside the same model's estimate for the code that ran.
struct Measured {
  std::string chip, model;
  int64_t clock_hz = 0;
  double milliseconds = 0;
  double estimated_cycles_low = 0, estimated_cycles_high = 0;
};

/// Cycles of a core without wait states: the sum of cycles * count over the rows of plugin/classes.def.
/// What is derived from it is an estimate; docs/cycle-model.md has the sources.
struct CycleModel {
  std::array<double, kCounts> cycles{};
  std::string source;
  std::vector<Measured> measured;  ///< none: nobody has published what could be compared
  /// How far measured cycles lie from estimated ones, in percent of the estimate: the extremes of `measured`.
  double error_low_percent = 0, error_high_percent = 0;

  double operator[](Count count) const { return cycles[static_cast<size_t>(count)]; }
};

struct Board {
  std::string name;        ///< "virtual-nano33ble"
  std::string title;       ///< "Arduino Nano 33 BLE Sense (virtual)"
  std::string chip, core;  ///< "nRF52840", "cortex-m4f"
  int64_t clock_hz = 0;
  int64_t ram_bytes = 0;    ///< what a program may use
  int64_t flash_bytes = 0;  ///< what a program may use
  std::string kernels;      ///< plan::Target::kernels
  std::string port;         ///< folder in device/port; "" when there is no port yet (library export only)
  std::string machine;      ///< QEMU machine; "" for a board that is not virtual
  std::string emulator;     ///< "qemu-system-arm"; "" for a board that is not virtual
  std::string emulator_package;             ///< of Debian
  std::vector<std::string> emulator_flags;  ///< beside the machine
  std::string compiler;                     ///< "arm-none-eabi-g++"
  std::string compiler_packages;            ///< of Debian: compiler and C library
  std::vector<std::string> compiler_flags;
  CycleModel cycle_model;        ///< of the core
  double active_milliwatts = 0;  ///< of the processor while it computes
  std::string sources;           ///< data sheet and section of each figure
};

/// All boards in the order of the catalogue. The texts live as long as the program.
std::span<const Board> boards();

/// The board of that name. Fails: unknown_board, with the nearest name.
Result<Board> find_board(std::string_view name);

/// Reads a catalogue. Fails: internal, naming the board and the key. For boards() and its tests.
Result<std::vector<Board>> parse_boards(std::string_view toml);

}  // namespace tadpole::board
