// Int8 softmax with a table of exponentials: the difference of two int8 values takes 256 values at most.
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_SOFTMAX_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_SOFTMAX_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

constexpr int32_t kDspSoftmaxMaxColumns = 256;

/// in [rows, cols] to out, scale 1/256 and zero point -128. exponentials[d]: e^(-beta * in_scale * d) in
/// steps of 2^-31, to the bit what ref/softmax.h computes; 0 from `size` on.
struct DspSoftmaxInt8Params {
  int32_t rows, cols;  // cols <= kDspSoftmaxMaxColumns
  int32_t size;
  const int32_t* exponentials;  // [size]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("rows", self.rows);
    visitor.number("cols", self.cols);
    visitor.number("size", self.size);
    visitor.array("exponentials", self.exponentials, size_t(self.size));
  }
};

/// out may be in.
void dsp_softmax_int8(const DspSoftmaxInt8Params& params, const int8_t* in, int8_t* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_SOFTMAX_H_
