// Layers with float activations and int8 weights ("dynamic range", "hybrid"): each batch of the input is
// quantised to int8 by its own range, products are integers, and the sums are scaled back. A dense layer is a
// convolution of a 1 x 1 map with its rows as batches. Sources: TFLite reference HybridConvPerChannel,
// DepthwiseConvHybridPerChannel, PortableSymmetricQuantizeFloats and PortableAsymmetricQuantizeFloats.
#ifndef TADPOLE_DEVICE_KERNELS_REF_WEIGHTED_HYBRID_H_
#define TADPOLE_DEVICE_KERNELS_REF_WEIGHTED_HYBRID_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// in [batches, in_h, in_w, in_c], out [batches, out_h, out_w, out_c]; the sums of products stay within 32
/// bits.
struct HybridConv2dParams {
  Window2d window;
  int32_t symmetric;     // 1: zero point 0 and [-127, 127]; 0: a zero point and [-128, 127]
  int32_t scales_first;  // 1: sum * (input scale * weight scale); 0: (sum * weight scale) * input scale
  float clamp_min, clamp_max;
  const int8_t* weights;  // [out_c][filter_h][filter_w][in_c]
  const float* scale;     // [out_c], of the weights
  const float* bias;      // [out_c]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const auto& w = self.window;
    visitor.group("window", self.window);
    visitor.number("symmetric", self.symmetric);
    visitor.number("scales_first", self.scales_first);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.array("weights", self.weights, size_t(w.out_c) * w.filter_h * w.filter_w * w.in_c);
    visitor.array("scale", self.scale, size_t(w.out_c));
    visitor.array("bias", self.bias, size_t(w.out_c));
  }
};

/// The same with out_c = in_c * depth multiplier.
struct HybridDepthwiseConv2dParams {
  Window2d window;
  int32_t symmetric;     // 1: zero point 0 and [-127, 127]; 0: a zero point and [-128, 127]
  int32_t scales_first;  // 1: sum * (input scale * weight scale); 0: (sum * weight scale) * input scale
  float clamp_min, clamp_max;
  const int8_t* weights;  // [filter_h][filter_w][out_c]
  const float* scale;     // [out_c], of the weights
  const float* bias;      // [out_c]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    const auto& w = self.window;
    visitor.group("window", self.window);
    visitor.number("symmetric", self.symmetric);
    visitor.number("scales_first", self.scales_first);
    visitor.number("clamp_min", self.clamp_min);
    visitor.number("clamp_max", self.clamp_max);
    visitor.array("weights", self.weights, size_t(w.filter_h) * w.filter_w * w.out_c);
    visitor.array("scale", self.scale, size_t(w.out_c));
    visitor.array("bias", self.bias, size_t(w.out_c));
  }
};

/// scratch: in_h * in_w * in_c bytes, one batch quantised. Values that are not numbers count as 0. in and out
/// must not overlap.
void hybrid_conv_2d(const HybridConv2dParams& params, const float* in, float* out, int8_t* scratch);
void hybrid_depthwise_conv_2d(const HybridDepthwiseConv2dParams& params, const float* in, float* out,
                              int8_t* scratch);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_WEIGHTED_HYBRID_H_
