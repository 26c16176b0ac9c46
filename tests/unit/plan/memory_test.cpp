// The arena planner alone.
#include "plan/memory.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace tadpole::plan {
namespace {

struct Problem {
  std::vector<Buffer> buffers;
  std::vector<Overlap> overlaps;
};

/// A chain of layers as networks have them, with some skip connections and leaves to overlap.
Problem random_problem(Rng& rng, int layers) {
  Problem problem;
  for (int i = 0; i < layers; ++i) {
    const int last =
        std::min<int>(layers - 1, i + 1 + (rng.below(4) == 0 ? static_cast<int>(rng.below(4)) : 0));
    problem.buffers.push_back({4 + 4 * static_cast<int64_t>(rng.below(500)), i, last, i == 0 ? 16 : 4});
    if (i > 0 && problem.buffers[static_cast<size_t>(i) - 1].last_step == i && rng.below(2)) {
      const bool exact = rng.below(3) == 0;
      const int64_t distance = exact ? 0 : 4 * (static_cast<int64_t>(rng.below(100)) - 50);
      problem.overlaps.push_back({i - 1, i, distance, exact});
    }
  }
  return problem;
}

TEST(Memory, no_two_live_buffers_share_a_byte_without_leave_on_500_random_problems) {
  Rng rng(1);
  for (int i = 0; i < 500; ++i) {
    const Problem problem = random_problem(rng, 2 + static_cast<int>(rng.below(12)));
    const Layout layout = lay_out(problem.buffers, problem.overlaps);
    ASSERT_TRUE(is_valid(layout, problem.buffers, problem.overlaps)) << "problem " << i;
  }
}

TEST(Memory, never_needs_less_than_the_lower_bound_and_rarely_more) {
  Rng rng(2);
  int at_bound = 0;
  constexpr int kProblems = 300;
  for (int i = 0; i < kProblems; ++i) {
    const Problem problem = random_problem(rng, 2 + static_cast<int>(rng.below(12)));
    const Layout layout = lay_out(problem.buffers, problem.overlaps);
    ASSERT_GE(layout.bytes, layout.lower_bound_bytes) << "problem " << i;
    at_bound += layout.bytes == layout.lower_bound_bytes ? 1 : 0;
  }
  // Some problems cannot meet the bound (it looks at one step at a time); most can.
  EXPECT_GT(at_bound, kProblems * 3 / 4);
}

/// The least arena by trying every offset in units of 4 bytes; sizes are a few units.
int64_t least_by_trying_all(const Problem& problem, std::vector<int64_t>& offsets, size_t next,
                            int64_t best) {
  if (next == problem.buffers.size()) {
    Layout layout;
    layout.offsets = offsets;
    for (size_t i = 0; i < next; ++i)
      layout.bytes = std::max(layout.bytes, offsets[i] + problem.buffers[i].bytes);
    return is_valid(layout, problem.buffers, problem.overlaps) ? std::min(best, layout.bytes) : best;
  }
  for (int64_t offset = 0; offset + problem.buffers[next].bytes < best; offset += 4) {
    offsets[next] = offset;
    best = least_by_trying_all(problem, offsets, next + 1, best);
  }
  return best;
}

TEST(Memory, a_layout_that_is_called_optimal_needs_the_least_of_all_possible_offsets) {
  Rng rng(5);
  int above_bound = 0;
  for (int i = 0; i < 150; ++i) {
    Problem problem;
    const int layers = 3 + static_cast<int>(rng.below(3));
    for (int k = 0; k < layers; ++k) {
      const int last = std::min<int>(layers - 1, k + 1 + static_cast<int>(rng.below(3)));
      problem.buffers.push_back({4 + 4 * static_cast<int64_t>(rng.below(4)), k, last, 4});
      if (k > 0 && rng.below(2)) {
        const bool exact = rng.below(2) == 0;
        problem.overlaps.push_back({k - 1, k, 4 * (static_cast<int64_t>(rng.below(5)) - 2), exact});
      }
    }
    const Layout layout = lay_out(problem.buffers, problem.overlaps);
    ASSERT_TRUE(layout.is_optimal);
    ASSERT_TRUE(is_valid(layout, problem.buffers, problem.overlaps));
    std::vector<int64_t> offsets(problem.buffers.size());
    ASSERT_EQ(layout.bytes, least_by_trying_all(problem, offsets, 0, layout.bytes + 1)) << "problem " << i;
    above_bound += layout.bytes > layout.lower_bound_bytes ? 1 : 0;
  }
  EXPECT_GT(above_bound, 0);  // otherwise the search itself was never needed
}

TEST(Memory, is_proved_optimal_for_nearly_all_networks_of_30_layers) {
  Rng rng(6);
  int proved = 0;
  for (int i = 0; i < 50; ++i) {
    const Problem problem = random_problem(rng, 30);
    const Layout layout = lay_out(problem.buffers, problem.overlaps);
    ASSERT_TRUE(is_valid(layout, problem.buffers, problem.overlaps)) << "problem " << i;
    proved += layout.is_optimal ? 1 : 0;
  }
  EXPECT_GE(proved, 45);
}

TEST(Memory, bytes_is_the_end_of_the_last_buffer) {
  Rng rng(3);
  for (int i = 0; i < 100; ++i) {
    const Problem problem = random_problem(rng, 10);
    const Layout layout = lay_out(problem.buffers, problem.overlaps);
    int64_t end = 0;
    for (size_t j = 0; j < problem.buffers.size(); ++j) {
      end = std::max(end, layout.offsets[j] + problem.buffers[j].bytes);
    }
    EXPECT_EQ(end, layout.bytes);
  }
}

TEST(Memory, an_output_lies_over_its_input_when_it_may) {
  const std::vector<Buffer> buffers = {{100, 0, 0, 4}, {100, 0, 1, 4}};
  EXPECT_EQ(lay_out(buffers, {}).bytes, 200);
  const std::vector<Overlap> overlaps = {{0, 1, 0, false}};
  EXPECT_EQ(lay_out(buffers, overlaps).bytes, 100);
}

TEST(Memory, an_input_that_must_stay_ahead_lies_that_far_behind_the_outputs_start) {
  const std::vector<Buffer> buffers = {{100, 0, 0, 4}, {200, 0, 1, 4}};
  const std::vector<Overlap> overlaps = {{0, 1, 120, false}};
  const Layout layout = lay_out(buffers, overlaps);
  EXPECT_EQ(layout.bytes, 220);
  EXPECT_EQ(layout.lower_bound_bytes, 220);
  EXPECT_EQ(layout.offsets[0] - layout.offsets[1], 120);
}

TEST(Memory, an_exact_leave_allows_no_other_distance) {
  const std::vector<Buffer> buffers = {{100, 0, 0, 4}, {100, 0, 1, 4}};
  const std::vector<Overlap> overlaps = {{0, 1, 0, true}};
  EXPECT_EQ(lay_out(buffers, overlaps).bytes, 100);
  Layout shifted;
  shifted.offsets = {4, 0};
  shifted.bytes = 104;
  EXPECT_FALSE(is_valid(shifted, buffers, overlaps));
}

TEST(Memory, apart_gives_every_buffer_its_own_bytes) {
  Rng rng(4);
  const Problem problem = random_problem(rng, 12);
  const Layout layout = lay_out_apart(problem.buffers);
  for (size_t i = 1; i < problem.buffers.size(); ++i) {
    EXPECT_GE(layout.offsets[i], layout.offsets[i - 1] + problem.buffers[i - 1].bytes);
  }
}

TEST(Memory, a_layout_with_a_collision_is_not_valid) {
  const std::vector<Buffer> buffers = {{100, 0, 1, 4}, {100, 1, 1, 4}};
  Layout layout;
  layout.offsets = {0, 96};
  layout.bytes = 196;
  EXPECT_FALSE(is_valid(layout, buffers, {}));
}

}  // namespace
}  // namespace tadpole::plan
