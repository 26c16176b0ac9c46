// The report's chart with its style inside, and the legend drawn instead of written in HTML.
#include "evaluate/chart_file.h"

#include "evaluate/palette.h"
#include "evaluate/text.h"

namespace tadpole::evaluate {

namespace {

constexpr int kWidth = 480, kChartHeight = 286, kHeading = 26, kRow = 20;

std::string css_colour(uint32_t value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "#";
  for (int shift = 20; shift >= 0; shift -= 4) out += kDigits[(value >> shift) & 15];
  return out;
}

std::string variables(bool dark) {
  std::string out = "svg{";
  for (const Colour& colour : palette())
    out += "--" + std::string(colour.name) + ":" + css_colour(dark ? colour.dark : colour.light) + ";";
  return out + "}";
}

std::string style() {
  std::string out =
      "<style>" + variables(false) + "@media (prefers-color-scheme:dark){" + variables(true) +
      "}text{font:12px system-ui,sans-serif;fill:var(--muted)}.ink{fill:var(--ink);font-weight:600}"
      ".grid{stroke:var(--line)}.axis{stroke:var(--muted)}.curve{fill:none;stroke-width:2.2;"
      "stroke-linejoin:round}.ssurface{stroke:var(--surface)}";
  for (const char* c : {"1", "2", "3", "4", "5", "6"}) {
    const std::string n = c;
    out += ".s" + n + "{stroke:var(--c" + n + ")}.f" + n + "{fill:var(--c" + n + ")}";
  }
  return out + "</style>";
}

/// A row of the legend, `row` from 0.
std::string legend_row(int row, const std::string& name, int colour, bool dashed, bool dot) {
  const std::string y = std::to_string(kHeading + kChartHeight + row * kRow + 12), c = std::to_string(colour);
  const std::string mark = dot ? "<circle class=\"f" + c + "\" cx=\"64\" cy=\"" + y + "\" r=\"5\"/>"
                               : "<line class=\"curve s" + c + "\"" +
                                     (dashed ? " stroke-dasharray=\"7 5\"" : "") +
                                     " x1=\"52\" x2=\"76\" y1=\"" + y + "\" y2=\"" + y + "\"/>";
  return mark + "<text x=\"84\" y=\"" + y + "\" dy=\"4\">" + escape(name) + "</text>";
}

}  // namespace

std::string draw_file(const LineChart& chart) {
  const std::string inside = draw(chart);
  const size_t begin = inside.find('>'), end = inside.find("</svg>");
  if (begin == std::string::npos || end == std::string::npos) return "";
  std::string legend;
  int rows = 0;
  for (const Series& series : chart.series) {
    if (!series.points.empty())
      legend += legend_row(rows++, series.name, series.colour, series.dashed, false);
  }
  for (const Mark& mark : chart.marks) legend += legend_row(rows++, mark.name, mark.colour, false, true);
  const std::string height = std::to_string(kHeading + kChartHeight + rows * kRow + 8);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + std::to_string(kWidth) + " " + height +
         "\" width=\"" + std::to_string(2 * kWidth) + "\" role=\"img\" aria-label=\"" +
         escape(chart.description) + "\">" + style() +
         "<rect width=\"100%\" height=\"100%\" fill=\"var(--surface)\"/><text class=\"ink\" x=\"8\" "
         "y=\"18\">" +
         escape(chart.description) + "</text><g transform=\"translate(0," + std::to_string(kHeading) +
         ")\">" + inside.substr(begin + 1, end - begin - 1) + "</g>" + legend + "</svg>\n";
}

}  // namespace tadpole::evaluate
