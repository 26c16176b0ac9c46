// Builds firmware around the fake model once per variant and boots it, for all tests of this folder.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "board/toolchain.h"
#include "board/virtual_board.h"

namespace tadpole::board {

/// A folder that goes away with the object.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tadpole-board-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// Copies the fake model to `folder`.
inline void copy_fake_model(const std::string& folder) {
  std::filesystem::create_directories(folder);
  for (const char* name : {"model.h", "model.cc", "application.h"}) {
    std::filesystem::copy_file(std::string(TADPOLE_SOURCE_DIR "/tests/board/fake_model/") + name,
                               folder + "/" + name);
  }
}

inline constexpr const char* kRiscvBoard = "virtual-rv32";

/// The raw firmware for RISC-V, built once for the whole program.
inline const Result<Firmware>& riscv_firmware() {
  static const Scratch scratch;
  static const Result<Firmware> firmware = [] {
    copy_fake_model(scratch / "library");
    return build_firmware(*find_board(kRiscvBoard), scratch / "library", scratch / "work");
  }();
  return firmware;
}

inline Result<std::unique_ptr<VirtualBoard>> boot_riscv(const BootOptions& options = {}) {
  const Result<Firmware>& firmware = riscv_firmware();
  if (!firmware) return firmware.error();
  return VirtualBoard::boot(*find_board(kRiscvBoard), firmware->elf_path, options);
}

/// The raw firmware for a Cortex-M4, built once for the whole program; `uart` picks the serial line.
inline const Result<Firmware>& raw_firmware(bool uart = false) {
  static const Scratch scratch;
  const auto build = [](bool serial_uart) {
    const std::string name = serial_uart ? "uart" : "blocks";
    copy_fake_model(scratch / (name + "/library"));
    return build_firmware(*find_board("virtual-nano33ble"), scratch / (name + "/library"),
                          scratch / (name + "/work"), {.serial_uart = serial_uart});
  };
  if (uart) {
    static const Result<Firmware> with_uart = build(true);
    return with_uart;
  }
  static const Result<Firmware> with_blocks = build(false);
  return with_blocks;
}

inline Result<std::unique_ptr<VirtualBoard>> boot_raw(const BootOptions& options = {}) {
  const Result<Firmware>& firmware = raw_firmware(options.serial_uart);
  if (!firmware) return firmware.error();
  return VirtualBoard::boot(*find_board("virtual-nano33ble"), firmware->elf_path, options);
}

/// An input of the fake model: its first byte is the deed, the rest counts up.
inline std::vector<uint8_t> raw_input(uint8_t deed, size_t bytes = 2500) {
  std::vector<uint8_t> input(bytes);
  for (size_t i = 0; i < bytes; ++i) input[i] = static_cast<uint8_t>(i * 7);
  input[0] = deed;
  return input;
}

/// What the fake model answers.
inline std::vector<uint8_t> expected_output(const std::vector<uint8_t>& input) {
  static const uint8_t weights[16] = {3, 141, 59, 26, 53, 58, 97, 93, 23, 84, 62, 64, 33, 83, 27, 95};
  std::vector<uint8_t> output(1200);
  for (size_t i = 0; i < output.size(); ++i) {
    uint32_t sum = static_cast<uint32_t>(i);
    for (size_t j = i; j < input.size(); j += output.size()) sum = sum * 31 + input[j] + weights[j % 16];
    output[i] = static_cast<uint8_t>(sum);
  }
  return output;
}

}  // namespace tadpole::board
