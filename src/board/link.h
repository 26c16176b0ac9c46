// One request and its answer over the serial line of a running board, and all that can go wrong between.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "board/child.h"
#include "board/elf.h"
#include "board/instructions.h"
#include "device/app/frame.h"

namespace tadpole::board {

class Link {
 public:
  /// progress: polled for cancellation while an answer is awaited; null = never cancelled.
  Link(std::unique_ptr<Child> child, Elf elf, const Progress* progress = nullptr);

  /// Sends one request and waits for its answer; RESULT frames that come before it are kept in results().
  /// Fails: board_fault (named), board_silent, program_failed (QEMU ended), bad_frame, input_size (refused),
  /// cancelled.
  Result<std::vector<uint8_t>> request(app::FrameType type, std::span<const uint8_t> payload,
                                       std::chrono::milliseconds timeout);

  /// Payloads of the RESULT frames since the last call.
  std::vector<std::vector<uint8_t>> take_results();

  const InstructionTracker& tracker() const { return tracker_; }
  int process() const { return child_->pid(); }

 private:
  enum class Step { waiting, answered };
  Result<Step> take_frame(const app::Frame& frame, uint8_t type, std::vector<uint8_t>& answer);
  Error fail(Code code, const std::string& what);
  Error silent(std::chrono::milliseconds timeout);
  std::string last_words() const;

  std::unique_ptr<Child> child_;
  const Progress* progress_;
  Elf elf_;
  InstructionTracker tracker_;
  app::FrameParser parser_;
  Child::Received received_;
  std::vector<std::vector<uint8_t>> results_;
  std::string log_;
  std::optional<Error> dead_;
  uint8_t sequence_ = 0;
};

}  // namespace tadpole::board
