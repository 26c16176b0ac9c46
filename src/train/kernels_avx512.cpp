// Kernels for x86-64 with AVX-512 (F, VL, DQ); empty elsewhere.
#if defined(__AVX512F__)
#define TADPOLE_LANES 16
#define TADPOLE_KERNELS kAvx512Kernels
#define TADPOLE_KERNELS_NAME "avx512"
#include "train/kernels_impl.h"
#endif
