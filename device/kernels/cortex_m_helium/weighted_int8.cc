// Gathers windows, or rows with their padding, for the loops over vectors.
#include "device/kernels/cortex_m_helium/weighted_int8.h"

#include "device/kernels/cortex_m_helium/depthwise_pixels.h"
#include "device/kernels/cortex_m_helium/dot_products.h"

namespace tadpole {
namespace kernels {

namespace {

struct VectorCopy {
  static void copy(int8_t* to, const int8_t* from, size_t bytes) {
    helium::copy(to, from, static_cast<int32_t>(bytes));
  }
};

/// The part [begin, end) of a window that lies inside the map, in taps.
struct Inside {
  int32_t begin, end;
};

Inside inside(int32_t start, int32_t taps, int32_t size) {
  const int32_t begin = start < 0 ? (-start < taps ? -start : taps) : 0;
  const int32_t end = start + taps > size ? size - start : taps;
  return {begin, end > begin ? end : begin};
}

/// The windows of one output row: only those at borders are looked at in detail.
class RowOfWindows {
 public:
  RowOfWindows(const Window2d& w, int32_t fill, const int8_t* in, int32_t y)
      : w_(w), fill_(fill), row_(y * w.stride_h - w.pad_top), rows_(inside(row_, w.filter_h, w.in_h)) {
    pitch_ = w.in_w * w.in_c;
    run_ = w.filter_w * w.in_c;
    from_ = in + ptrdiff_t(row_ + rows_.begin) * pitch_;
    whole_rows_ = rows_.end - rows_.begin == w.filter_h;
  }

  /// The window whose first column is `column`, without dilation, to `to`.
  void gather(int32_t column, int8_t* to) const {
    if (whole_rows_ && column >= 0 && column + w_.filter_w <= w_.in_w) {
      helium::copy_rows(to, run_, from_ + column * w_.in_c, pitch_, run_, w_.filter_h);
      return;
    }
    const Inside columns = inside(column, w_.filter_w, w_.in_w);
    const int32_t middle = (columns.end - columns.begin) * w_.in_c, rows = rows_.end - rows_.begin;
    helium::fill(to, fill_, w_.filter_h * run_);
    if (middle <= 0 || rows <= 0) return;
    helium::copy_rows(to + rows_.begin * run_ + columns.begin * w_.in_c, run_,
                      from_ + (column + columns.begin) * w_.in_c, pitch_, middle, rows);
  }

 private:
  const Window2d& w_;
  int32_t fill_, row_, pitch_ = 0, run_ = 0;
  Inside rows_;
  const int8_t* from_ = nullptr;
  bool whole_rows_ = false;
};

/// Windows that are single pixels without gaps between them.
bool are_pixels(const Window2d& w) {
  return w.filter_h == 1 && w.filter_w == 1 && w.stride_h == 1 && w.stride_w == 1 && w.in_h == w.out_h &&
         w.in_w == w.out_w && w.pad_top == 0 && w.pad_left == 0;
}

/// Computes windows as they come, three at a time.
class Windows {
 public:
  Windows(const HeliumConv2dInt8Params& params, int32_t step, int8_t* scratch, int8_t* out)
      : windows_(scratch), next_(scratch), step_(step) {
    const int32_t chunks = helium_padded_taps(params.window) / helium::kLanes;
    job_ = {{scratch, scratch + step, scratch + 2 * step},
            chunks - 1,
            helium::outputs_of(params),
            params.window.out_c,
            params.weights,
            params.constants,
            out,
            params.window.out_c};
  }
  int8_t* next() { return next_; }
  void take() {
    next_ += step_;
    if (++held_ == helium::kWindows) take_three();
  }
  void take_three() {
    helium::dot_three_windows(job_);
    job_.out += helium::kWindows * job_.step;
    held_ = 0;
    next_ = windows_;
  }
  void finish() {
    for (int32_t i = 0; i < held_; ++i, job_.out += job_.step) {
      job_.windows[0] = windows_ + i * step_;
      helium::dot_one_window(job_);
    }
  }
  void finish(int32_t held) {
    held_ = held;
    finish();
  }

 private:
  int8_t *windows_, *next_;
  int32_t step_, held_ = 0;
  helium::DotProducts job_;
};

}  // namespace

void helium_conv_2d_int8(const HeliumConv2dInt8Params& params, const int8_t* in, int8_t* out,
                         int8_t* scratch) {
  const Window2d& w = params.window;
  const int32_t taps = helium_padded_taps(w);
  helium::fill(scratch, 0, helium_conv_scratch_bytes(w));  // behind the last tap the weights are zero
  if (are_pixels(w)) {
    Windows windows(params, w.in_c, scratch, out);
    int32_t left = w.batches * w.in_h * w.in_w;
    for (; left >= helium::kWindows; left -= helium::kWindows, in += helium::kWindows * w.in_c) {
      helium::copy(scratch, in, helium::kWindows * w.in_c);
      windows.take_three();
    }
    helium::copy(scratch, in, left * w.in_c);
    windows.finish(left);
    return;
  }
  Windows windows(params, taps, scratch, out);
  for (int32_t n = 0; n < w.batches; ++n, in += ptrdiff_t(w.in_h) * w.in_w * w.in_c) {
    for (int32_t y = 0; y < w.out_h; ++y) {
      const RowOfWindows row(w, params.in_zero, in, y);
      for (int32_t x = 0, column = -w.pad_left; x < w.out_w; ++x, column += w.stride_w) {
        if (w.dilation_h == 1 && w.dilation_w == 1) {
          row.gather(column, windows.next());
        } else {
          gather_window<VectorCopy>(w, params.in_zero, in, y, x, windows.next());
        }
        windows.take();
      }
    }
  }
  windows.finish();
}

void helium_depthwise_conv_2d_int8(const HeliumDepthwiseInt8Params& params, const int8_t* in, int8_t* out,
                                   int8_t* scratch) {
  const Window2d& w = params.window;
  const int32_t rows_kept = (w.filter_h - 1) * w.dilation_h + 1, pitch = helium_padded_columns(w) * w.in_c;
  const int32_t row_bytes = w.in_w * w.in_c, before = w.pad_left * w.in_c;
  const int32_t shared = helium_depthwise_pixels(w), steps = w.out_w / shared;
  const int32_t rest = (w.out_w - steps * shared) * w.in_c, taps_count = w.filter_h * w.filter_w;
  alignas(8) const int8_t* taps[kHeliumDepthwiseMaxTaps];
  helium::DepthwisePixels job = {taps,
                                 taps_count / 2,
                                 taps_count % 2,
                                 params.weights,
                                 params.constants,
                                 helium::outputs_of(params),
                                 out,
                                 shared * w.in_c,
                                 steps,
                                 shared * w.stride_w * w.in_c,
                                 (taps_count + 3) / 4};
  helium::fill(scratch, params.in_zero, static_cast<int32_t>(helium_depthwise_scratch_bytes(w)));
  for (int32_t n = 0; n < w.batches; ++n) {
    int32_t next = -w.pad_top;  // the row of the map, or of its padding, that is copied next
    for (int32_t y = 0; y < w.out_h; ++y) {
      const int32_t top = y * w.stride_h - w.pad_top;
      for (; next < top + rows_kept; ++next) {
        int8_t* row = scratch + ptrdiff_t((next + w.pad_top) % rows_kept) * pitch + before;
        if (next >= 0 && next < w.in_h) {
          helium::copy(row, in, row_bytes);
          in += row_bytes;
        } else {
          helium::fill(row, params.in_zero, row_bytes);
        }
      }
      int32_t t = 0;
      for (int32_t i = 0; i < w.filter_h; ++i) {
        const int8_t* tap = scratch + ptrdiff_t((y * w.stride_h + i * w.dilation_h) % rows_kept) * pitch;
        for (int32_t j = 0; j < w.filter_w; ++j, tap += w.dilation_w * w.in_c) taps[t++] = tap;
      }
      if (steps > 0) {
        job.channels = shared * w.in_c;
        job.pixels = steps;
        helium::depthwise_pixels(job);
        job.out += steps * job.channels;
      }
      if (rest > 0) {
        for (t = 0; steps > 0 && t < taps_count; ++t) taps[t] += job.step;
        job.channels = rest;
        job.pixels = 1;
        helium::depthwise_pixels(job);
        job.out += rest;
      }
    }
    if (next < w.in_h) in += ptrdiff_t(w.in_h - (next > 0 ? next : 0)) * row_bytes;
  }
}

}  // namespace kernels
}  // namespace tadpole
