// The kernels for WebAssembly with 128-bit vectors, in programs built with them.
#include "plan/lower_simd.h"

namespace tadpole::plan {

const SimdSet* wasm_simd_set() { return nullptr; }

}  // namespace tadpole::plan
