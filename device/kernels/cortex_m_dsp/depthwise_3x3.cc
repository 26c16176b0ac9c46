// Channels outside, rows inside: a row of four channels is read before the output row over it is written.
#include "device/kernels/cortex_m_dsp/depthwise_3x3.h"

#include "device/kernels/cortex_m_dsp/requantise.h"

namespace tadpole {
namespace kernels {

namespace {

/// What one channel needs, as the loops want it. Weights are 256 times themselves, two in a word.
struct Channel {
  int32_t a[3], b[3];  // of each filter row: (w0, w1) and (w1, w2)
  int32_t bias, multiplier, offset, shift;
};

Channel expand(const int8_t* weights, const int32_t* numbers) {
  Channel channel;
  for (int32_t i = 0; i < 3; ++i, weights += 3) {
    const int32_t w0 = weights[0] * 256, w1 = weights[1] * 256, w2 = weights[2] * 256;
    channel.a[i] = dsp::pack_low(w0, w1);
    channel.b[i] = dsp::pack_low(w1, w2);
  }
  channel.bias = numbers[0];
  channel.multiplier = numbers[1];
  channel.offset = numbers[2];
  channel.shift = numbers[3];
  return channel;
}

struct Rows {
  const int32_t* row[3];
};

struct Output {
  int8_t* at;
  int32_t step;  // bytes from one pixel to the next
  int32_t low, high;
};

/// Copies of what turns sums into bytes: stores of bytes could change the originals, a compiler must think.
template <bool kRelu>
struct Writer {
  int32_t multiplier, offset, shift, low, high, step;
  int8_t* at;

  Writer(const Channel& channel, const Output& out)
      : multiplier(channel.multiplier),
        offset(channel.offset),
        shift(channel.shift),
        low(out.low),
        high(out.high),
        step(out.step),
        at(out.at) {}

  void put(int32_t sum) {
    *at = dsp::requantise<kRelu>(sum, multiplier, offset, shift, low, high);
    at += step;
  }
};

/// Adds one filter row to four neighbouring outputs; moves on by four pixels.
inline void add_row_to_four(const int32_t*& row, int32_t a, int32_t b, int32_t& y0, int32_t& y1, int32_t& y2,
                            int32_t& y3) {
  const int32_t p0 = row[0], p1 = row[1], p2 = row[2];
  row += 2;
  y0 = dsp::smlad(p0, a, y0);
  y1 = dsp::smlatb(p0, a, y1);
  y2 = dsp::smlad(p1, a, y2);
  y3 = dsp::smlatb(p1, a, y3);
  y0 = dsp::smlabt(p1, b, y0);
  y1 = dsp::smlad(p1, b, y1);
  y2 = dsp::smlabt(p2, b, y2);
  y3 = dsp::smlad(p2, b, y3);
}

inline void add_row_to_two(const int32_t*& row, int32_t a, int32_t b, int32_t& y0, int32_t& y1) {
  const int32_t p0 = row[0], p1 = row[1];
  ++row;
  y0 = dsp::smlabt(p1, b, dsp::smlad(p0, a, y0));
  y1 = dsp::smlad(p1, b, dsp::smlatb(p0, a, y1));
}

inline void add_row_to_one(const int32_t*& row, int32_t a, int32_t b, int32_t& y) {
  y = dsp::smlabt(row[1], b, dsp::smlad(row[0], a, y));
  ++row;
}

/// One output row, stride 1. Word i of a row holds pixels 2i and 2i + 1.
template <bool kRelu>
TADPOLE_NOINLINE void row_of_stride_1(const Channel& channel, const Rows& rows, const Output& out,
                                      int32_t count) {
  const int32_t *r0 = rows.row[0], *r1 = rows.row[1], *r2 = rows.row[2];
  Writer<kRelu> writer(channel, out);
  for (; count >= 4; count -= 4) {
    int32_t y0 = channel.bias, y1 = y0, y2 = y0, y3 = y0;
    add_row_to_four(r0, channel.a[0], channel.b[0], y0, y1, y2, y3);
    add_row_to_four(r1, channel.a[1], channel.b[1], y0, y1, y2, y3);
    add_row_to_four(r2, channel.a[2], channel.b[2], y0, y1, y2, y3);
    writer.put(y0);
    writer.put(y1);
    writer.put(y2);
    writer.put(y3);
  }
  if (count >= 2) {
    int32_t y0 = channel.bias, y1 = y0;
    add_row_to_two(r0, channel.a[0], channel.b[0], y0, y1);
    add_row_to_two(r1, channel.a[1], channel.b[1], y0, y1);
    add_row_to_two(r2, channel.a[2], channel.b[2], y0, y1);
    writer.put(y0);
    writer.put(y1);
    count -= 2;
  }
  if (count > 0) {
    int32_t y = channel.bias;
    add_row_to_one(r0, channel.a[0], channel.b[0], y);
    add_row_to_one(r1, channel.a[1], channel.b[1], y);
    add_row_to_one(r2, channel.a[2], channel.b[2], y);
    writer.put(y);
  }
}

template <bool kRelu>
TADPOLE_NOINLINE void row_of_stride_2(const Channel& channel, const Rows& rows, const Output& out,
                                      int32_t count) {
  const int32_t *r0 = rows.row[0], *r1 = rows.row[1], *r2 = rows.row[2];
  Writer<kRelu> writer(channel, out);
  for (; count > 0; --count) {
    int32_t y = channel.bias;
    add_row_to_one(r0, channel.a[0], channel.b[0], y);
    add_row_to_one(r1, channel.a[1], channel.b[1], y);
    add_row_to_one(r2, channel.a[2], channel.b[2], y);
    writer.put(y);
  }
}

/// Spreads four channels of one input row into four rows of pairs, `words` words each, one after the other.
TADPOLE_NOINLINE void spread(const int8_t* in, int32_t step, int32_t width, int32_t pad, int32_t zeros,
                             int32_t* to, int32_t words) {
  const int8_t* pixel = in - ptrdiff_t(pad) * step;
  for (int32_t j = 0, x = -pad; j < words; ++j, x += 2, pixel += 2 * ptrdiff_t(step)) {
    const int32_t first = static_cast<uint32_t>(x) < static_cast<uint32_t>(width) ? dsp::load(pixel) : zeros;
    const int32_t second =
        static_cast<uint32_t>(x + 1) < static_cast<uint32_t>(width) ? dsp::load(pixel + step) : zeros;
    const int32_t first_even = dsp::sxtb16(first), first_odd = dsp::sxtb16_ror8(first);
    const int32_t second_even = dsp::sxtb16(second), second_odd = dsp::sxtb16_ror8(second);
    to[j] = dsp::pack_low(first_even, second_even);
    to[words + j] = dsp::pack_low(first_odd, second_odd);
    to[2 * words + j] = dsp::pack_high(first_even, second_even);
    to[3 * words + j] = dsp::pack_high(first_odd, second_odd);
  }
}

/// All rows of four channels.
template <bool kRelu>
void four_channels(const DspDepthwise3x3Int8Params& params, const Channel* channels, const int8_t* in,
                   int8_t* out, int32_t* planes, int32_t words) {
  const Window2d& w = params.window;
  const int32_t zeros = dsp::splat(params.in_zero);
  const int32_t* padding = planes + 12 * words;
  int32_t read = 0, slot = 0;  // next input row, and where it goes
  for (int32_t y = 0; y < w.out_h; ++y) {
    const int32_t top = y * w.stride_h - w.pad_top;
    for (; read < w.in_h && read < top + 3; ++read, slot = slot == 2 ? 0 : slot + 1) {
      spread(in + ptrdiff_t(read) * w.in_w * w.in_c, w.in_c, w.in_w, w.pad_left, zeros,
             planes + slot * 4 * words, words);
    }
    // Rows beyond the map are padding, and stay where they are from channel to channel.
    const bool has_first = top >= 0, has_last = top + 2 < w.in_h, has_middle = top + 1 < w.in_h;
    Rows rows = {{has_first ? planes + (top % 3) * 4 * words : padding,
                  has_middle ? planes + ((top + 1) % 3) * 4 * words : padding,
                  has_last ? planes + ((top + 2) % 3) * 4 * words : padding}};
    Output to = {out + ptrdiff_t(y) * w.out_w * w.out_c, w.out_c, params.clamp_min, params.clamp_max};
    for (int32_t k = 0; k < 4; ++k, ++to.at) {
      if (w.stride_w == 1) {
        row_of_stride_1<kRelu>(channels[k], rows, to, w.out_w);
      } else {
        row_of_stride_2<kRelu>(channels[k], rows, to, w.out_w);
      }
      rows.row[0] += has_first ? words : 0;
      rows.row[1] += has_middle ? words : 0;
      rows.row[2] += has_last ? words : 0;
    }
  }
}

}  // namespace

void dsp_depthwise_3x3_int8(const DspDepthwise3x3Int8Params& params, const int8_t* in, int8_t* out,
                            int32_t* scratch) {
  const Window2d& w = params.window;
  const int32_t words = dsp_depthwise_row_words(w.out_w, w.stride_w);
  const int32_t zero_pair = dsp::pack_low(params.in_zero, params.in_zero);
  for (int32_t i = 0; i < words; ++i) scratch[12 * words + i] = zero_pair;
  Channel channels[4];
  for (int32_t c = 0; c < w.in_c; c += 4) {
    for (int32_t k = 0; k < 4; ++k)
      channels[k] = expand(params.weights + 9 * (c + k), params.channels + 4 * (c + k));
    if (params.relu) {
      four_channels<true>(params, channels, in + c, out + c, scratch, words);
    } else {
      four_channels<false>(params, channels, in + c, out + c, scratch, words);
    }
  }
}

}  // namespace kernels
}  // namespace tadpole
