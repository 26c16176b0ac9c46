// Any bytes as recordings in JSON and CBOR: an error, or rows of finite numbers, the same in both passes.
#include <cmath>
#include <cstdlib>

#include "data/json_recordings.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tadpole;
  using namespace tadpole::data;
  const std::span<const uint8_t> bytes(data, size);
  for (const JsonForm form : {JsonForm::json, JsonForm::cbor}) {
    const auto head = read_json_head(*plain_stream(bytes), "fuzz", form);
    if (!head.ok()) continue;
    long rows = 0;
    const auto read =
        read_json_rows(*plain_stream(bytes), "fuzz", form, *head, [&](const SeriesRow& row) -> Result<bool> {
          for (const float value : row.values) {
            if (!std::isfinite(value)) abort();
          }
          ++rows;
          return true;
        });
    if (read.ok() && rows != head->rows) abort();
  }
  static_cast<void>(
      read_json_strokes(*plain_stream(bytes), "fuzz", [](samples::Stroke&& stroke, const std::string&) {
        if (stroke.points.empty()) abort();
        return Result<void>();
      }));
  return 0;
}
