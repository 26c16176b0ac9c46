// Int8 activations to words of two 16-bit halves, as the inner loops of the DSP kernels take them: word k of
// pixel p of three lies at wide[3 * k + p].
#ifndef TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_WIDEN_H_
#define TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_WIDEN_H_

#include <stddef.h>
#include <stdint.h>

// The name that a function has in assembly, so that one written there is called without a detour.
#if defined(__GNUC__)
#define TADPOLE_SYMBOL(name) __asm__(name)
#else
#define TADPOLE_SYMBOL(name)
#endif

namespace tadpole {
namespace kernels {
namespace dsp {

/// `count` bytes (a multiple of 4, at least 4) of each of three pixels, all 4-byte aligned. Of each four taps
/// k the words are (k, k + 2) and (k + 1, k + 3). Gives the end of what was written.
int32_t* widen_three(const int8_t* first, const int8_t* second, const int8_t* third, int32_t count,
                     int32_t* wide) TADPOLE_SYMBOL("tadpole_dsp_widen_three");

/// The bytes low[k] and high[k] as word k of the first pixel, for k in [0, count), count >= 1; those at
/// `second` and `third` bytes from them as word k of the others. Any addresses. Gives the end of what was
/// written.
int32_t* pair_three(const int8_t* low, const int8_t* high, int32_t count, ptrdiff_t second, ptrdiff_t third,
                    int32_t* wide) TADPOLE_SYMBOL("tadpole_dsp_pair_three");

/// A row of `count` bytes with itself: bytes k and k + (count + 1) / 2 as word k; the last word of an odd
/// number has 0 as its upper half.
int32_t* fold_three(const int8_t* row, int32_t count, ptrdiff_t second, ptrdiff_t third, int32_t* wide);

/// The same of two pixels: word k of pixel p lies at wide[2 * k + p].
int32_t* widen_two(const int8_t* first, const int8_t* second, int32_t count, int32_t* wide)
    TADPOLE_SYMBOL("tadpole_dsp_widen_two");
int32_t* pair_two(const int8_t* low, const int8_t* high, int32_t count, ptrdiff_t second, int32_t* wide)
    TADPOLE_SYMBOL("tadpole_dsp_pair_two");
int32_t* fold_two(const int8_t* row, int32_t count, ptrdiff_t second, int32_t* wide);

/// `words` words (at least 0) between 4-byte aligned places, which may overlap when `to` is not above `from`.
void copy_words(const int8_t* from, int32_t words, int8_t* to) TADPOLE_SYMBOL("tadpole_dsp_copy_words");

}  // namespace dsp
}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_CORTEX_M_DSP_WIDEN_H_
