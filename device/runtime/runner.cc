// Checks a blob once, then decodes and runs its steps.
#include "device/runtime/runner.h"

#include <string.h>

#include "device/runtime/crc32.h"

namespace tadpole {
namespace runtime {

/// A step's parts.
struct Runner::Step {
  explicit Step(const uint8_t* at)
      : header(*reinterpret_cast<const StepHeader*>(at)),
        operands(reinterpret_cast<const Place*>(at + sizeof(StepHeader))),
        words(at + sizeof(StepHeader) + header.operands * sizeof(Place)) {}

  const uint8_t* end() const { return words + header.words * sizeof(uint32_t); }

  const StepHeader& header;
  const Place* operands;
  const uint8_t* words;
};

bool Runner::in_blob(uint32_t offset, uint64_t bytes) const {
  return offset % 4 == 0 && offset >= sizeof(BlobHeader) && offset + bytes <= header().total_bytes;
}

bool Runner::in_arena(const Place& place) const {
  return uint64_t{place.offset} + place.bytes <= header().arena_bytes;
}

const KernelEntry* Runner::find(uint32_t id) const {
  for (size_t i = 0; i < kernel_count_; ++i) {
    if (kernels_[i].id == id) return &kernels_[i];
  }
  return nullptr;
}

Status Runner::check_header(size_t blob_bytes, const char* target) const {
  if (blob_bytes < sizeof(BlobHeader) || header().magic != kBlobMagic) return kNotABlob;
  if (header().version != kBlobVersion || header().header_bytes != sizeof(BlobHeader)) return kOtherVersion;
  const size_t total = header().total_bytes, covered = offsetof(BlobHeader, crc32) + sizeof(uint32_t);
  if (total < sizeof(BlobHeader) || total > blob_bytes || total % kBlobAlignment != 0) return kDamaged;
  if (crc32(blob_ + covered, static_cast<uint32_t>(total - covered)) != header().crc32) return kDamaged;
  return strncmp(header().target, target, sizeof header().target) == 0 ? kOk : kOtherTarget;
}

bool Runner::check_tables() const {
  const BlobHeader& h = header();
  if (h.inputs == 0 || h.outputs == 0 || !in_blob(h.ends, (uint64_t{h.inputs} + h.outputs) * sizeof(Place)))
    return false;
  for (uint32_t i = 0; i < h.inputs + h.outputs; ++i) {
    if (!in_arena(ends()[i])) return false;
  }
  if (!in_blob(h.first_states, uint64_t{h.states} * sizeof(State))) return false;
  const State* states = reinterpret_cast<const State*>(blob_ + h.first_states);
  for (uint32_t i = 0; i < h.states; ++i) {
    if (!in_arena(states[i].place) || !in_blob(states[i].initial, states[i].place.bytes)) return false;
  }
  return in_blob(h.name, 1) && memchr(blob_ + h.name, 0, h.total_bytes - h.name) != nullptr;
}

Status Runner::check_steps() {
  const BlobHeader& h = header();
  uint32_t at = h.first_step;
  for (uint32_t i = 0; i < h.steps; ++i) {
    if (!in_blob(at, sizeof(StepHeader))) return kDamaged;
    const Step step(blob_ + at);
    const uint64_t bytes = static_cast<uint64_t>(step.end() - (blob_ + at));
    if (step.header.operands > kMaxOperands || !in_blob(at, bytes)) return kDamaged;
    for (uint32_t k = 0; k < step.header.operands; ++k) {
      const Place& place = step.operands[k];
      const bool fits =
          (place.offset & kInBlob) != 0 ? in_blob(place.offset & ~kInBlob, place.bytes) : in_arena(place);
      if (!fits) return kDamaged;
    }
    const KernelEntry* kernel = find(step.header.kernel);
    if (kernel == nullptr) return kUnknownKernel;
    ParamsReader reader(blob_, h.total_bytes, step.words, step.header.words);
    if (kernel->operands != step.header.operands || !kernel->run(reader, nullptr)) return kDamaged;
    at += static_cast<uint32_t>(bytes);
  }
  return kOk;
}

Status Runner::open(const uint8_t* blob, size_t blob_bytes, const char* target, const KernelEntry* kernels,
                    size_t kernel_count, uint8_t* arena, size_t arena_bytes) {
  if (reinterpret_cast<uintptr_t>(blob) % kBlobAlignment != 0 ||
      reinterpret_cast<uintptr_t>(arena) % kBlobAlignment != 0)
    return kBadAddress;
  blob_ = blob;
  arena_ = arena;
  kernels_ = kernels;
  kernel_count_ = kernel_count;
  const Status status = check_header(blob_bytes, target);
  if (status != kOk) return status;
  if (!check_tables()) return kDamaged;
  if (header().arena_bytes > arena_bytes) return kArenaTooSmall;
  const Status steps = check_steps();
  if (steps == kOk) reset();
  return steps;
}

void Runner::invoke() {
  uint8_t* operands[kMaxOperands];
  const uint8_t* at = blob_ + header().first_step;
  for (uint32_t i = 0; i < header().steps; ++i) {
    const Step step(at);
    for (uint32_t k = 0; k < step.header.operands; ++k) {
      const uint32_t offset = step.operands[k].offset;
      // Kernels take constants as pointers to const; only the common type of the list is not.
      operands[k] =
          (offset & kInBlob) != 0 ? const_cast<uint8_t*>(blob_ + (offset & ~kInBlob)) : arena_ + offset;
    }
    ParamsReader reader(blob_, header().total_bytes, step.words, step.header.words);
    find(step.header.kernel)->run(reader, operands);
    at = step.end();
  }
}

void Runner::reset() {
  const State* states = reinterpret_cast<const State*>(blob_ + header().first_states);
  for (uint32_t i = 0; i < header().states; ++i)
    memcpy(arena_ + states[i].place.offset, blob_ + states[i].initial, states[i].place.bytes);
}

}  // namespace runtime
}  // namespace tadpole
