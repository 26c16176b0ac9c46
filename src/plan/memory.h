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

/// Leave for an output to lie over an input that dies in the step that makes the output:
/// offset(input) - offset(output) >= distance, or the two do not touch.
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
};

/// Places all buffers. Deterministic. Optimal whenever bytes == lower_bound_bytes; for up to 7 buffers the
/// best of all orders of bottom-left placement, above that the best of several orders and of a bounded seeded
/// search (first-fit by size: Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference",
/// 2020). Cost: O(n^2) for each order tried, some thousand orders at most.
Layout lay_out(std::span<const Buffer> buffers, std::span<const Overlap> overlaps);

/// The layout in which nothing shares a byte.
Layout lay_out_apart(std::span<const Buffer> buffers);

/// Whether every two buffers that are alive at once lie apart or as an Overlap allows.
bool is_valid(const Layout& layout, std::span<const Buffer> buffers, std::span<const Overlap> overlaps);

}  // namespace tadpole::plan
