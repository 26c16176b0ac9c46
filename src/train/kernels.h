// The inner loops of training. One source (kernels_impl.h) is compiled for several vector widths; the widest
// that this processor has is chosen at run time.
#pragma once

#include <cstddef>
#include <span>

namespace tadpole::train {

/// C[rows, columns] = (or +=) sum over k of A(row, k) * B(k, column). k runs over `segments` stretches of
/// `segment_length`, so that a convolution over a padded image is one call per output row. Strides count
/// floats.
struct Gemm {
  const float* a = nullptr;
  ptrdiff_t a_row = 0, a_k = 1, a_segment = 0;
  const float* b = nullptr;  ///< rows of at least `columns` rounded up to the lanes, the rest zeros
  ptrdiff_t b_k = 0, b_segment = 0;
  float* c = nullptr;  ///< exactly rows x columns are written
  ptrdiff_t c_row = 0;
  int rows = 0, columns = 0, segments = 1, segment_length = 0;
  bool accumulate = false;
  const float* bias = nullptr;  ///< added to every row when set; padded as b; not with accumulate
  /// Memory that the caller needs next: brought nearer while the product runs.
  struct Ahead {
    const float* from = nullptr;
    ptrdiff_t floats = 0;
  };
  Ahead ahead[4];
};

/// One sample of a depthwise convolution. `in` is padded in space and its pixels are `channel_stride` floats
/// apart: a multiple of the lanes, or `channels` where the lanes are a multiple of these, the stride is 1 and
/// there are at most 64 taps; a vector of `in` beyond its end may then be read. Weights and their gradient:
/// [taps, weight_stride].
struct Depthwise {
  const float* in = nullptr;
  ptrdiff_t in_row = 0;  ///< floats from one padded input row to the next
  int channel_stride = 0, channels = 0, weight_stride = 0;
  int filter_h = 0, filter_w = 0, stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1;
  int out_h = 0, out_w = 0;
};

/// One sample of a 3x3 convolution in tiles of 4x4 outputs; see winograd.cpp. Planes hold the numbers of one
/// of the 36 places: [tiles, channels]. The image that is read is 4 * tile_rows + 2 high and so wide.
struct Winograd {
  int tile_rows = 0, tile_columns = 0;
  int out_h = 0, out_w = 0;  ///< tiles may reach over the end
  int channels = 0;          ///< a multiple of the lanes
  ptrdiff_t row = 0;         ///< floats from one row of the image or output to the next
  ptrdiff_t plane = 0;       ///< floats from one place to the next
};

/// Element-wise functions see `count` floats whose channel repeats every `period` floats; the per-channel
/// arrays hold `period` floats, a multiple of the lanes.
struct Kernels {
  const char* name;  ///< "baseline", "avx2", "avx512"
  int lanes;         ///< floats in a vector
  void (*gemm)(const Gemm& call);
  /// out [out_h, out_w, channels].
  void (*depthwise)(const Depthwise& shape, const float* weights, const float* bias, float* out);
  /// gradient [taps, weight_stride] += over all pixels; out_gradient's rows are out_gradient_row floats
  /// apart and its pixels channel_stride.
  void (*depthwise_weights)(const Depthwise& shape, const float* out_gradient, ptrdiff_t out_gradient_row,
                            float* gradient);
  /// in_gradient (laid out as shape.in) += the transposed convolution of out_gradient.
  void (*depthwise_scatter)(const Depthwise& shape, const float* weights, const float* out_gradient,
                            ptrdiff_t out_gradient_row, float* in_gradient);
  void (*winograd_input)(const Winograd& shape, const float* image, float* planes);
  /// image += the gradient.
  void (*winograd_input_gradient)(const Winograd& shape, const float* planes, float* image);
  void (*winograd_output)(const Winograd& shape, const float* planes, const float* bias, float* out);
  void (*winograd_output_gradient)(const Winograd& shape, const float* out_gradient, float* planes);
  /// out = clamp(in * scale + shift, low, high); not-a-number stays.
  void (*affine)(float* out, const float* in, ptrdiff_t count, int period, const float* scale,
                 const float* shift, float low, float high);
  /// sum += in - origin, squares += (in - origin)^2, per channel.
  void (*moments)(const float* in, ptrdiff_t count, int period, const float* origin, double* sum,
                  double* squares);
  /// gradient = 0 where the clamp of affine() was at work; then, when sum is set, sum += gradient and
  /// product += gradient * (in - mean), per channel.
  void (*affine_backward)(float* gradient, const float* in, ptrdiff_t count, int period, const float* scale,
                          const float* shift, float low, float high, const float* mean, double* sum,
                          double* product);
  /// out = gradient * a + in * b + c, per channel.
  void (*combine)(float* out, const float* gradient, const float* in, ptrdiff_t count, int period,
                  const float* a, const float* b, const float* c);
  /// out += in.
  void (*add)(float* out, const float* in, ptrdiff_t count);
  /// momentum SGD: velocity = momentum * velocity + gradient; weight -= rate * velocity.
  void (*sgd)(float* weight, const float* gradient, float* velocity, ptrdiff_t count, float rate,
              float momentum);
  /// Adam (Kingma and Ba 2015, the form before section 2.1 with both corrections folded into `rate` and
  /// `epsilon`); weights first shrink by `decay` (decoupled, Loshchilov and Hutter 2019).
  void (*adam)(float* weight, const float* gradient, float* first, float* second, ptrdiff_t count, float rate,
               float beta1, float beta2, float epsilon, float decay);
};

/// The widest set that this processor can run.
const Kernels& best_kernels();
/// All sets that this processor can run, the baseline first.
std::span<const Kernels* const> supported_kernels();

}  // namespace tadpole::train
