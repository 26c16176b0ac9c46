// What a board reports when its program breaks a rule: the processor's fault registers, as a FAULT payload.
// Filled by the port's fault handler, decoded on the host, which finds the words for it.
#ifndef TADPOLE_DEVICE_APP_FAULT_H_
#define TADPOLE_DEVICE_APP_FAULT_H_

#include <stdint.h>

namespace tadpole {
namespace app {

/// Whose registers a report holds.
enum Processor : uint32_t { kArmM = 0, kRiscV = 1 };

/// Registers of an ARMv7-M fault (ARMv7-M Architecture Reference Manual, B3.2: CFSR, HFSR, MMFAR, BFAR) and
/// the memory that the program was given. All little-endian words in this order on the wire.
/// Of RISC-V: exception is mcause, mmfar mtval, pc mepc, xpsr mstatus; r0 to r3 are a0 to a3, r12 is t0, lr
/// is ra; cfsr, hfsr and bfar are 0 (Privileged Architecture, 3.1).
struct FaultReport {
  uint32_t exception;  // number: 3 HardFault, 4 MemManage, 5 BusFault, 6 UsageFault; 2 NMI; others unexpected
  uint32_t cfsr, hfsr, mmfar, bfar;
  uint32_t sp;           // process stack pointer when the fault was taken, behind the saved frame
  uint32_t frame_valid;  // 1: the registers below were saved and could be read
  uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
  uint32_t instruction;  // the two half-words at pc, first one low; 0 when pc is not in flash
  uint32_t flash_base, flash_bytes, ram_base, ram_bytes;
  uint32_t stack_base, stack_bytes;
  uint32_t processor;
};

constexpr uint32_t kFaultWords = 23;
constexpr uint32_t kFaultBytes = 4 * kFaultWords;

/// out: kFaultBytes.
void pack_fault(const FaultReport& report, uint8_t* out);

/// False when the payload is not of kFaultBytes.
bool unpack_fault(const uint8_t* payload, uint32_t length, FaultReport* report);

}  // namespace app
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_APP_FAULT_H_
