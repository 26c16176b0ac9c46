// How much more memory a piece of work held at its highest than before it began.
#pragma once

#include <fstream>
#include <string>

namespace tadpole::data {

#if defined(__SANITIZE_ADDRESS__)
/// AddressSanitizer keeps freed memory aside for a while: what a process holds is not what the work needs.
inline constexpr bool kMemoryIsMeasurable = false;
#else
inline constexpr bool kMemoryIsMeasurable = true;
#endif

/// One field of Linux's /proc/self/status, in kilobytes.
inline long status_kilobytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string name; status >> name;)
    if (long kilobytes = 0; name == field + ":" && status >> kilobytes) return kilobytes;
  return -1;
}

/// Runs `work` and returns the growth in kilobytes of the highest resident size (VmHWM) over the resident
/// size before it. Writing 5 to clear_refs sets the highest mark back to now (proc(5)), so that earlier
/// tests of the same process hide nothing.
template <class Work>
long memory_growth_kilobytes(Work&& work) {
  std::ofstream("/proc/self/clear_refs") << 5;
  const long before = status_kilobytes("VmRSS");
  work();
  return status_kilobytes("VmHWM") - before;
}

}  // namespace tadpole::data
