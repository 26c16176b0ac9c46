// Pipes, posix_spawn and poll. A closed pipe of the child is an answer, never SIGPIPE for this process.
#include "board/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

extern "C" char** environ;

namespace tadpole::board {
namespace {

using Clock = std::chrono::steady_clock;

void close_if_open(int& descriptor) {
  if (descriptor >= 0) ::close(descriptor);
  descriptor = -1;
}

/// Both ends are closed on exec and lie above 10, so that they cannot stand where the child's streams go.
bool make_pipe(int& read_end, int& write_end) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  read_end = ::fcntl(ends[0], F_DUPFD_CLOEXEC, 10);
  write_end = ::fcntl(ends[1], F_DUPFD_CLOEXEC, 10);
  ::close(ends[0]);
  ::close(ends[1]);
  return read_end >= 0 && write_end >= 0;
}

/// Writing to a pipe that nobody reads sends SIGPIPE to the writing thread; this takes it back.
ssize_t write_without_signal(int descriptor, const uint8_t* bytes, size_t count) {
  sigset_t pipe_signal, pending, before;
  ::sigemptyset(&pipe_signal);
  ::sigaddset(&pipe_signal, SIGPIPE);
  ::sigpending(&pending);
  const bool was_pending = ::sigismember(&pending, SIGPIPE) == 1;
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  const ssize_t written = ::write(descriptor, bytes, count);
  const int error = errno;
  if (written < 0 && error == EPIPE && !was_pending) {
    const timespec at_once = {0, 0};
    while (::sigtimedwait(&pipe_signal, nullptr, &at_once) < 0 && errno == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return written;
}

/// Reads what is there, at most 1 MB. 1: bytes came, 0: nothing now, -1: the end.
template <class Container>
int drain(int descriptor, Container& into) {
  int result = 0;
  std::array<uint8_t, 16384> block;
  for (int turn = 0; turn < 64; ++turn) {
    const ssize_t count = ::read(descriptor, block.data(), block.size());
    if (count > 0) {
      into.insert(into.end(), block.begin(), block.begin() + count);
      result = 1;
    } else if (count == 0) {
      return result == 1 ? 1 : -1;
    } else if (errno != EINTR) {
      return errno == EAGAIN ? result : -1;
    }
  }
  return result;
}

}  // namespace

Result<std::unique_ptr<Child>> Child::start(const std::vector<std::string>& argv) {
  std::unique_ptr<Child> child(new Child);
  int far[4] = {-1, -1, -1, -1};
  const bool piped = make_pipe(far[0], child->input_) && make_pipe(child->output_, far[1]) &&
                     make_pipe(child->errors_, far[2]) && make_pipe(child->records_, far[3]);
  int failed = piped ? 0 : errno;
  if (piped) {
    for (const int near : {child->input_, child->output_, child->errors_, child->records_}) {
      ::fcntl(near, F_SETFL, O_NONBLOCK);
    }
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    for (int i = 0; i < 4; ++i) ::posix_spawn_file_actions_adddup2(&actions, far[i], i);
    // A group of its own: Ctrl-C in the terminal reaches this program, which then ends the board in order.
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    std::vector<char*> arguments;
    for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    failed = ::posix_spawn(&child->pid_, argv[0].c_str(), &actions, &attributes, arguments.data(), environ);
    if (failed != 0) child->pid_ = -1;
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  for (int& descriptor : far) close_if_open(descriptor);
  if (failed == ENOENT) return Error{Code::program_missing, "the program " + argv[0] + " does not exist"};
  if (failed != 0) return Error{Code::internal, "cannot start " + argv[0] + ": " + std::strerror(failed)};
  return child;
}

Child::~Child() {
  close_if_open(input_);
  if (pid_ > 0 && !reap(std::chrono::milliseconds(100))) {
    ::kill(pid_, SIGTERM);
    if (!reap(std::chrono::milliseconds(500))) {
      ::kill(pid_, SIGKILL);
      reap(std::chrono::seconds(10));
    }
  }
  close_if_open(output_);
  close_if_open(errors_);
  close_if_open(records_);
}

bool Child::reap(std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  while (!reaped_) {
    const pid_t ended = ::waitpid(pid_, &status_, WNOHANG);
    if (ended == pid_ || (ended < 0 && errno == ECHILD)) {
      reaped_ = true;
    } else if (Clock::now() >= deadline) {
      return false;
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  return true;
}

std::string Child::how_it_ended() {
  if (!reap(std::chrono::seconds(2))) return "still running";
  if (WIFSIGNALED(status_)) {
    const int signal = WTERMSIG(status_);
    return "signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
  }
  return "exit code " + std::to_string(WEXITSTATUS(status_));
}

bool Child::exchange(std::vector<uint8_t>& outgoing, Received& received, Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  pollfd ends[4] = {{output_, POLLIN, 0},
                    {records_, POLLIN, 0},
                    {errors_, POLLIN, 0},
                    {outgoing.empty() ? -1 : input_, POLLOUT, 0}};
  const int ready = ::poll(ends, 4, static_cast<int>(std::clamp<long long>(left + 1, 0, 1'000'000)));
  if (ready <= 0) return true;
  if (ends[3].revents != 0) {
    const ssize_t written = write_without_signal(input_, outgoing.data(), outgoing.size());
    if (written > 0) outgoing.erase(outgoing.begin(), outgoing.begin() + written);
    if (written < 0 && errno == EPIPE) {
      outgoing.clear();
      close_if_open(input_);
    }
  }
  bool open = true;
  if (ends[0].revents != 0 && drain(output_, received.output) < 0) open = false;
  // Records are written before the answer that they belong to, so reading them last misses none.
  if (records_ >= 0 && drain(records_, received.records) < 0) close_if_open(records_);
  if (errors_ >= 0 && drain(errors_, received.errors) < 0) close_if_open(errors_);
  if (received.errors.size() > kErrorsKept) {
    received.errors.erase(0, received.errors.size() - kErrorsKept);
  }
  return open;
}

}  // namespace tadpole::board
