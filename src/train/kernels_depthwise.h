// Depthwise convolution: a vector of channels, its taps in registers where there are nine.
// Part of kernels_impl.h: it is compiled once per instruction set, inside that file's unnamed namespace.

constexpr int kMostTaps = 64;

inline int most(int channels) { return channels < kLanes ? channels : kLanes; }

/// Offsets of the taps from the window's first pixel, a band of rows at a time when there are very many.
struct Taps {
  int count = 0;
  ptrdiff_t offset[kMostTaps];
};

inline Taps taps_from(const Depthwise& d, int first) {
  Taps taps;
  const int all = d.filter_h * d.filter_w;
  for (int t = first; t < all && taps.count < kMostTaps; ++t) {
    taps.offset[taps.count++] = t / d.filter_w * d.dilation_h * d.in_row +
                                ptrdiff_t{t % d.filter_w} * d.dilation_w * d.channel_stride;
  }
  return taps;
}

template <int Count>
void depthwise_pass(const Depthwise& d, const Taps& taps, const float* weights, const float* bias, bool more,
                    float* out) {
  const int count = Count > 0 ? Count : taps.count;
  const ptrdiff_t step = ptrdiff_t{d.stride_w} * d.channel_stride;
  for (int channel = 0; channel < d.channels; channel += kLanes) {
    Vec weight[Count > 0 ? Count : kMostTaps];
    for (int t = 0; t < count; ++t) weight[t] = load(weights + ptrdiff_t{t} * d.weight_stride + channel);
    const Vec start = bias != nullptr ? load(bias + channel) : Vec{};
    for (int y = 0; y < d.out_h; ++y) {
      const float* in = d.in + ptrdiff_t{y} * d.stride_h * d.in_row + channel;
      float* to = out + ptrdiff_t{y} * d.out_w * d.channels + channel;
      for (int x = 0; x < d.out_w; ++x, in += step, to += d.channels) {
        Vec sum = start, other = {};
        TADPOLE_UNROLL for (int t = 0; t + 1 < count; t += 2) {
          sum = multiply_add(load(in + taps.offset[t]), weight[t], sum);
          other = multiply_add(load(in + taps.offset[t + 1]), weight[t + 1], other);
        }
        if (count % 2 != 0) sum = multiply_add(load(in + taps.offset[count - 1]), weight[count - 1], sum);
        sum += other;
        if (more) {
          for (int i = 0; i < kLanes && channel + i < d.channels; ++i) sum[i] += to[i];
        }
        store_part(to, sum, most(d.channels - channel));
      }
    }
  }
}

/// Rows x Columns neighbouring outputs of a 3x3 filter with stride 1: each input is loaded once for all of
/// them.
template <int Rows, int Columns>
inline void depthwise_block(const float* in, ptrdiff_t in_row, ptrdiff_t step, const Vec* weight, Vec start,
                            float* out, ptrdiff_t out_row, int channels, int left) {
  Vec sum[Rows][Columns];
  TADPOLE_UNROLL for (int r = 0; r < Rows; ++r) {
    TADPOLE_UNROLL for (int c = 0; c < Columns; ++c) sum[r][c] = start;
  }
  TADPOLE_UNROLL for (int y = 0; y < Rows + 2; ++y) {
    TADPOLE_UNROLL for (int x = 0; x < Columns + 2; ++x) {
      const Vec value = load(in + y * in_row + x * step);
      TADPOLE_UNROLL for (int r = 0; r < Rows; ++r) {
        TADPOLE_UNROLL for (int c = 0; c < Columns; ++c) {
          if (y >= r && y < r + 3 && x >= c && x < c + 3) {
            sum[r][c] = multiply_add(value, weight[(y - r) * 3 + x - c], sum[r][c]);
          }
        }
      }
    }
  }
  TADPOLE_UNROLL for (int r = 0; r < Rows; ++r) {
    TADPOLE_UNROLL for (int c = 0; c < Columns; ++c) {
      store_part(out + r * out_row + c * channels, sum[r][c], most(left));
    }
  }
}

template <int Rows>
inline void depthwise_rows(const Depthwise& d, const float* in, const Vec* weight, Vec start, float* out,
                           int left) {
  const ptrdiff_t step = d.channel_stride, out_row = ptrdiff_t{d.out_w} * d.channels;
  int x = 0;
  for (; x + 2 <= d.out_w; x += 2, in += 2 * step, out += 2 * d.channels) {
    depthwise_block<Rows, 2>(in, d.in_row, step, weight, start, out, out_row, d.channels, left);
  }
  if (x < d.out_w)
    depthwise_block<Rows, 1>(in, d.in_row, step, weight, start, out, out_row, d.channels, left);
}

void depthwise_3x3(const Depthwise& d, const float* weights, const float* bias, float* out) {
  for (int channel = 0; channel < d.channels; channel += kLanes) {
    Vec weight[9];
    TADPOLE_UNROLL for (int t = 0; t < 9; ++t) weight[t] =
        load(weights + ptrdiff_t{t} * d.weight_stride + channel);
    const Vec start = bias != nullptr ? load(bias + channel) : Vec{};
    const float* in = d.in + channel;
    float* to = out + channel;
    int y = 0;
    for (; y + 2 <= d.out_h; y += 2, in += 2 * d.in_row, to += ptrdiff_t{2} * d.out_w * d.channels) {
      depthwise_rows<2>(d, in, weight, start, to, d.channels - channel);
    }
    if (y < d.out_h) depthwise_rows<1>(d, in, weight, start, to, d.channels - channel);
  }
}

// Fewer channels than lanes, without gaps between the pixels: a vector holds several pixels. With stride 1
// the pixels under a tap are neighbours too.

inline bool is_flat(const Depthwise& d) { return d.channel_stride < kLanes; }

inline Vec repeat(const float* channels, int count) {
  Vec value = {};
  for (int i = 0; i < kLanes; ++i) value[i] = channels[i % count];
  return value;
}

void depthwise_flat(const Depthwise& d, const float* weights, const float* bias, float* out) {
  const Taps taps = taps_from(d, 0);
  Vec weight[kMostTaps];
  for (int t = 0; t < taps.count; ++t)
    weight[t] = repeat(weights + ptrdiff_t{t} * d.weight_stride, d.channels);
  const Vec start = bias != nullptr ? repeat(bias, d.channels) : Vec{};
  const ptrdiff_t row = ptrdiff_t{d.out_w} * d.channels;
  for (int y = 0; y < d.out_h; ++y, out += row) {
    const float* in = d.in + y * d.in_row;
    for (ptrdiff_t x = 0; x < row; x += kLanes) {
      Vec sum = start, other = {};
      int t = 0;
      for (; t + 1 < taps.count; t += 2) {
        sum = multiply_add(load(in + x + taps.offset[t]), weight[t], sum);
        other = multiply_add(load(in + x + taps.offset[t + 1]), weight[t + 1], other);
      }
      if (t < taps.count) sum = multiply_add(load(in + x + taps.offset[t]), weight[t], sum);
      store_part(out + x, sum + other, row - x < kLanes ? static_cast<int>(row - x) : kLanes);
    }
  }
}

void depthwise_flat_weights(const Depthwise& d, const float* out_gradient, ptrdiff_t out_gradient_row,
                            float* gradient) {
  const Taps taps = taps_from(d, 0);
  Vec sum[kMostTaps];
  for (int t = 0; t < taps.count; ++t) sum[t] = Vec{};
  const ptrdiff_t row = ptrdiff_t{d.out_w} * d.channels;
  for (int y = 0; y < d.out_h; ++y) {
    const float* in = d.in + y * d.in_row;
    const float* from = out_gradient + y * out_gradient_row;
    ptrdiff_t x = 0;
    for (; x + kLanes <= row; x += kLanes) {
      const Vec factor = load(from + x);
      for (int t = 0; t < taps.count; ++t)
        sum[t] = multiply_add(load(in + x + taps.offset[t]), factor, sum[t]);
    }
    const int left = static_cast<int>(row - x);
    if (left == 0) continue;
    const Vec factor = load_part(from + x, left);
    for (int t = 0; t < taps.count; ++t) {
      sum[t] = multiply_add(load_part(in + x + taps.offset[t], left), factor, sum[t]);
    }
  }
  for (int t = 0; t < taps.count; ++t) {
    for (int i = 0; i < kLanes; ++i) gradient[ptrdiff_t{t} * d.weight_stride + i % d.channels] += sum[t][i];
  }
}

void depthwise(const Depthwise& d, const float* weights, const float* bias, float* out) {
  const int all = d.filter_h * d.filter_w;
  if (is_flat(d)) {
    depthwise_flat(d, weights, bias, out);
    return;
  }
  if (d.filter_h == 3 && d.filter_w == 3 && d.stride_h == 1 && d.stride_w == 1 && d.dilation_h == 1 &&
      d.dilation_w == 1) {
    depthwise_3x3(d, weights, bias, out);
    return;
  }
  for (int first = 0; first < all; first += kMostTaps) {
    const Taps taps = taps_from(d, first);
    const float* from = weights + ptrdiff_t{first} * d.weight_stride;
    if (taps.count == 9) {
      depthwise_pass<9>(d, taps, from, first == 0 ? bias : nullptr, first > 0, out);
    } else {
      depthwise_pass<0>(d, taps, from, first == 0 ? bias : nullptr, first > 0, out);
    }
  }
}

template <int Count>
void depthwise_weights_pass(const Depthwise& d, const Taps& taps, const float* out_gradient,
                            ptrdiff_t out_gradient_row, float* gradient) {
  const int count = Count > 0 ? Count : taps.count;
  const ptrdiff_t step = ptrdiff_t{d.stride_w} * d.channel_stride;
  for (int channel = 0; channel < d.channels; channel += kLanes) {
    Vec sum[Count > 0 ? Count : kMostTaps];
    for (int t = 0; t < count; ++t) sum[t] = Vec{};
    for (int y = 0; y < d.out_h; ++y) {
      const float* in = d.in + ptrdiff_t{y} * d.stride_h * d.in_row + channel;
      const float* from = out_gradient + y * out_gradient_row + channel;
      for (int x = 0; x < d.out_w; ++x, in += step, from += d.channel_stride) {
        const Vec factor = load(from);
        TADPOLE_UNROLL for (int t = 0; t < count; ++t) {
          sum[t] = multiply_add(load(in + taps.offset[t]), factor, sum[t]);
        }
      }
    }
    for (int t = 0; t < count; ++t) {
      float* to = gradient + ptrdiff_t{t} * d.weight_stride + channel;
      store(to, load(to) + sum[t]);
    }
  }
}

void depthwise_weights(const Depthwise& d, const float* out_gradient, ptrdiff_t out_gradient_row,
                       float* gradient) {
  const int all = d.filter_h * d.filter_w;
  if (is_flat(d)) {
    depthwise_flat_weights(d, out_gradient, out_gradient_row, gradient);
    return;
  }
  for (int first = 0; first < all; first += kMostTaps) {
    const Taps taps = taps_from(d, first);
    float* to = gradient + ptrdiff_t{first} * d.weight_stride;
    if (taps.count == 9) {
      depthwise_weights_pass<9>(d, taps, out_gradient, out_gradient_row, to);
    } else {
      depthwise_weights_pass<0>(d, taps, out_gradient, out_gradient_row, to);
    }
  }
}

void depthwise_scatter(const Depthwise& d, const float* weights, const float* out_gradient,
                       ptrdiff_t out_gradient_row, float* in_gradient) {
  const int all = d.filter_h * d.filter_w;
  const ptrdiff_t step = ptrdiff_t{d.stride_w} * d.channel_stride;
  for (int first = 0; first < all; first += kMostTaps) {
    const Taps taps = taps_from(d, first);
    for (int channel = 0; channel < d.channels; channel += kLanes) {
      const float* weight = weights + ptrdiff_t{first} * d.weight_stride + channel;
      for (int y = 0; y < d.out_h; ++y) {
        float* to = in_gradient + ptrdiff_t{y} * d.stride_h * d.in_row + channel;
        const float* from = out_gradient + y * out_gradient_row + channel;
        for (int x = 0; x < d.out_w; ++x, to += step, from += d.channel_stride) {
          const Vec factor = load(from);
          for (int t = 0; t < taps.count; ++t) {
            float* at = to + taps.offset[t];
            store(at, multiply_add(load(weight + ptrdiff_t{t} * d.weight_stride), factor, load(at)));
          }
        }
      }
    }
  }
}
