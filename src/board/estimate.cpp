// The cycle and energy model.
#include "board/estimate.h"

#include <cstdio>
#include <vector>

#include "base/text.h"

namespace tadpole::board {

Estimate estimate(const Board& board, const Counts& counts) {
  Estimate e;
  e.instructions = counts.instructions();
  for (size_t i = 0; i < kCounts; ++i)
    e.cycles_estimated += static_cast<double>(counts.values[i]) * board.cycle_model.cycles[i];
  e.milliseconds_estimated = e.cycles_estimated / static_cast<double>(board.clock_hz) * 1e3;
  e.milliseconds_low = e.milliseconds_estimated * (1 + board.cycle_model.error_low_percent / 100);
  e.milliseconds_high = e.milliseconds_estimated * (1 + board.cycle_model.error_high_percent / 100);
  e.microjoules_estimated = e.milliseconds_estimated * board.active_milliwatts;
  return e;
}

std::string error_of_cycles(const Board& board) {
  if (board.cycle_model.measured.empty()) return "no published measurements to compare such estimates with";
  std::vector<std::string_view> chips;
  for (const Measured& m : board.cycle_model.measured) {
    if (chips.empty() || chips.back() != m.chip) chips.push_back(m.chip);
  }
  char range[64];
  std::snprintf(range, sizeof range, "%+.0f %% to %+.0f %%", board.cycle_model.error_low_percent,
                board.cycle_model.error_high_percent);
  return "published measurements (" + base::join_words(chips) + ") lie " + range + " from such estimates";
}

double real_time_factor(const Board& board, const Counts& feature_frame, double frames_per_second,
                        const Counts& inference, double inferences_per_second) {
  return estimate(board, feature_frame).milliseconds_estimated * 1e-3 * frames_per_second +
         estimate(board, inference).milliseconds_estimated * 1e-3 * inferences_per_second;
}

}  // namespace tadpole::board
