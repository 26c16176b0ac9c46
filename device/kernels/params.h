// What every kernel's parameters are made of. A kernel is a plain struct of constants and one function:
//   void conv_2d_int8(const Conv2dInt8Params& params, const int8_t* in, int8_t* out);
// Activations come as pointers in the order inputs, output, scratch. A kernel cannot fail: plan/ checks all.
//
// Each struct lists its members once, in the order in which they are declared, in visit(visitor, self):
//   visitor.number("in_zero", self.in_zero)            one number
//   visitor.numbers("dims", self.dims)                 a C array of numbers
//   visitor.array("weights", self.weights, count)      constants elsewhere, `count` of them
//   visitor.group("window", self.window)               a struct with its own visit()
// Printing as C++, sizes of constants and comparison are all made from that list.
//
// A runner's table of kernels is made from the headers: each kernel is declared at the start of a line as
// above. A header that declares kernels by macros defines TADPOLE_KERNEL_ENTRIES_<NAME>:
// TADPOLE_KERNEL_ENTRY(kernel), for each.
#ifndef TADPOLE_DEVICE_KERNELS_PARAMS_H_
#define TADPOLE_DEVICE_KERNELS_PARAMS_H_

#include <stddef.h>
#include <stdint.h>

namespace tadpole {
namespace kernels {

/// A sliding window over NHWC maps. Output (y, x) reads rows y * stride_h - pad_top + i * dilation_h for i in
/// [0, filter_h), and columns alike; what lies outside is padding. Sizes >= 1, pads >= 0.
struct Window2d {
  int32_t batches;
  int32_t in_h, in_w, in_c;
  int32_t out_h, out_w, out_c;
  int32_t filter_h, filter_w;
  int32_t stride_h, stride_w;
  int32_t dilation_h, dilation_w;
  int32_t pad_top, pad_left;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("batches", self.batches);
    visitor.number("in_h", self.in_h);
    visitor.number("in_w", self.in_w);
    visitor.number("in_c", self.in_c);
    visitor.number("out_h", self.out_h);
    visitor.number("out_w", self.out_w);
    visitor.number("out_c", self.out_c);
    visitor.number("filter_h", self.filter_h);
    visitor.number("filter_w", self.filter_w);
    visitor.number("stride_h", self.stride_h);
    visitor.number("stride_w", self.stride_w);
    visitor.number("dilation_h", self.dilation_h);
    visitor.number("dilation_w", self.dilation_w);
    visitor.number("pad_top", self.pad_top);
    visitor.number("pad_left", self.pad_left);
  }
};

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_PARAMS_H_
