// Two look-ups for each value and one reciprocal for each row. A number "in Fn" has n integer bits: real =
// raw / 2^(31 - n).
#include "device/kernels/cortex_m_dsp/softmax.h"

#include "device/kernels/fixed_point.h"
#include "device/kernels/fixed_point_functions.h"

namespace tadpole {
namespace kernels {

namespace {

constexpr int32_t kSumIntegerBits = 12;  // the sum of exponentials is in F12

int32_t mul(int32_t a, int32_t b) { return saturating_rounding_doubling_high_mul(a, b); }

/// x / 2^exponent for x >= 0, halves up.
int32_t divide_by_pot(int32_t x, int32_t exponent) {
  return static_cast<int32_t>((static_cast<uint32_t>(x) + (1u << (exponent - 1))) >> exponent);
}

}  // namespace

void dsp_softmax_int8(const DspSoftmaxInt8Params& params, const int8_t* in, int8_t* out) {
  const int32_t cols = params.cols, size = params.size;
  const int32_t* table = params.exponentials;
  for (int32_t row = 0; row < params.rows; ++row, in += cols, out += cols) {
    int32_t most = -128;
    for (int32_t c = 0; c < cols; ++c) most = in[c] > most ? in[c] : most;
    int32_t sum = 0;
    for (int32_t c = 0; c < cols; ++c) {
      const int32_t difference = most - in[c];
      if (difference < size) sum += divide_by_pot(table[difference], kSumIntegerBits);
    }
    // sum = (1 + x) * 2^bits_over_one with x in [0, 1).
    const int32_t headroom = leading_zeros(static_cast<uint32_t>(sum));
    const int32_t bits_over_one = kSumIntegerBits - headroom;
    const int32_t x = static_cast<int32_t>((static_cast<uint32_t>(sum) << headroom) - 0x80000000u);
    const int32_t scale = reciprocal_of_one_plus(x);
    for (int32_t c = 0; c < cols; ++c) {
      const int32_t difference = most - in[c];
      const int32_t product = difference < size ? mul(scale, table[difference]) : 0;
      const int32_t steps = divide_by_pot(product, bits_over_one + 31 - 8);
      out[c] = static_cast<int8_t>(steps > 255 ? 127 : steps - 128);
    }
  }
}

}  // namespace kernels
}  // namespace tadpole
