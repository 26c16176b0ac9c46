// Real factors to the integer constants of the TFLite int8 specification. Host only: uses doubles.
#pragma once

#include <cstdint>

#include "ir/graph.h"

namespace tadpole::plan {

/// real = multiplier * 2^(shift - 31), multiplier in [2^30, 2^31) or 0.
struct FixedFactor {
  int32_t multiplier = 0, shift = 0;
};

/// The nearest FixedFactor of a real >= 0. Below 2^-32 it is 0, above 2^30 it saturates, as in TFLite.
FixedFactor fixed_factor(double real);

/// The mean's factor: scale / count with the division done on the integer multiplier (TFLite 2.9 and later).
FixedFactor fixed_factor_of_mean(double scale, int64_t count);

/// The smallest and largest stored value that an activation lets through.
struct ClampInt8 {
  int32_t low = -128, high = 127;
};
ClampInt8 clamp_int8(ir::Activation activation, float scale, int32_t zero_point);
/// The same for int16, whose zero point is 0.
ClampInt8 clamp_int16(ir::Activation activation, float scale);
/// The same for plain integers.
ClampInt8 clamp_int32(ir::Activation activation);

struct ClampFloat {
  float low = 0, high = 0;
};
ClampFloat clamp_float(ir::Activation activation);

/// beta * scale as the softmax kernel wants it, and the difference below which e^x counts as 0.
struct SoftmaxFactor {
  FixedFactor factor;
  int32_t diff_min = 0;
};
SoftmaxFactor softmax_factor(double beta, double scale);

}  // namespace tadpole::plan
