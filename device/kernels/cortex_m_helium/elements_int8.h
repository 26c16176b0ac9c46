// Int8 layers without weights for Helium, with a portable twin (see vector.h).
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_HELIUM_ELEMENTS_INT8_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_HELIUM_ELEMENTS_INT8_H_

#include "device/kernels/ref/pool_2d.h"

namespace tadpole {
namespace kernels {

constexpr int32_t kHeliumAddShift = 20;

/// t = offset + floor(a * a_factor / 2^8) + floor(b * b_factor / 2^8), one less where t < middle; the output
/// is t / 2^kHeliumAddShift rounded down and held to [clamp_min, clamp_max]. plan/ chooses the numbers so
/// that this equals the specification for all 65,536 pairs. No t leaves 32 bits; middle is INT32_MIN where
/// nothing is to become less.
struct HeliumAddInt8Params {
  int32_t count;
  int32_t a_factor, b_factor, offset, middle;
  int32_t clamp_min, clamp_max;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("count", self.count);
    visitor.number("a_factor", self.a_factor);
    visitor.number("b_factor", self.b_factor);
    visitor.number("offset", self.offset);
    visitor.number("middle", self.middle);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
  }
};

/// out may be a or b.
void helium_add_int8(const HeliumAddInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out);

/// As average_pool_2d_int8 and max_pool_2d_int8; an average's windows have at most kHeliumMaxPoolTaps pixels,
/// whose sums fit 16 bits.
constexpr int32_t kHeliumMaxPoolTaps = 256;
void helium_average_pool_2d_int8(const Pool2dInt8Params& params, const int8_t* in, int8_t* out);
void helium_max_pool_2d_int8(const Pool2dInt8Params& params, const int8_t* in, int8_t* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_HELIUM_ELEMENTS_INT8_H_
