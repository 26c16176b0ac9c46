// What a block's device side is made of, for whoever prints it as C++: a struct of device/dsp, field by
// field.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace tadpole::features {

/// A constant array behind a pointer field; an empty one is a null pointer. Lives as long as the block.
using DeviceTable = std::variant<std::span<const int16_t>, std::span<const uint16_t>,
                                 std::span<const int32_t>, std::span<const float>>;

/// One member of the struct.
struct DeviceField {
  std::string name;  ///< as in the struct's declaration
  std::variant<int64_t, float, DeviceTable> value;
};

/// `const tadpole::dsp::<type> name = {fields};` with the tables before it is the block on a board. `header`
/// declares the type, and with it the functions that take it.
struct DeviceConstants {
  std::string type;                 ///< "SpeechFeatures"
  std::string header;               ///< "device/dsp/speech_features.h"
  std::vector<DeviceField> fields;  ///< in the order of the declaration
};

}  // namespace tadpole::features
