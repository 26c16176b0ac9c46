// Two inputs of different shapes brought to one, over up to four dimensions.
#ifndef TADPOLE_DEVICE_KERNELS_REF_BROADCAST_H_
#define TADPOLE_DEVICE_KERNELS_REF_BROADCAST_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// Index i of the output reads a at sum i[d] * a_stride[d]; a stride of 0 repeats. Leading dimensions are 1.
struct Broadcast {
  int32_t dims[4], a_stride[4], b_stride[4];

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.numbers("dims", self.dims);
    visitor.numbers("a_stride", self.a_stride);
    visitor.numbers("b_stride", self.b_stride);
  }
};

/// Writes combine(element of a, element of b) to each element of out, in order.
template <class A, class B, class Out, class Combine>
void for_each_pair(const Broadcast& shape, const A* a, const B* b, Out* out, Combine combine) {
  const int32_t* as = shape.a_stride;
  const int32_t* bs = shape.b_stride;
  for (int32_t i = 0; i < shape.dims[0]; ++i) {
    for (int32_t j = 0; j < shape.dims[1]; ++j) {
      for (int32_t k = 0; k < shape.dims[2]; ++k) {
        const A* from_a = a + ptrdiff_t(i) * as[0] + ptrdiff_t(j) * as[1] + ptrdiff_t(k) * as[2];
        const B* from_b = b + ptrdiff_t(i) * bs[0] + ptrdiff_t(j) * bs[1] + ptrdiff_t(k) * bs[2];
        for (int32_t l = 0; l < shape.dims[3]; ++l, from_a += as[3], from_b += bs[3]) {
          *out++ = combine(*from_a, *from_b);
        }
      }
    }
  }
}

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_BROADCAST_H_
