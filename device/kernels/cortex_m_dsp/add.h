// Sum of two int8 tensors of one shape for the Arm DSP extension, with a portable twin (see intrinsics.h).
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_ADD_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_ADD_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

constexpr int32_t kDspAddShift = 20;

/// t = offset + floor(a * a_factor / 2^8) + floor(b * b_factor / 2^8); the output is t / 2^kDspAddShift
/// rounded down and held to [clamp_min, clamp_max]. plan/ chooses factors and offset so that this equals the
/// specification for all 65,536 pairs. No t leaves 32 bits.
struct DspAddInt8Params {
  int32_t count;
  int32_t a_factor, b_factor, offset;
  int32_t clamp_min, clamp_max;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("count", self.count);
    visitor.number("a_factor", self.a_factor);
    visitor.number("b_factor", self.b_factor);
    visitor.number("offset", self.offset);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
  }
};

/// a, b, out: 4-byte aligned. out may be a or b.
void dsp_add_int8(const DspAddInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out);

/// The same with halves rounded away from zero, for scales that are in the ratio of small integers: with
/// u = t - middle, t + (u < 0 ? -1 : 0) takes the place of t.
struct DspAddTiesInt8Params {
  DspAddInt8Params add;
  int32_t middle;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.group("add", self.add);
    visitor.number("middle", self.middle);
  }
};
void dsp_add_ties_int8(const DspAddTiesInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_ADD_H_
