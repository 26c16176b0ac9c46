// Runs the network in a blob. No heap; the blob may stay in flash.
#ifndef TADPOLE_DEVICE_RUNTIME_RUNNER_H_
#define TADPOLE_DEVICE_RUNTIME_RUNNER_H_

#include "device/runtime/blob.h"
#include "device/runtime/params_reader.h"

namespace tadpole {
namespace runtime {

class Runner {
 public:
  /// Takes a blob, checks all of it and resets its states. Blob and arena must be aligned to 16 bytes and
  /// outlive the runner; `kernels` are those that were linked. After anything but kOk nothing else may be
  /// called but open. Every offset is checked here, so that invoke() cannot leave blob or arena before a
  /// kernel does; a kernel trusts the sizes among its parameters, which the checksum protects against
  /// accidents and a signature against malice.
  Status open(const uint8_t* blob, size_t blob_bytes, const char* target, const KernelEntry* kernels,
              size_t kernel_count, uint8_t* arena, size_t arena_bytes);

  /// Where input or output `index` lies; index below header().inputs or outputs. Outputs are valid from the
  /// end of invoke() until an input is written.
  uint8_t* input(uint32_t index) const { return arena_ + ends()[index].offset; }
  uint32_t input_bytes(uint32_t index) const { return ends()[index].bytes; }
  const uint8_t* output(uint32_t index) const { return arena_ + ends()[header().inputs + index].offset; }
  uint32_t output_bytes(uint32_t index) const { return ends()[header().inputs + index].bytes; }

  /// Runs all layers.
  void invoke();
  /// Gives every state its first value.
  void reset();

  const BlobHeader& header() const { return *reinterpret_cast<const BlobHeader*>(blob_); }
  const char* name() const { return reinterpret_cast<const char*>(blob_ + header().name); }

 private:
  struct Step;
  Status check_header(size_t blob_bytes, const char* target) const;
  bool check_tables() const;
  Status check_steps();
  bool in_blob(uint32_t offset, uint64_t bytes) const;
  bool in_arena(const Place& place) const;
  const Place* ends() const { return reinterpret_cast<const Place*>(blob_ + header().ends); }
  const KernelEntry* find(uint32_t id) const;

  const uint8_t* blob_ = nullptr;
  uint8_t* arena_ = nullptr;
  const KernelEntry* kernels_ = nullptr;
  size_t kernel_count_ = 0;
};

}  // namespace runtime
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_RUNTIME_RUNNER_H_
