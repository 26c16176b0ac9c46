// Kernels for x86-64 with AVX2 and FMA; empty elsewhere.
#if defined(__AVX2__)
#define TADPOLE_LANES 8
#define TADPOLE_KERNELS kAvx2Kernels
#define TADPOLE_KERNELS_NAME "avx2"
#include "train/kernels_impl.h"
#endif
