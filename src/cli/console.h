// What all commands share: where text goes, the progress line, Ctrl-C, the JSON result and the exit code.
#pragma once

#include <chrono>
#include <cstdio>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/progress.h"
#include "base/result.h"

namespace tadpole::cli {

enum ExitCode : int { kDone = 0, kFailed = 1, kWrongUse = 2 };

/// A one-line progress bar on a terminal, a plain line every few seconds elsewhere. Also learns of Ctrl-C.
class Console final : public Progress {
 public:
  Console();

  /// With --json, people's text goes to standard error and the last line of standard output is one JSON
  /// object.
  bool json = false;

  void report(std::string_view stage, long done, long total, std::string_view note) override;
  void say(std::string_view sentence) override;
  bool cancelled() const override;

  /// Text for people; ends the progress line first.
  void print(std::string_view text);

  /// One line on a terminal that the next call replaces; nothing elsewhere.
  void live(std::string_view line);
  /// An object on a line of its own before the result, at once; only with --json.
  void item(const nlohmann::json& object);

  /// Prints the result as JSON when that was asked for. Returns kDone.
  int finish(const nlohmann::json& result);
  /// Prints the error with the name of its page. Returns kFailed.
  int fail(const Error& error);

 private:
  void end_line();

  using Clock = std::chrono::steady_clock;
  std::mutex mutex_;
  bool terminal_;
  bool line_open_ = false, live_open_ = false;
  std::string stage_;
  long first_done_ = 0;
  Clock::time_point stage_start_, last_shown_;
  std::set<std::string, std::less<>> said_;
};

/// Makes Ctrl-C and a closed terminal a request to stop (a second one ends at once), and a file that grows
/// too large an error instead of the end. Called once by main.
void catch_interrupts();

}  // namespace tadpole::cli
