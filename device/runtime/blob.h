// A network as one piece of data: what generated code says in C++, for a runner that reads it on the chip, so
// that a network is replaced without a compiler. Layout: docs/formats/blob.md. All numbers are little-endian,
// as on every chip that Tadpole knows.
#ifndef TADPOLE_DEVICE_RUNTIME_BLOB_H_
#define TADPOLE_DEVICE_RUNTIME_BLOB_H_

#include <stddef.h>
#include <stdint.h>

namespace tadpole {
namespace runtime {

enum Status : uint8_t {
  kOk = 0,
  kNotABlob,       // does not begin as a blob does
  kOtherVersion,   // of the format; make the blob again with the tadpole that made the runner
  kOtherTarget,    // its kernels are for another instruction set
  kDamaged,        // cut off, or its bytes differ from those that were written
  kBadAddress,     // the blob or the arena is not aligned to 16 bytes
  kArenaTooSmall,  // the header's arena_bytes says how much it needs
  kUnknownKernel,  // the runner was built without a kernel that it uses
};

constexpr uint32_t kBlobMagic = 0x1a425054u;  // "TPB\x1a"
constexpr uint16_t kBlobVersion = 1;
constexpr uint32_t kBlobAlignment = 16;
/// Set in the offset of an operand that lies in the blob, not in the arena.
constexpr uint32_t kInBlob = 0x80000000u;

/// The first bytes of a blob.
struct BlobHeader {
  uint32_t magic;
  uint16_t version;
  uint16_t header_bytes;  // sizeof(BlobHeader)
  uint32_t total_bytes;   // a multiple of 16
  uint32_t crc32;         // of everything after this field
  char target[16];        // name of the kernel set, filled up with zeros
  char hash[16];          // of the model file: 16 hex digits, no zero at the end
  uint32_t name;          // offset of the model's name, which a zero ends
  uint32_t arena_bytes;
  uint32_t inputs, outputs, states, steps;  // how many
  uint32_t ends;                            // offset of Place[inputs + outputs]
  uint32_t first_states;                    // offset of State[states]
  uint32_t first_step;                      // offset of the first StepHeader
};

/// A part of the arena.
struct Place {
  uint32_t offset, bytes;
};

/// A variable's place, and the offset of what it holds before the first inference.
struct State {
  Place place;
  uint32_t initial;
};

/// Followed by Place[operands] (an offset may have kInBlob), then by `words` words of parameters: numbers as
/// they are, arrays as the offset of their first element and their size in bytes, in the order of the
/// parameter struct's visit(). Steps lie one behind the other.
struct StepHeader {
  uint32_t kernel;  // kernel_id of its name
  uint16_t operands;
  uint16_t words;
};

constexpr uint32_t kMaxOperands = 32;

/// FNV-1a of a kernel's name. That no two kernels share one is tested.
constexpr uint32_t kernel_id(const char* name, uint32_t hash = 2166136261u) {
  return *name == 0 ? hash : kernel_id(name + 1, (hash ^ static_cast<uint8_t>(*name)) * 16777619u);
}

}  // namespace runtime
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_RUNTIME_BLOB_H_
