// Inner loops are dot products over contiguous memory, or channels side by side, so that compilers vectorise.
#include "device/kernels/generic/weighted_int8.h"

#include <string.h>

#include "device/kernels/fixed_point.h"

namespace tadpole {
namespace kernels {

namespace {

template <class Params>
int8_t finish(const Params& params, int32_t sum, int32_t channel) {
  const int32_t scaled =
      multiply_by_quantized_multiplier(sum, params.multiplier[channel], params.shift[channel]);
  return add_zero_and_clamp(scaled, params.out_zero, params.clamp_min, params.clamp_max);
}

/// All output channels of one input vector. The four rows of weights share each load of the vector.
template <class Params, class T>
void dot_products(const Params& params, const T* __restrict vector, int32_t length, int32_t channels,
                  int8_t* out) {
  const int8_t* __restrict a = params.weights;
  int32_t o = 0;
  for (; o + 4 <= channels; o += 4, a += 4 * ptrdiff_t(length)) {
    const int8_t* __restrict b = a + length;
    const int8_t* __restrict c = b + length;
    const int8_t* __restrict d = c + length;
    int32_t sum_a = params.bias[o], sum_b = params.bias[o + 1];
    int32_t sum_c = params.bias[o + 2], sum_d = params.bias[o + 3];
    for (int32_t k = 0; k < length; ++k) {
      const int16_t value = vector[k];
      sum_a += value * static_cast<int16_t>(a[k]);
      sum_b += value * static_cast<int16_t>(b[k]);
      sum_c += value * static_cast<int16_t>(c[k]);
      sum_d += value * static_cast<int16_t>(d[k]);
    }
    out[o] = finish(params, sum_a, o);
    out[o + 1] = finish(params, sum_b, o + 1);
    out[o + 2] = finish(params, sum_c, o + 2);
    out[o + 3] = finish(params, sum_d, o + 3);
  }
  for (; o < channels; ++o, a += length) {
    int32_t sum = params.bias[o];
    for (int32_t k = 0; k < length; ++k) sum += vector[k] * static_cast<int16_t>(a[k]);
    out[o] = finish(params, sum, o);
  }
}

void widen(const int8_t* __restrict in, int32_t count, int16_t* __restrict out) {
  for (int32_t i = 0; i < count; ++i) out[i] = in[i];
}

void fill(int32_t value, int32_t count, int16_t* __restrict out) {
  for (int32_t i = 0; i < count; ++i) out[i] = static_cast<int16_t>(value);
}

/// One row of the filter: the taps inside the map are widened, the others read as in_zero.
void gather_row(const GenericConv2dInt8Params& params, const int8_t* row, int32_t column, int16_t* out) {
  const Window2d& w = params.window;
  if (w.dilation_w == 1) {
    const int32_t end = column + w.filter_w;
    const int32_t before = column < 0 ? -column : 0;
    const int32_t after = end > w.in_w ? end - w.in_w : 0;
    const int32_t inside = w.filter_w - before - after;
    fill(params.in_zero, before * w.in_c, out);
    widen(row + (ptrdiff_t(column) + before) * w.in_c, inside * w.in_c, out + before * w.in_c);
    fill(params.in_zero, after * w.in_c, out + (before + inside) * w.in_c);
    return;
  }
  for (int32_t j = 0; j < w.filter_w; ++j, column += w.dilation_w, out += w.in_c) {
    if (column < 0 || column >= w.in_w) {
      fill(params.in_zero, w.in_c, out);
    } else {
      widen(row + ptrdiff_t(column) * w.in_c, w.in_c, out);
    }
  }
}

void gather(const GenericConv2dInt8Params& params, const int8_t* in, int32_t y, int32_t x, int16_t* out) {
  const Window2d& w = params.window;
  const int32_t row_length = w.filter_w * w.in_c;
  for (int32_t i = 0; i < w.filter_h; ++i, y += w.dilation_h, out += row_length) {
    if (y < 0 || y >= w.in_h) {
      fill(params.in_zero, row_length, out);
    } else {
      gather_row(params, in + ptrdiff_t(y) * w.in_w * w.in_c, x, out);
    }
  }
}

}  // namespace

void generic_conv_2d_int8(const GenericConv2dInt8Params& params, const int8_t* in, int8_t* out,
                          int16_t* scratch) {
  const Window2d& w = params.window;
  const int32_t length = w.filter_h * w.filter_w * w.in_c;
  for (int32_t n = 0; n < w.batches; ++n, in += ptrdiff_t(w.in_h) * w.in_w * w.in_c) {
    for (int32_t y = 0; y < w.out_h; ++y) {
      for (int32_t x = 0; x < w.out_w; ++x, out += w.out_c) {
        gather(params, in, y * w.stride_h - w.pad_top, x * w.stride_w - w.pad_left, scratch);
        dot_products(params, scratch, length, w.out_c, out);
      }
    }
  }
}

void generic_fully_connected_int8(const GenericFullyConnectedInt8Params& params, const int8_t* in,
                                  int8_t* out) {
  for (int32_t row = 0; row < params.rows; ++row, in += params.in_c, out += params.out_c) {
    dot_products(params, in, params.in_c, params.out_c, out);
  }
}

namespace {

constexpr int32_t kChannelBlock = 16;

/// One output pixel: taps[t] points to the input pixel under tap t.
void depthwise_pixel(const GenericDepthwiseConv2dInt8Params& params, const int8_t* const* taps, int32_t count,
                     int8_t* out) {
  const int32_t channels = params.window.out_c;
  for (int32_t start = 0; start < channels; start += kChannelBlock) {
    const int32_t block = channels - start < kChannelBlock ? channels - start : kChannelBlock;
    int32_t sums[kChannelBlock];
    for (int32_t c = 0; c < block; ++c) sums[c] = params.bias[start + c];
    const int8_t* __restrict weights = params.weights + start;
    for (int32_t t = 0; t < count; ++t, weights += channels) {
      const int8_t* __restrict values = taps[t] + start;
      if (block == kChannelBlock) {
        for (int32_t c = 0; c < kChannelBlock; ++c) {
          sums[c] += static_cast<int16_t>(values[c] * static_cast<int16_t>(weights[c]));
        }
      } else {
        for (int32_t c = 0; c < block; ++c) sums[c] += values[c] * weights[c];
      }
    }
    for (int32_t c = 0; c < block; ++c) out[start + c] = finish(params, sums[c], start + c);
  }
}

}  // namespace

void generic_depthwise_conv_2d_int8(const GenericDepthwiseConv2dInt8Params& params, const int8_t* in,
                                    int8_t* out, int8_t* scratch) {
  const Window2d& w = params.window;
  const int32_t row_bytes = w.in_w * w.in_c;
  const int32_t rows_kept = (w.filter_h - 1) * w.dilation_h + 1;
  int8_t* padding = scratch + ptrdiff_t(rows_kept) * row_bytes;
  memset(padding, params.in_zero, size_t(w.in_c));
  const int8_t* taps[kGenericDepthwiseMaxTaps];
  for (int32_t n = 0; n < w.batches; ++n) {
    int32_t rows_read = 0;
    for (int32_t y = 0; y < w.out_h; ++y) {
      const int32_t top = y * w.stride_h - w.pad_top;
      const int32_t bottom = top + rows_kept < w.in_h ? top + rows_kept : w.in_h;
      for (; rows_read < bottom; ++rows_read, in += row_bytes) {
        memcpy(scratch + ptrdiff_t(rows_read % rows_kept) * row_bytes, in, size_t(row_bytes));
      }
      for (int32_t x = 0; x < w.out_w; ++x, out += w.out_c) {
        const int32_t left = x * w.stride_w - w.pad_left;
        int32_t count = 0;
        for (int32_t i = 0; i < w.filter_h; ++i) {
          const int32_t row = top + i * w.dilation_h;
          const bool row_inside = row >= 0 && row < w.in_h;
          const int8_t* start = row_inside ? scratch + ptrdiff_t(row % rows_kept) * row_bytes : padding;
          for (int32_t j = 0; j < w.filter_w; ++j) {
            const int32_t column = left + j * w.dilation_w;
            const bool inside = row_inside && column >= 0 && column < w.in_w;
            taps[count++] = inside ? start + ptrdiff_t(column) * w.in_c : padding;
          }
        }
        depthwise_pixel(params, taps, count, out);
      }
    }
    in += ptrdiff_t(w.in_h - rows_read) * row_bytes;
  }
}

}  // namespace kernels
}  // namespace tadpole
