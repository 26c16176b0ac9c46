// RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR: plan/ works out where each output row and column comes from,
// so that no division and no float arithmetic (int8) is left for the chip.
#ifndef TADPOLE_DEVICE_KERNELS_REF_RESIZE_H_
#define TADPOLE_DEVICE_KERNELS_REF_RESIZE_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// in [batches, in_h, in_w, pixel_bytes], out [batches, out_h, out_w, pixel_bytes]; any type.
struct ResizeNearestParams {
  int32_t batches, in_h, in_w, out_h, out_w;
  int32_t pixel_bytes;
  const int16_t* rows;     // [out_h], the input row of each
  const int16_t* columns;  // [out_w]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("batches", self.batches);
    visitor.number("in_h", self.in_h);
    visitor.number("in_w", self.in_w);
    visitor.number("out_h", self.out_h);
    visitor.number("out_w", self.out_w);
    visitor.number("pixel_bytes", self.pixel_bytes);
    visitor.array("rows", self.rows, size_t(self.out_h));
    visitor.array("columns", self.columns, size_t(self.out_w));
  }
};

/// Output row y lies between input rows row_low[y] and row_high[y], row_part[y] of the way; columns alike.
/// Part is int16 in 1/1024 for integers, float for floats.
template <class Part>
struct ResizeBilinearParams {
  int32_t batches, in_h, in_w, channels, out_h, out_w;
  const int16_t* row_low;      // [out_h]
  const int16_t* row_high;     // [out_h]
  const int16_t* column_low;   // [out_w]
  const int16_t* column_high;  // [out_w]
  const Part* row_part;        // [out_h]
  const Part* column_part;     // [out_w]

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("batches", self.batches);
    visitor.number("in_h", self.in_h);
    visitor.number("in_w", self.in_w);
    visitor.number("channels", self.channels);
    visitor.number("out_h", self.out_h);
    visitor.number("out_w", self.out_w);
    visitor.array("row_low", self.row_low, size_t(self.out_h));
    visitor.array("row_high", self.row_high, size_t(self.out_h));
    visitor.array("column_low", self.column_low, size_t(self.out_w));
    visitor.array("column_high", self.column_high, size_t(self.out_w));
    visitor.array("row_part", self.row_part, size_t(self.out_h));
    visitor.array("column_part", self.column_part, size_t(self.out_w));
  }
};
using ResizeBilinearIntParams = ResizeBilinearParams<int16_t>;
using ResizeBilinearFloatParams = ResizeBilinearParams<float>;

void resize_nearest(const ResizeNearestParams& params, const int8_t* in, int8_t* out);
/// Stored values are weighted in 2^-20 and rounded once, halves away from zero; in and out have one scale.
/// Source: TFLite reference ResizeBilinearInteger.
void resize_bilinear_int8(const ResizeBilinearIntParams& params, const int8_t* in, int8_t* out);
void resize_bilinear_int16(const ResizeBilinearIntParams& params, const int16_t* in, int16_t* out);
/// Source: TFLite reference ResizeBilinear; products and sums in its order.
void resize_bilinear_float(const ResizeBilinearFloatParams& params, const float* in, float* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_RESIZE_H_
