// An invented report with every key, for tests of the page. No number in it was measured.
#pragma once

#include <nlohmann/json.hpp>

namespace tadpole::evaluate {

/// Every key of docs/formats/report.md, filled with made-up values.
nlohmann::json sample_report();

}  // namespace tadpole::evaluate
