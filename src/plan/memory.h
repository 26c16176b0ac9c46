// Where buffers with known lifetimes go in one arena. Knows nothing of graphs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tadpole::plan {

/// Alive from the start of first_step to the end of last_step. bytes > 0, alignment a power of two.
struct Buffer {
  int64_t bytes = 0;
  int first_step = 0, last_step = 0;
  int alignment = 4;
};

/// Leave for two buffers to overlap while both are alive, as an output over an input that dies in the step
/// that makes the output: offset(input) - offset(output) >= distance, or the two do not touch.
struct Overlap {
  int input = 0, output = 0;  ///< indices of buffers
  int64_t distance = 0;       ///< may be negative
  bool exact = false;         ///< the difference must be `distance`, no more
};

struct Layout {
  std::vector<int64_t> offsets;
  int64_t bytes = 0;              ///< end of the last buffer
  int64_t lower_bound_bytes = 0;  ///< the most that any step must hold at once
  int peak_step = 0;              ///< where that is
  bool is_optimal = false;        ///< proved: no layout of these buffers needs less
};

/// Places all buffers. Deterministic. First good orders of bottom-left placement (first-fit by size:
/// Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020); if the lower bound
/// is not met, branch and bound over which of each two buffers lies below the other, or over it by leave,
/// within `search_nodes` nodes. The result is optimal when the bound is met or the search has ended by
/// itself: is_optimal says so. Cost: O(n^2) for each order tried and each node, some milliseconds in all for
/// networks of 60 layers.
Layout lay_out(std::span<const Buffer> buffers, std::span<const Overlap> overlaps, int search_nodes = 20000);

/// The layout in which nothing shares a byte.
Layout lay_out_apart(std::span<const Buffer> buffers);

/// Whether every two buffers that are alive at once lie apart or as an Overlap allows.
bool is_valid(const Layout& layout, std::span<const Buffer> buffers, std::span<const Overlap> overlaps);

}  // namespace tadpole::plan
