// Cycles, time and energy from an instruction count. The count is exact; what is made from it is an estimate.
#pragma once

#include <cstdint>

#include "board/board.h"

namespace tadpole::board {

/// Model: cycles = instructions * board.cycles_per_instruction. Its error, in percent of the estimate, is
/// that of the catalogue; the energy carries in addition the spread of the data sheet's typical current.
struct Estimate {
  int64_t instructions = 0;
  double cycles_estimated = 0;
  double milliseconds_estimated = 0;
  double milliseconds_low = 0, milliseconds_high = 0;
  double microjoules_estimated = 0;  ///< processor alone
};

/// instructions >= 0. Source of each figure: board.sources.
Estimate estimate(const Board& board, int64_t instructions);

/// Share of the processor's time that a stream needs: above 1 the board cannot keep up.
/// feature_frame, inference: instructions of one; per_second: how many of each a second of sound needs.
double real_time_factor(const Board& board, int64_t feature_frame, double frames_per_second,
                        int64_t inference, double inferences_per_second);

}  // namespace tadpole::board
