// The TOML library with the one setting that the whole program must share: compiled both with and without
// exceptions into one program, its inline functions clash and it crashes. Include this, never
// <toml++/toml.h>.
#pragma once

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>
