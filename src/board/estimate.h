// Cycles, time and energy from instruction counts. The counts are exact; what is made from them is an
// estimate.
#pragma once

#include <cstdint>
#include <string>

#include "board/board.h"

namespace tadpole::board {

/// Model: the sum of counts by class, each times the cycles of the board's core (CycleModel). Its error, in
/// percent of the estimate, is what published measurements show; the energy carries in addition the spread of
/// the data sheet's typical current.
struct Estimate {
  int64_t instructions = 0;
  double cycles_estimated = 0;
  double milliseconds_estimated = 0;
  double milliseconds_low = 0, milliseconds_high = 0;
  double microjoules_estimated = 0;  ///< processor alone
};

/// Counts >= 0. Source of each figure: board.sources, board.cycle_model.source.
Estimate estimate(const Board& board, const Counts& counts);

/// "measured runs took from -2 % to +45 % of ...": the model's error in one sentence, with where it comes
/// from.
std::string error_of_cycles(const Board& board);

/// Share of the processor's time that a stream needs: above 1 the board cannot keep up.
/// feature_frame, inference: counts of one; per_second: how many of each a second of sound needs.
double real_time_factor(const Board& board, const Counts& feature_frame, double frames_per_second,
                        const Counts& inference, double inferences_per_second);

}  // namespace tadpole::board
