// Some rows of a map with their padding, copied so that no window meets a border.
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_PADDED_ROWS_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_PADDED_ROWS_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {
namespace dsp {

/// Bytes before the padding on the left, so that the map's own bytes are 4-byte aligned.
constexpr int32_t padded_row_first(const Window2d& w) { return (4 - w.pad_left * w.in_c % 4) % 4; }

/// Bytes from row to row for rows of `columns` columns, a multiple of 4.
constexpr int32_t padded_row_pitch(const Window2d& w, int32_t columns) {
  return (padded_row_first(w) + columns * w.in_c + 3) / 4 * 4;
}

/// Row 0 is the first row of padding.
class PaddedRows {
 public:
  /// Holds `rows` rows of `columns` columns in `held`, 4-byte aligned as `in` is.
  PaddedRows(const Window2d& window, int32_t in_zero, int32_t rows, int32_t columns, int8_t* held);

  /// Starts with the first rows of another map.
  void start(const int8_t* in);
  /// Holds row `top` and those behind it; `top` never goes back.
  void advance(int32_t top);

  /// The first column of the first row that is held.
  const int8_t* first() const { return held_ + padded_row_first(window_); }
  int32_t pitch() const { return pitch_; }

 private:
  void read(int32_t row);

  const Window2d& window_;
  int32_t in_zero_, rows_, columns_, pitch_;
  int8_t* held_;
  const int8_t* in_ = nullptr;
  int32_t top_ = 0, end_ = 0;
};

}  // namespace dsp
}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_PADDED_ROWS_H_
