// Which kernel sets this processor runs.
#include "train/kernels.h"

#include <array>

namespace tadpole::train {

extern const Kernels kBaselineKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
#endif

namespace {

struct Supported {
  std::array<const Kernels*, 3> sets{&kBaselineKernels};
  size_t count = 1;

  Supported() {
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return;
    sets[count++] = &kAvx2Kernels;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512vl") ||
        !__builtin_cpu_supports("avx512dq")) {
      return;
    }
    sets[count++] = &kAvx512Kernels;
#endif
  }
};

}  // namespace

std::span<const Kernels* const> supported_kernels() {
  static const Supported supported;
  return {supported.sets.data(), supported.count};
}

const Kernels& best_kernels() { return *supported_kernels().back(); }

}  // namespace tadpole::train
