// A program that runs beside this one and is talked to: pipes to its input and from its output. For QEMU.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace tadpole::board {

/// Ends the program when it goes out of scope: the end of its input, then SIGTERM, then SIGKILL. Not
/// thread-safe; several may run at once.
class Child {
 public:
  /// Starts argv[0], a path. The program gets three pipes as its standard streams and a fourth to write to as
  /// descriptor kRecords. Fails: program_missing, internal (no pipes or processes left).
  static Result<std::unique_ptr<Child>> start(const std::vector<std::string>& argv);
  static constexpr int kRecords = 3;

  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Bytes that have come and were not taken yet.
  struct Received {
    std::vector<uint8_t> output, records;
    std::string errors;  ///< the last kErrorsKept bytes
  };
  static constexpr size_t kErrorsKept = 4096;

  /// Writes what it can of `outgoing` (and removes it from there), and reads what has come, until something
  /// came or was written, the deadline passes, or the output ends. False when the output has ended.
  bool exchange(std::vector<uint8_t>& outgoing, Received& received,
                std::chrono::steady_clock::time_point deadline);

  /// Waits up to 2 s for the end. "exit code 1", "signal 9 (Killed)", or "still running".
  std::string how_it_ended();

  pid_t pid() const { return pid_; }

 private:
  Child() = default;
  bool reap(std::chrono::milliseconds patience);

  pid_t pid_ = -1;
  bool reaped_ = false;
  int status_ = 0;
  int input_ = -1, output_ = -1, errors_ = -1, records_ = -1;
};

}  // namespace tadpole::board
