// The table holds what log2(1 + x) exceeds x by: at most 0.0861, so that 16 bits hold it with 18 fraction
// bits.
#include "device/dsp/fixed_log.h"

namespace tadpole {
namespace dsp {
namespace {

/// round((log2(1 + i / 64) - i / 64) * 2^18), i = 0 to 64.
constexpr uint16_t kLogExcess[65] = {
    0,     1768,  3446,  5037,  6544,  7969,  9315,  10583, 11777, 12897, 13947, 14927, 15841,
    16688, 17472, 18194, 18856, 19458, 20002, 20490, 20924, 21303, 21631, 21907, 22133, 22311,
    22440, 22523, 22561, 22553, 22502, 22408, 22272, 22096, 21878, 21622, 21327, 20994, 20624,
    20218, 19776, 19299, 18788, 18243, 17665, 17055, 16413, 15739, 15035, 14301, 13537, 12744,
    11923, 11073, 10196, 9291,  8360,  7402,  6419,  5411,  4377,  3319,  2236,  1130,  0,
};

constexpr uint64_t kLn2Q32 = 2977044472u;  // round(ln(2) * 2^32)

}  // namespace

int32_t log2_q16(uint64_t value) {
  const uint32_t upper = static_cast<uint32_t>(value >> 32);
  const int32_t zeros = upper != 0 ? __builtin_clz(upper) : 32 + __builtin_clz(static_cast<uint32_t>(value));
  // 1.31 fixed point: the top bit is the one before the point.
  const uint32_t mantissa = static_cast<uint32_t>((value << zeros) >> 32);
  const uint32_t piece = (mantissa >> 25) & 63u;
  const uint32_t within = (mantissa >> 7) & 0x3ffffu;  // 18 bits of the 25 below the piece
  // Whole logarithms with 18 bits, not excesses, are interpolated: their differences are positive, so
  // rounding down keeps the result from ever falling.
  const uint32_t from = piece * 4096u + kLogExcess[piece];
  const uint32_t to = (piece + 1u) * 4096u + kLogExcess[piece + 1u];
  const uint32_t fraction = from + (((to - from) * within) >> 18);
  return (63 - zeros) * 65536 + static_cast<int32_t>((fraction + 2u) >> 2);
}

int32_t log2_to_natural(int32_t log2, int32_t fraction_bits) {
  const int32_t shift = 48 - fraction_bits;
  const uint64_t product = static_cast<uint64_t>(static_cast<uint32_t>(log2)) * kLn2Q32;
  return static_cast<int32_t>((product + (uint64_t{1} << (shift - 1))) >> shift);
}

}  // namespace dsp
}  // namespace tadpole
