// The host's end of the serial protocol.
#include "board/link.h"

#include <algorithm>

#include "board/fault.h"

namespace tadpole::board {
namespace {

constexpr std::chrono::milliseconds kCancellationPoll{50};

std::string text_of(const app::Frame& frame, size_t from) {
  std::string text;
  for (size_t i = from; i < frame.length; ++i) {
    const char c = static_cast<char>(frame.payload[i]);
    text += c >= ' ' && c <= '~' ? c : '?';
  }
  return text;
}

std::string last_lines(const std::string& text, size_t limit) {
  const size_t end = text.find_last_not_of(" \r\n\t");
  if (end == std::string::npos) return "";
  const std::string trimmed = text.substr(0, end + 1);
  return trimmed.size() <= limit ? trimmed : "..." + trimmed.substr(trimmed.size() - limit);
}

/// The emulated machine has a network card that is never used; QEMU complains about it at every start.
std::string without_noise(const std::string& text) {
  std::string kept;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    const std::string line = text.substr(at, end - at);
    if (line.find("has no peer") == std::string::npos) kept += line;
    at = end;
  }
  return kept;
}

}  // namespace

Link::Link(std::unique_ptr<Child> child, Elf elf, const Progress* progress)
    : child_(std::move(child)), progress_(progress), elf_(std::move(elf)), tracker_(elf_) {}

std::vector<std::vector<uint8_t>> Link::take_results() { return std::exchange(results_, {}); }

std::string Link::last_words() const {
  std::string words;
  if (!log_.empty()) words += " The board's last words: \"" + log_ + "\".";
  const std::string errors = last_lines(without_noise(received_.errors), 600);
  if (!errors.empty()) words += " QEMU's last words: \"" + errors + "\".";
  if (!tracker_.last_mark().empty()) words += " The last it began was " + tracker_.last_mark() + ".";
  return words.empty() ? " It had said nothing." : words;
}

Error Link::fail(Code code, const std::string& what) {
  dead_ = Error{code, what};
  return *dead_;
}

Error Link::silent(std::chrono::milliseconds timeout) {
  return fail(Code::board_silent,
              "the board did not answer within " + std::to_string(timeout.count()) + " ms." + last_words() +
                  " If this computer is merely slow, set the environment variable TADPOLE_BOARD_TIMEOUT_S to "
                  "more seconds.");
}

Result<Link::Step> Link::take_frame(const app::Frame& frame, uint8_t type, std::vector<uint8_t>& answer) {
  if (frame.type == app::kFault) {
    app::FaultReport fault;
    if (!app::unpack_fault(frame.payload, frame.length, &fault)) {
      return fail(Code::bad_frame, "the board reported a fault in a form that is not known");
    }
    return fail(Code::board_fault, "the program on the board stopped: " + describe_fault(fault, &elf_) + ".");
  }
  if (frame.type == app::kLog) {
    log_ = text_of(frame, 0);
    return Step::waiting;
  }
  if (frame.type == app::kResult) {
    results_.emplace_back(frame.payload, frame.payload + frame.length);
    return Step::waiting;
  }
  if (frame.sequence != sequence_) return Step::waiting;
  if (frame.type == app::kRefused) {
    return Error{Code::input_size, "the board refused the request: " + text_of(frame, 2) + "."};
  }
  if (frame.type != (type | app::kReply)) return Step::waiting;
  answer.assign(frame.payload, frame.payload + frame.length);
  return Step::answered;
}

Result<std::vector<uint8_t>> Link::request(app::FrameType type, std::span<const uint8_t> payload,
                                           std::chrono::milliseconds timeout) {
  if (dead_) return *dead_;
  sequence_ = sequence_ == 255 ? uint8_t{1} : static_cast<uint8_t>(sequence_ + 1);
  std::vector<uint8_t> outgoing(app::kMaxFrame), answer;
  outgoing.resize(app::encode_frame(type, sequence_, payload.data(), static_cast<uint32_t>(payload.size()),
                                    outgoing.data()));
  const uint32_t errors_before = parser_.errors();
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (bool open = true;;) {
    // What was received is looked at before time and end are: a last message may explain both.
    size_t at = 0;
    while (at < received_.output.size()) {
      at += parser_.feed(received_.output.data() + at, static_cast<uint32_t>(received_.output.size() - at));
      app::Frame frame;
      while (parser_.next(&frame)) {
        const Result<Step> step = take_frame(frame, type, answer);
        if (!step) {
          received_.output.clear();
          return step.error();
        }
        if (*step == Step::answered) {
          received_.output.erase(received_.output.begin(),
                                 received_.output.begin() + static_cast<std::ptrdiff_t>(at));
          return answer;
        }
      }
    }
    received_.output.clear();
    if (parser_.foreign_version() != 0) {
      return fail(Code::bad_frame, "the firmware speaks version " +
                                       std::to_string(parser_.foreign_version()) +
                                       " of the serial protocol; this program speaks version " +
                                       std::to_string(app::kProtocolVersion) + ". Build the firmware again.");
    }
    if (parser_.errors() != errors_before)
      return fail(Code::bad_frame, "a message from the board was damaged");
    if (!open)
      return fail(Code::program_failed, "QEMU ended with " + child_->how_it_ended() + "." + last_words());
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) return silent(timeout);
    if (progress_ != nullptr && progress_->cancelled())
      return fail(Code::cancelled, "the work on the board was stopped");
    open = child_->exchange(outgoing, received_, std::min(deadline, now + kCancellationPoll));
    tracker_.follow(received_.records);
  }
}

}  // namespace tadpole::board
