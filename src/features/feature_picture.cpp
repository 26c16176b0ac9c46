// Both drawings come from one grid of cells.
#include "features/feature_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace tadpole::features {
namespace {

/// Real values, row 0 on top; three channels a cell for coloured pictures, else one.
struct Grid {
  int rows = 0, columns = 0, channels = 1;
  std::vector<double> values;
  double least = 0, most = 0;
  std::vector<double> row_least, row_range;  ///< by which a row is drawn

  double at(int row, int column, int channel = 0) const {
    return values[static_cast<size_t>((row * columns + column) * channels + channel)];
  }
  /// From 0, the least value, to 1.
  double share(int row, int column, int channel = 0) const {
    const size_t at_row = static_cast<size_t>(row);
    return (at(row, column, channel) - row_least[at_row]) / row_range[at_row];
  }
};

Grid grid_of(const FeatureBlock& block, std::span<const int16_t> features) {
  const auto [height, width, channels] = block.shape();
  const bool picture = block.kind() == SignalKind::image || block.kind() == SignalKind::stroke;
  Grid grid;
  grid.channels = picture ? channels : 1;
  grid.rows = picture ? height : width * channels;
  grid.columns = picture ? width : height;
  const double scale = static_cast<double>(block.scale());
  for (int row = 0; row < grid.rows; ++row) {
    for (int column = 0; column < grid.columns; ++column) {
      for (int channel = 0; channel < grid.channels; ++channel) {
        // Sound: the lowest frequency at the bottom.
        const int value = block.kind() == SignalKind::audio ? grid.rows - 1 - row : row;
        const int at = picture ? (row * width + column) * channels + channel : column * grid.rows + value;
        grid.values.push_back(scale * features[static_cast<size_t>(at)]);
      }
    }
  }
  const auto [least, most] = std::minmax_element(grid.values.begin(), grid.values.end());
  grid.least = *least;
  grid.most = *most;
  // Coefficients and axes have units of their own: one would hide the others.
  const bool apart = block.config().block == "mfcc" || block.kind() == SignalKind::series;
  for (int row = 0; row < grid.rows; ++row) {
    const auto begin = grid.values.begin() + ptrdiff_t{row} * grid.columns * grid.channels;
    const auto [low, high] = std::minmax_element(begin, begin + ptrdiff_t{grid.columns} * grid.channels);
    grid.row_least.push_back(apart ? *low : grid.least);
    const double range = apart ? *high - *low : grid.most - grid.least;
    grid.row_range.push_back(range > 0 ? range : 1);
  }
  return grid;
}

/// Black over violet and orange to pale yellow: brightness alone tells the order, for those who see no
/// colours.
std::array<int, 3> colour_of(double share) {
  constexpr std::array<std::array<double, 3>, 5> kStops = {
      {{0, 0, 4}, {87, 16, 110}, {188, 55, 84}, {249, 142, 9}, {252, 255, 164}}};
  const double place = std::clamp(share, 0.0, 1.0) * 4;
  const size_t from = std::min<size_t>(3, static_cast<size_t>(place));
  std::array<int, 3> colour{};
  for (size_t i = 0; i < 3; ++i) {
    colour[i] = static_cast<int>(std::lround(kStops[from][i] + (place - static_cast<double>(from)) *
                                                                   (kStops[from + 1][i] - kStops[from][i])));
  }
  return colour;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (static_cast<unsigned char>(c) >= 0x20) {
      out += c;
    }
  }
  return out;
}

std::string decimal(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

}  // namespace

std::string feature_svg(const FeatureBlock& block, std::span<const int16_t> features,
                        const std::string& title) {
  const Grid grid = grid_of(block, features);
  const double cell_width = std::max(1.0, 640.0 / grid.columns);
  const double cell_height =
      std::max(1.0, std::min(320.0 / grid.rows, grid.channels == 3 ? cell_width : 320.0));
  const double width = cell_width * grid.columns, height = cell_height * grid.rows;
  std::string svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + decimal(width) + " " +
      decimal(height + 44) + "\" role=\"img\" font-family=\"sans-serif\" font-size=\"13\">\n<title>" +
      escaped(title) +
      "</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n<text x=\"4\" y=\"16\">" +
      escaped(title) + "</text>\n<g transform=\"translate(0 22)\" shape-rendering=\"crispEdges\">\n";
  char cell[160];
  for (int row = 0; row < grid.rows; ++row) {
    for (int column = 0; column < grid.columns; ++column) {
      std::array<int, 3> colour = colour_of(grid.share(row, column));
      if (grid.channels == 3) {
        for (int c = 0; c < 3; ++c) {
          colour[static_cast<size_t>(c)] = static_cast<int>(std::lround(255 * grid.share(row, column, c)));
        }
      }
      std::snprintf(cell, sizeof cell,
                    "<rect x=\"%.6g\" y=\"%.6g\" width=\"%.6g\" height=\"%.6g\" fill=\"#%02x%02x%02x\"/>\n",
                    cell_width * column, cell_height * row, cell_width, cell_height, colour[0], colour[1],
                    colour[2]);
      svg += cell;
    }
  }
  return svg + "</g>\n<text x=\"4\" y=\"" + decimal(height + 38) + "\">" + decimal(grid.least) +
         " (darkest) to " + decimal(grid.most) + " (brightest)</text>\n</svg>\n";
}

std::string feature_sheet_svg(const FeatureBlock& block, std::span<const TitledFeatures> drawings,
                              int columns) {
  constexpr int kWidth = 320, kHeight = 190, kGap = 8;
  const int count = static_cast<int>(drawings.size());
  const int wide = std::max(1, std::min(columns, count)), high = (count + wide - 1) / wide;
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " +
                    std::to_string(wide * (kWidth + kGap)) + " " + std::to_string(high * (kHeight + kGap)) +
                    "\" role=\"img\">\n<title>" + std::to_string(count) +
                    " drawings of features</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
  for (int i = 0; i < count; ++i) {
    const TitledFeatures& one = drawings[static_cast<size_t>(i)];
    const std::string drawing = feature_svg(block, one.features, one.title);
    constexpr std::string_view kBegin = "<svg ";
    svg += "<svg x=\"" + std::to_string(i % wide * (kWidth + kGap)) + "\" y=\"" +
           std::to_string(i / wide * (kHeight + kGap)) + "\" width=\"" + std::to_string(kWidth) +
           "\" height=\"" + std::to_string(kHeight) + "\" " + drawing.substr(kBegin.size());
  }
  return svg + "</svg>\n";
}

std::string feature_text(const FeatureBlock& block, std::span<const int16_t> features, int columns,
                         int rows) {
  const Grid grid = grid_of(block, features);
  constexpr std::string_view kShades = " .:-=+*#%@";
  const int wide = std::min(columns, grid.columns), high = std::min(rows, grid.rows);
  std::string text;
  for (int y = 0; y < high; ++y) {
    for (int x = 0; x < wide; ++x) {
      double sum = 0, count = 0;
      for (int row = y * grid.rows / high; row < (y + 1) * grid.rows / high; ++row) {
        for (int column = x * grid.columns / wide; column < (x + 1) * grid.columns / wide; ++column) {
          for (int c = 0; c < grid.channels; ++c) sum += grid.share(row, column, c), ++count;
        }
      }
      text += kShades[static_cast<size_t>(std::clamp(sum / count * 10, 0.0, 9.0))];
    }
    text += '\n';
  }
  return text;
}

}  // namespace tadpole::features
