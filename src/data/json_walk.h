// JSON and CBOR documents read event by event, so that a gigabyte never lies in memory.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/byte_stream.h"

namespace tadpole::data {

/// One event. Scalars carry their value; begin and end belong to objects and arrays.
struct JsonEvent {
  enum class Kind : uint8_t { number, text, other, begin_object, end_object, begin_array, end_array };
  Kind kind;
  double number = 0;
  std::string_view text;  ///< of a string; valid during the call
};

/// Where an event is: the keys from the root; "" for an element of an array.
using JsonPath = std::vector<std::string>;

/// Whether the path is `keys`, where "*" stands for any one key.
bool is_path(const JsonPath& path, std::initializer_list<std::string_view> keys);

enum class JsonForm : uint8_t { json, cbor };

/// Calls visit for each event. Fails: data_malformed with the place (line and column, or byte) and what was
/// found; what visit returns. Nested at most 32 deep. Source: RFC 8259 and RFC 8949, by nlohmann-json.
Result<void> walk_json(ByteStream& stream, const std::string& name, JsonForm form,
                       const std::function<Result<void>(const JsonPath&, const JsonEvent&)>& visit);

}  // namespace tadpole::data
