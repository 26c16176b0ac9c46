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

template <bool kRelu>
inline void put(const Channel& channel, const Output& out, int8_t* at, int32_t sum) {
  *at = dsp::requantise<kRelu>(sum, channel.multiplier, channel.offset, channel.shift, out.low, out.high);
}

/// One output row, stride 1. Word i of a row holds pixels 2i and 2i + 1.
template <bool kRelu>
void row_of_stride_1(const Channel& channel, Rows rows, Output out, int32_t count) {
  int8_t* at = out.at;
  for (; count >= 4; count -= 4, at += 4 * out.step) {
    int32_t y0 = channel.bias, y1 = y0, y2 = y0, y3 = y0;
    for (int32_t i = 0; i < 3; ++i) {
      const int32_t a = channel.a[i], b = channel.b[i];
      const int32_t p0 = rows.row[i][0], p1 = rows.row[i][1], p2 = rows.row[i][2];
      rows.row[i] += 2;
      y0 = dsp::smlabt(p1, b, dsp::smlad(p0, a, y0));
      y1 = dsp::smlad(p1, b, dsp::smlatb(p0, a, y1));
      y2 = dsp::smlabt(p2, b, dsp::smlad(p1, a, y2));
      y3 = dsp::smlad(p2, b, dsp::smlatb(p1, a, y3));
    }
    put<kRelu>(channel, out, at, y0);
    put<kRelu>(channel, out, at + out.step, y1);
    put<kRelu>(channel, out, at + 2 * out.step, y2);
    put<kRelu>(channel, out, at + 3 * out.step, y3);
  }
  for (; count > 0; count -= 2, at += 2 * out.step) {
    int32_t y0 = channel.bias, y1 = y0;
    for (int32_t i = 0; i < 3; ++i) {
      const int32_t a = channel.a[i], b = channel.b[i], p0 = rows.row[i][0], p1 = rows.row[i][1];
      ++rows.row[i];
      y0 = dsp::smlabt(p1, b, dsp::smlad(p0, a, y0));
      y1 = dsp::smlad(p1, b, dsp::smlatb(p0, a, y1));
    }
    put<kRelu>(channel, out, at, y0);
    if (count > 1) put<kRelu>(channel, out, at + out.step, y1);
  }
}

template <bool kRelu>
void row_of_stride_2(const Channel& channel, Rows rows, Output out, int32_t count) {
  int8_t* at = out.at;
  for (; count > 0; --count, at += out.step) {
    int32_t y = channel.bias;
    for (int32_t i = 0; i < 3; ++i) {
      y = dsp::smlad(rows.row[i][0], channel.a[i], y);
      y = dsp::smlabt(rows.row[i][1], channel.b[i], y);
      ++rows.row[i];
    }
    put<kRelu>(channel, out, at, y);
  }
}

/// Spreads four channels of one input row into four rows of pairs, `words` words each, one after the other.
void spread(const int8_t* in, int32_t step, int32_t width, int32_t pad, int32_t zeros, int32_t* to,
            int32_t words) {
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
  const int32_t zeros = (params.in_zero & 0xff) * 0x01010101;
  const int32_t* padding = planes + 12 * words;
  int32_t read = 0, slot = 0;  // next input row, and where it goes
  for (int32_t y = 0; y < w.out_h; ++y) {
    const int32_t top = y * w.stride_h - w.pad_top;
    for (; read < w.in_h && read < top + 3; ++read, slot = slot == 2 ? 0 : slot + 1) {
      spread(in + ptrdiff_t(read) * w.in_w * w.in_c, w.in_c, w.in_w, w.pad_left, zeros,
             planes + slot * 4 * words, words);
    }
    Rows rows;
    bool inside[3];
    for (int32_t i = 0; i < 3; ++i) {
      const int32_t row = top + i;
      inside[i] = row >= 0 && row < w.in_h;
      rows.row[i] = inside[i] ? planes + (row % 3) * 4 * words : padding;
    }
    for (int32_t k = 0; k < 4; ++k) {
      const Output to = {out + ptrdiff_t(y) * w.out_w * w.out_c + k, w.out_c, params.clamp_min,
                         params.clamp_max};
      if (w.stride_w == 1) {
        row_of_stride_1<kRelu>(channels[k], rows, to, w.out_w);
      } else {
        row_of_stride_2<kRelu>(channels[k], rows, to, w.out_w);
      }
      for (int32_t i = 0; i < 3; ++i) rows.row[i] += inside[i] ? words : 0;
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
