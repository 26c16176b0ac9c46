// The SVG text of a scatter picture.
#include "unsupervised/scatter.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace tadpole::unsupervised {

namespace {

constexpr double kWidth = 640, kHeight = 640, kMargin = 36, kLegendRow = 20;

/// Okabe and Ito 2008, "Color Universal Design": told apart by people who see colours differently; the yellow
/// is darker here, for white paper. The last one is for points without a class.
constexpr std::array<std::string_view, 8> kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                      "#e69f00", "#56b4e9", "#a89a00", "#808080"};
constexpr size_t kOther = kColours.size() - 1;

/// Outlines around (0, 0), about as large as one another.
constexpr std::array<std::string_view, 5> kShapes = {"M-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z",
                                                     "M-2.7-2.7h5.4v5.4h-5.4z", "M0-3.6L3.3 2.4h-6.6z",
                                                     "M0-3.8L3.8 0L0 3.8L-3.8 0z", "M-3.3-2.4h6.6L0 3.6z"};

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (static_cast<unsigned char>(c) >= 0x20) {
      out += c;
    }
  }
  return out;
}

std::string tenths(double value) {
  const long rounded = std::lround(value * 10);
  std::string out = std::to_string(rounded / 10);
  if (rounded < 0 && rounded > -10) out = "-0";
  return rounded % 10 == 0 ? out : out + "." + std::to_string(std::labs(rounded % 10));
}

struct Range {
  double low = INFINITY, high = -INFINITY;

  void include(float value) {
    low = std::min(low, static_cast<double>(value));
    high = std::max(high, static_cast<double>(value));
  }
  double middle() const { return (low + high) / 2; }
};

Result<void> check(const ScatterPicture& picture) {
  const size_t count = picture.positions.size() / 2;
  const bool fits = picture.positions.size() % 2 == 0 && count > 0 &&
                    (picture.labels.empty() || picture.labels.size() == count) &&
                    (picture.names.empty() || picture.names.size() == count);
  const bool finite = std::all_of(picture.positions.begin(), picture.positions.end(),
                                  [](float value) { return std::isfinite(value); });
  const bool known = std::all_of(picture.labels.begin(), picture.labels.end(), [&](int label) {
    return label >= -1 && label < static_cast<int>(picture.classes.size());
  });
  if (fits && finite && known) return {};
  return Error{Code::points_unusable,
               "a picture got " + std::to_string(picture.positions.size()) + " coordinates, " +
                   std::to_string(picture.labels.size()) + " labels of " +
                   std::to_string(picture.classes.size()) + " classes and " +
                   std::to_string(picture.names.size()) +
                   " names; needs two finite coordinates a point, and a label and a name for each or none."};
}

int label_of(const ScatterPicture& picture, size_t point) {
  return picture.labels.empty() ? -1 : picture.labels[point];
}

/// Colour and shape together repeat after 35 classes.
std::string mark(int label, double x, double y, const std::string& name) {
  const size_t colour = label < 0 ? kOther : static_cast<size_t>(label) % kOther;
  const size_t shape = label < 0 ? 0 : static_cast<size_t>(label) % kShapes.size();
  std::string out = "<path d=\"" + std::string(kShapes[shape]) + "\" fill=\"" +
                    std::string(kColours[colour]) + "\" transform=\"translate(" + tenths(x) + " " +
                    tenths(y) + ")\"";
  return out + (name.empty() ? "/>" : "><title>" + escaped(name) + "</title></path>");
}

std::string points_of(const ScatterPicture& picture) {
  Range x, y;
  for (size_t i = 0; i < picture.positions.size(); ++i) (i % 2 == 0 ? x : y).include(picture.positions[i]);
  // One scale for both axes: distances are what the picture shows.
  const double span = std::max({x.high - x.low, y.high - y.low, 1e-30});
  const double scale = (kWidth - 2 * kMargin) / span;
  std::string out;
  for (size_t i = 0; i < picture.positions.size() / 2; ++i) {
    const double left = kWidth / 2 + (static_cast<double>(picture.positions[2 * i]) - x.middle()) * scale;
    const double top = kHeight / 2 - (static_cast<double>(picture.positions[2 * i + 1]) - y.middle()) * scale;
    const int label = label_of(picture, i);
    std::string name = label < 0 ? "" : picture.classes[static_cast<size_t>(label)];
    if (!picture.names.empty()) name += (name.empty() ? "" : ": ") + picture.names[i];
    out += mark(label, left, top, name) + "\n";
  }
  return out;
}

struct LegendRow {
  int label;
  std::string text;
};

std::vector<LegendRow> legend_of(const ScatterPicture& picture) {
  std::vector<size_t> counts(picture.classes.size(), 0);
  for (const int label : picture.labels) {
    if (label >= 0) ++counts[static_cast<size_t>(label)];
  }
  std::vector<LegendRow> rows;
  for (size_t i = 0; i < counts.size(); ++i)
    rows.push_back({static_cast<int>(i), picture.classes[i] + " (" + std::to_string(counts[i]) + ")"});
  return rows;
}

}  // namespace

Result<std::string> draw_scatter(const ScatterPicture& picture) {
  TADPOLE_CHECK(check(picture));
  const std::vector<LegendRow> legend = legend_of(picture);
  std::string spoken = std::to_string(picture.positions.size() / 2) + " points";
  for (const LegendRow& row : legend) spoken += ", " + row.text;
  const double height = kHeight + kLegendRow * (static_cast<double>(legend.size()) + 1);
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + tenths(kWidth) + " " +
                    tenths(height) + "\" role=\"img\" aria-label=\"" +
                    escaped(picture.title + ": " + spoken) +
                    "\">\n<style>.ground{fill:#fff}text{font:13px sans-serif;fill:#222}path{opacity:.8}"
                    "@media (prefers-color-scheme:dark){.ground{fill:#1b1b1b}text{fill:#ddd}}</style>\n"
                    "<rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n";
  out += "<text x=\"12\" y=\"22\" font-weight=\"bold\">" + escaped(picture.title) + "</text>\n";
  out += points_of(picture);
  if (!picture.x_label.empty() || !picture.y_label.empty()) {
    out += "<text x=\"" + tenths(kWidth / 2) + "\" y=\"" + tenths(kHeight - 4) +
           "\" text-anchor=\"middle\">" + escaped(picture.x_label) +
           "</text>\n<text transform=\"translate(16 " + tenths(kHeight / 2) +
           ") rotate(-90)\" text-anchor=\"middle\">" + escaped(picture.y_label) + "</text>\n";
  }
  double top = kHeight + kLegendRow;
  for (const LegendRow& row : legend) {
    out += mark(row.label, 20, top - 4, "") + "<text x=\"32\" y=\"" + tenths(top) + "\">" +
           escaped(row.text) + "</text>\n";
    top += kLegendRow;
  }
  return out + "</svg>\n";
}

}  // namespace tadpole::unsupervised
