// Three output pixels by two channels stay in registers; activations are widened once for all channels.
#include "device/kernels/cortex_m_dsp/conv_2d.h"

#include "device/kernels/cortex_m_dsp/requantise.h"

namespace tadpole {
namespace kernels {

namespace {

/// Words at a time in the loops over pixels: pixel p of word k lies at wide[k * kPixels + p].
constexpr int32_t kPixels = 3;

/// `count` bytes (a multiple of 4) to pairs of 16 bits in every kPixels-th word.
int32_t* widen(const int8_t* in, int32_t count, int32_t* wide) {
  for (const int8_t* end = in + count; in != end; in += 4, wide += 2 * kPixels) {
    const int32_t word = dsp::load(in);
    wide[0] = dsp::sxtb16(word);
    wide[kPixels] = dsp::sxtb16_ror8(word);
  }
  return wide;
}

int32_t* fill(int32_t word, int32_t count, int32_t* wide) {
  for (; count > 0; count -= 2, wide += kPixels) *wide = word;
  return wide;
}

struct Position {
  int32_t y, x;
};

/// The window at (y, x) of a map whose channels are a multiple of 4, straight from the map.
void widen_window(const DspConv2dInt8Params& params, const int8_t* in, Position at, int32_t* wide) {
  const Window2d& w = params.window;
  const int32_t zeros = dsp::sxtb16(dsp::splat(params.in_zero));
  const int32_t left = at.x * w.stride_w - w.pad_left;
  for (int32_t i = 0; i < w.filter_h; ++i) {
    const int32_t row = at.y * w.stride_h - w.pad_top + i * w.dilation_h;
    const int8_t* start = in + ptrdiff_t(row) * w.in_w * w.in_c;
    const bool row_inside = row >= 0 && row < w.in_h;
    if (row_inside && w.dilation_w == 1 && left >= 0 && left + w.filter_w <= w.in_w) {
      wide = widen(start + ptrdiff_t(left) * w.in_c, w.filter_w * w.in_c, wide);
      continue;
    }
    for (int32_t j = 0; j < w.filter_w; ++j) {
      const int32_t column = left + j * w.dilation_w;
      const bool inside = row_inside && column >= 0 && column < w.in_w;
      wide = inside ? widen(start + ptrdiff_t(column) * w.in_c, w.in_c, wide) : fill(zeros, w.in_c, wide);
    }
  }
}

/// `count` times the padding's value, or `count` bytes of `from`.
int8_t* put_padding(int32_t in_zero, int32_t count, int8_t* to) {
  for (; count > 0; --count) *to++ = static_cast<int8_t>(in_zero);
  return to;
}
int8_t* put_bytes(const int8_t* from, int32_t count, int8_t* to) {
  for (; count > 0; --count) *to++ = *from++;
  return to;
}

/// The same for any number of channels, by way of `bytes`.
void gather_window(const DspConv2dInt8Params& params, const int8_t* in, Position at, int32_t taps,
                   int8_t* bytes, int32_t* wide) {
  const Window2d& w = params.window;
  const int32_t left = at.x * w.stride_w - w.pad_left;
  // Without dilation the taps inside the map are one run.
  const int32_t runs = w.dilation_w == 1 ? 1 : w.filter_w;
  const int32_t length = w.dilation_w == 1 ? w.filter_w : 1;
  int8_t* to = bytes;
  for (int32_t i = 0; i < w.filter_h; ++i) {
    const int32_t row = at.y * w.stride_h - w.pad_top + i * w.dilation_h;
    if (row < 0 || row >= w.in_h) {
      to = put_padding(params.in_zero, w.filter_w * w.in_c, to);
      continue;
    }
    for (int32_t j = 0; j < runs; ++j) {
      const int32_t begin = left + j * w.dilation_w, end = begin + length;
      const int32_t first = begin < 0 ? 0 : begin > w.in_w ? w.in_w : begin;
      const int32_t last = end > w.in_w ? w.in_w : end < first ? first : end;
      const int32_t before = first - begin < length ? first - begin : length;
      const int32_t inside = last - first;
      to = put_padding(params.in_zero, (before > 0 ? before : 0) * w.in_c, to);
      to = put_bytes(in + (ptrdiff_t(row) * w.in_w + first) * w.in_c, inside * w.in_c, to);
      to = put_padding(params.in_zero, (length - (before > 0 ? before : 0) - inside) * w.in_c, to);
    }
  }
  while (to != bytes + taps) *to++ = 0;
  widen(bytes, taps, wide);
}

/// Sums of three pixels (0, 1, 2) for a lane's two channels: h = 256 * A + B, l = B.
struct Sums {
  int32_t h0, h1, h2, l0, l1, l2;
};

/// Adds four taps; moves both pointers on. 21 instructions for 24 multiply-accumulates: a compiler left to
/// itself spills here. No register is named, so that every calling convention and code model finds twelve.
inline void add_four_taps(const int32_t*& a, const int16_t*& weights, Sums& s) {
#if defined(__ARM_FEATURE_DSP) && defined(__GNUC__) && defined(__OPTIMIZE__)
  int32_t even, odd, value, low;
  __asm__ volatile(
      "ldrd %8, %9, [%7], #8\n"
      "ldr %10, [%6, #8]\n"
      "smlad %2, %8, %10, %2\n"
      "sxtb16 %11, %8\n"
      "smlad %5, %11, %10, %5\n"
      "ldr %10, [%6, #4]\n"
      "smlad %1, %8, %10, %1\n"
      "smlad %4, %11, %10, %4\n"
      "ldr %10, [%6], #12\n"
      "smlad %0, %8, %10, %0\n"
      "smlad %3, %11, %10, %3\n"
      "ldr %10, [%6, #8]\n"
      "smlad %2, %9, %10, %2\n"
      "sxtb16 %11, %9\n"
      "smlad %5, %11, %10, %5\n"
      "ldr %10, [%6, #4]\n"
      "smlad %1, %9, %10, %1\n"
      "smlad %4, %11, %10, %4\n"
      "ldr %10, [%6], #12\n"
      "smlad %0, %9, %10, %0\n"
      "smlad %3, %11, %10, %3\n"
      : "+r"(s.h0), "+r"(s.h1), "+r"(s.h2), "+r"(s.l0), "+r"(s.l1), "+r"(s.l2), "+r"(a), "+r"(weights),
        "=&r"(even), "=&r"(odd), "=&r"(value), "=&r"(low)
      :
      : "memory");
#else
  for (int32_t i = 0; i < 2; ++i, a += kPixels, weights += 2) {
    const int32_t both = dsp::load(weights), second = dsp::sxtb16(both);
    s.h0 = dsp::smlad(both, a[0], s.h0);
    s.h1 = dsp::smlad(both, a[1], s.h1);
    s.h2 = dsp::smlad(both, a[2], s.h2);
    s.l0 = dsp::smlad(second, a[0], s.l0);
    s.l1 = dsp::smlad(second, a[1], s.l1);
    s.l2 = dsp::smlad(second, a[2], s.l2);
  }
#endif
}

template <bool kRelu>
TADPOLE_NOINLINE void three_pixels(const DspConv2dInt8Params& params, const int32_t* wide, int32_t taps,
                                   int8_t* out) {
  const int32_t channels = params.window.out_c;
  const int32_t low = params.clamp_min, high = params.clamp_max;
  const int16_t* weights = params.weights;
  const int32_t* pair = params.pairs;
  for (int32_t o = 0; o < channels; o += 2, pair += 8, out += 2) {
    Sums s = {pair[0], pair[0], pair[0], pair[1], pair[1], pair[1]};
    const int32_t* a = wide;
    int32_t left = taps;
    for (; left >= 16; left -= 16) {
      add_four_taps(a, weights, s);
      add_four_taps(a, weights, s);
      add_four_taps(a, weights, s);
      add_four_taps(a, weights, s);
    }
    for (; left > 0; left -= 4) add_four_taps(a, weights, s);
    int32_t m = pair[2], c = pair[3], f = pair[4];
    out[0] = dsp::requantise<kRelu>(dsp::subtract(s.h0, s.l0), m, c, f, low, high);
    out[channels] = dsp::requantise<kRelu>(dsp::subtract(s.h1, s.l1), m, c, f, low, high);
    out[2 * channels] = dsp::requantise<kRelu>(dsp::subtract(s.h2, s.l2), m, c, f, low, high);
    if (o + 1 == channels) return;
    m = pair[5], c = pair[6], f = pair[7];
    out[1] = dsp::requantise<kRelu>(dsp::shift_8(s.l0), m, c, f, low, high);
    out[channels + 1] = dsp::requantise<kRelu>(dsp::shift_8(s.l1), m, c, f, low, high);
    out[2 * channels + 1] = dsp::requantise<kRelu>(dsp::shift_8(s.l2), m, c, f, low, high);
  }
}

template <bool kRelu>
TADPOLE_NOINLINE void one_pixel(const DspConv2dInt8Params& params, const int32_t* wide, int32_t taps,
                                int8_t* out) {
  const int32_t channels = params.window.out_c;
  const int32_t low = params.clamp_min, high = params.clamp_max;
  const int16_t* weights = params.weights;
  const int32_t* pair = params.pairs;
  for (int32_t o = 0; o < channels; o += 2, pair += 8, out += 2) {
    int32_t h = pair[0], l = pair[1];
    const int32_t* a = wide;
    for (const int16_t* end = weights + taps; weights != end; weights += 2, a += kPixels) {
      const int32_t w = dsp::load(weights);
      h = dsp::smlad(w, a[0], h);
      l = dsp::smlad(dsp::sxtb16(w), a[0], l);
    }
    out[0] = dsp::requantise<kRelu>(dsp::subtract(h, l), pair[2], pair[3], pair[4], low, high);
    if (o + 1 == channels) return;
    out[1] = dsp::requantise<kRelu>(dsp::shift_8(l), pair[5], pair[6], pair[7], low, high);
  }
}

template <bool kRelu>
void conv(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out, int32_t* scratch) {
  const Window2d& w = params.window;
  const int32_t taps = (w.filter_h * w.filter_w * w.in_c + 3) & ~3;
  int8_t* bytes = reinterpret_cast<int8_t*>(scratch + kPixels * taps / 2);
  const bool whole_words = w.in_c % 4 == 0;
  for (int32_t n = 0; n < w.batches; ++n, in += ptrdiff_t(w.in_h) * w.in_w * w.in_c) {
    Position at = {0, 0};
    int32_t left = w.out_h * w.out_w;
    while (left > 0) {
      const int32_t count = left >= kPixels ? kPixels : 1;
      for (int32_t p = 0; p < count; ++p) {
        if (whole_words) {
          widen_window(params, in, at, scratch + p);
        } else {
          gather_window(params, in, at, taps, bytes, scratch + p);
        }
        if (++at.x == w.out_w) at = {at.y + 1, 0};
      }
      if (count == kPixels) {
        three_pixels<kRelu>(params, scratch, taps, out);
      } else {
        one_pixel<kRelu>(params, scratch, taps, out);
      }
      out += ptrdiff_t(count) * w.out_c;
      left -= count;
    }
  }
}

/// Two pairs of channels at once; the input is widened on the way, so that no scratch is needed.
template <bool kRelu>
TADPOLE_NOINLINE void dense(const DspFullyConnectedInt8Params& params, const int8_t* in, int8_t* out) {
  const int32_t low = params.clamp_min, high = params.clamp_max;
  const int16_t* weights = params.weights;
  const int32_t* pair = params.pairs;
  for (int32_t o = 0; o < params.out_c; o += 4, pair += 16, out += 4) {
    int32_t h0 = pair[0], l0 = pair[1], h1 = pair[8], l1 = pair[9];
    const int16_t* second = weights + params.in_c;
    const int8_t* a = in;
    for (const int16_t* end = second; weights != end; weights += 4, second += 4, a += 4) {
      const int32_t word = dsp::load(a), even = dsp::sxtb16(word), odd = dsp::sxtb16_ror8(word);
      int32_t w = dsp::load(weights);
      h0 = dsp::smlad(w, even, h0);
      l0 = dsp::smlad(dsp::sxtb16(w), even, l0);
      w = dsp::load(weights + 2);
      h0 = dsp::smlad(w, odd, h0);
      l0 = dsp::smlad(dsp::sxtb16(w), odd, l0);
      w = dsp::load(second);
      h1 = dsp::smlad(w, even, h1);
      l1 = dsp::smlad(dsp::sxtb16(w), even, l1);
      w = dsp::load(second + 2);
      h1 = dsp::smlad(w, odd, h1);
      l1 = dsp::smlad(dsp::sxtb16(w), odd, l1);
    }
    weights = second;
    out[0] = dsp::requantise<kRelu>(dsp::subtract(h0, l0), pair[2], pair[3], pair[4], low, high);
    out[1] = dsp::requantise<kRelu>(dsp::shift_8(l0), pair[5], pair[6], pair[7], low, high);
    out[2] = dsp::requantise<kRelu>(dsp::subtract(h1, l1), pair[10], pair[11], pair[12], low, high);
    out[3] = dsp::requantise<kRelu>(dsp::shift_8(l1), pair[13], pair[14], pair[15], low, high);
  }
}

}  // namespace

void dsp_conv_2d_int8(const DspConv2dInt8Params& params, const int8_t* in, int8_t* out, int32_t* scratch) {
  if (params.relu) {
    conv<true>(params, in, out, scratch);
  } else {
    conv<false>(params, in, out, scratch);
  }
}

void dsp_fully_connected_int8(const DspFullyConnectedInt8Params& params, const int8_t* in, int8_t* out) {
  for (int32_t row = 0; row < params.rows; ++row, in += params.in_c, out += params.out_c) {
    if (params.relu) {
      dense<true>(params, in, out);
    } else {
      dense<false>(params, in, out);
    }
  }
}

}  // namespace kernels
}  // namespace tadpole
