// The architectures, each as a list of layers, and the table of their names.
#include "zoo/zoo.h"

#include <array>
#include <string>

#include "ir/builder.h"

namespace tadpole::zoo {

namespace {

using ir::GraphBuilder;
using ir::Value;

/// Ten frames by four coefficients in the papers, less where the input has less.
int at_most(int wanted, int there) { return there < wanted ? there : wanted; }

Value conv_norm_relu(GraphBuilder& b, Value x, int filters, int height, int width, int stride) {
  const ir::Conv2dAttributes attributes{.stride_h = stride, .stride_w = stride};
  return b.relu(b.batch_norm(b.conv_2d(x, filters, height, width, attributes, false)));
}

Value separable(GraphBuilder& b, Value x, int filters, int stride_h, int stride_w) {
  const ir::DepthwiseConv2dAttributes attributes{.stride_h = stride_h, .stride_w = stride_w};
  x = b.relu(b.batch_norm(b.depthwise_conv_2d(x, 3, 3, attributes, false)));
  return conv_norm_relu(b, x, filters, 1, 1, 1);
}

Value head(GraphBuilder& b, Value x, int classes) {
  return b.softmax(b.fully_connected(b.flatten(b.global_average_pool(x)), classes));
}

/// micro_speech's one convolution: 8 filters of 10x8, stride 2, ReLU, dropout, dense.
Value tiny_conv(GraphBuilder& b, Value x, int classes) {
  const ir::Shape in = b.shape(x);
  x = b.relu(b.conv_2d(x, 8, at_most(10, in[1]), at_most(8, in[2]), {.stride_h = 2, .stride_w = 2}));
  return b.softmax(b.fully_connected(b.flatten(b.dropout(x, 0.5f)), classes));
}

/// DS-CNN: `stride` of the first convolution and of the first depthwise one are the paper's choices per size.
Value ds_cnn(GraphBuilder& b, Value x, int classes, int channels, int stride_w, int first_block_stride) {
  const ir::Shape in = b.shape(x);
  x = b.conv_2d(x, channels, at_most(10, in[1]), at_most(4, in[2]), {.stride_h = 2, .stride_w = stride_w},
                false);
  x = b.relu(b.batch_norm(x));
  x = separable(b, x, channels, first_block_stride, first_block_stride);
  for (int block = 1; block < 4; ++block) x = separable(b, x, channels, 1, 1);
  return head(b, x, classes);
}

Value ds_cnn_s(GraphBuilder& b, Value x, int classes) { return ds_cnn(b, x, classes, 64, 2, 1); }
Value ds_cnn_m(GraphBuilder& b, Value x, int classes) { return ds_cnn(b, x, classes, 172, 1, 2); }

Value mobilenet_v1_025(GraphBuilder& b, Value x, int classes) {
  struct Block {
    int filters, stride;
  };
  constexpr Block kBlocks[] = {{16, 1},  {32, 2},  {32, 1},  {64, 2},  {64, 1},  {128, 2}, {128, 1},
                               {128, 1}, {128, 1}, {128, 1}, {128, 1}, {256, 2}, {256, 1}};
  x = conv_norm_relu(b, x, 8, 3, 3, 2);
  for (const Block& block : kBlocks) x = separable(b, x, block.filters, block.stride, block.stride);
  return head(b, x, classes);
}

Value residual(GraphBuilder& b, Value x, int filters, int stride) {
  Value y = conv_norm_relu(b, x, filters, 3, 3, stride);
  y = b.batch_norm(b.conv_2d(y, filters, 3, 3, {}, false));
  if (stride != 1) x = b.conv_2d(x, filters, 1, 1, {.stride_h = stride, .stride_w = stride});
  return b.relu(b.add(x, y));
}

Value resnet8(GraphBuilder& b, Value x, int classes) {
  x = conv_norm_relu(b, x, 16, 3, 3, 1);
  x = residual(b, x, 16, 1);
  x = residual(b, x, 32, 2);
  return head(b, residual(b, x, 64, 2), classes);
}

struct Row {
  Architecture text;
  Value (*build)(GraphBuilder&, Value, int classes);
};

constexpr Row kRows[] = {
    {{"tiny_conv", "one convolution of 8 filters and a dense layer: the smallest that hears a word",
      "Sainath and Parada 2015, 'Convolutional Neural Networks for Small-Footprint Keyword Spotting'; "
      "TensorFlow Lite Micro's micro_speech example"},
     tiny_conv},
    {{"ds_cnn_s", "depthwise-separable, 64 channels, 4 blocks: the keyword model to start with",
      "Zhang et al. 2017, 'Hello Edge: Keyword Spotting on Microcontrollers', DS-CNN small; MLPerf Tiny's "
      "keyword model"},
     ds_cnn_s},
    {{"ds_cnn_m", "depthwise-separable, 172 channels, 4 blocks: more accurate, about 7 times the work",
      "Zhang et al. 2017, 'Hello Edge', DS-CNN medium: first convolution 10x4 stride 2x1, first block stride "
      "2"},
     ds_cnn_m},
    {{"mobilenet_v1_025", "MobileNetV1 at a quarter of its width, for images",
      "Howard et al. 2017, 'MobileNets'; MLPerf Tiny's visual wake words model at 96x96x3"},
     mobilenet_v1_025},
    {{"resnet8", "three residual blocks, for small images",
      "He et al. 2016, 'Deep Residual Learning'; MLPerf Tiny's image classification model at 32x32x3"},
     resnet8},
};

constexpr auto kArchitectures = [] {
  std::array<Architecture, std::size(kRows)> texts{};
  for (size_t i = 0; i < texts.size(); ++i) texts[i] = kRows[i].text;
  return texts;
}();

}  // namespace

std::span<const Architecture> architectures() { return kArchitectures; }

Result<ir::Graph> make(std::string_view name, const ir::Shape& input, int classes, uint64_t seed) {
  std::string names;
  for (const Row& row : kRows) {
    names += (names.empty() ? "" : ", ") + std::string(row.text.name);
    if (row.text.name != name) continue;
    bool positive = input.size() == 4 && input[0] == 1;
    for (const int32_t size : input) positive = positive && size >= 1;
    if (!positive) {
      return Error{Code::bad_shape, std::string(name) + " got an input of " + ir::to_string(input) +
                                        "; needs 1 x height x width x channels."};
    }
    if (classes < 2) {
      return Error{Code::bad_shape, std::string(name) + " got " + std::to_string(classes) +
                                        " classes; needs at least 2 to tell apart."};
    }
    GraphBuilder builder(std::string(name), Rng(seed).fork("weights"));
    const Value x = builder.input(input);
    const Value output = row.build(builder, x, classes);
    return std::move(builder).finish(output);
  }
  return Error{Code::unknown_architecture,
               "there is no architecture '" + std::string(name) + "'; there are: " + names + "."};
}

}  // namespace tadpole::zoo
