#include "evaluate/charts.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "evaluate/palette.h"
#include "evaluate/text.h"

namespace tadpole::evaluate {
namespace {

constexpr double kWidth = 480, kHeight = 286;  // of the view box; text is 12 units, readable from 360 px up
constexpr double kLeft = 52, kRight = 14, kTop = 30, kBottom = 44;
constexpr size_t kMostPoints = 240;    // more cannot be told apart at this width
constexpr size_t kMostTooltips = 120;  // of one line

std::string coordinate(double value) {
  std::string out = exact(std::round(value * 10) / 10);
  return out == "-0" ? "0" : out;
}

struct Axes {
  double x_low, x_high, y_low, y_high;

  double x(double value) const {
    return kLeft + (value - x_low) / (x_high - x_low) * (kWidth - kLeft - kRight);
  }
  double y(double value) const {
    return kHeight - kBottom - (value - y_low) / (y_high - y_low) * (kHeight - kTop - kBottom);
  }
};

std::string tick_text(double value, double step, bool share) {
  const double shown = share ? value * 100 : value, shown_step = share ? step * 100 : step;
  const int decimals = std::clamp(static_cast<int>(std::ceil(-std::log10(shown_step) - 1e-9)), 0, 4);
  return grouped(shown, decimals) + (share ? "\xC2\xA0%" : "");
}

/// Every k-th point, always with the last one.
std::vector<std::pair<double, double>> thinned(const std::vector<std::pair<double, double>>& points,
                                               size_t most) {
  if (points.size() <= most) return points;
  std::vector<std::pair<double, double>> out;
  for (size_t i = 0; i < most; ++i) out.push_back(points[i * (points.size() - 1) / (most - 1)]);
  return out;
}

std::string point_text(const LineChart& chart, const std::string& name, double x, double y) {
  return escape(name + ": " + chart.x_label + " " + exact(x) + ", " + chart.y_label + " " +
                (chart.y_is_share ? percent_text(y) : exact(y)));
}

std::string draw_grid(const LineChart& chart, const Axes& axes, const std::vector<double>& xs,
                      const std::vector<double>& ys) {
  std::string out;
  const double right = kWidth - kRight, bottom = kHeight - kBottom;
  for (const double y : ys) {
    const std::string at = coordinate(axes.y(y));
    out += "<line class=\"grid\" x1=\"" + coordinate(kLeft) + "\" x2=\"" + coordinate(right) + "\" y1=\"" +
           at + "\" y2=\"" + at + "\"/><text x=\"" + coordinate(kLeft - 7) + "\" y=\"" +
           coordinate(axes.y(y) + 4) + "\" text-anchor=\"end\">" +
           tick_text(y, ys.size() > 1 ? ys[1] - ys[0] : 1, chart.y_is_share) + "</text>";
  }
  for (const double x : xs) {
    out += "<text x=\"" + coordinate(axes.x(x)) + "\" y=\"" + coordinate(bottom + 17) +
           "\" text-anchor=\"middle\">" + tick_text(x, xs.size() > 1 ? xs[1] - xs[0] : 1, false) + "</text>";
  }
  out += "<line class=\"axis\" x1=\"" + coordinate(kLeft) + "\" x2=\"" + coordinate(right) + "\" y1=\"" +
         coordinate(bottom) + "\" y2=\"" + coordinate(bottom) + "\"/><text x=\"" +
         coordinate((kLeft + right) / 2) + "\" y=\"" + coordinate(kHeight - 6) +
         "\" text-anchor=\"middle\">" + escape(chart.x_label) + "</text><text x=\"0\" y=\"12\">" +
         escape(chart.y_label) + "</text>";
  return out;
}

/// Words beside dots, moved up or down until they do not lie on others.
class Labels {
 public:
  std::string beside(double x, double y, const std::string& words) {
    constexpr double kLetter = 6.2, kLine = 12, kGap = 7;  // of the 12-unit font, about
    const double length = kLetter * static_cast<double>(words.size());
    const bool left = x + kGap + length > kWidth - kRight;
    const double begin = left ? x - kGap - length : x + kGap;
    double at = y + 4;
    for (int step = 0; step < 40; ++step) {
      at = std::clamp(y + 4 + (step % 2 == 0 ? 1 : -1) * ((step + 1) / 2) * kLine, kTop,
                      kHeight - kBottom - 2);
      const bool free = std::none_of(taken_.begin(), taken_.end(), [&](const Box& box) {
        return begin < box.end && box.begin < begin + length && std::abs(box.at - at) < kLine - 0.5;
      });
      if (free) break;
    }
    taken_.push_back({begin, begin + length, at});
    return "<text x=\"" + coordinate(left ? x - kGap : x + kGap) + "\" y=\"" + coordinate(at) + "\"" +
           (left ? " text-anchor=\"end\"" : "") + ">" + escape(words) + "</text>";
  }

 private:
  struct Box {
    double begin, end, at;
  };
  std::vector<Box> taken_;
};

std::string draw_dots(const LineChart& chart, const Axes& axes, const Series& series, Labels& labels) {
  std::string out;
  for (const auto& [x, y] : thinned(series.points, kMostPoints)) {
    out += "<circle class=\"f" + std::to_string(series.colour) + "\" cx=\"" + coordinate(axes.x(x)) +
           "\" cy=\"" + coordinate(axes.y(y)) + "\" r=\"3\" opacity=\"0.6\"><title>" +
           point_text(chart, series.name, x, y) + "</title></circle>";
  }
  for (size_t i = 0; i < series.labels.size() && i < series.points.size(); ++i)
    out += labels.beside(axes.x(series.points[i].first), axes.y(series.points[i].second), series.labels[i]);
  return out;
}

std::string draw_series(const LineChart& chart, const Axes& axes, const Series& series, Labels& labels) {
  if (series.scattered) return draw_dots(chart, axes, series, labels);
  const auto points = thinned(series.points, kMostPoints);
  const std::string colour = std::to_string(series.colour);
  std::string path, dots;
  for (const auto& [x, y] : points) {
    path += (path.empty() ? "" : " ") + coordinate(axes.x(x)) + "," + coordinate(axes.y(y));
  }
  for (const auto& [x, y] : thinned(series.points, kMostTooltips)) {
    dots += "<circle cx=\"" + coordinate(axes.x(x)) + "\" cy=\"" + coordinate(axes.y(y)) +
            "\" r=\"6\" opacity=\"0\"><title>" + point_text(chart, series.name, x, y) + "</title></circle>";
  }
  if (points.size() == 1) {
    return "<circle class=\"f" + colour + "\" cx=\"" + coordinate(axes.x(points[0].first)) + "\" cy=\"" +
           coordinate(axes.y(points[0].second)) + "\" r=\"4\"/>" + dots;
  }
  return "<polyline class=\"curve s" + colour + "\"" + (series.dashed ? " stroke-dasharray=\"7 5\"" : "") +
         " points=\"" + path + "\"/>" + dots;
}

std::string draw_legend(const LineChart& chart) {
  std::string out;
  for (const Series& series : chart.series) {
    if (series.points.empty()) continue;
    out += "<li>" + swatch(series.colour, series.dashed, series.scattered) + escape(series.name) + "</li>";
  }
  for (const Mark& mark : chart.marks) {
    out += "<li>" + swatch(mark.colour, false, true) + escape(mark.name) + "</li>";
  }
  return "<ul class=\"legend\">" + out + "</ul>";
}

void widen(double& low, double& high) {
  if (high > low) return;
  const double room = low == 0 ? 1 : std::abs(low) * 0.1;
  low -= room;
  high += room;
}

void append_little(std::vector<uint8_t>& out, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

}  // namespace

std::vector<double> ticks(double low, double high, int wanted) {
  if (!(high > low)) return {low};
  const double rough = (high - low) / std::max(1, wanted);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = power;
  for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
    step = factor * power;
    if (step >= rough * 0.75) break;
  }
  std::vector<double> out;
  if (!(step > 0) || !std::isfinite(step)) return {low};
  const double first = std::ceil(low / step - 1e-9);
  for (int i = 0; i < 4 * std::max(1, wanted) && (first + i) * step <= high + step * 1e-9; ++i) {
    out.push_back((first + i) * step + 0.0);  // + 0.0 turns -0 into 0
  }
  return out;
}

std::string draw(const LineChart& chart) {
  Axes axes{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
            std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
  const auto include = [&](double x, double y) {
    axes.x_low = std::min(axes.x_low, x);
    axes.x_high = std::max(axes.x_high, x);
    axes.y_low = std::min(axes.y_low, y);
    axes.y_high = std::max(axes.y_high, y);
  };
  for (const Series& series : chart.series) {
    for (const auto& [x, y] : series.points) include(x, y);
  }
  for (const Mark& mark : chart.marks) include(mark.x, mark.y);
  // Spans beyond this would overflow when they are subtracted; nothing that a model is measured by comes
  // near.
  if (!(axes.x_low <= axes.x_high) || std::max(std::abs(axes.x_low), std::abs(axes.x_high)) > 1e100 ||
      std::max(std::abs(axes.y_low), std::abs(axes.y_high)) > 1e100) {
    return "";
  }
  if (axes.y_low > 0 && (chart.y_is_share ? axes.y_low < 0.5 : axes.y_low < axes.y_high * 0.5))
    axes.y_low = 0;
  widen(axes.x_low, axes.x_high);
  widen(axes.y_low, axes.y_high);
  if (axes.x_low > 0 && axes.x_low < axes.x_high * 0.1) axes.x_low = 0;
  // Both ends of the y axis on a tick: the picture then has a top and a bottom line.
  const std::vector<double> rough = ticks(axes.y_low, axes.y_high, 5);
  if (rough.size() > 1) {
    const double step = rough[1] - rough[0];
    axes.y_low = std::floor(axes.y_low / step + 1e-9) * step;
    axes.y_high = std::ceil(axes.y_high / step - 1e-9) * step;
  }

  std::string out = "<svg class=\"chart\" viewBox=\"0 0 " + coordinate(kWidth) + " " + coordinate(kHeight) +
                    "\" role=\"img\" aria-label=\"" + escape(chart.description) + "\">";
  out += draw_grid(chart, axes, ticks(axes.x_low, axes.x_high, 6), ticks(axes.y_low, axes.y_high, 5));
  Labels labels;
  for (const Series& series : chart.series) {
    if (!series.points.empty()) out += draw_series(chart, axes, series, labels);
  }
  for (const Mark& mark : chart.marks) {
    out += "<circle class=\"f" + std::to_string(mark.colour) + " ssurface\" stroke-width=\"2\" cx=\"" +
           coordinate(axes.x(mark.x)) + "\" cy=\"" + coordinate(axes.y(mark.y)) + "\" r=\"6.5\"><title>" +
           point_text(chart, mark.name, mark.x, mark.y) + "</title></circle>";
  }
  return out + "</svg>" + draw_legend(chart);
}

std::string bar(double share, int colour, std::optional<std::pair<double, double>> interval) {
  const auto percent = [](double value) {
    return coordinate(std::isfinite(value) ? std::clamp(value, 0.0, 1.0) * 100 : 0) + "%";
  };
  std::string out =
      "<svg class=\"bar\" height=\"12\" aria-hidden=\"true\"><rect class=\"f0\" width=\"100%\" height=\"12\" "
      "rx=\"3\"/><rect class=\"f" +
      std::to_string(colour) + "\" width=\"" + percent(share) + "\" height=\"12\" rx=\"3\"/>";
  if (interval) {
    const std::string low = percent(interval->first), high = percent(interval->second);
    const auto line = [](const std::string& x1, const std::string& x2, const char* y1, const char* y2) {
      return "<line class=\"sink\" stroke-width=\"1.6\" x1=\"" + x1 + "\" x2=\"" + x2 + "\" y1=\"" + y1 +
             "\" y2=\"" + y2 + "\"/>";
    };
    out += line(low, high, "6", "6") + line(low, low, "2", "10") + line(high, high, "2", "10");
  }
  return out + "</svg>";
}

std::string stacked_bar(std::span<const Part> parts, double limit, const std::string& description) {
  double sum = 0;
  for (const Part& part : parts) sum += part.amount;
  const double full = std::max(sum, limit);
  if (!(full > 0) || !std::isfinite(full)) return "";
  std::string out = "<svg class=\"stack\" height=\"34\" role=\"img\" aria-label=\"" + escape(description) +
                    "\"><rect class=\"f0\" width=\"100%\" height=\"26\" y=\"4\" rx=\"4\"/>";
  double at = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const double width = parts[i].amount / full * 100;
    out += "<rect class=\"f" + std::to_string(part_colour(i)) + " ssurface\" stroke-width=\"1\" x=\"" +
           coordinate(at) + "%\" y=\"4\" width=\"" + coordinate(width) + "%\" height=\"26\"><title>" +
           escape(parts[i].name + ": " + grouped(parts[i].amount) + " bytes") + "</title></rect>";
    at += width;
  }
  if (limit > 0 && sum > limit) {
    const std::string x = coordinate(limit / full * 100) + "%";
    out += "<line class=\"sink\" stroke-width=\"3\" x1=\"" + x + "\" x2=\"" + x +
           "\" y1=\"0\" y2=\"34\"><title>limit: " + grouped(limit) + " bytes</title></line>";
  }
  return out + "</svg>";
}

int part_colour(size_t index) { return static_cast<int>(index % 6) + 1; }

std::string swatch(int colour, bool dashed, bool dot) {
  const std::string number = std::to_string(colour);
  if (dot) {
    return "<svg width=\"14\" height=\"14\" aria-hidden=\"true\"><circle class=\"f" + number +
           "\" cx=\"7\" cy=\"7\" r=\"6\"/></svg>";
  }
  return "<svg width=\"22\" height=\"10\" aria-hidden=\"true\"><line class=\"s" + number +
         "\" stroke-width=\"4\" x1=\"0\" x2=\"22\" y1=\"5\" y2=\"5\"" +
         (dashed ? " stroke-dasharray=\"6 3\"" : "") + "/></svg>";
}

std::string spectrogram_uri(std::span<const float> values, size_t frames, size_t values_per_frame,
                            bool by_row) {
  if (frames < 1 || values_per_frame < 1 || frames > 4096 || values_per_frame > 4096) return "";
  if (values.size() != frames * values_per_frame) return "";
  // BMP with 8 bits a pixel (Microsoft, "Bitmap storage"): its first line is the lowest one, as a frame's
  // first value is.
  const size_t stride = (frames + 3) / 4 * 4;
  const uint32_t offset = 14 + 40 + 256 * 4;
  std::vector<uint8_t> file;
  file.reserve(offset + stride * values_per_frame);
  file.push_back('B');
  file.push_back('M');
  append_little(file, offset + static_cast<uint32_t>(stride * values_per_frame), 4);
  append_little(file, 0, 4);
  append_little(file, offset, 4);
  append_little(file, 40, 4);
  append_little(file, static_cast<uint32_t>(frames), 4);
  append_little(file, static_cast<uint32_t>(values_per_frame), 4);
  append_little(file, 1, 2);
  append_little(file, 8, 2);
  for (const uint32_t field : {0u, 0u, 2835u, 2835u, 256u, 0u}) append_little(file, field, 4);
  for (int level = 0; level < 256; ++level) {
    const Rgb colour = heat_level(level);
    for (const uint8_t byte : {colour.blue, colour.green, colour.red, uint8_t{0}}) file.push_back(byte);
  }

  const auto range_of = [&](size_t first_row, size_t last_row) {
    std::pair<double, double> range = {std::numeric_limits<double>::infinity(),
                                       -std::numeric_limits<double>::infinity()};
    for (size_t f = 0; f < frames; ++f) {
      for (size_t row = first_row; row <= last_row; ++row) {
        const double value = values[f * values_per_frame + row];
        if (!std::isfinite(value)) continue;
        range = {std::min(range.first, value), std::max(range.second, value)};
      }
    }
    return range;
  };
  std::pair<double, double> range = range_of(0, values_per_frame - 1);
  for (size_t row = 0; row < values_per_frame; ++row) {
    if (by_row) range = range_of(row, row);
    const double span = range.second - range.first;
    for (size_t f = 0; f < stride; ++f) {
      const double value = f < frames ? values[f * values_per_frame + row] : 0;
      const bool drawn = f < frames && std::isfinite(value) && span > 0;
      file.push_back(drawn ? static_cast<uint8_t>(std::lround((value - range.first) / span * 255)) : 0);
    }
  }
  return "data:image/bmp;base64," + base64(file);
}

}  // namespace tadpole::evaluate
