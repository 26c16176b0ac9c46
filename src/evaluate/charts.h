// The report's pictures as inline SVG (or a data: bitmap), coloured by the classes of the style sheet. In:
// plain numbers. Out: HTML that needs no script. All strings that come in are escaped here.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tadpole::evaluate {

/// One line of a chart. colour is 1 to 6; lines after the first also differ by dashes, for print in grey.
struct Series {
  std::string name;
  int colour = 1;
  bool dashed = false;
  std::vector<std::pair<double, double>> points;  ///< finite; in the order to be joined
  bool scattered = false;                         ///< drawn as single dots
  std::vector<std::string> labels = {};           ///< of dots: written beside them; empty or one each
};

/// A single point that stands out: a chosen threshold, the score of a board.
struct Mark {
  std::string name;
  int colour = 1;
  double x = 0, y = 0;
};

struct LineChart {
  std::string description;  ///< read aloud instead of the picture: what it shows, with its main numbers
  std::string x_label, y_label;
  bool y_is_share = false;  ///< y is a share, shown in percent; the axis then spans at most 0 to 1
  std::vector<Series> series;
  std::vector<Mark> marks;
};

/// The chart with axes, ticks and a legend below; "" when it has no points. Long lines are thinned to what
/// can be seen.
std::string draw(const LineChart& chart);

/// Round numbers that span [low, high] with about `wanted` steps (1, 2 or 5 times a power of ten). low <=
/// high, finite.
std::vector<double> ticks(double low, double high, int wanted);

/// A bar of `share` (cut to [0, 1]) of the full width, without text: the number stands beside it. When
/// `interval` is given, a line shows its range.
std::string bar(double share, int colour, std::optional<std::pair<double, double>> interval = std::nullopt);

/// A part of a stacked bar.
struct Part {
  std::string name;
  double amount = 0;  ///< >= 0
};

/// Parts one after another, the rest up to the limit empty, a mark at the limit when the sum is beyond it.
/// limit <= 0: none.
std::string stacked_bar(std::span<const Part> parts, double limit, const std::string& description);

/// The colour class (1 to 6) of a part, so that a table beside the bar can show the same.
int part_colour(size_t index);

/// A small square of a colour, for tables that explain a picture.
std::string swatch(int colour, bool dashed = false, bool dot = false);

/// values: row-major [frames, values_per_frame]. A bitmap as data: URI: time to the right, first value of a
/// frame at the bottom. by_row: each row of the picture is scaled by itself (MFCC), else all together (mel
/// bands). Values that are not finite are drawn as the lowest. "" when the sizes do not fit, or are above
/// 4096.
std::string spectrogram_uri(std::span<const float> values, size_t frames, size_t values_per_frame,
                            bool by_row);

}  // namespace tadpole::evaluate
