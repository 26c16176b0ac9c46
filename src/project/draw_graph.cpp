// Boxes, words and arrows of the picture as SVG text.
#include "project/draw_graph.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "ir/options_text.h"
#include "project/graph_layout.h"

namespace tadpole::project {
namespace {

constexpr double kCharacter = 7.25;  ///< width of one at 12 px in a monospaced font, with some to spare
constexpr double kTitleCharacter = 8.0;
constexpr double kLine = 16, kPadding = 9, kMargin = 28, kHeader = 62, kLegend = 34;
constexpr size_t kMostCharacters = 27;

/// Kinds of boxes, from dark to light: the lightness alone tells them apart on grey paper.
enum class Kind { ends, weights, window, pointwise, move };
constexpr std::array<std::pair<const char*, const char*>, 5> kKinds = {{{"ends", "input, output"},
                                                                        {"weights", "with weights"},
                                                                        {"window", "over windows or axes"},
                                                                        {"pointwise", "number by number"},
                                                                        {"move", "moves values"}}};

Kind kind_of(ir::Op op) {
  using enum ir::Op;
  switch (op) {
    case conv_2d:
    case depthwise_conv_2d:
    case fully_connected:
    case transpose_conv:
    case batch_matmul:
    case unidirectional_sequence_lstm:
    case svdf:
    case gru:
      return Kind::weights;
    case average_pool_2d:
    case max_pool_2d:
    case mean:
    case sum:
    case softmax:
    case arg_max:
      return Kind::window;
    case reshape:
    case squeeze:
    case expand_dims:
    case transpose:
    case pad:
    case pad_v2:
    case concatenation:
    case split:
    case slice:
    case strided_slice:
    case gather:
    case pack:
    case unpack:
    case resize_bilinear:
    case resize_nearest_neighbor:
    case read_variable:
    case assign_variable:
      return Kind::move;
    default:
      return Kind::pointwise;
  }
}

/// Names come from model files: only plain characters, and none that SVG reads as its own.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c >= 0x20 && c < 0x7f ? c : '_';
  }
  return out;
}

std::string fixed(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string cut(const std::string& text, size_t width) {
  return text.size() <= width ? text : text.substr(0, width - 1) + "~";
}

struct Words {
  Kind kind = Kind::pointwise;
  std::vector<std::string> lines = {};  ///< the first is the title
  std::string full = {};                ///< shown when a reader points at the box
};

Words words_of_tensor(const ir::Tensor& tensor, const char* what) {
  return {Kind::ends,
          {std::string(what), short_layer_name(tensor.name, kMostCharacters),
           cut(ir::to_string(tensor.shape) + " " + std::string(ir::to_string(tensor.type)), kMostCharacters)},
          tensor.name};
}

Words words_of_node(const ir::Graph& graph, const ir::Node& node) {
  Words words{kind_of(node.op), {std::string(ir::op_name(node.op))}, node.name};
  words.lines.push_back(short_layer_name(node.name, kMostCharacters));
  if (const std::string options = ir::options_text(graph, node); !options.empty())
    words.lines.push_back(cut(options, kMostCharacters));
  const ir::Tensor& out = graph.output_of(node);
  words.lines.push_back(
      cut(ir::to_string(out.shape) + " " + std::string(ir::to_string(out.type)), kMostCharacters));
  const int64_t macs = ir::multiply_accumulates(graph, node), bytes = constant_bytes(graph, node);
  std::string cost;
  if (macs > 0) cost = base::with_commas(macs) + " m-a";
  if (macs > 0 && bytes > 0) cost += ", ";
  if (macs > 0 && bytes > 0) cost += base::readable_bytes(bytes);
  if (!cost.empty()) words.lines.push_back(cut(cost, kMostCharacters));
  return words;
}

double width_of(const Words& words) {
  double width = static_cast<double>(words.lines[0].size()) * kTitleCharacter;
  for (size_t i = 1; i < words.lines.size(); ++i)
    width = std::max(width, static_cast<double>(words.lines[i].size()) * kCharacter);
  return std::max(width + 2 * kPadding + 6, 120.0);
}

struct Picture {
  std::vector<Words> words;
  std::vector<PictureBox> boxes;
  std::vector<PictureArrow> arrows;

  int add(Words made) {
    boxes.push_back({width_of(made), static_cast<double>(made.lines.size()) * kLine + 2 * kPadding - 3});
    words.push_back(std::move(made));
    return static_cast<int>(boxes.size()) - 1;
  }
};

Picture picture_of(const ir::Graph& graph) {
  Picture picture;
  std::map<int, int> made_by;  // tensor -> box
  for (const int tensor : graph.inputs)
    made_by[tensor] = picture.add(words_of_tensor(graph.tensors[static_cast<size_t>(tensor)], "input"));
  for (const ir::Node& node : graph.nodes) {
    const int box = picture.add(words_of_node(graph, node));
    std::vector<int> sources;
    for (const int tensor : node.inputs) {
      const auto source = made_by.find(tensor);
      if (source != made_by.end() && std::count(sources.begin(), sources.end(), source->second) == 0)
        sources.push_back(source->second);
    }
    for (const int source : sources) picture.arrows.push_back({source, box});
    for (const int tensor : node.outputs) made_by[tensor] = box;
  }
  for (const int tensor : graph.outputs) {
    const int box = picture.add(words_of_tensor(graph.tensors[static_cast<size_t>(tensor)], "output"));
    if (const auto source = made_by.find(tensor); source != made_by.end())
      picture.arrows.push_back({source->second, box});
  }
  return picture;
}

std::string text_at(double x, double y, const char* css, const std::string& text, double character) {
  // textLength holds the words to their box whatever font the reader has.
  return "<text x=\"" + fixed(x) + "\" y=\"" + fixed(y) + "\" class=\"" + css + "\" textLength=\"" +
         fixed(static_cast<double>(text.size()) * character) + "\" lengthAdjust=\"spacingAndGlyphs\">" +
         escaped(text) + "</text>";
}

std::string box_svg(const PictureBox& box, const Words& words) {
  std::string svg = "<g><title>" + escaped(words.full) + "</title><rect x=\"" + fixed(box.x) + "\" y=\"" +
                    fixed(box.y) + "\" width=\"" + fixed(box.width) + "\" height=\"" + fixed(box.height) +
                    "\" rx=\"" + (words.kind == Kind::ends ? "16" : "5") + "\" class=\"" +
                    kKinds[static_cast<size_t>(words.kind)].first + "\"/>";
  const bool dark = words.kind == Kind::ends || words.kind == Kind::weights;
  for (size_t i = 0; i < words.lines.size(); ++i) {
    const double advance = i == 0 ? kTitleCharacter : kCharacter;
    const double width = static_cast<double>(words.lines[i].size()) * advance;
    svg += text_at(box.x + (box.width - width) / 2, box.y + kPadding + 10 + static_cast<double>(i) * kLine,
                   i == 0 ? (dark ? "t w" : "t k") : (dark ? "w" : "k"), words.lines[i], advance);
  }
  return svg + "</g>\n";
}

/// Down, across to the gutter, up, and down again to (end_x, end_y); corners are round.
std::string around_column(double x, double y, double gutter, double end_x, double end_y) {
  const double below = y + 14, above = end_y - 16, round = 6;
  const double turn = end_x < gutter ? -round : round;
  const auto at = [](double px, double py) { return fixed(px) + " " + fixed(py); };
  return " V" + fixed(below - round) + " Q" + at(x, below) + " " + at(x + round, below) + " H" +
         fixed(gutter - round) + " Q" + at(gutter, below) + " " + at(gutter, below - round) + " V" +
         fixed(above + round) + " Q" + at(gutter, above) + " " + at(gutter + turn, above) + " H" +
         fixed(end_x - turn) + " Q" + at(end_x, above) + " " + at(end_x, above + round) + " V" + fixed(end_y);
}

std::string arrow_svg(const PictureArrow& arrow, const std::vector<PictureBox>& boxes) {
  const PictureBox& from = boxes[static_cast<size_t>(arrow.from)];
  const PictureBox& to = boxes[static_cast<size_t>(arrow.to)];
  double x = from.x + from.width / 2, y = from.y + from.height;
  std::vector<std::pair<double, double>> stops = arrow.bends;
  stops.emplace_back(to.x + to.width / 2, to.y - 2);
  std::string path = "M" + fixed(x) + " " + fixed(y);
  for (size_t i = 0; i < stops.size(); ++i) {
    const auto [next_x, next_y] = stops[i];
    if (i == 0 && arrow.next_column) {
      path += around_column(x, y, arrow.gutter_x, next_x, next_y);
    } else if (next_x == x) {
      path += " V" + fixed(next_y);
    } else {
      const double bend = (next_y - y) * 0.6;
      path += " C" + fixed(x) + " " + fixed(y + bend) + " " + fixed(next_x) + " " + fixed(next_y - bend) +
              " " + fixed(next_x) + " " + fixed(next_y);
    }
    x = next_x;
    y = next_y;
  }
  return "<path d=\"" + path + "\" class=\"arrow\" marker-end=\"url(#head)\"/>\n";
}

constexpr const char* kStyle =
    "<style>\n"
    ".page{fill:#ffffff}.arrow{fill:none;stroke:#6a7a74;stroke-width:1.6}.head{fill:#6a7a74}\n"
    "text{font:12px ui-monospace,'DejaVu Sans "
    "Mono',Menlo,Consolas,monospace}.t{font-weight:700;font-size:13px}\n"
    ".w{fill:#ffffff}.k{fill:#10201a}.ink{fill:#13201b}.muted{fill:#4c5b55}\n"
    "rect{stroke:#2d4a41;stroke-width:1.2}.page{stroke:none}\n"
    ".ends{fill:#24302c}.weights{fill:#0b6a52}.window{fill:#8fc7d8}.pointwise{fill:#f2d79a}.move{fill:#"
    "f1f4f2}\n"
    "@media (prefers-color-scheme:dark){.page{fill:#0d1412}.ink{fill:#e9f0ed}.muted{fill:#a5b6af}\n"
    ".arrow{stroke:#8fa39b}.head{fill:#8fa39b}rect{stroke:#8fa39b}.page{stroke:none}}\n"
    "@media print{.page{fill:#ffffff}.ink{fill:#000000}.muted{fill:#333333}}\n"
    "</style>\n<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"6.5\" refY=\"4\" markerWidth=\"7\" "
    "markerHeight=\"7\" "
    "orient=\"auto\"><path d=\"M0 0.6 L7.4 4 L0 7.4 z\" class=\"head\"/></marker></defs>\n";

std::string legend_svg(const Picture& picture, double x, double y) {
  std::string svg;
  for (size_t kind = 0; kind < kKinds.size(); ++kind) {
    if (std::none_of(picture.words.begin(), picture.words.end(),
                     [&](const Words& words) { return static_cast<size_t>(words.kind) == kind; }))
      continue;
    const std::string words = kKinds[kind].second;
    svg += "<rect x=\"" + fixed(x) + "\" y=\"" + fixed(y - 10) +
           "\" width=\"16\" height=\"12\" rx=\"3\" class=\"" + kKinds[kind].first + "\"/>" +
           text_at(x + 22, y, "muted", words, kCharacter);
    x += 22 + static_cast<double>(words.size()) * kCharacter + 20;
  }
  return svg + "\n";
}

double legend_width(const Picture& picture) {
  double width = 0;
  for (size_t kind = 0; kind < kKinds.size(); ++kind) {
    if (std::any_of(picture.words.begin(), picture.words.end(),
                    [&](const Words& words) { return static_cast<size_t>(words.kind) == kind; }))
      width += 42 + static_cast<double>(std::string_view(kKinds[kind].second).size()) * kCharacter;
  }
  return width;
}

}  // namespace

std::string draw_graph(const ir::Graph& graph, const std::string& title) {
  Picture picture = picture_of(graph);
  const PictureSize inner = lay_out_picture(picture.boxes, picture.arrows);
  const std::string heading = cut(title, 60);
  int64_t bytes = 0;
  for (const ir::Tensor& tensor : graph.tensors) bytes += tensor.is_constant() ? tensor.bytes() : 0;
  const std::string facts = base::with_commas(static_cast<int64_t>(graph.nodes.size())) + " layers, " +
                            base::with_commas(ir::multiply_accumulates(graph)) +
                            " m-a (multiply-accumulates), " + base::readable_bytes(bytes) + " of constants";
  const double content =
      std::max({inner.width, legend_width(picture), static_cast<double>(facts.size()) * kCharacter,
                static_cast<double>(heading.size()) * 10});
  const double left = kMargin + (content - inner.width) / 2, top = kMargin + kHeader;
  for (PictureBox& box : picture.boxes) box.x += left, box.y += top;
  for (PictureArrow& arrow : picture.arrows) {
    for (auto& [x, y] : arrow.bends) x += left, y += top;
    arrow.gutter_x += left;
  }
  const double width = content + 2 * kMargin, height = inner.height + 2 * kMargin + kHeader + kLegend;
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + fixed(width) + "\" height=\"" +
                    fixed(height) + "\" viewBox=\"0 0 " + fixed(width) + " " + fixed(height) +
                    "\" role=\"img\" aria-label=\"" + escaped(heading + ": " + facts) + "\">\n" + kStyle +
                    "<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n";
  svg += "<text x=\"" + fixed(kMargin) + "\" y=\"" + fixed(kMargin + 14) +
         "\" class=\"ink\" style=\"font-size:17px;font-weight:700\">" + escaped(heading) + "</text>\n" +
         text_at(kMargin, kMargin + 36, "muted", facts, kCharacter) + "\n";
  for (const PictureArrow& arrow : picture.arrows) svg += arrow_svg(arrow, picture.boxes);
  for (size_t i = 0; i < picture.boxes.size(); ++i) svg += box_svg(picture.boxes[i], picture.words[i]);
  return svg + legend_svg(picture, kMargin, height - kMargin) + "</svg>\n";
}

}  // namespace tadpole::project
