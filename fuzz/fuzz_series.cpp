// Any text as a series, a drawn line, a serial log and a label track: an error or finite numbers.
#include <cmath>
#include <cstdlib>

#include "data/serial_log.h"
#include "data/series_file.h"
#include "data/sound_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tadpole::data;
  const std::span<const uint8_t> bytes(data, size);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto series = read_series(*memory_stream(bytes, "fuzz.csv"), "fuzz.csv");
  if (series.ok()) {
    for (const float value : series->series.values) {
      if (!std::isfinite(value)) abort();
    }
    if (series->series.values.size() != series->series.steps() * series->series.axes.size()) abort();
  }
  static_cast<void>(read_stroke(*plain_stream(bytes), "fuzz.csv"));
  static_cast<void>(looks_like_serial_log(text));
  auto rows = serial_rows(plain_stream(bytes), "fuzz.log", nullptr);
  if (rows.ok()) static_cast<void>(read_series(**rows, "fuzz.log"));
  const auto track = parse_label_track(text, "fuzz.txt");
  if (track.ok()) {
    for (const Stretch& stretch : *track) {
      if (!(stretch.to_s > stretch.from_s) || stretch.label.empty()) abort();
    }
  }
  return 0;
}
