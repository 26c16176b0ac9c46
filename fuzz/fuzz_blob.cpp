// Networks as data, with the checksum made right so that what lies behind it is reached: refused, or opened,
// and then everything that the parser vouches for is read: inputs, outputs, states, and each array of each
// kernel's parameters with as many values as the kernel's numbers ask for. The kernels themselves are not
// run: how far they reach into their operands follows from their numbers, which are trusted as code is
// (docs/formats/blob.md).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/hash.h"
#include "device/runtime/runner.h"
#include "kernel_headers.h"

namespace {

using namespace tadpole;

uint32_t sum = 0;  ///< of all that was read, so that nothing of it is left out

/// A visitor that reads every array to its end.
struct ReadArrays {
  template <class T>
  void number(const char*, const T&) {}
  template <size_t kCount>
  void numbers(const char*, const int32_t (&)[kCount]) {}
  template <class Group>
  void group(const char*, Group& group) {
    Group::visit(*this, group);
  }
  template <class T>
  void array(const char*, const T* values, size_t count) {
    const auto* const bytes = reinterpret_cast<const uint8_t*>(values);
    for (size_t i = 0; i < count * sizeof(T); ++i) sum += bytes[i];
  }
};

/// Stands in a runner's table for a kernel: takes its parameters, and reads their arrays instead of running
/// it.
template <class Function>
struct ParamsOf;

template <class Params, class... Operands>
struct ParamsOf<void (*)(const Params&, Operands*...)> {
  static bool run(runtime::ParamsReader& reader, uint8_t* const* operands) {
    Params params = {};
    reader.read(params, operands == nullptr);
    if (!reader.intact()) return false;
    if (operands == nullptr) return true;
    ReadArrays visitor;
    Params::visit(visitor, params);
    for (size_t i = 0; i < sizeof...(Operands); ++i) sum += operands[i] != nullptr;
    return true;
  }
  static constexpr uint32_t kOperands = sizeof...(Operands);
};

const runtime::KernelEntry kKernels[] = {
#define TADPOLE_KERNEL(name)                                                          \
  {runtime::kernel_id(#name), ParamsOf<decltype(&tadpole::kernels::name)>::kOperands, \
   &ParamsOf<decltype(&tadpole::kernels::name)>::run},
#include "kernel_names.def"
#undef TADPOLE_KERNEL
};

struct alignas(16) Chunk {
  uint8_t bytes[16];
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Exactly as large as the bytes, up to the alignment: what is read behind them is noticed.
  std::vector<Chunk> blob((size + sizeof(Chunk) - 1) / sizeof(Chunk));
  auto* const bytes = reinterpret_cast<uint8_t*>(blob.data());
  if (size > 0) std::memcpy(bytes, data, size);
  char target[sizeof(runtime::BlobHeader::target) + 1] = {};
  runtime::BlobHeader header = {};
  constexpr size_t kCovered = offsetof(runtime::BlobHeader, crc32) + 4;
  if (size >= sizeof header) {
    std::memcpy(&header, bytes, sizeof header);
    std::memcpy(target, header.target, sizeof header.target);
    if (header.total_bytes >= kCovered && header.total_bytes <= size) {
      header.crc32 = base::crc32({bytes + kCovered, header.total_bytes - kCovered});
      std::memcpy(bytes, &header, sizeof header);
    }
  }
  constexpr size_t kMostArena = 1 << 16;
  std::vector<Chunk> arena(std::min<size_t>(header.arena_bytes, kMostArena) / sizeof(Chunk) + 1);
  runtime::Runner runner;
  const auto status = runner.open(bytes, size, target, kKernels, sizeof kKernels / sizeof kKernels[0],
                                  reinterpret_cast<uint8_t*>(arena.data()), arena.size() * sizeof(Chunk));
  if (status != runtime::kOk) return 0;
  for (uint32_t i = 0; i < runner.header().inputs; ++i)
    std::memset(runner.input(i), 1, runner.input_bytes(i));
  runner.invoke();
  for (uint32_t i = 0; i < runner.header().outputs; ++i) {
    for (uint32_t k = 0; k < runner.output_bytes(i); ++k) sum += runner.output(i)[k];
  }
  if (std::strlen(runner.name()) >= size && sum == 1) std::abort();
  runner.reset();
  return 0;
}
