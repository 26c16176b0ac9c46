// The files of device/ as text, embedded at build time: what a generated library or a firmware is made of.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tadpole::codegen {

/// One file. `path` starts with "device/". Both texts live as long as the program.
struct DeviceSource {
  std::string_view path, text;
};

/// All files below device/ but the build scripts, sorted by path.
std::span<const DeviceSource> device_sources();

/// The file of that path, or nothing.
std::optional<DeviceSource> find_device_source(std::string_view path);

/// `roots` and everything they need: included device/ headers, and for each header the .cc files of
/// its folder that include it first.
/// Sorted by path. A root or an include that does not exist is left out (device code is compiled with the
/// program, so its includes exist). Cost: O(total text).
std::vector<DeviceSource> device_source_closure(std::span<const std::string> roots);

}  // namespace tadpole::codegen
