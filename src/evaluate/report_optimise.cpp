// The part of the report about smaller models: what tadpole optimise made, and what each costs.
#include "evaluate/charts.h"
#include "evaluate/optimise_charts.h"
#include "evaluate/page.h"
#include "evaluate/report_sections.h"
#include "evaluate/text.h"

namespace tadpole::evaluate {

namespace {

std::string headline_cell(View point, const char* key, bool share) {
  const auto value = point.number(key);
  if (!value) return "";
  return share ? percent_html(*value) : grouped_html(*value, 4);
}

std::string number_cell(View point, const char* key) {
  const auto value = point.amount(key);
  return value ? grouped_html(*value) : "";
}

std::string bytes_cell(View point, const char* key) {
  const auto value = point.amount(key);
  return value ? bytes_html(*value) : "";
}

std::string points_table(View optimise) {
  const bool share = optimise.text("headline") == "accuracy";
  Table table("What each model answers and costs on " + optimise.text("board"), {{"model"},
                                                                                 {"validation", true},
                                                                                 {"test", true},
                                                                                 {"RAM", true},
                                                                                 {"flash", true},
                                                                                 {"instructions", true},
                                                                                 {"file", true},
                                                                                 {"compressed", true}});
  for (const View& point : optimise.items("points")) {
    const std::string name = point.text("name");
    std::string cell = escape(name) + (name == optimise.text("recommended") ? " \xE2\x98\x85" : "");
    cell += "<br><small class=\"muted\">" + escape(point.text("words")) + "</small>";
    table.row({cell, headline_cell(point, "validation", share), headline_cell(point, "test", share),
               bytes_cell(point, "arena_bytes"), bytes_cell(point, "flash_bytes"),
               number_cell(point, "instructions"), bytes_cell(point, "tflite_bytes"),
               bytes_cell(point, "compressed_bytes")});
  }
  return table.html();
}

}  // namespace

std::string optimise_section(View report) {
  const View optimise = report.at("optimise");
  if (optimise.items("points").empty()) return "";
  std::string out = points_table(optimise);
  out += paragraph(
      "<small>\xE2\x98\x85 is the quickest model within the budget; the validation side decides, the test "
      "side says "
      "what "
      "to expect. RAM is that of activations, flash the whole firmware of one model; compressed is what zlib "
      "makes of "
      "the file, which counts when a model is sent, not on the chip.</small>");
  for (const View& left_out : optimise.items("left_out"))
    out += paragraph("<small>Not made: " + escape(left_out.text()) + "</small>");
  for (const LineChart& chart : optimise_charts(optimise))
    out += figure(chart.y_label + ", " + chart.x_label, draw(chart), chart.description);
  return out;
}

}  // namespace tadpole::evaluate
