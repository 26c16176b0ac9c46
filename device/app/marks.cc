#include "device/app/marks.h"

extern "C" {
// The empty assembly keeps the compiler from merging or leaving out these functions and their calls.
__attribute__((noinline)) void tadpole_invoke_begin() { __asm__ volatile("" ::: "memory"); }
__attribute__((noinline)) void tadpole_invoke_end() { __asm__ volatile("" ::: "memory"); }
__attribute__((noinline)) void tadpole_feature_begin() { __asm__ volatile("" ::: "memory"); }
__attribute__((noinline)) void tadpole_feature_end() { __asm__ volatile("" ::: "memory"); }
}
