// posix_spawn instead of fork: safe with threads, and it reports a missing program in the parent.
#include "data/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>
#include <vector>

extern char** environ;

namespace tadpole::data {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

struct Pipe {
  Descriptor read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return Error{Code::internal, std::string("cannot make a pipe: ") + std::strerror(errno)};
  }
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

Error missing(std::string_view name) {
  return {Code::program_missing,
          "the program \"" + std::string(name) +
              "\" was not found in PATH. Run: tadpole doctor. It prints the command that installs it."};
}

// The attributes and file actions of one posix_spawn, released at the end of the scope.
struct SpawnSettings {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  SpawnSettings() {
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
  }
  ~SpawnSettings() {
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
};

Result<pid_t> spawn(std::span<const std::string> argv, const std::string& folder, int out, int err) {
  SpawnSettings settings;
  // An own group so that helpers of the program end with it, and signals as a fresh program expects them.
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGQUIT, SIGHUP}) sigaddset(&defaults, signal);
  posix_spawnattr_setpgroup(&settings.attributes, 0);
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setsigdefault(&settings.attributes, &defaults);
  posix_spawnattr_setflags(&settings.attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawn_file_actions_addopen(&settings.actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&settings.actions, out, 1);
  posix_spawn_file_actions_adddup2(&settings.actions, err, 2);
  if (!folder.empty()) posix_spawn_file_actions_addchdir_np(&settings.actions, folder.c_str());

  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int failure =
      posix_spawnp(&pid, arguments[0], &settings.actions, &settings.attributes, arguments.data(), environ);
  if (failure == ENOENT || failure == EACCES || failure == ENOTDIR) return missing(argv[0]);
  if (failure != 0) {
    return Error{Code::internal, "cannot start \"" + argv[0] + "\": " + std::strerror(failure)};
  }
  return pid;
}

// Reads what is there; closes the descriptor at its end.
void drain(Descriptor& from, std::string& into, size_t limit) {
  std::array<char, 65536> buffer;
  const ssize_t count = ::read(from.get(), buffer.data(), buffer.size());
  if (count > 0) {
    into.append(buffer.data(), std::min(static_cast<size_t>(count), limit - std::min(limit, into.size())));
  } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
    from.close();
  }
}

int shell_code(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

// Ends the whole group and waits for the program itself, so that no zombie stays behind.
int end_group(pid_t pid) {
  kill(-pid, SIGTERM);
  int status = 0;
  const auto deadline = Clock::now() + milliseconds(200);
  while (Clock::now() < deadline) {
    if (waitpid(pid, &status, WNOHANG) == pid) {
      kill(-pid, SIGKILL);
      return status;
    }
    std::this_thread::sleep_for(milliseconds(2));
  }
  kill(-pid, SIGKILL);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

Result<ProcessResult> run_process(std::span<const std::string> argv, const ProcessOptions& options) {
  if (argv.empty() || argv[0].empty()) return Error{Code::internal, "run_process was given no program"};
  std::error_code ignored;
  if (!options.folder.empty() && !std::filesystem::is_directory(options.folder, ignored)) {
    return Error{Code::file_not_found, options.folder + ": no such folder to run \"" + argv[0] + "\" in"};
  }
  TADPOLE_TRY(Pipe out, make_pipe());
  TADPOLE_TRY(Pipe err, make_pipe());
  TADPOLE_TRY(const pid_t pid, spawn(argv, options.folder, out.write.get(), err.write.get()));
  out.write.close();
  err.write.close();
  fcntl(out.read.get(), F_SETFL, O_NONBLOCK);
  fcntl(err.read.get(), F_SETFL, O_NONBLOCK);

  ProcessResult result;
  const auto deadline = Clock::now() + options.timeout;
  int status = 0;
  bool ended = false;
  while (!ended) {
    if (options.progress != nullptr && options.progress->cancelled()) {
      end_group(pid);
      return Error{Code::cancelled, "\"" + argv[0] + "\" was stopped"};
    }
    if (Clock::now() >= deadline) {
      result.timed_out = true;
      status = end_group(pid);
      break;
    }
    // Without open pipes only the end itself is awaited; then a short sleep is the poll.
    const bool reading = out.read.open() || err.read.open();
    pollfd waiting[2] = {{out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}};
    poll(waiting, 2, reading ? 20 : 1);
    if (waiting[0].revents != 0) drain(out.read, result.out, options.output_limit);
    if (waiting[1].revents != 0) drain(err.read, result.err, options.output_limit);
    if (reading && (waiting[0].revents != 0 || waiting[1].revents != 0)) continue;
    ended = waitpid(pid, &status, WNOHANG) == pid;
  }
  // What the program wrote before its end is still in the pipes, which a helper of it may hold open.
  for (auto [from, into] : {std::pair{&out.read, &result.out}, std::pair{&err.read, &result.err}}) {
    for (size_t before = SIZE_MAX; from->open() && before != into->size();) {
      before = into->size();
      drain(*from, *into, options.output_limit);
    }
  }
  kill(-pid, SIGKILL);
  result.exit_code = shell_code(status);
  return result;
}

Result<ProcessResult> run_checked(std::span<const std::string> argv, const ProcessOptions& options) {
  TADPOLE_TRY(ProcessResult result, run_process(argv, options));
  if (result.timed_out) {
    return Error{Code::timed_out, "\"" + argv[0] + "\" did not end within " +
                                      std::to_string(options.timeout.count()) +
                                      " ms. Its last words: " + last_words(result)};
  }
  if (result.exit_code != 0) {
    return Error{Code::program_failed, "\"" + argv[0] + "\" ended with exit code " +
                                           std::to_string(result.exit_code) +
                                           ". Its last words: " + last_words(result)};
  }
  return result;
}

std::string last_words(const ProcessResult& result, int lines) {
  const std::string& from =
      result.err.find_first_not_of(" \r\n") != std::string::npos ? result.err : result.out;
  std::vector<std::string_view> kept;
  for (size_t end = from.size(); end > 0 && static_cast<int>(kept.size()) < lines;) {
    const size_t newline = from.rfind('\n', end - 1);
    const size_t start = newline == std::string::npos ? 0 : newline + 1;
    const std::string_view line = std::string_view(from).substr(start, end - start);
    if (line.find_first_not_of(" \r\n\t") != std::string_view::npos) kept.push_back(line);
    end = newline == std::string::npos ? 0 : newline;
  }
  if (kept.empty()) return "(none)";
  std::string text;
  for (size_t i = kept.size(); i-- > 0;) text += std::string(kept[i]) + (i > 0 ? "\n" : "");
  return text;
}

Result<std::string> find_program(std::string_view name) {
  namespace fs = std::filesystem;
  const auto runs = [](const fs::path& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string_view::npos) {
    if (runs(name)) return std::string(name);
    return missing(name);
  }
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!name.empty() && !rest.empty()) {
    const size_t colon = rest.find(':');
    const fs::path candidate = fs::path(rest.substr(0, colon)) / name;
    if (runs(candidate)) return candidate.string();
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  return missing(name);
}

}  // namespace tadpole::data
