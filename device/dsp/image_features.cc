// Pixels are read where they lie, one at a time, so that no second picture is needed.
#include "device/dsp/image_features.h"

namespace tadpole {
namespace dsp {
namespace {

struct Rgb {
  int32_t r, g, b;
};

inline int32_t to_byte(int32_t value) { return value < 0 ? 0 : value > 255 ? 255 : value; }

/// BT.601: 0.299 r + 0.587 g + 0.114 b; the weights sum to 256.
inline int32_t luma(Rgb colour) { return (77 * colour.r + 150 * colour.g + 29 * colour.b + 128) >> 8; }

/// JFIF: full range, U and V around 128; 16 fraction bits.
inline Rgb from_yuv(int32_t y, int32_t u, int32_t v) {
  const int32_t middle = y * 65536 + 32768;
  return {to_byte((middle + 91881 * (v - 128)) >> 16),
          to_byte((middle - 22554 * (u - 128) - 46802 * (v - 128)) >> 16),
          to_byte((middle + 116130 * (u - 128)) >> 16)};
}

inline Rgb from_565(uint32_t low, uint32_t high) {
  const int32_t r = static_cast<int32_t>(high >> 3), b = static_cast<int32_t>(low & 31u);
  const int32_t g = static_cast<int32_t>(((high & 7u) << 3) | (low >> 5));
  return {(r << 3) | (r >> 2), (g << 2) | (g >> 4), (b << 3) | (b >> 2)};
}

/// The picture as the sensor wrote it.
struct Source {
  const ImageFeatures& f;
  const uint8_t* pixels;

  const uint8_t* at(int32_t x, int32_t y) const {
    return pixels + (y * f.in_width + x) * pixel_bytes(f.format);
  }

  /// Colour of the Bayer filter at a place: 0 red, 1 green, 2 blue.
  int32_t filter(int32_t x, int32_t y) const {
    const bool swap_columns = f.format == kBayerGrbg || f.format == kBayerBggr;
    const bool swap_rows = f.format == kBayerGbrg || f.format == kBayerBggr;
    return ((x & 1) ^ (swap_columns ? 1 : 0)) + ((y & 1) ^ (swap_rows ? 1 : 0));
  }

  /// Each colour is the mean of the pixels of that colour among the nine around the place.
  Rgb demosaiced(int32_t x, int32_t y) const {
    int32_t sum[3] = {0, 0, 0}, count[3] = {0, 0, 0};
    for (int32_t v = y > 0 ? y - 1 : y; v <= y + 1 && v < f.in_height; ++v) {
      for (int32_t u = x > 0 ? x - 1 : x; u <= x + 1 && u < f.in_width; ++u) {
        const int32_t colour = filter(u, v);
        // The pixel's own colour is known; its neighbours of that colour would only blur it.
        if (colour == filter(x, y) && (u != x || v != y)) continue;
        sum[colour] += *at(u, v);
        ++count[colour];
      }
    }
    int32_t mean[3];
    for (int32_t i = 0; i < 3; ++i)
      mean[i] = count[i] > 0 ? (2 * sum[i] + count[i]) / (2 * count[i]) : *at(x, y);
    return {mean[0], mean[1], mean[2]};
  }

  Rgb colour(int32_t x, int32_t y) const {
    const uint8_t* const p = at(x, y);
    switch (f.format) {
      case kRgb888:
        return {p[0], p[1], p[2]};
      case kRgb565:
        return from_565(p[0], p[1]);
      case kRgb565Swapped:
        return from_565(p[1], p[0]);
      case kYuyv:
      case kUyvy: {
        const uint8_t* const pair = at(x & ~1, y);
        const int32_t luma_at = f.format == kYuyv ? 0 : 1, chroma_at = 1 - luma_at;
        return from_yuv(p[luma_at], pair[chroma_at], pair[chroma_at + 2]);
      }
      case kGrey8:
        return {p[0], p[0], p[0]};
      default:
        return demosaiced(x, y);
    }
  }

  int32_t grey(int32_t x, int32_t y) const {
    if (f.format == kGrey8) return *at(x, y);
    if (f.format == kYuyv) return at(x, y)[0];
    if (f.format == kUyvy) return at(x, y)[1];
    return luma(colour(x, y));
  }
};

/// Which source pixels one new row or column is made of, first to last, and the weight of each. In units in
/// which all weights sum to total.
struct Span {
  int32_t first, last;
  uint32_t first_weight, inner_weight, last_weight;

  uint32_t weight(int32_t i) const {
    return i == first ? first_weight : i == last ? last_weight : inner_weight;
  }
};

/// A new pixel covers from i * from / to up to (i + 1) * from / to; in units of 1 / to of a source pixel.
/// Weights sum to `from`.
Span area_span(int32_t i, int32_t from, int32_t to) {
  const int32_t begin = i * from, end = begin + from;
  Span span;
  span.first = begin / to;
  span.last = (end - 1) / to;
  span.inner_weight = static_cast<uint32_t>(to);
  span.last_weight = static_cast<uint32_t>(end - span.last * to);
  span.first_weight = span.first == span.last ? static_cast<uint32_t>(from)
                                              : static_cast<uint32_t>((span.first + 1) * to - begin);
  return span;
}

/// The new pixel's centre lies at (i + 1/2) * from / to - 1/2; in units of 1 / (2 to). Weights sum to 2 * to.
Span bilinear_span(int32_t i, int32_t from, int32_t to) {
  const int32_t most = 2 * to * (from - 1);
  int32_t place = (2 * i + 1) * from - to;
  place = place < 0 ? 0 : place > most ? most : place;
  Span span;
  span.first = place / (2 * to);
  span.last_weight = static_cast<uint32_t>(place - span.first * 2 * to);
  span.last = span.last_weight > 0 ? span.first + 1 : span.first;
  span.first_weight = static_cast<uint32_t>(2 * to) - span.last_weight;
  span.inner_weight = 0;
  return span;
}

template <class Make>
void resize(const ImageFeatures& f, const Source& source, Make make, uint32_t total, int32_t first_row,
            int32_t last_row, int16_t* out) {
  for (int32_t y = first_row; y < last_row; ++y) {
    const Span rows = make(y, f.cut_height, f.height);
    for (int32_t x = 0; x < f.width; ++x) {
      const Span columns = make(x, f.cut_width, f.width);
      uint32_t sum[3] = {total / 2, total / 2, total / 2};
      for (int32_t v = rows.first; v <= rows.last; ++v) {
        const uint32_t row_weight = rows.weight(v);
        for (int32_t u = columns.first; u <= columns.last; ++u) {
          const uint32_t weight = row_weight * columns.weight(u);
          if (f.channels == 1) {
            sum[0] += weight * static_cast<uint32_t>(source.grey(f.cut_x + u, f.cut_y + v));
          } else {
            const Rgb colour = source.colour(f.cut_x + u, f.cut_y + v);
            sum[0] += weight * static_cast<uint32_t>(colour.r);
            sum[1] += weight * static_cast<uint32_t>(colour.g);
            sum[2] += weight * static_cast<uint32_t>(colour.b);
          }
        }
      }
      for (int32_t c = 0; c < f.channels; ++c) {
        *out++ = static_cast<int16_t>(static_cast<int32_t>(sum[c] / total) - f.offset);
      }
    }
  }
}

}  // namespace

void extract(const ImageFeatures& features, const uint8_t* pixels, uint32_t count, void*, int16_t* out) {
  extract_rows(features, pixels, count, 0, features.height, out);
}

void extract_rows(const ImageFeatures& features, const uint8_t* pixels, uint32_t count, int32_t first_row,
                  int32_t last_row, int16_t* out) {
  if (count < static_cast<uint32_t>(features.in_width * features.in_height)) {
    const int32_t size = features.width * (last_row - first_row) * features.channels;
    for (int32_t i = 0; i < size; ++i) out[i] = static_cast<int16_t>(-features.offset);
    return;
  }
  const Source source = {features, pixels};
  if (features.method == kBilinear) {
    resize(features, source, bilinear_span, static_cast<uint32_t>(4 * features.width * features.height),
           first_row, last_row, out);
  } else {
    resize(features, source, area_span, static_cast<uint32_t>(features.cut_width * features.cut_height),
           first_row, last_row, out);
  }
}

}  // namespace dsp
}  // namespace tadpole
