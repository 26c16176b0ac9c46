// Four bytes of each input at a time, in the upper halves of 16-bit lanes.
#include "device/kernels/cortex_m_dsp/add.h"

#include "device/kernels/cortex_m_dsp/pairs.h"

namespace tadpole {
namespace kernels {

namespace {

/// t as it is.
struct Plain {
  int8_t operator()(int32_t t) const { return static_cast<int8_t>(dsp::shift_and_ssat8<kDspAddShift>(t)); }
};

/// u = t - middle.
struct Ties {
  int32_t middle;
  int8_t operator()(int32_t u) const {
    return static_cast<int8_t>(dsp::shift_and_ssat8<kDspAddShift>(u + (u >> 31) + middle));
  }
};

template <class Finish>
inline void add(const DspAddInt8Params& params, int32_t offset, const int8_t* a, const int8_t* b, int8_t* out,
                Finish finish) {
  const int32_t a_factor = params.a_factor, b_factor = params.b_factor;
  const int32_t mask = dsp::opaque(static_cast<int32_t>(0xff00ff00u));
  int8_t* end = out + (params.count & ~3);
  while (out != end) {
    const int32_t from_a = dsp::load(a), from_b = dsp::load(b);
    a += 4, b += 4;
    const int32_t a_even = dsp::shift_8(from_a) & mask, b_even = dsp::shift_8(from_b) & mask;
    const int32_t a_odd = from_a & mask, b_odd = from_b & mask;
    out[0] = finish(dsp::smlawb(b_factor, b_even, dsp::smlawb(a_factor, a_even, offset)));
    out[1] = finish(dsp::smlawb(b_factor, b_odd, dsp::smlawb(a_factor, a_odd, offset)));
    out[2] = finish(dsp::smlawt(b_factor, b_even, dsp::smlawt(a_factor, a_even, offset)));
    out[3] = finish(dsp::smlawt(b_factor, b_odd, dsp::smlawt(a_factor, a_odd, offset)));
    out += 4;
  }
  for (int32_t left = params.count & 3; left > 0; --left) {
    const int32_t from_a = *a++ * 256, from_b = *b++ * 256;
    *out++ = finish(dsp::smlawb(b_factor, from_b, dsp::smlawb(a_factor, from_a, offset)));
  }
}

}  // namespace

void dsp_add_int8(const DspAddInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out) {
  add(params, params.offset, a, b, out, Plain());
  dsp::clamp_bytes(out, params.count, params.clamp_min, params.clamp_max);
}

void dsp_add_ties_int8(const DspAddTiesInt8Params& params, const int8_t* a, const int8_t* b, int8_t* out) {
  add(params.add, params.add.offset - params.middle, a, b, out, Ties{params.middle});
  dsp::clamp_bytes(out, params.add.count, params.add.clamp_min, params.add.clamp_max);
}

}  // namespace kernels
}  // namespace tadpole
