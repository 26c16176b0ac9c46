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

/// `constexpr tadpole::dsp::<type> name = {fields};` with the tables before it is the block on a board.
struct DeviceConstants {
  std::string type;                 ///< "MelFeatures"
  std::string header;               ///< declares type and view: "device/dsp/mel_features.h"
  std::string view;                 ///< constexpr function from type to what any code uses: "mfe_features"
  std::vector<DeviceField> fields;  ///< in the order of the declaration
  // All but sound: what dsp::extract(constants, samples, count, scratch, out) takes.
  uint32_t sample_bytes = 0;    ///< of a pixel, a step or a point
  uint32_t clip_samples = 0;    ///< in one input; stroke: at most
  uint32_t fewest_samples = 0;  ///< from which features can be had
  uint32_t scratch_bytes = 0;   ///< working memory, 4-byte aligned
  uint32_t rows = 0;            ///< that dsp::extract_rows makes one at a time; 0: there is no such function
};

}  // namespace tadpole::features
