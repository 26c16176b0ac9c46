// Channels outside, then parts of the map by rows, strips and channels: all input rows that a part needs are
// spread before its first output is written, and the rows that the next part needs again are kept.
#include "device/kernels/cortex_m_dsp/depthwise_3x3.h"

#include "device/kernels/cortex_m_dsp/pairs.h"

namespace tadpole {
namespace kernels {

namespace {

constexpr int32_t kLanes = 4;     // channels at a time
constexpr int32_t kRowWords = 4;  // of one channel in a strip
constexpr int32_t kSlotWords = kLanes * kRowWords;

/// What one channel needs, as the loops want it.
struct Channel {
  /// Of each filter row (w0, w1) and (w1, w2), times 2^s; multiplier, offset; from one pixel of the output to
  /// the next, and to the third after it. Loaded in pairs.
  int32_t words[10];
  int32_t row_bytes;  // of the output
  int32_t bias, shift;
  int32_t below_zero;  // A * 2^(s-1)
};
constexpr int32_t kMultiplier = 6, kSteps = 8;

/// Both halves of a word times 2^scale, which they can hold; `mask` removes what the lower leaves in the
/// upper.
inline int32_t scaled(int32_t halves, int32_t scale, int32_t mask) {
  return static_cast<int32_t>(static_cast<uint32_t>(halves) << scale) & mask;
}

template <int kRow>
inline void expand_row(int32_t word, int32_t scale, int32_t mask, Channel& channel) {
  const int32_t even = dsp::sxtb16(word), odd = dsp::sxtb16_ror8(word);  // (w0, w2) and (w1, -)
  dsp::store_pair<2 * kRow>(channel.words, scaled(dsp::pack_low(even, odd), scale, mask),
                            scaled(dsp::pack_bottom_top(odd, even), scale, mask));
}

void expand(const int32_t* numbers, int32_t count, bool fixed, Channel* channel) {
  for (; count > 0; --count, ++channel, numbers += kDspDepthwiseNumbers) {
    const int32_t scale = numbers[0] >> 24;
    const int32_t mask = ~static_cast<int32_t>(((1u << scale) - 1) << 16);
    expand_row<0>(numbers[0], scale, mask, *channel);
    expand_row<1>(numbers[1], scale, mask, *channel);
    expand_row<2>(numbers[2], scale, mask, *channel);
    if (!fixed) {
      channel->shift = numbers[1] >> 24;
      channel->below_zero = (numbers[2] >> 24) << scale >> 1;
    }
    channel->bias = numbers[3];
    channel->words[kMultiplier] = numbers[4];
    channel->words[kMultiplier + 1] = numbers[5];
  }
}

/// How the input of strips lies in memory.
struct Source {
  int32_t step, row_bytes;  // from one pixel to the next, from one row to the next
  int32_t zero_pair;
  int32_t lanes, rows;
};

/// What is written at once.
struct Sink {
  int32_t lanes, rows;
};

/// A strip's row has kPixels pixels, of which the first and the last may be padding.
template <int kPixels, bool kLead, bool kTrail>
struct RowShape {
  static constexpr bool inside(int pixel) {
    return pixel >= (kLead ? 1 : 0) && pixel < kPixels - (kTrail ? 1 : 0);
  }
  /// Where a map is a single strip, words that hold nothing but padding are written once, before all rows.
  static constexpr bool word_inside(int word) {
    return !kLead || !kTrail || inside(2 * word) || inside(2 * word + 1);
  }
};

/// Writes words kWord and kWord + 1 of one channel as far as they are inside.
template <class Shape, int kWord, int kChannel>
inline void put_pair(int32_t* to, int32_t a, int32_t b) {
  constexpr int kAt = kChannel * kRowWords + kWord;
  if (Shape::word_inside(kWord) && Shape::word_inside(kWord + 1)) {
    dsp::store_pair<kAt>(to, a, b);
  } else if (Shape::word_inside(kWord)) {
    to[kAt] = a;
  }
}

/// Pixels 2 * kWord to 2 * kWord + 3 of one channel; moves on by two pixels.
template <class Shape, int kWord>
inline void spread_bytes(const int8_t*& at, int32_t step, int32_t two_steps, int32_t zero, int32_t* to) {
  const int32_t p0 = Shape::inside(2 * kWord) ? at[0] : zero;
  const int32_t p1 = Shape::inside(2 * kWord + 1) ? at[step] : zero;
  at = dsp::opaque(at + two_steps);
  const int32_t p2 = Shape::inside(2 * kWord + 2) ? at[0] : zero;
  const int32_t p3 = Shape::inside(2 * kWord + 3) ? at[step] : zero;
  put_pair<Shape, kWord, 0>(to, dsp::pack_low(p0, p1), dsp::pack_low(p2, p3));
}

/// The same of four channels at once; `zeros` is four times the padding's value.
template <class Shape, int kWord>
inline void spread_words(const int8_t*& at, int32_t step, int32_t two_steps, int32_t zeros, int32_t* to) {
  const int32_t w0 = Shape::inside(2 * kWord) ? dsp::load(at) : zeros;
  const int32_t w1 = Shape::inside(2 * kWord + 1) ? dsp::load(at + step) : zeros;
  at = dsp::opaque(at + two_steps);
  const int32_t w2 = Shape::inside(2 * kWord + 2) ? dsp::load(at) : zeros;
  const int32_t w3 = Shape::inside(2 * kWord + 3) ? dsp::load(at + step) : zeros;
  const int32_t e0 = dsp::sxtb16(w0), e1 = dsp::sxtb16(w1), e2 = dsp::sxtb16(w2), e3 = dsp::sxtb16(w3);
  put_pair<Shape, kWord, 0>(to, dsp::pack_low(e0, e1), dsp::pack_low(e2, e3));
  put_pair<Shape, kWord, 2>(to, dsp::pack_high(e0, e1), dsp::pack_high(e2, e3));
  const int32_t o0 = dsp::sxtb16_ror8(w0), o1 = dsp::sxtb16_ror8(w1), o2 = dsp::sxtb16_ror8(w2),
                o3 = dsp::sxtb16_ror8(w3);
  put_pair<Shape, kWord, 1>(to, dsp::pack_low(o0, o1), dsp::pack_low(o2, o3));
  put_pair<Shape, kWord, 3>(to, dsp::pack_high(o0, o1), dsp::pack_high(o2, o3));
}

/// Spreads source.rows rows of a strip; `in` is the first pixel that is no padding.
template <int kPixels, bool kLead, bool kTrail>
TADPOLE_NOINLINE void spread_by_bytes(const int8_t* in, const Source& source, int32_t* to) {
  using Shape = RowShape<kPixels, kLead, kTrail>;
  const int32_t step = source.step, two_steps = dsp::opaque(2 * step),
                rest = source.row_bytes - (kPixels > 4 ? 6 : 2) * step;
  const int32_t zero = source.zero_pair;
  in -= kLead ? step : 0;
  for (int32_t lanes = source.lanes; lanes > 0; --lanes, ++in, to += kRowWords) {
    const int8_t* at = in;
    int32_t* row = to;
    const int32_t* end = to + source.rows * kSlotWords;
    do {
      spread_bytes<Shape, 0>(at, step, two_steps, zero, row);
      if (kPixels > 4) spread_bytes<Shape, 2>(at = dsp::opaque(at + two_steps), step, two_steps, zero, row);
      at += rest;
      row += kSlotWords;
    } while (row != end);
  }
}

/// The same of four channels in words.
template <int kPixels, bool kLead, bool kTrail>
TADPOLE_NOINLINE void spread_by_words(const int8_t* in, const Source& source, int32_t* to) {
  using Shape = RowShape<kPixels, kLead, kTrail>;
  const int32_t step = source.step, two_steps = dsp::opaque(2 * step),
                rest = source.row_bytes - (kPixels > 4 ? 6 : 2) * step;
  const int32_t zeros = dsp::splat(source.zero_pair);
  const int8_t* at = in - (kLead ? step : 0);
  const int32_t* end = to + source.rows * kSlotWords;
  do {
    spread_words<Shape, 0>(at, step, two_steps, zeros, to);
    if (kPixels > 4) spread_words<Shape, 2>(at = dsp::opaque(at + two_steps), step, two_steps, zeros, to);
    at += rest;
    to += kSlotWords;
  } while (to != end);
}

/// The first outputs of a row of a strip, or those from the third pixel on, get their share of a filter row.
template <int kStride, int kOutputs>
inline void add_first_pair(int32_t p0, int32_t p1, int32_t a, int32_t b, int32_t (&y)[6]) {
  y[0] = dsp::smlabt(p1, b, dsp::smlad(p0, a, y[0]));
  if (kStride == 1 && kOutputs > 1) y[1] = dsp::smlad(p1, b, dsp::smlatb(p0, a, y[1]));
}
template <int kStride, int kOutputs>
inline void add_other_pairs(int32_t p1, int32_t p2, int32_t p3, int32_t a, int32_t b, int32_t (&y)[6]) {
  if (kStride == 2) {
    y[1] = dsp::smlabt(p2, b, dsp::smlad(p1, a, y[1]));
    y[2] = dsp::smlabt(p3, b, dsp::smlad(p2, a, y[2]));
    return;
  }
  y[2] = dsp::smlabt(p2, b, dsp::smlad(p1, a, y[2]));
  if (kOutputs > 3) y[3] = dsp::smlad(p2, b, dsp::smlatb(p1, a, y[3]));
  if (kOutputs > 4) y[4] = dsp::smlabt(p3, b, dsp::smlad(p2, a, y[4]));
  if (kOutputs > 5) y[5] = dsp::smlad(p3, b, dsp::smlatb(p2, a, y[5]));
}

/// Adds filter row kRow to the outputs of one row of a strip; row 0 goes last and moves on to the next.
template <int kStride, int kOutputs, int kRow>
inline void add_filter_row(const Channel& channel, const int32_t*& row, int32_t (&y)[6]) {
  constexpr int kAt = kRow * kSlotWords;
  constexpr bool kMore = kOutputs > 2;  // than the first two words hold
  int32_t a, b, p0, p1, p2 = 0, p3 = 0;
  dsp::load_pair<2 * kRow>(channel.words, a, b);
  if (kRow == 0) {
    if (kMore) dsp::load_pair<2>(row, p2, p3);
    dsp::load_pair_and_advance<kStride * kSlotWords>(row, p0, p1);
    add_first_pair<kStride, kOutputs>(p0, p1, a, b, y);
  } else {
    dsp::load_pair<kAt>(row, p0, p1);
    add_first_pair<kStride, kOutputs>(p0, p1, a, b, y);
    if (kMore) dsp::load_pair<kAt + 2>(row, p2, p3);
  }
  if (kMore) add_other_pairs<kStride, kOutputs>(p1, p2, p3, a, b, y);
}

template <bool kFixed>
inline int8_t requantised(int32_t sum, int32_t multiplier, int32_t offset, const Channel& channel) {
  const int32_t t = dsp::smmla(sum, multiplier, offset);
  if (kFixed) return static_cast<int8_t>(dsp::shift_and_ssat8<kDspDepthwiseShift>(t));
  return static_cast<int8_t>(dsp::ssat8((t - ((sum >> 31) & channel.below_zero)) >> channel.shift));
}

/// All rows of a strip of kOutputs columns, for all lanes.
template <int kStride, int kOutputs, bool kFixed>
TADPOLE_NOINLINE void strip(const int32_t* plane, const Channel* channel, int8_t* to, const Sink& sink) {
  for (int32_t lanes = sink.lanes; lanes > 0; --lanes, ++channel, ++to, plane += kRowWords) {
    const int32_t* row = plane;
    int8_t* out = to;
    const int32_t* end = row + kStride * kSlotWords * sink.rows;
    do {
      const int32_t bias = channel->bias;
      int32_t y[6] = {bias, bias, bias, bias, bias, bias};
      add_filter_row<kStride, kOutputs, 1>(*channel, row, y);
      add_filter_row<kStride, kOutputs, 2>(*channel, row, y);
      add_filter_row<kStride, kOutputs, 0>(*channel, row, y);
      int32_t multiplier, offset, step, three_steps;
      dsp::load_pair<kMultiplier>(channel->words, multiplier, offset);
      dsp::load_pair<kSteps>(channel->words, step, three_steps);
      out[0] = requantised<kFixed>(y[0], multiplier, offset, *channel);
      if (kOutputs > 1) out[step] = requantised<kFixed>(y[1], multiplier, offset, *channel);
      if (kOutputs > 2) out[2 * step] = requantised<kFixed>(y[2], multiplier, offset, *channel);
      if (kOutputs > 3) {
        int8_t* fourth = out + three_steps;
        fourth[0] = requantised<kFixed>(y[3], multiplier, offset, *channel);
        if (kOutputs > 4) out[4 * step] = requantised<kFixed>(y[4], multiplier, offset, *channel);
        if (kOutputs > 5) fourth[2 * step] = requantised<kFixed>(y[5], multiplier, offset, *channel);
      }
      out += channel->row_bytes;
    } while (row != end);
  }
}

/// The parts of a kernel that depend on its shape.
struct Kit {
  int32_t stride, outputs;
  bool fixed;
  void (*spread[4])(const int8_t* in, const Source& source, int32_t* to);  // 2 * lead + trail
  void (*strip)(const int32_t* plane, const Channel* channels, int8_t* out, const Sink& sink);
};

/// `slots` rows of padding.
void put_padding(int32_t zero_pair, int32_t slots, int32_t* to) {
  for (; slots > 0; --slots, to += kSlotWords) {
    dsp::store_pair<0>(to, zero_pair, zero_pair);
    dsp::store_pair<2>(to, zero_pair, zero_pair);
    dsp::store_pair<4>(to, zero_pair, zero_pair);
    dsp::store_pair<6>(to, zero_pair, zero_pair);
    dsp::store_pair<8>(to, zero_pair, zero_pair);
    dsp::store_pair<10>(to, zero_pair, zero_pair);
    dsp::store_pair<12>(to, zero_pair, zero_pair);
    dsp::store_pair<14>(to, zero_pair, zero_pair);
  }
}

void move_slots(const int32_t* from, int32_t slots, int32_t* to) {
  for (const int32_t* end = to + slots * kSlotWords; to != end; from += 8, to += 8) {
    int32_t a, b, c, d;
    dsp::load_pair<0>(from, a, b);
    dsp::load_pair<2>(from, c, d);
    dsp::store_pair<0>(to, a, b);
    dsp::store_pair<2>(to, c, d);
    dsp::load_pair<4>(from, a, b);
    dsp::load_pair<6>(from, c, d);
    dsp::store_pair<4>(to, a, b);
    dsp::store_pair<6>(to, c, d);
  }
}

/// One call of a kernel.
struct Job {
  const DspDepthwise3x3Int8Params& params;
  const Kit& kit;
  const int8_t* in;
  int8_t* out;
  int32_t* planes;
  int32_t plane_words, most_rows;  // of each strip; output rows that fit
  Source source;
  Sink sink;
  Channel channels[kLanes];

  int32_t start_of(int32_t strip) const {
    const int32_t start = strip * kit.outputs, last = params.window.out_w - kit.outputs;
    return start < last ? start : last;
  }
};

/// What goes into the slots of some strips from `slot` on: rows of padding, rows of the map from `first` on
/// (source.rows of them), rows of padding.
struct Rows {
  int32_t slot, before, first, after;
};

void spread_all(const Job& job, const Rows& rows, int32_t channel, int32_t strip) {
  const Window2d& w = job.params.window;
  const int32_t stride = job.kit.stride;
  const int32_t to_last = (job.kit.outputs - 1) * stride + 3;
  const int8_t* in = job.in + rows.first * job.source.row_bytes + channel;
  int32_t* to = job.planes + rows.slot * kSlotWords;
  const int32_t end = strip + job.params.strips;
  for (; strip != end; ++strip, to += job.plane_words) {
    const int32_t column = job.start_of(strip) * stride - w.pad_left;
    const bool lead = column<0, trail = column + to_last> w.in_w;
    put_padding(job.source.zero_pair, rows.before, to);
    int32_t* row = to + rows.before * kSlotWords;
    if (job.source.rows > 0) {
      job.kit.spread[2 * lead + trail](in + (lead ? 0 : column * w.in_c), job.source, row);
    }
    put_padding(job.source.zero_pair, rows.after, row + job.source.rows * kSlotWords);
  }
}

/// All rows of some channels of the strips that are held at once, from `strip` on.
void run(Job& job, int32_t channel, int32_t strip) {
  const Window2d& w = job.params.window;
  const int32_t stride = job.kit.stride, kept = 3 - stride, most = job.most_rows;
  int32_t slot = 0, next = -w.pad_top;  // the input row that comes next, and where it goes
  for (int32_t y = 0; y < w.out_h; y += most) {
    if (y > 0) {
      int32_t* plane = job.planes;
      for (int32_t left = job.params.strips; left > 0; --left, plane += job.plane_words) {
        move_slots(plane + most * stride * kSlotWords, kept, plane);
      }
      slot = kept;
    }
    const int32_t rows = w.out_h - y < most ? w.out_h - y : most;
    const int32_t wanted = rows * stride + kept - slot;
    const int32_t before = next < 0 ? -next : 0;
    const int32_t left = w.in_h - next - before;
    job.source.rows = wanted - before < left ? wanted - before : left;
    job.sink.rows = rows;
    spread_all(job, {slot, before, next + before, wanted - before - job.source.rows}, channel, strip);
    next += wanted;
    const int32_t* plane = job.planes;
    int8_t* out = job.out + y * (w.out_w * w.out_c) + channel;
    for (int32_t s = strip; s != strip + job.params.strips; ++s, plane += job.plane_words) {
      job.kit.strip(plane, job.channels, out + job.start_of(s) * w.out_c, job.sink);
    }
  }
}

void clamp(const DspDepthwise3x3Int8Params& params, int8_t* out) {
  if (params.clamp_min == -128 && params.clamp_max == 127) return;
  const Window2d& w = params.window;
  const int8_t low = static_cast<int8_t>(params.clamp_min), high = static_cast<int8_t>(params.clamp_max);
  for (int8_t* end = out + w.out_h * w.out_w * w.out_c; out != end; ++out) {
    *out = *out < low ? low : *out > high ? high : *out;
  }
}

TADPOLE_NOINLINE void depthwise(const DspDepthwise3x3Int8Params& params, const int8_t* in, int8_t* out,
                                int32_t* scratch, const Kit& kit) {
  const Window2d& w = params.window;
  const int32_t zero_pair = dsp::pack_low(params.in_zero, params.in_zero);
  Job job = {params,
             kit,
             in,
             out,
             scratch,
             params.plane_rows * kSlotWords,
             (params.plane_rows - (3 - kit.stride)) / kit.stride,
             {w.in_c, w.in_w * w.in_c, zero_pair, kLanes, 0},
             {kLanes, 0},
             {}};
  for (Channel& channel : job.channels) {
    channel.words[kSteps] = w.out_c;
    channel.words[kSteps + 1] = 3 * w.out_c;
    channel.row_bytes = w.out_w * w.out_c;
  }
  put_padding(zero_pair, params.strips * params.plane_rows, scratch);
  const int32_t* numbers = params.channels;
  for (int32_t channel = 0; channel < w.in_c; channel += kLanes) {
    if (w.in_c - channel < kLanes) job.source.lanes = job.sink.lanes = w.in_c - channel;
    expand(numbers, job.sink.lanes, kit.fixed, job.channels);
    numbers += kLanes * kDspDepthwiseNumbers;
    for (int32_t strip = 0; strip * kit.outputs < w.out_w; strip += params.strips) {
      run(job, channel, strip);
    }
  }
  clamp(params, out);
}

template <int kStride, int kOutputs, bool kWords, bool kFixed>
struct KitOf {
  static constexpr int kPixels = (kOutputs - 1) * kStride + 3;
  /// The strip is the whole width with padding on both sides (see the header): one way to spread is enough.
  static constexpr bool kWhole = kStride == 1 && kOutputs == 3;
  static const Kit kKit;
};
template <int kStride, int kOutputs, bool kWords, bool kFixed>
const Kit KitOf<kStride, kOutputs, kWords, kFixed>::kKit = {
    kStride,
    kOutputs,
    kFixed,
    {kWords ? &spread_by_words<kPixels, kWhole, kWhole> : &spread_by_bytes<kPixels, kWhole, kWhole>,
     kWords ? &spread_by_words<kPixels, kWhole, true> : &spread_by_bytes<kPixels, kWhole, true>,
     kWords ? &spread_by_words<kPixels, true, kWhole> : &spread_by_bytes<kPixels, true, kWhole>,
     kWords ? &spread_by_words<kPixels, true, true> : &spread_by_bytes<kPixels, true, true>},
    &strip<kStride, kOutputs, kFixed>};

}  // namespace

#define TADPOLE_DSP_DEPTHWISE_3X3_DEFINE_ONE(name, ...)                                                 \
  void name(const DspDepthwise3x3Int8Params& params, const int8_t* in, int8_t* out, int32_t* scratch) { \
    depthwise(params, in, out, scratch, KitOf<__VA_ARGS__>::kKit);                                      \
  }
#define TADPOLE_DSP_DEPTHWISE_3X3_DEFINE(stride, width)                                                      \
  TADPOLE_DSP_DEPTHWISE_3X3_DEFINE_ONE(dsp_depthwise_3x3_s##stride##_w##width##_words_fixed, stride, width,  \
                                       true, true)                                                           \
  TADPOLE_DSP_DEPTHWISE_3X3_DEFINE_ONE(dsp_depthwise_3x3_s##stride##_w##width##_words, stride, width, true,  \
                                       false)                                                                \
  TADPOLE_DSP_DEPTHWISE_3X3_DEFINE_ONE(dsp_depthwise_3x3_s##stride##_w##width##_fixed, stride, width, false, \
                                       true)                                                                 \
  TADPOLE_DSP_DEPTHWISE_3X3_DEFINE_ONE(dsp_depthwise_3x3_s##stride##_w##width, stride, width, false, false)
TADPOLE_DSP_DEPTHWISE_3X3_SHAPES(TADPOLE_DSP_DEPTHWISE_3X3_DEFINE)

}  // namespace kernels
}  // namespace tadpole
