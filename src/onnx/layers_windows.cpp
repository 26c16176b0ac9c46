// Operators with weights or windows.
#include <algorithm>
#include <cmath>

#include "onnx/importer.h"

namespace tadpole::onnx {

namespace {

/// A window over one or two spatial dimensions, as two: one-dimensional ones run over columns.
struct Window {
  int filter[2] = {1, 1}, stride[2] = {1, 1}, dilation[2] = {1, 1}, before[2] = {0, 0}, after[2] = {0, 0};

  bool pads() const { return before[0] || before[1] || after[0] || after[1]; }
};

Result<void> fill(const NodeView& view, const std::string& attribute, size_t rank, int64_t least, int* to) {
  const std::vector<int64_t> numbers = view.numbers(attribute);
  if (numbers.empty()) return {};
  if (numbers.size() != rank)
    return view.damaged("its " + attribute + " need " + std::to_string(rank) + " numbers.");
  for (size_t i = 0; i < rank; ++i) {
    if (numbers[i] < least || numbers[i] > 4096)
      return view.unsupported("has " + attribute + " of " + std::to_string(numbers[i]) + "; needs " +
                              std::to_string(least) + " to 4096.");
    to[2 - rank + i] = static_cast<int>(numbers[i]);
  }
  return {};
}

/// `spatial`: sizes of the input along the window's dimensions.
Result<Window> window_of(const NodeView& view, const std::vector<int32_t>& spatial,
                         const std::vector<int32_t>& filter) {
  const size_t rank = spatial.size();
  Window window;
  TADPOLE_CHECK(fill(view, "strides", rank, 1, window.stride));
  TADPOLE_CHECK(fill(view, "dilations", rank, 1, window.dilation));
  for (size_t i = 0; i < rank; ++i) window.filter[2 - rank + i] = filter[i];
  const std::string automatic = view.text("auto_pad", "NOTSET");
  const std::vector<int64_t> pads = view.numbers("pads");
  if (automatic == "NOTSET" && !pads.empty()) {
    if (pads.size() != 2 * rank)
      return view.damaged("its pads need " + std::to_string(2 * rank) + " numbers.");
    for (size_t i = 0; i < rank; ++i) {
      const int64_t before = pads[i], after = pads[rank + i];
      if (before < 0 || after < 0 || before > 4096 || after > 4096)
        return view.unsupported("has pads below 0 or above 4096.");
      window.before[2 - rank + i] = static_cast<int>(before);
      window.after[2 - rank + i] = static_cast<int>(after);
    }
  } else if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    for (size_t i = 0; i < rank; ++i) {
      const size_t k = 2 - rank + i;
      const ir::Window same = ir::window_of(spatial[i], window.filter[k], window.stride[k],
                                            window.dilation[k], ir::Padding::same);
      const int total = same.pad_before + same.pad_after;
      window.before[k] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      window.after[k] = total - window.before[k];
    }
  } else if (automatic != "NOTSET" && automatic != "VALID") {
    return view.unsupported("has auto_pad '" + automatic + "'.");
  }
  return window;
}

/// The simplest padding that says the same, which other programs read best.
template <class Attributes>
void set_window(const Window& window, const ir::Shape& in, Attributes& to) {
  to.stride_h = window.stride[0];
  to.stride_w = window.stride[1];
  to.padding = ir::Padding::valid;
  to.pads = {};
  if (!window.pads()) return;
  bool same = true;
  for (size_t i = 0; i < 2; ++i) {
    const ir::Window w =
        ir::window_of(in[1 + i], window.filter[i], window.stride[i], window.dilation[i], ir::Padding::same);
    const ir::Window given = ir::window_of(in[1 + i], window.filter[i], window.stride[i], window.dilation[i],
                                           ir::Padding::given, window.before[i], window.after[i]);
    same = same && w.out == given.out && w.pad_before == window.before[i];
  }
  to.padding = same ? ir::Padding::same : ir::Padding::given;
  if (!same) to.pads = {window.before[0], window.after[0], window.before[1], window.after[1]};
}

/// The input with channels last as [N,H,W,C]; sequences get a height of 1.
struct Image {
  int tensor = -1;
  bool is_sequence = false;
  ir::Shape shape;
};

Result<Image> image_of(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, importer.activation(view, 0));
  if (value.shape.size() != 3 && value.shape.size() != 4) {
    return view.unsupported("works on " + ir::to_string(value.shape) +
                            "; Tadpole has windows over one and two dimensions.");
  }
  Image image;
  TADPOLE_TRY(image.tensor, importer.channels_last(view, value));
  image.is_sequence = value.shape.size() == 3;
  image.shape = importer.graph().tensors[static_cast<size_t>(image.tensor)].shape;
  if (image.is_sequence) {
    image.shape.insert(image.shape.begin() + 1, 1);
    TADPOLE_TRY(image.tensor,
                importer.add(view, ir::Op::reshape, {image.tensor}, ir::NoAttributes{}, image.shape));
  }
  return image;
}

std::vector<int32_t> spatial_of(const Image& image) {
  if (image.is_sequence) return {image.shape[2]};
  return {image.shape[1], image.shape[2]};
}

Result<void> set_image(Importer& importer, const NodeView& view, int tensor, bool is_sequence) {
  if (is_sequence) {
    const ir::Shape& s = importer.graph().tensors[static_cast<size_t>(tensor)].shape;
    TADPOLE_TRY(tensor, importer.add(view, ir::Op::reshape, {tensor}, ir::NoAttributes{},
                                     ir::Shape{s[0], s[2], s[3]}));
  }
  importer.set(view, 0, importer.with_channels_last(tensor));
  return {};
}

/// Weights [O, I, (H,) W] with one row a filter.
struct Filters {
  int32_t out = 0, in = 0, height = 1, width = 1;
  std::vector<float> values;
};

Result<Filters> filters_of(const Importer& importer, const NodeView& view, bool is_sequence) {
  TADPOLE_TRY(const Constant* weights, importer.need_constant(view, 1, "weights"));
  const size_t rank = is_sequence ? 3 : 4;
  if (weights->shape.size() != rank || !weights->is_float || weights->count() == 0)
    return view.damaged("its weights are " + ir::to_string(weights->shape) + "; needs " +
                        std::to_string(rank) + " dimensions.");
  Filters filters{weights->shape[0], weights->shape[1], is_sequence ? 1 : weights->shape[2],
                  weights->shape.back(), weights->floats};
  return filters;
}

/// Row `o` of [O,I,H,W] as [H,W,I].
std::vector<float> filter_channels_last(const Filters& from, int32_t o) {
  const auto size = static_cast<size_t>(from.height) * static_cast<size_t>(from.width);
  const auto in = static_cast<size_t>(from.in);
  std::vector<float> to(size * in);
  const float* row = from.values.data() + static_cast<size_t>(o) * size * in;
  for (size_t i = 0; i < in; ++i) {
    for (size_t k = 0; k < size; ++k) to[k * in + i] = row[i * size + k];
  }
  return to;
}

Result<std::vector<float>> bias_of(const Importer& importer, const NodeView& view, int index,
                                   int32_t channels) {
  if (!view.has_input(index)) return std::vector<float>(static_cast<size_t>(channels), 0.0f);
  TADPOLE_TRY(const Constant* bias, importer.need_constant(view, index, "bias"));
  if (!bias->is_float || bias->count() != channels)
    return view.damaged("its bias has " + std::to_string(bias->count()) + " values for " +
                        std::to_string(channels) + " channels.");
  return bias->floats;
}

Result<int> add_conv(Importer& importer, const NodeView& view, int in, const Window& window,
                     const Filters& filters, int32_t first, int32_t count, std::span<const float> bias) {
  ir::Conv2dAttributes attributes;
  set_window(window, importer.graph().tensors[static_cast<size_t>(in)].shape, attributes);
  attributes.dilation_h = window.dilation[0];
  attributes.dilation_w = window.dilation[1];
  std::vector<float> weights;
  for (int32_t o = first; o < first + count; ++o) {
    const std::vector<float> row = filter_channels_last(filters, o);
    weights.insert(weights.end(), row.begin(), row.end());
  }
  const auto from = bias.begin() + first;
  const int weights_tensor = importer.add_constant(
      view.name + "_weights", {count, filters.height, filters.width, filters.in}, std::move(weights));
  const int bias_tensor = importer.add_constant(view.name + "_bias", {count}, {from, from + count});
  return importer.add(view, ir::Op::conv_2d, {in, weights_tensor, bias_tensor}, attributes);
}

Result<int> add_depthwise(Importer& importer, const NodeView& view, int in, const Window& window,
                          const Filters& filters, int32_t channels, const std::vector<float>& bias) {
  ir::DepthwiseConv2dAttributes attributes;
  set_window(window, importer.graph().tensors[static_cast<size_t>(in)].shape, attributes);
  attributes.dilation_h = window.dilation[0];
  attributes.dilation_w = window.dilation[1];
  attributes.depth_multiplier = filters.out / channels;
  const auto size = static_cast<size_t>(filters.height) * static_cast<size_t>(filters.width);
  const auto out = static_cast<size_t>(filters.out);
  std::vector<float> weights(size * out);
  for (size_t o = 0; o < out; ++o) {
    for (size_t k = 0; k < size; ++k) weights[k * out + o] = filters.values[o * size + k];
  }
  const int weights_tensor = importer.add_constant(
      view.name + "_weights", {1, filters.height, filters.width, filters.out}, std::move(weights));
  const int bias_tensor = importer.add_constant(view.name + "_bias", {filters.out}, bias);
  return importer.add(view, ir::Op::depthwise_conv_2d, {in, weights_tensor, bias_tensor}, attributes);
}

/// Any other number of groups: a convolution for each, side by side.
Result<int> add_groups(Importer& importer, const NodeView& view, int in, const Window& window,
                       const Filters& filters, int32_t groups, const std::vector<float>& bias) {
  const ir::Shape shape = importer.graph().tensors[static_cast<size_t>(in)].shape;
  std::vector<int> parts;
  for (int32_t g = 0; g < groups; ++g) {
    const int begin = importer.add_numbers(view.name + "_begin", {0, 0, 0, int64_t{g} * filters.in});
    const int size = importer.add_numbers(view.name + "_size", {shape[0], shape[1], shape[2], filters.in});
    TADPOLE_TRY(const int part, importer.add(view, ir::Op::slice, {in, begin, size}, ir::NoAttributes{}));
    const int32_t count = filters.out / groups;
    TADPOLE_TRY(const int out, add_conv(importer, view, part, window, filters, g * count, count, bias));
    parts.push_back(out);
  }
  return importer.add(view, ir::Op::concatenation, parts,
                      ir::ConcatenationAttributes{3, ir::Activation::none});
}

Result<void> conv(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Image image, image_of(importer, view));
  TADPOLE_TRY(const Filters filters, filters_of(importer, view, image.is_sequence));
  const int64_t groups = view.number("group", 1);
  const int32_t channels = image.shape[3];
  if (groups < 1 || groups > channels || filters.out % groups != 0 ||
      int64_t{filters.in} * groups != channels) {
    return view.damaged(std::to_string(groups) + " groups and weights for " + std::to_string(filters.in) +
                        " channels do not fit an input of " + std::to_string(channels) + ".");
  }
  const std::vector<int32_t> filter = image.is_sequence ? std::vector<int32_t>{filters.width}
                                                        : std::vector<int32_t>{filters.height, filters.width};
  TADPOLE_TRY(const Window window, window_of(view, spatial_of(image), filter));
  TADPOLE_TRY(const std::vector<float> bias, bias_of(importer, view, 2, filters.out));
  auto out =
      groups == 1 ? add_conv(importer, view, image.tensor, window, filters, 0, filters.out, bias)
      : groups == channels
          ? add_depthwise(importer, view, image.tensor, window, filters, channels, bias)
          : add_groups(importer, view, image.tensor, window, filters, static_cast<int32_t>(groups), bias);
  if (!out.ok()) return out.error();
  return set_image(importer, view, *out, image.is_sequence);
}

/// Weights come as [I, O, H, W].
Result<void> conv_transpose(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Image image, image_of(importer, view));
  TADPOLE_TRY(Filters filters, filters_of(importer, view, image.is_sequence));
  const int32_t in = filters.out, out = filters.in;
  if (view.number("group", 1) != 1 || in != image.shape[3])
    return view.unsupported("has groups, or weights for " + std::to_string(in) + " channels of " +
                            std::to_string(image.shape[3]) + ".");
  const std::vector<int32_t> filter = image.is_sequence ? std::vector<int32_t>{filters.width}
                                                        : std::vector<int32_t>{filters.height, filters.width};
  if (view.text("auto_pad", "NOTSET") != "NOTSET" || view.find("output_shape"))
    return view.unsupported("needs its padding as pads, not as auto_pad or output_shape.");
  TADPOLE_TRY(const Window window, window_of(view, spatial_of(image), filter));
  if (window.dilation[0] != 1 || window.dilation[1] != 1) return view.unsupported("has dilations.");
  int extra[2] = {0, 0};
  TADPOLE_CHECK(fill(view, "output_padding", filter.size(), 0, extra));
  ir::Shape shape = {image.shape[0], 0, 0, out};
  for (size_t i = 0; i < 2; ++i) {
    const int64_t size = (int64_t{image.shape[1 + i]} - 1) * window.stride[i] + window.filter[i] + extra[i] -
                         window.before[i] - window.after[i];
    if (size < 1 || size > 65536) return view.damaged("makes an output of " + std::to_string(size) + ".");
    shape[1 + i] = static_cast<int32_t>(size);
  }
  ir::TransposeConvAttributes attributes;
  attributes.stride_h = window.stride[0];
  attributes.stride_w = window.stride[1];
  attributes.padding = ir::Padding::given;
  // Extra rows at the end are rows that are not cut off there.
  attributes.pads = {window.before[0], std::max(0, window.after[0] - extra[0]), window.before[1],
                     std::max(0, window.after[1] - extra[1])};
  if (!window.pads() && extra[0] == 0 && extra[1] == 0) {
    attributes.padding = ir::Padding::valid;
    attributes.pads = {};
  }
  const auto size = static_cast<size_t>(filters.height) * static_cast<size_t>(filters.width);
  const auto ins = static_cast<size_t>(in), outs = static_cast<size_t>(out);
  std::vector<float> weights(size * ins * outs);
  for (size_t i = 0; i < ins; ++i) {
    for (size_t o = 0; o < outs; ++o) {
      for (size_t k = 0; k < size; ++k)
        weights[(o * size + k) * ins + i] = filters.values[(i * outs + o) * size + k];
    }
  }
  TADPOLE_TRY(const std::vector<float> bias, bias_of(importer, view, 2, out));
  const int shape_tensor = importer.add_numbers(view.name + "_shape", {shape.begin(), shape.end()});
  const int weights_tensor = importer.add_constant(
      view.name + "_weights", {out, filters.height, filters.width, in}, std::move(weights));
  const int bias_tensor = importer.add_constant(view.name + "_bias", {out}, bias);
  TADPOLE_TRY(const int made,
              importer.add(view, ir::Op::transpose_conv,
                           {shape_tensor, weights_tensor, image.tensor, bias_tensor}, attributes, shape));
  return set_image(importer, view, made, image.is_sequence);
}

/// With ceil_mode the last window may hang over: it pads as much as it needs.
void round_up(const ir::Shape& in, Window& window) {
  for (size_t i = 0; i < 2; ++i) {
    const int padded = in[1 + i] + window.before[i] + window.after[i];
    const int rest = (padded - window.filter[i]) % window.stride[i];
    if (padded < window.filter[i] || rest == 0) continue;
    // A window that would begin in the padding behind is left out, as PyTorch and ONNX rule.
    const int last = padded - window.filter[i] - rest + window.stride[i];
    if (last < in[1 + i] + window.before[i]) window.after[i] += window.stride[i] - rest;
  }
}

Result<void> pool(Importer& importer, const NodeView& view) {
  const bool is_max = view.node.op_type() == "MaxPool";
  TADPOLE_TRY(Image image, image_of(importer, view));
  const std::vector<int32_t> spatial = spatial_of(image);
  Window sizes;
  TADPOLE_CHECK(fill(view, "kernel_shape", spatial.size(), 1, sizes.filter));
  const std::vector<int32_t> filter = image.is_sequence
                                          ? std::vector<int32_t>{sizes.filter[1]}
                                          : std::vector<int32_t>{sizes.filter[0], sizes.filter[1]};
  TADPOLE_TRY(Window window, window_of(view, spatial, filter));
  if (window.dilation[0] != 1 || window.dilation[1] != 1) return view.unsupported("has dilations.");
  if (view.node.output_size() > 1 && importer.uses(view.node.output(1)) > 0)
    return view.unsupported("its positions (second output) are used.");
  const bool rounds_up = view.number("ceil_mode", 0) != 0;
  const bool counts_padding = !is_max && view.number("count_include_pad", 0) != 0;
  if (counts_padding && rounds_up) return view.unsupported("has count_include_pad together with ceil_mode.");
  if (counts_padding && window.pads()) {
    const int pads = importer.add_numbers(view.name + "_pads", {0, 0, window.before[0], window.after[0],
                                                                window.before[1], window.after[1], 0, 0});
    importer.graph().tensors[static_cast<size_t>(pads)].shape = {4, 2};
    TADPOLE_TRY(image.tensor, importer.add(view, ir::Op::pad, {image.tensor, pads}, ir::NoAttributes{}));
    image.shape = importer.graph().tensors[static_cast<size_t>(image.tensor)].shape;
    std::fill(window.before, window.before + 2, 0);
    std::fill(window.after, window.after + 2, 0);
  }
  if (rounds_up) round_up(image.shape, window);
  ir::Pool2dAttributes attributes;
  set_window(window, image.shape, attributes);
  attributes.filter_h = window.filter[0];
  attributes.filter_w = window.filter[1];
  TADPOLE_TRY(const int out, importer.add(view, is_max ? ir::Op::max_pool_2d : ir::Op::average_pool_2d,
                                          {image.tensor}, attributes));
  return set_image(importer, view, out, image.is_sequence);
}

Result<void> global_pool(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Image image, image_of(importer, view));
  ir::Pool2dAttributes attributes;
  attributes.filter_h = image.shape[1];
  attributes.filter_w = image.shape[2];
  attributes.stride_h = attributes.stride_w = 1;
  const bool is_max = view.node.op_type() == "GlobalMaxPool";
  TADPOLE_TRY(const int out, importer.add(view, is_max ? ir::Op::max_pool_2d : ir::Op::average_pool_2d,
                                          {image.tensor}, attributes));
  return set_image(importer, view, out, image.is_sequence);
}

/// scale * x + offset for each channel, worked into the convolution before it where there is one.
Result<void> batch_norm(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, importer.activation(view, 0));
  const Constant* parameters[4];
  for (int i = 0; i < 4; ++i) {
    TADPOLE_TRY(parameters[i], importer.need_constant(view, i + 1, "parameters"));
    if (value.shape.size() < 2 || !parameters[i]->is_float || parameters[i]->count() != value.shape[1])
      return view.damaged("its parameters do not fit " + ir::to_string(value.shape) + ".");
  }
  const float epsilon = view.real("epsilon", 1e-5f);
  const auto channels = static_cast<size_t>(value.shape[1]);
  std::vector<float> scale(channels), offset(channels);
  for (size_t c = 0; c < channels; ++c) {
    scale[c] = parameters[0]->floats[c] / std::sqrt(parameters[3]->floats[c] + epsilon);
    offset[c] = parameters[1]->floats[c] - scale[c] * parameters[2]->floats[c];
  }
  ir::Graph& graph = importer.graph();
  const int maker = importer.producer(value.tensor);
  const bool is_conv = maker >= 0 && importer.uses(view.node.input(0)) == 1 &&
                       (graph.nodes[static_cast<size_t>(maker)].op == ir::Op::conv_2d ||
                        graph.nodes[static_cast<size_t>(maker)].op == ir::Op::depthwise_conv_2d);
  if (is_conv) {
    const ir::Node& node = graph.nodes[static_cast<size_t>(maker)];
    ir::Tensor& weights = graph.tensors[static_cast<size_t>(node.inputs[1])];
    ir::Tensor& bias = graph.tensors[static_cast<size_t>(node.inputs[2])];
    std::vector<float> w(weights.values<float>().begin(), weights.values<float>().end());
    std::vector<float> b(bias.values<float>().begin(), bias.values<float>().end());
    const size_t row = w.size() / channels;
    for (size_t i = 0; i < w.size(); ++i) w[i] *= scale[node.op == ir::Op::conv_2d ? i / row : i % channels];
    for (size_t c = 0; c < channels; ++c) b[c] = b[c] * scale[c] + offset[c];
    weights.constant = ir::make_constant(std::span<const float>(w));
    bias.constant = ir::make_constant(std::span<const float>(b));
    importer.set(view, 0, value);
    return {};
  }
  TADPOLE_TRY(const int in, importer.channels_last(view, value));
  const auto count = static_cast<int32_t>(channels);
  TADPOLE_TRY(
      const int scaled,
      importer.add(view, ir::Op::mul, {in, importer.add_constant(view.name + "_scale", {count}, scale)},
                   ir::ActivationAttributes{}));
  TADPOLE_TRY(
      const int out,
      importer.add(view, ir::Op::add, {scaled, importer.add_constant(view.name + "_offset", {count}, offset)},
                   ir::ActivationAttributes{}));
  importer.set(view, 0, importer.with_channels_last(out));
  return {};
}

Result<void> resize(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, importer.activation(view, 0));
  if (value.shape.size() != 4)
    return view.unsupported("resizes " + ir::to_string(value.shape) + "; needs an image.");
  int64_t size[2] = {0, 0};
  if (view.has_input(3)) {
    TADPOLE_TRY(const Constant* sizes, importer.need_constant(view, 3, "sizes"));
    if (sizes->is_float || sizes->count() != 4) return view.damaged("needs four sizes.");
    size[0] = sizes->ints[2];
    size[1] = sizes->ints[3];
  } else {
    TADPOLE_TRY(const Constant* scales, importer.need_constant(view, 2, "scales"));
    if (!scales->is_float || scales->count() != 4) return view.damaged("needs four scales.");
    for (size_t i = 0; i < 2; ++i)
      size[i] = static_cast<int64_t>(std::floor(
          std::clamp(static_cast<double>(scales->floats[2 + i]), 0.0, 4096.0) * value.shape[2 + i]));
  }
  const std::string mode = view.text("mode", "nearest");
  const std::string where = view.text("coordinate_transformation_mode", "half_pixel");
  ir::ResizeAttributes attributes;
  attributes.align_corners = where == "align_corners";
  attributes.half_pixel_centers = where == "half_pixel" || where == "pytorch_half_pixel";
  const bool is_nearest = mode == "nearest";
  const bool known = attributes.align_corners || attributes.half_pixel_centers || where == "asymmetric";
  const std::string rounding = view.text("nearest_mode", "round_prefer_floor");
  // Nearest: positions of TFLite are floor(x * scale), or rounded half up; that leaves these pairs.
  const bool fits = is_nearest ? (where == "asymmetric" && rounding == "floor") ||
                                     (attributes.half_pixel_centers && rounding.starts_with("round_prefer"))
                               : mode == "linear";
  if (!known || !fits || size[0] < 1 || size[1] < 1) {
    return view.unsupported("resizes by mode '" + mode + "', '" + where + "', '" + rounding + "' to " +
                            std::to_string(size[0]) + "x" + std::to_string(size[1]) +
                            "; Tadpole has nearest (asymmetric, floor) and linear.");
  }
  TADPOLE_TRY(const int in, importer.channels_last(view, value));
  TADPOLE_TRY(const int out,
              importer.add(view, is_nearest ? ir::Op::resize_nearest_neighbor : ir::Op::resize_bilinear,
                           {in, importer.add_numbers(view.name + "_size", {size[0], size[1]})}, attributes));
  importer.set(view, 0, importer.with_channels_last(out));
  return {};
}

/// Weights [columns of the input, O] or, transposed, [O, columns]: always as [O, columns], in the stored
/// order.
std::vector<float> dense_weights(const Constant& from, bool transposed, float factor,
                                 const std::vector<int32_t>& columns) {
  const auto rows = static_cast<size_t>(from.shape[0]), width = static_cast<size_t>(from.shape[1]);
  const size_t outs = transposed ? rows : width, ins = transposed ? width : rows;
  std::vector<float> to(from.floats.size());
  for (size_t o = 0; o < outs; ++o) {
    for (size_t i = 0; i < ins; ++i) {
      const size_t at = columns.empty() ? i : static_cast<size_t>(columns[i]);
      to[o * ins + at] = factor * from.floats[transposed ? o * width + i : i * width + o];
    }
  }
  return to;
}

Result<void> gemm(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, importer.activation(view, 0));
  TADPOLE_TRY(const Constant* weights, importer.need_constant(view, 1, "weights"));
  const bool transposed = view.number("transB", 0) != 0;
  if (view.number("transA", 0) != 0) return view.unsupported("transposes its input.");
  if (value.shape.size() != 2 || weights->shape.size() != 2 || !weights->is_float || weights->count() == 0 ||
      weights->shape[transposed ? 1 : 0] != value.shape[1]) {
    return view.damaged("weights of " + ir::to_string(weights->shape) + " do not fit an input of " +
                        ir::to_string(value.shape) + ".");
  }
  const int32_t outs = weights->shape[transposed ? 0 : 1];
  int in = value.tensor;
  if (value.columns.empty()) {
    TADPOLE_TRY(in, importer.logical(view, value));
  }
  std::vector<int> inputs = {
      in, importer.add_constant(view.name + "_weights", {outs, value.shape[1]},
                                dense_weights(*weights, transposed, view.real("alpha", 1), value.columns))};
  if (view.has_input(2)) {
    TADPOLE_TRY(const Constant* bias, importer.need_constant(view, 2, "bias"));
    if (!bias->is_float || (bias->count() != outs && bias->count() != 1))
      return view.unsupported("its bias of " + ir::to_string(bias->shape) + " is not one number an output.");
    std::vector<float> values(static_cast<size_t>(outs));
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = view.real("beta", 1) * bias->floats[bias->count() == 1 ? 0 : i];
    inputs.push_back(importer.add_constant(view.name + "_bias", {outs}, std::move(values)));
  }
  TADPOLE_TRY(const int out,
              importer.add(view, ir::Op::fully_connected, inputs, ir::FullyConnectedAttributes{}));
  importer.set(view, 0, importer.plain(out));
  return {};
}

Result<void> mat_mul(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value value, importer.activation(view, 0));
  const Constant* weights = importer.constant(view, 1);
  const bool is_dense = weights && weights->shape.size() == 2 && weights->is_float && !value.shape.empty() &&
                        weights->shape[0] == value.shape.back() && weights->count() > 0;
  if (!is_dense) {
    TADPOLE_TRY(const Value other, importer.activation(view, 1));
    TADPOLE_TRY(const int a, importer.logical(view, value));
    TADPOLE_TRY(const int b, importer.logical(view, other));
    TADPOLE_TRY(const int out, importer.add(view, ir::Op::batch_matmul, {a, b}, ir::BatchMatMulAttributes{}));
    importer.set(view, 0, importer.plain(out));
    return {};
  }
  int in = value.tensor;
  std::vector<int> order = value.order;
  // Only the last dimension must be the last: the others may stay as they lie.
  if (value.columns.empty() && value.order.back() != static_cast<int>(value.order.size()) - 1) {
    TADPOLE_TRY(in, importer.logical(view, value));
    order = plain_order(value.shape.size());
  }
  const int weights_tensor =
      importer.add_constant(view.name + "_weights", {weights->shape[1], weights->shape[0]},
                            dense_weights(*weights, false, 1, value.columns));
  ir::FullyConnectedAttributes attributes;
  attributes.keep_dims = value.shape.size() != 2;
  TADPOLE_TRY(const int out, importer.add(view, ir::Op::fully_connected, {in, weights_tensor}, attributes));
  Value made{out, value.shape, order, {}};
  made.shape.back() = weights->shape[1];
  importer.set(view, 0, std::move(made));
  return {};
}

constexpr Row kRows[] = {{"Conv", conv},
                         {"ConvTranspose", conv_transpose},
                         {"MaxPool", pool},
                         {"AveragePool", pool},
                         {"GlobalAveragePool", global_pool},
                         {"GlobalMaxPool", global_pool},
                         {"BatchNormalization", batch_norm},
                         {"Resize", resize},
                         {"Gemm", gemm},
                         {"MatMul", mat_mul}};

}  // namespace

std::span<const Row> window_layers() { return kRows; }

}  // namespace tadpole::onnx
