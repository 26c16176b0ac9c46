// The catalogue of boards: what a chip offers, with the source of each figure. One TOML table (boards.toml),
// embedded in the program.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tadpole::board {

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
  std::string compiler;     ///< "arm-none-eabi-g++"
  std::vector<std::string> compiler_flags;
  double cycles_per_instruction = 0;     ///< of the cycle model; times derived from it are estimates
  double cycles_error_low_percent = 0;   ///< a measured run may take so much less (negative)
  double cycles_error_high_percent = 0;  ///< or more
  double active_milliwatts = 0;          ///< of the processor while it computes
  std::string sources;                   ///< data sheet and section of each figure
};

/// All boards in the order of the catalogue. The texts live as long as the program.
std::span<const Board> boards();

/// The board of that name. Fails: unknown_board, with the nearest name.
Result<Board> find_board(std::string_view name);

/// Reads a catalogue. Fails: internal, naming the board and the key. For boards() and its tests.
Result<std::vector<Board>> parse_boards(std::string_view toml);

}  // namespace tadpole::board
