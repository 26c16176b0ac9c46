// Runs a program (a compiler, a speech synthesiser) without a shell and collects what it printed.
// In: a program with its arguments. Out: exit code, standard output, standard error.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "base/progress.h"
#include "base/result.h"

namespace tadpole::data {

struct ProcessOptions {
  std::chrono::milliseconds timeout{60'000};  ///< afterwards the program and all it started are ended
  std::string folder{};                       ///< working folder; "" = this process's own
  size_t output_limit = size_t{64} << 20;     ///< bytes kept of each stream; the rest is read and dropped
  const Progress* progress =
      nullptr;  ///< polled for cancellation at least every 20 ms; null = never cancelled
};

struct ProcessResult {
  int exit_code = 0;  ///< as a shell gives it: 128 + signal for a program that died of a signal
  std::string out, err;
  bool timed_out = false;
};

/// Runs argv[0] (searched in PATH when it has no slash) with the rest as arguments and waits for its end.
/// Standard input is empty. The program runs in a process group of its own, which is ended as a whole
/// (SIGTERM, after 200 ms SIGKILL) on time-out and on cancellation. A program that ends with an error or runs
/// out of time is a result, not a failure. Fails: program_missing naming it, cancelled, file_not_found
/// (folder), internal (no pipes or processes left). Safe to call from several threads at once.
Result<ProcessResult> run_process(std::span<const std::string> argv, const ProcessOptions& options = {});

/// As run_process, but an exit code other than 0 is program_failed and a time-out is timed_out; both with
/// last_words.
Result<ProcessResult> run_checked(std::span<const std::string> argv, const ProcessOptions& options = {});

/// The last `lines` non-empty lines of the error stream, or of the output when that is empty; for messages.
std::string last_words(const ProcessResult& result, int lines = 5);

/// The full path of a program in PATH. Fails with program_missing naming it.
Result<std::string> find_program(std::string_view name);

}  // namespace tadpole::data
