// The FAULT payload: the words of FaultReport in their order, little-endian.
#include "device/app/fault.h"

#include <string.h>

#include "device/app/frame.h"

namespace tadpole {
namespace app {

static_assert(sizeof(FaultReport) == kFaultBytes, "FaultReport is kFaultWords words without padding");

void pack_fault(const FaultReport& report, uint8_t* out) {
  uint32_t words[kFaultWords];
  memcpy(words, &report, sizeof(words));
  for (uint32_t i = 0; i < kFaultWords; ++i) put_u32(out + 4 * i, words[i]);
}

bool unpack_fault(const uint8_t* payload, uint32_t length, FaultReport* report) {
  if (length != kFaultBytes) return false;
  uint32_t words[kFaultWords];
  for (uint32_t i = 0; i < kFaultWords; ++i) words[i] = get_u32(payload + 4 * i);
  memcpy(report, words, sizeof(words));
  return true;
}

}  // namespace app
}  // namespace tadpole
