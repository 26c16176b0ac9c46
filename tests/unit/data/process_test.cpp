// Programs are started without a shell, their output is collected, and none outlives its time.
#include "data/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <thread>
#include <vector>

namespace tadpole::data {
namespace {

using std::chrono::milliseconds;
using Argv = std::vector<std::string>;

class Stopping final : public Progress {
 public:
  void report(std::string_view, long, long, std::string_view) override {}
  void say(std::string_view) override {}
  bool cancelled() const override { return stop; }
  std::atomic<bool> stop{false};
};

Argv shell(const std::string& script) { return {"sh", "-c", script}; }

TEST(Process, keeps_both_streams_apart_and_reports_the_exit_code) {
  const auto result = run_process(shell("echo out; echo err >&2; exit 3"));
  ASSERT_TRUE(result.ok()) << result.error().message();
  EXPECT_EQ(result->out, "out\n");
  EXPECT_EQ(result->err, "err\n");
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_FALSE(result->timed_out);
}

TEST(Process, passes_arguments_that_a_shell_would_expand_untouched) {
  const Argv argv = {"printf", "%s|", "a b", "$HOME", "*", "\"; exit 9"};
  const auto result = run_process(argv);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->out, "a b|$HOME|*|\"; exit 9|");
}

TEST(Process, a_missing_program_is_named) {
  const Argv argv = {"tadpole-no-such-program"};
  const auto result = run_process(argv);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::program_missing);
  EXPECT_THAT(result.error().detail, testing::HasSubstr("tadpole-no-such-program"));
  EXPECT_EQ(find_program("tadpole-no-such-program").error().code, Code::program_missing);
}

TEST(Process, a_program_in_the_path_is_found) {
  const auto found = find_program("sh");
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->starts_with("/")) << *found;
}

TEST(Process, ends_the_program_and_its_children_on_time_out) {
  const auto start = std::chrono::steady_clock::now();
  const auto result = run_process(shell("sleep 60 & echo $!; wait"), {.timeout = milliseconds(150)});
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - start,
            std::chrono::seconds(10));  // far below the 60 s of sleep
  const pid_t child = static_cast<pid_t>(std::stol(result->out));
  // The orphan is reaped by init, which may take a moment.
  for (int i = 0; i < 500 && kill(child, 0) == 0; ++i) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_NE(kill(child, 0), 0) << "the sleeping child is still there";
}

TEST(Process, ends_a_program_that_ignores_the_polite_signal) {
  const auto result =
      run_process(shell("trap '' TERM; while :; do sleep 0.05; done"), {.timeout = milliseconds(100)});
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->timed_out);
  EXPECT_EQ(result->exit_code, 128 + SIGKILL);
}

TEST(Process, cancellation_is_noticed_while_the_program_runs) {
  Stopping progress;
  std::thread stopper([&] {
    std::this_thread::sleep_for(milliseconds(100));
    progress.stop = true;
  });
  const auto start = std::chrono::steady_clock::now();
  const auto result = run_process(shell("sleep 60"), {.progress = &progress});
  stopper.join();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(Process, collects_more_output_than_a_pipe_holds) {
  const auto result = run_process(shell("head -c 3000000 /dev/zero; head -c 1000000 /dev/zero >&2"));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->out.size(), 3'000'000u);
  EXPECT_EQ(result->err.size(), 1'000'000u);
}

TEST(Process, keeps_no_more_than_the_limit) {
  const auto result = run_process(shell("head -c 3000000 /dev/zero"), {.output_limit = 1000});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->out.size(), 1000u);
  EXPECT_EQ(result->exit_code, 0);
}

TEST(Process, does_not_wait_for_a_helper_that_holds_the_pipe) {
  const auto start = std::chrono::steady_clock::now();
  const auto result = run_process(shell("sleep 60 & echo done"));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->out, "done\n");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(Process, runs_in_the_folder_that_is_asked_for) {
  const auto result = run_process(shell("pwd"), {.folder = "/"});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->out, "/\n");
  EXPECT_EQ(run_process(shell("pwd"), {.folder = "/no/such/folder"}).error().code, Code::file_not_found);
}

TEST(Process, a_checked_run_shows_the_last_words_of_a_failure) {
  const auto result = run_checked(shell("echo one >&2; echo the reason >&2; exit 7"));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::program_failed);
  EXPECT_THAT(result.error().detail, testing::HasSubstr("exit code 7"));
  EXPECT_THAT(result.error().detail, testing::HasSubstr("the reason"));
}

}  // namespace
}  // namespace tadpole::data
