// The report's chart with its style inside, and the legend drawn instead of written in HTML.
#include "evaluate/chart_file.h"

#include <vector>

#include "evaluate/palette.h"
#include "evaluate/text.h"

namespace tadpole::evaluate {

namespace {

constexpr int kWidth = 480, kChartHeight = 286, kHeadingLine = 17, kRow = 20;
constexpr size_t kLineLetters = 72;

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

/// The text in lines of at most kLineLetters, broken at spaces.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (text.size() > kLineLetters) {
    const size_t space = text.rfind(' ', kLineLetters);
    const size_t end = space == std::string_view::npos || space == 0 ? kLineLetters : space;
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + (end == space ? 1 : 0)));
  }
  lines.emplace_back(text);
  return lines;
}

/// A row of the legend at a height.
std::string legend_row(int at, const std::string& name, int colour, bool dashed, bool dot) {
  const std::string y = std::to_string(at), c = std::to_string(colour);
  const std::string mark = dot ? "<circle class=\"f" + c + "\" cx=\"64\" cy=\"" + y + "\" r=\"5\"/>"
                               : "<line class=\"curve s" + c + "\"" +
                                     (dashed ? " stroke-dasharray=\"7 5\"" : "") +
                                     " x1=\"52\" x2=\"76\" y1=\"" + y + "\" y2=\"" + y + "\"/>";
  return mark + "<text x=\"84\" y=\"" + y + "\" dy=\"4\">" + escape(name) + "</text>";
}

/// A chart between its heading and its legend, from `at` on; moves `at` below it. "" without points.
std::string draw_below(const LineChart& chart, int& at) {
  const std::string inside = draw(chart);
  const size_t begin = inside.find('>'), end = inside.find("</svg>");
  if (begin == std::string::npos || end == std::string::npos) return "";
  std::string legend, heading;
  int top = at + 4;
  for (const std::string& line : lines_of(chart.description)) {
    top += kHeadingLine;
    heading += "<text class=\"ink\" x=\"8\" y=\"" + std::to_string(top) + "\">" + escape(line) + "</text>";
  }
  top += 10;
  at = top + kChartHeight + 12;
  for (const Series& series : chart.series) {
    if (series.points.empty()) continue;
    legend += legend_row(at, series.name, series.colour, series.dashed, series.scattered);
    at += kRow;
  }
  for (const Mark& mark : chart.marks) {
    legend += legend_row(at, mark.name, mark.colour, false, true);
    at += kRow;
  }
  return heading + "<g transform=\"translate(0," + std::to_string(top) + ")\">" +
         inside.substr(begin + 1, end - begin - 1) + "</g>" + legend;
}

}  // namespace

std::string draw_file(const LineChart& chart) { return draw_file(std::span(&chart, 1)); }

std::string draw_file(std::span<const LineChart> charts) {
  std::string drawn, description;
  int at = 0;
  for (const LineChart& chart : charts) {
    const std::string one = draw_below(chart, at);
    if (one.empty()) continue;
    description += (drawn.empty() ? "" : " ") + chart.description;
    drawn += one;
  }
  if (drawn.empty()) return "";
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + std::to_string(kWidth) + " " +
         std::to_string(at) + "\" width=\"" + std::to_string(2 * kWidth) + "\" role=\"img\" aria-label=\"" +
         escape(description) + "\">" + style() +
         "<rect width=\"100%\" height=\"100%\" fill=\"var(--surface)\"/>" + drawn + "</svg>\n";
}

}  // namespace tadpole::evaluate
