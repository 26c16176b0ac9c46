// The report of a run as one page for people. In: the object of report.json (docs/formats/report.md). Out:
// HTML text.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace tadpole::evaluate {

/// The version of report.json that this program writes: its key "format".
inline constexpr int kReportFormat = 1;

/// One self-contained HTML file: inline style and pictures, no script, no network; light and dark, narrow
/// screens and A4 paper. Any key may be missing or of the wrong type: what cannot be read is left out, and a
/// part without data does not appear. Every string is escaped. Never fails. Cost: linear in the size of the
/// report.
std::string render_report_html(const nlohmann::json& report);

}  // namespace tadpole::evaluate
