// Kernels for any machine: vectors of four floats (SSE2, NEON, WebAssembly SIMD) or what the compiler makes
// of them.
#define TADPOLE_LANES 4
#define TADPOLE_KERNELS kBaselineKernels
#define TADPOLE_KERNELS_NAME "baseline"
#include "train/kernels_impl.h"
