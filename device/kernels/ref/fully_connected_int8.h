// Reference int8 dense layer. Source: TFLite int8 specification, FULLY_CONNECTED.
#ifndef TADPOLE_DEVICE_KERNELS_REF_FULLY_CONNECTED_INT8_H_
#define TADPOLE_DEVICE_KERNELS_REF_FULLY_CONNECTED_INT8_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// in [rows, in_c], out [rows, out_c]. Arithmetic as Conv2dInt8Params.
struct FullyConnectedInt8Params {
  int32_t rows, in_c, out_c;
  int32_t in_zero, out_zero;
  int32_t clamp_min, clamp_max;
  const int8_t* weights;      // [out_c][in_c]
  const int32_t* bias;        // [out_c]
  const int32_t* multiplier;  // [out_c]
  const int32_t* shift;       // [out_c]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("rows", self.rows);
    visitor.number("in_c", self.in_c);
    visitor.number("out_c", self.out_c);
    visitor.number("in_zero", self.in_zero);
    visitor.number("out_zero", self.out_zero);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.array("weights", self.weights, size_t(self.out_c) * self.in_c);
    visitor.array("bias", self.bias, size_t(self.out_c));
    visitor.array("multiplier", self.multiplier, size_t(self.out_c));
    visitor.array("shift", self.shift, size_t(self.out_c));
  }
};

/// in and out must not overlap.
void fully_connected_int8(const FullyConnectedInt8Params& params, const int8_t* in, int8_t* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_FULLY_CONNECTED_INT8_H_
