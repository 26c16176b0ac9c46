// Each input row is copied once; rows that stay move to the front.
#include "device/kernels/cortex_m_dsp/padded_rows.h"

#include <string.h>

#include "device/kernels/cortex_m_dsp/widen.h"

namespace tadpole {
namespace kernels {
namespace dsp {

PaddedRows::PaddedRows(const Window2d& window, int32_t in_zero, int32_t rows, int32_t columns, int8_t* held)
    : window_(window),
      in_zero_(in_zero),
      rows_(rows),
      columns_(columns),
      pitch_(padded_row_pitch(window, columns)),
      held_(held) {}

void PaddedRows::start(const int8_t* in) {
  in_ = in;
  top_ = end_ = 0;
  advance(0);
}

void PaddedRows::advance(int32_t top) {
  if (top > end_) end_ = top;
  copy_words(held_ + ptrdiff_t(top - top_) * pitch_, (end_ - top) * pitch_ / 4, held_);
  top_ = top;
  for (; end_ < top + rows_; ++end_) read(end_);
}

void PaddedRows::read(int32_t row) {
  const Window2d& w = window_;
  int8_t* to = held_ + ptrdiff_t(row - top_) * pitch_;
  int8_t* const end = to + pitch_;
  if (row >= w.pad_top && row < w.pad_top + w.in_h) {
    const int8_t* from = in_ + ptrdiff_t(row - w.pad_top) * w.in_w * w.in_c;
    const int32_t columns = columns_ - w.pad_left;
    const int32_t count = (columns < 0 ? 0 : columns < w.in_w ? columns : w.in_w) * w.in_c;
    const int32_t before = padded_row_first(w) + w.pad_left * w.in_c;
    if (before > 0) memset(to, in_zero_, size_t(before));
    to += before;
    if (w.in_w * w.in_c % 4 == 0) {
      // Up to three bytes more than the count: they are in the map's row, and in the pitch.
      copy_words(from, (count + 3) / 4, to);
    } else {
      for (int32_t i = 0; i < count; ++i) to[i] = from[i];
    }
    to += count;
  }
  if (to < end) memset(to, in_zero_, size_t(end - to));
}

}  // namespace dsp
}  // namespace kernels
}  // namespace tadpole
