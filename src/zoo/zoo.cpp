// The table of architectures, and names with a width.
#include "zoo/zoo.h"

#include <array>
#include <string>
#include <vector>

#include "base/text.h"
#include "zoo/blocks.h"

namespace tadpole::zoo {

namespace {

struct Row {
  Architecture text;
  Value (*build)(GraphBuilder&, Value, const Wish&);
};

/// Constant after the first call.
const std::vector<Row>& rows_of_table() {
  static const std::vector<Row> rows = {
      {{"tiny_conv",
        "one convolution of 8 filters and a dense layer: the smallest that hears a word",
        "Sainath and Parada 2015, 'Convolutional Neural Networks for Small-Footprint Keyword Spotting'; "
        "TensorFlow Lite Micro's micro_speech example",
        "tiny_conv",
        {1, 49, 40, 1},
        4,
        Head::softmax,
        false,
        {16652, 336000, 0, "TensorFlow Lite Micro, micro_speech"}},
       tiny_conv},
      {{"low_latency_conv",
        "one convolution over all of time, then dense layers: few products, more weights",
        "Sainath and Parada 2015, 'Convolutional Neural Networks for Small-Footprint Keyword Spotting', "
        "cnn-one-fstride4",
        "low_latency_conv",
        {1, 32, 40, 1},
        4,
        Head::softmax,
        false,
        {}},
       low_latency_conv},
      {{"single_fc",
        "one dense layer: what everything else has to beat",
        "TensorFlow's speech_commands example, single_fc",
        "single_fc",
        {1, 49, 40, 1},
        4,
        Head::softmax,
        false,
        {7844, 7840, 0, "1,960 inputs x 4, and 4 biases"}},
       single_fc},
      {{"ds_cnn_s",
        "depthwise-separable, 64 channels, 4 blocks: the keyword model to start with",
        "Zhang et al. 2017, 'Hello Edge', DS-CNN small; MLPerf Tiny's keyword model",
        "ds_cnn_s",
        {1, 49, 10, 1},
        12,
        Head::softmax,
        false,
        {0, 2700000, 0.02, "Hello Edge, table 5: 5.4 M operations, two a product"}},
       ds_cnn_s},
      {{"ds_cnn_m",
        "depthwise-separable, 172 channels, 4 blocks: more accurate, about 4 times the work",
        "Zhang et al. 2017, 'Hello Edge', DS-CNN medium",
        "ds_cnn_m",
        {1, 49, 10, 1},
        12,
        Head::softmax,
        false,
        {0, 9900000, 0.02, "Hello Edge, table 5: 19.8 M operations"}},
       ds_cnn_m},
      {{"ds_cnn_l",
        "depthwise-separable, 276 channels, 5 blocks: the most accurate of the three",
        "Zhang et al. 2017, 'Hello Edge', DS-CNN large",
        "ds_cnn_l",
        {1, 49, 10, 1},
        12,
        Head::softmax,
        false,
        {0, 28450000, 0.02, "Hello Edge, table 5: 56.9 M operations"}},
       ds_cnn_l},
      {{"bc_resnet",
        "broadcasted residuals: time and features in turn, the most accuracy a parameter",
        "Kim et al. 2021, 'Broadcasted Residual Learning for Efficient Keyword Spotting', BC-ResNet-1, with "
        "batch norm over all features instead of five groups of them, and hard-swish for swish",
        "bc_resnet",
        {1, 101, 40, 1},
        12,
        Head::softmax,
        false,
        {}},
       bc_resnet},
      {{"gru",
        "a gated recurrent unit of 154 over the frames, and a dense layer",
        "Cho et al. 2014, 'Learning Phrase Representations using RNN Encoder-Decoder'; Hello Edge, GRU small",
        "gru",
        {1, 25, 10, 1},
        12,
        Head::softmax,
        false,
        {0, 1900000, 0.01, "Hello Edge, table 5: 3.8 M operations"}},
       gru},
      {{"cnn_1d",
        "three convolutions along time with pools: for motion and other series",
        "Kiranyaz et al. 2021, '1D Convolutional Neural Networks and Applications: A Survey'; the sizes are "
        "our own",
        "cnn_1d",
        {1, 128, 3, 1},
        4,
        Head::softmax,
        false,
        {}},
       cnn_1d},
      {{"mobilenet_v1",
        "depthwise-separable, 13 blocks, for pictures; usually with a width of 0.25",
        "Howard et al. 2017, 'MobileNets'; with width 0.25 MLPerf Tiny's visual wake words model",
        "mobilenet_v1_0.25",
        {1, 96, 96, 3},
        2,
        Head::softmax,
        false,
        {0, 7490000, 0.002, "MLPerf Tiny (Banbury et al. 2021)"}},
       mobilenet_v1},
      {{"mobilenet_v2",
        "inverted residuals, 17 blocks, for pictures; usually with a width of 0.35",
        "Sandler et al. 2018, 'MobileNetV2: Inverted Residuals and Linear Bottlenecks'",
        "mobilenet_v2_0.35",
        {1, 96, 96, 3},
        2,
        Head::softmax,
        false,
        {}},
       mobilenet_v2},
      {{"resnet8",
        "three residual blocks, for small pictures",
        "He et al. 2016, 'Deep Residual Learning'; MLPerf Tiny's image classification model",
        "resnet8",
        {1, 32, 32, 3},
        10,
        Head::softmax,
        false,
        {0, 12500000, 0.004, "MLPerf Tiny (Banbury et al. 2021)"}},
       resnet8},
      {{"mcunet",
        "inverted residuals with filters of 3, 5 and 7: for pictures within 256 KB of RAM",
        "after Lin et al. 2020, 'MCUNet: Tiny Deep Learning on IoT Devices'; the sizes are our own",
        "mcunet",
        {1, 80, 80, 3},
        2,
        Head::softmax,
        false,
        {}},
       mcunet},
      {{"lenet",
        "two convolutions and three dense layers, for digits",
        "LeCun et al. 1998, 'Gradient-Based Learning Applied to Document Recognition', LeNet-5 with ReLU and "
        "maximum pools",
        "lenet",
        {1, 28, 28, 1},
        10,
        Head::softmax,
        false,
        {60000, 0, 0.03, "LeCun et al. 1998: 'about 60,000'; their second layer leaves connections out"}},
       lenet},
      {{"mlp",
        "two dense layers of 16: for rows of a table, and the sine of the first lesson",
        "TensorFlow Lite Micro's hello_world example",
        "mlp",
        {1, 1},
        1,
        Head::plain,
        false,
        {321, 288, 0, "TensorFlow Lite Micro, hello_world"}},
       mlp},
      {{"dense_autoencoder",
        "ten dense layers with 8 numbers in the middle: finds what it has never seen",
        "MLPerf Tiny's anomaly detection model (Banbury et al. 2021); Koizumi et al. 2020, DCASE task 2",
        "dense_autoencoder",
        {1, 640},
        640,
        Head::plain,
        true,
        {267928, 264192, 0.004, "MLPerf Tiny: its dense layers have biases beside the batch norms"}},
       dense_autoencoder},
      {{"conv_autoencoder",
        "convolutions down and up again: finds pictures and spectra that are new",
        "Masci et al. 2011, 'Stacked Convolutional Auto-Encoders'; the sizes are our own",
        "conv_autoencoder",
        {1, 32, 32, 1},
        1024,
        Head::plain,
        true,
        {}},
       conv_autoencoder},
  };
  return rows;
}

/// A number from 0.05 to 4, or nothing. "025" is 0.25.
std::optional<double> width_of(std::string_view text) {
  if (text.empty() || text.size() > 6) return std::nullopt;
  double value = 0, unit = 1;
  bool point = text[0] == '0' && text.find('.') == std::string_view::npos && text.size() > 1;
  for (const char c : text.substr(point ? 1 : 0)) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
    if (point) unit *= 10;
  }
  value /= unit;
  return value >= 0.05 && value <= 4 ? std::optional(value) : std::nullopt;
}

std::pair<const Row*, double> find(std::string_view name) {
  for (const Row& row : rows_of_table()) {
    if (row.text.name == name) return {&row, 1};
    if (name.size() <= row.text.name.size() + 1 || !name.starts_with(row.text.name) ||
        name[row.text.name.size()] != '_') {
      continue;
    }
    if (const auto width = width_of(name.substr(row.text.name.size() + 1))) return {&row, *width};
  }
  return {nullptr, 1};
}

Error unknown(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Row& row : rows_of_table()) names.push_back(row.text.name);
  const std::string_view near = base::nearest(name, names);
  return {Code::unknown_architecture,
          "there is no architecture '" + std::string(name) + "'. " +
              (near.empty() ? "" : "Did you mean '" + std::string(near) + "'? ") +
              "There are: " + base::join_words(names) +
              ". Each may have a width from 0.05 to 4 behind it, as in mobilenet_v1_0.25."};
}

bool takes_any_rank(const Row& row) {
  return row.build == single_fc || row.build == mlp || row.build == dense_autoencoder;
}

Result<void> check_wish(const Row& row, const ir::Shape& input, const Wish& wish) {
  const std::string name(row.text.name);
  bool fits = takes_any_rank(row) ? input.size() >= 2 : input.size() == 4;
  for (const int32_t size : input) fits = fits && size >= 1;
  if (!fits || input[0] != 1 || ir::element_count(input) > (1 << 24)) {
    return Error{Code::bad_shape,
                 name + " got an input of " + ir::to_string(input) + "; needs 1 x " +
                     (takes_any_rank(row) ? "one dimension or more." : "height x width x channels.")};
  }
  if (row.text.reconstructs) return {};
  const int least = wish.head == Head::softmax ? 2 : 1;
  if (wish.outputs < least) {
    return Error{Code::bad_shape, name + " got " + std::to_string(wish.outputs) +
                                      (least == 2 ? " classes; needs at least 2 to tell apart."
                                                  : " outputs; needs at least 1.")};
  }
  return {};
}

}  // namespace

std::span<const Architecture> architectures() {
  static const std::vector<Architecture> texts = [] {
    std::vector<Architecture> out;
    for (const Row& row : rows_of_table()) out.push_back(row.text);
    return out;
  }();
  return texts;
}

Result<Architecture> find_architecture(std::string_view name) {
  const auto [row, width] = find(name);
  if (row == nullptr) return unknown(name);
  return row->text;
}

Result<ir::Graph> make(std::string_view name, const ir::Shape& input, int outputs, uint64_t seed, Head head) {
  const auto [row, width] = find(name);
  if (row == nullptr) return unknown(name);
  const Wish wish{width, outputs, head};
  TADPOLE_CHECK(check_wish(*row, input, wish));
  GraphBuilder builder(std::string(name), Rng(seed).fork("weights"));
  const Value x = builder.input(input);
  const Value output = row->build(builder, x, wish);
  return std::move(builder).finish(output);
}

int64_t trained_parameters(const ir::Graph& graph) {
  int64_t count = ir::parameter_count(graph);
  for (const ir::Node& node : graph.nodes) {
    if (node.op == ir::Op::batch_norm) count -= 2 * ir::element_count(graph.input_of(node, 3).shape);
  }
  return count;
}

}  // namespace tadpole::zoo
