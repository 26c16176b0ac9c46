// What a serial monitor or data forwarder wrote: rows of numbers between boot messages, with or without the
// monitor's clock.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "data/byte_stream.h"

namespace tadpole::data {

/// Whether a text begins as the Arduino serial monitor's log with time stamps ("12:34:56.789 -> "), or has
/// rows of numbers after lines that are none.
bool looks_like_serial_log(std::string_view start);

/// The rows of numbers of a log as CSV: the monitor's clock becomes a column time_s that never goes back at
/// midnight; the last line of names before the numbers is the header; all else is dropped and counted in
/// `dropped`, when it is not null.
Result<std::unique_ptr<ByteStream>> serial_rows(std::unique_ptr<ByteStream> from, const std::string& name,
                                                long* dropped);

}  // namespace tadpole::data
