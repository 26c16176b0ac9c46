// Recordings in JSON and CBOR: time series in the forms that people have, and drawn lines.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/json_walk.h"
#include "data/series_file.h"

namespace tadpole::data {

/// What a document says about its series beside the rows.
struct JsonSeries {
  SeriesColumns columns;
  double rate_hz = 0;  ///< from interval_ms, frequency, sample_rate ... or the times; 0: not known
  SeriesTiming timing;
  std::string label, device;
  bool edge_impulse = false;  ///< an acquisition: payload with sensors, interval_ms and values
  long rows = 0;
};

/// First pass. Forms: Edge Impulse acquisitions (payload.sensors, payload.interval_ms, payload.values); an
/// object with an array of rows ("values", "data", "samples" or "rows": arrays of numbers, or numbers when
/// there is one axis) and, perhaps, "columns" or "axes"; an array of objects with the same keys, numbers all
/// but "label". Source: Edge Impulse data acquisition format. Fails: data_malformed.
Result<JsonSeries> read_json_head(ByteStream& stream, const std::string& name, JsonForm form);

/// Second pass over the same bytes: the rows. Fails: data_malformed with the row.
Result<void> read_json_rows(ByteStream& stream, const std::string& name, JsonForm form,
                            const JsonSeries& head,
                            const std::function<Result<bool>(const SeriesRow&)>& take);

/// Drawn lines: {"strokes": [{"label": "3", "strokePoints": [{"x": 0.1, "y": 0.2}, ...]}, ...]}.
/// Fails: data_malformed with the number of the stroke.
Result<void> read_json_strokes(
    ByteStream& stream, const std::string& name,
    const std::function<Result<void>(samples::Stroke&&, const std::string& label)>& take);

}  // namespace tadpole::data
