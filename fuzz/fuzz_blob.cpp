// Networks as data, with the checksum made right so that what lies behind it is reached: opened or refused,
// and what is opened says the truth about its sizes.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/hash.h"
#include "device/kernels/generic/weighted_int8.h"
#include "device/kernels/ref/add.h"
#include "device/kernels/ref/conv_2d_int8.h"
#include "device/kernels/ref/pool_2d.h"
#include "device/kernels/ref/softmax.h"
#include "device/runtime/runner.h"

namespace {

using namespace tadpole;

const runtime::KernelEntry kKernels[] = {
    TADPOLE_KERNEL_ENTRY(add_int8),
    TADPOLE_KERNEL_ENTRY(conv_2d_int8),
    TADPOLE_KERNEL_ENTRY(average_pool_2d_int8),
    TADPOLE_KERNEL_ENTRY(softmax_int8),
    TADPOLE_KERNEL_ENTRY(generic_conv_2d_int8),
    TADPOLE_KERNEL_ENTRY(generic_depthwise_conv_2d_int8),
    TADPOLE_KERNEL_ENTRY(generic_fully_connected_int8),
};

struct alignas(16) Chunk {
  uint8_t bytes[16];
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<Chunk> blob(size / 16 + 1), arena(4096);
  auto* bytes = reinterpret_cast<uint8_t*>(blob.data());
  std::memcpy(bytes, data, size);
  runtime::BlobHeader header;
  constexpr size_t kCovered = offsetof(runtime::BlobHeader, crc32) + 4;
  if (size >= sizeof header) {
    std::memcpy(&header, bytes, sizeof header);
    if (header.total_bytes >= kCovered && header.total_bytes <= size) {
      header.crc32 = base::crc32({bytes + kCovered, header.total_bytes - kCovered});
      std::memcpy(bytes, &header, sizeof header);
    }
  }
  runtime::Runner runner;
  const auto status = runner.open(bytes, size, "generic", kKernels, sizeof kKernels / sizeof kKernels[0],
                                  reinterpret_cast<uint8_t*>(arena.data()), arena.size() * sizeof(Chunk));
  if (status != runtime::kOk) return 0;
  for (uint32_t i = 0; i < runner.header().inputs; ++i)
    std::memset(runner.input(i), 1, runner.input_bytes(i));
  uint32_t sum = 0;
  for (uint32_t i = 0; i < runner.header().outputs; ++i) {
    for (uint32_t k = 0; k < runner.output_bytes(i); ++k) sum += runner.output(i)[k];
  }
  if (std::strlen(runner.name()) >= size && sum == 1) std::abort();
  runner.reset();
  return 0;
}
