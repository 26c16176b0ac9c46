// Runs of pixels are folded word by word; a window that is as wide as the map is one run.
#include "device/kernels/cortex_m_dsp/pool_2d.h"

#include "device/kernels/cortex_m_dsp/pairs.h"
#include "device/kernels/fixed_point.h"

namespace tadpole {
namespace kernels {

namespace {

/// Pixels `step` bytes apart.
struct Run {
  int32_t count, step;
};

/// Adds four channels of a run to four sums, by way of 16-bit lanes that hold 256 bytes.
void add_words(const int8_t* at, Run run, int32_t (&sums)[4]) {
  constexpr int32_t kMost = 256;
  const int32_t step = run.step;
  for (int32_t left = run.count; left > 0; left -= kMost) {
    int32_t even = 0, odd = 0;
    int32_t count = left < kMost ? left : kMost;
    for (; count >= 4; count -= 4) {
      const int32_t a = dsp::load(at), b = dsp::load(at + step);
      at = dsp::opaque(at + 2 * step);
      const int32_t c = dsp::load(at), d = dsp::load(at + step);
      at = dsp::opaque(at + 2 * step);
      even = dsp::sxtab16(dsp::sxtab16(dsp::sxtab16(dsp::sxtab16(even, a), b), c), d);
      odd = dsp::sxtab16_ror8(dsp::sxtab16_ror8(dsp::sxtab16_ror8(dsp::sxtab16_ror8(odd, a), b), c), d);
    }
    for (; count > 0; --count, at += step) {
      even = dsp::sxtab16(even, dsp::load(at));
      odd = dsp::sxtab16_ror8(odd, dsp::load(at));
    }
    sums[0] += static_cast<int16_t>(even);
    sums[1] += static_cast<int16_t>(odd);
    sums[2] += even >> 16;
    sums[3] += odd >> 16;
  }
}

int32_t sum_of_bytes(const int8_t* at, Run run) {
  int32_t sum = 0;
  for (int32_t count = run.count; count > 0; --count, at += run.step) sum += *at;
  return sum;
}

/// The part of a window that lies inside the map: `rows` runs.
struct Part {
  const int8_t* at;
  int32_t rows, row_bytes;
  Run run;
  int32_t count;  // pixels in all
};

/// words(part from some channel on, out) for each four channels, or bytes(...) for each one.
template <class Words, class Bytes>
void for_each_window(const Window2d& w, const int8_t* in, int8_t* out, Words words, Bytes bytes) {
  const int32_t row_bytes = w.in_w * w.in_c;
  for (int32_t n = 0; n < w.batches; ++n, in += w.in_h * row_bytes) {
    for (int32_t y = 0; y < w.out_h; ++y) {
      const int32_t top = y * w.stride_h - w.pad_top, bottom = top + w.filter_h;
      const int32_t first_row = top < 0 ? 0 : top, rows = (bottom < w.in_h ? bottom : w.in_h) - first_row;
      for (int32_t x = 0; x < w.out_w; ++x) {
        const int32_t left = x * w.stride_w - w.pad_left, right = left + w.filter_w;
        const int32_t first = left < 0 ? 0 : left, columns = (right < w.in_w ? right : w.in_w) - first;
        const int32_t count = rows * columns;
        Part part = {in + first_row * row_bytes + first * w.in_c, rows, row_bytes, {columns, w.in_c}, count};
        if (columns == w.in_w) part.rows = 1, part.run.count = count;
        int32_t channels = w.in_c;
        if (channels % 4 == 0) {
          for (; channels > 0; channels -= 4, part.at += 4, out += 4) words(part, out);
        } else {
          for (; channels > 0; --channels, ++part.at) *out++ = bytes(part);
        }
      }
    }
  }
}

/// Halves away from zero.
struct Average {
  int32_t low, high;

  int8_t mean(int32_t sum, int32_t count) const {
    const int32_t half = count >> 1;
    const int32_t mean = (sum > 0 ? sum + half : sum - half) / count;
    return static_cast<int8_t>(mean < low ? low : mean > high ? high : mean);
  }
  void operator()(const Part& part, int8_t* out) const {
    int32_t sums[4] = {0, 0, 0, 0};
    const int8_t* at = part.at;
    for (int32_t rows = part.rows; rows > 0; --rows, at += part.row_bytes) add_words(at, part.run, sums);
    for (int32_t i = 0; i < 4; ++i) out[i] = mean(sums[i], part.count);
  }
  int8_t operator()(const Part& part) const {
    int32_t sum = 0;
    const int8_t* at = part.at;
    for (int32_t rows = part.rows; rows > 0; --rows, at += part.row_bytes) sum += sum_of_bytes(at, part.run);
    return mean(sum, part.count);
  }
};

struct Largest {
  int32_t low, high;

  void operator()(const Part& part, int8_t* out) const {
    int32_t most = dsp::splat(low);
    const int8_t* row = part.at;
    for (int32_t rows = part.rows; rows > 0; --rows, row += part.row_bytes) {
      const int8_t* at = row;
      for (int32_t left = part.run.count; left > 0; --left, at += part.run.step) {
        most = dsp::max_bytes(most, dsp::load(at));
      }
    }
    dsp::store(out, dsp::min_bytes(most, dsp::splat(high)));
  }
  int8_t operator()(const Part& part) const {
    int32_t most = low;
    const int8_t* row = part.at;
    for (int32_t rows = part.rows; rows > 0; --rows, row += part.row_bytes) {
      const int8_t* at = row;
      for (int32_t left = part.run.count; left > 0; --left, at += part.run.step) {
        most = *at > most ? *at : most;
      }
    }
    return static_cast<int8_t>(most < high ? most : high);
  }
};

}  // namespace

void dsp_average_pool_2d_int8(const Pool2dInt8Params& params, const int8_t* in, int8_t* out) {
  const Average average = {params.clamp_min, params.clamp_max};
  for_each_window(params.window, in, out, average, average);
}

void dsp_max_pool_2d_int8(const Pool2dInt8Params& params, const int8_t* in, int8_t* out) {
  const Largest largest = {params.clamp_min, params.clamp_max};
  for_each_window(params.window, in, out, largest, largest);
}

void dsp_mean_int8(const DspMeanInt8Params& params, const int8_t* in, int8_t* out) {
  const Run run = {params.count, params.channels};
  for (int32_t n = 0; n < params.batches; ++n, in += (params.count - 1) * params.channels) {
    for (int32_t left = params.channels; left > 0;) {
      int32_t sums[4] = {0, 0, 0, 0};
      const int32_t lanes = params.channels % 4 == 0 ? 4 : 1;
      if (lanes == 4) {
        add_words(in, run, sums);
      } else {
        sums[0] = sum_of_bytes(in, run);
      }
      for (int32_t i = 0; i < lanes; ++i) {
        const int32_t scaled =
            multiply_by_quantized_multiplier(sums[i] - params.in_zeros, params.multiplier, params.shift);
        *out++ = add_zero_and_clamp(scaled, params.out_zero, -128, 127);
      }
      in += lanes;
      left -= lanes;
    }
  }
}

}  // namespace kernels
}  // namespace tadpole
