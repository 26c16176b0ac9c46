// The cycle and energy model.
#include "board/estimate.h"

namespace tadpole::board {

Estimate estimate(const Board& board, int64_t instructions) {
  Estimate e;
  e.instructions = instructions;
  e.cycles_estimated = static_cast<double>(instructions) * board.cycles_per_instruction;
  e.milliseconds_estimated = e.cycles_estimated / static_cast<double>(board.clock_hz) * 1e3;
  e.milliseconds_low = e.milliseconds_estimated * (1 + board.cycles_error_low_percent / 100);
  e.milliseconds_high = e.milliseconds_estimated * (1 + board.cycles_error_high_percent / 100);
  e.microjoules_estimated = e.milliseconds_estimated * board.active_milliwatts;
  return e;
}

double real_time_factor(const Board& board, int64_t feature_frame, double frames_per_second,
                        int64_t inference, double inferences_per_second) {
  const double seconds = estimate(board, feature_frame).milliseconds_estimated * 1e-3 * frames_per_second +
                         estimate(board, inference).milliseconds_estimated * 1e-3 * inferences_per_second;
  return seconds;
}

}  // namespace tadpole::board
