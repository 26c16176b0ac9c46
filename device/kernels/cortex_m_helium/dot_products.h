// Windows that lie in memory tap by tap, times the weights of all output channels, to int8.
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_HELIUM_DOT_PRODUCTS_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_HELIUM_DOT_PRODUCTS_H_

#include "device/kernels/cortex_m_helium/vector.h"

namespace tadpole {
namespace kernels {
namespace helium {

/// Windows that share a load of weights.
constexpr int32_t kWindows = 3;

/// The channel of a group of four whose weights stand at a place: those of places 0 and 1 are side by side,
/// vector by vector, and then those of 2 and 3. (One VMOV fills lanes 0 and 2, or 1 and 3.)
constexpr int32_t channel_at(int32_t place) { return place == 1 ? 2 : place == 2 ? 1 : place; }

/// Read by assembly, in this order.
struct DotProducts {
  const int8_t* windows[kWindows];
  int32_t chunks_but_one;  ///< of 16 taps
  Outputs to;
  int32_t step;  ///< bytes between the outputs of two windows
  const int8_t* weights;
  const int32_t* constants;  ///< of each group: 4 biases, 4 multipliers, 4 shifts <= 0
  int8_t* out;
  int32_t channels;
};

/// All channels of three windows.
void dot_three_windows(const DotProducts& job);
/// All channels of the first window.
void dot_one_window(const DotProducts& job);

}  // namespace helium
}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_HELIUM_DOT_PRODUCTS_H_
