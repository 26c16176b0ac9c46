// Progress, interrupts and results on a terminal or in a pipe.
#include "cli/console.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>

namespace tadpole::cli {

namespace {

constexpr int kBarWidth = 24;
std::atomic<int> interrupts{0};  // the only state a signal handler may touch

void on_interrupt(int) {
  if (interrupts.fetch_add(1) > 0) _exit(kFailed);
}

std::string duration_text(double seconds) {
  char text[32];
  const long whole = static_cast<long>(seconds + 0.5);
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%ld h %02ld min", whole / 3600, whole / 60 % 60);
  } else if (whole >= 60) {
    std::snprintf(text, sizeof text, "%ld min %02ld s", whole / 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%ld s", whole);
  }
  return text;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = on_interrupt;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // The terminal was closed; under nohup that shall be ignored.
  struct sigaction before = {};
  if (sigaction(SIGHUP, nullptr, &before) == 0 && before.sa_handler == SIG_DFL)
    sigaction(SIGHUP, &action, nullptr);
  // A limit on the size of files is an error of write(), not the end of the program.
  std::signal(SIGXFSZ, SIG_IGN);
}

Console::Console()
    : terminal_(isatty(STDERR_FILENO) != 0), stage_start_(Clock::now()), last_shown_(stage_start_) {}

bool Console::cancelled() const { return interrupts.load() > 0; }

void Console::report(std::string_view stage, long done, long total, std::string_view note) {
  const std::lock_guard lock(mutex_);
  const Clock::time_point now = Clock::now();
  const bool new_stage = stage != stage_;
  if (new_stage) {
    end_line();
    stage_ = stage;
    stage_start_ = now;
    first_done_ = done;
  }
  const bool last = total > 0 && done >= total;
  const auto pause = terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(5000);
  if (!last && (terminal_ ? !new_stage : true) && now - last_shown_ < pause) return;
  if (!terminal_ && !last && new_stage) return;
  last_shown_ = now;

  const double share =
      total > 0 ? std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0) : 0.0;
  const double elapsed = std::chrono::duration<double>(now - stage_start_).count();
  std::string line = std::string(stage) + " ";
  line.resize(std::max<size_t>(line.size(), 22), ' ');
  if (terminal_) {
    const int full = static_cast<int>(share * kBarWidth);
    line += "[" + std::string(static_cast<size_t>(full), '#') +
            std::string(static_cast<size_t>(kBarWidth - full), '.') + "] ";
  }
  char percent[8];
  std::snprintf(percent, sizeof percent, "%3d %%", static_cast<int>(share * 100));
  line += percent;
  if (last) {
    line += "  done in " + duration_text(elapsed);
  } else if (done > first_done_ && elapsed > 1) {
    line +=
        "  " +
        duration_text(elapsed * static_cast<double>(total - done) / static_cast<double>(done - first_done_)) +
        " left";
  }
  if (!note.empty()) line += "  " + std::string(note);
  if (terminal_) {
    std::fprintf(stderr, "\r\033[K%s", line.c_str());
    line_open_ = true;
    if (last) end_line();
  } else {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
  std::fflush(stderr);
  if (last) stage_.clear();
}

void Console::end_line() {
  if (live_open_) {
    std::fputs("\r\033[K", stderr);
  } else if (line_open_) {
    std::fputc('\n', stderr);
  }
  line_open_ = live_open_ = false;
}

void Console::say(std::string_view sentence) {
  const std::lock_guard lock(mutex_);
  if (!said_.insert(std::string(sentence)).second) return;
  end_line();
  std::fprintf(stderr, "%.*s\n", static_cast<int>(sentence.size()), sentence.data());
}

void Console::print(std::string_view text) {
  const std::lock_guard lock(mutex_);
  end_line();
  std::FILE* to = json ? stderr : stdout;
  std::fwrite(text.data(), 1, text.size(), to);
  if (text.empty() || text.back() != '\n') std::fputc('\n', to);
  std::fflush(to);
}

void Console::live(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (!terminal_) return;
  std::fprintf(stderr, "\r\033[K%.*s", static_cast<int>(line.size()), line.data());
  std::fflush(stderr);
  live_open_ = true;
}

void Console::item(const nlohmann::json& object) {
  const std::lock_guard lock(mutex_);
  if (!json) return;
  std::printf("%s\n", object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  std::fflush(stdout);
}

int Console::finish(const nlohmann::json& result) {
  const std::lock_guard lock(mutex_);
  end_line();
  if (json)
    std::printf("%s\n", result.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  return kDone;
}

int Console::fail(const Error& error) {
  const std::lock_guard lock(mutex_);
  end_line();
  std::fprintf(stderr, "tadpole: %s\n", error.message().c_str());
  const base::CodeInfo& row = base::info(error.code);
  if (error.detail.find(row.advice) == std::string::npos)  // many a message ends with it
    std::fprintf(stderr, "         %.*s\n", static_cast<int>(row.advice.size()), row.advice.data());
  if (json) {
    const nlohmann::json result = {{"error",
                                    {{"code", base::code_text(error.code)},
                                     {"name", row.name},
                                     {"detail", error.detail},
                                     {"advice", row.advice}}}};
    std::printf("%s\n", result.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  }
  return kFailed;
}

}  // namespace tadpole::cli
