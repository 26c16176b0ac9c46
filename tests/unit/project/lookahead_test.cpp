// What is made ahead is what the trainer will draw; errors come back, and nothing outlives the lookahead.
#include "project/lookahead.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>

#include "train/trainer.h"

namespace tadpole::project {
namespace {

struct Draw {
  int epoch, index;
  uint32_t number;
  bool operator==(const Draw&) const = default;
};

/// Until `done` is true, or ten seconds are over.
template <class Done>
bool wait_for(const Done& done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!done() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  return done();
}

TEST(Lookahead, makes_announced_epochs_in_order_from_the_last_example_with_the_trainers_generators) {
  std::vector<Draw> made;
  std::atomic<size_t> count{0};
  Lookahead lookahead([&](int index, int epoch, Rng& rng) -> Result<void> {
    made.push_back({epoch, index, rng.below(1000000)});
    ++count;
    return {};
  });
  const std::vector<int> first = {4, 1, 7}, second = {2, 0};
  ASSERT_TRUE(lookahead.announce(5, first, 11).ok());
  ASSERT_TRUE(lookahead.announce(6, second, 11).ok());
  ASSERT_TRUE(wait_for([&] { return count == 5; }));
  std::vector<Draw> expected;
  for (const auto& [epoch, index] : {std::pair{5, 7}, {5, 1}, {5, 4}, {6, 0}, {6, 2}}) {
    Rng rng = train::example_rng(11, epoch, index);
    expected.push_back({epoch, index, rng.below(1000000)});
  }
  EXPECT_EQ(made, expected);
}

TEST(Lookahead, a_failure_is_the_answer_to_a_later_announcement) {
  const std::vector<int> indices = {0, 1};
  for (const bool throws : {false, true}) {
    std::atomic<int> calls{0};
    Lookahead lookahead([&](int, int, Rng&) -> Result<void> {
      ++calls;
      if (throws) throw std::runtime_error("no memory is left");
      return Error{Code::disk_full, "no room"};
    });
    ASSERT_TRUE(lookahead.announce(1, indices, 1).ok());
    Result<void> told;
    ASSERT_TRUE(wait_for([&] { return !(told = lookahead.announce(2, indices, 1)).ok(); }));
    EXPECT_EQ(told.error().code, throws ? Code::internal : Code::disk_full);
    EXPECT_THAT(told.error().detail,
                testing::HasSubstr(throws ? "epoch 1 ahead: no memory is left" : "no room"));
    EXPECT_EQ(calls, 1);
  }
}

TEST(Lookahead, ends_after_the_example_at_hand) {
  std::atomic<int> calls{0};
  {
    Lookahead lookahead([&](int, int, Rng&) -> Result<void> {
      ++calls;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return {};
    });
    ASSERT_TRUE(lookahead.announce(1, std::vector<int>(100000, 3), 1).ok());
    ASSERT_TRUE(wait_for([&] { return calls > 0; }));
  }
  EXPECT_LT(calls, 10000);
}

TEST(Lookahead, without_an_announcement_there_is_no_thread) {
  const Lookahead lookahead([](int, int, Rng&) -> Result<void> { throw std::logic_error("called"); });
}

}  // namespace
}  // namespace tadpole::project
