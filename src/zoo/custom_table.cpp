// The tables of layer kinds and of their keys.
#include <algorithm>

#include "zoo/custom.h"

namespace tadpole::zoo {

namespace {

constexpr std::string_view kPaddings[] = {"same", "valid"};
constexpr std::string_view kActivations[] = {"none",     "relu",       "relu6",     "tanh",
                                             "logistic", "hard_swish", "leaky_relu"};

#define AT(member) [](LayerSpec& spec) -> LayerValue { return &spec.member; }

constexpr double kMost = 1 << 16;

const LayerKey kKeys[] = {
    {"kind", "what the layer is", AT(kind)},
    {"name", "what others call it", AT(name)},
    {"input", "the layer that it reads, when that is not the one before", AT(input)},
    {"with", "the other layer, or layers", AT(with)},
    {"filters", "output channels", AT(filters), 1, kMost},
    {"units", "outputs", AT(units), 1, kMost},
    {"multiplier", "output channels for each input channel", AT(multiplier), 1, 64},
    {"expansion", "channels inside of the block for each input channel", AT(expansion), 1, 64},
    {"size", "rows and columns of the window, or one number for both", AT(size), 1, kMost},
    {"stride", "rows and columns from one window to the next", AT(stride), 1, kMost},
    {"dilation", "rows and columns from one number of the window to the next", AT(dilation), 1, kMost},
    {"padding", "same: as many outputs as inputs, divided by the stride; valid: whole windows", AT(padding),
     0, 0, kPaddings},
    {"batch_norm", "normalise over the batch, after the layer", AT(batch_norm)},
    {"activation", "function of each number, at the end", AT(activation), 0, 0, kActivations},
    {"rate", "share of numbers that are hidden while training", AT(rate), 0, 0.95},
};

#undef AT

LayerSpec of_kind(std::string_view kind) {
  LayerSpec spec;
  spec.kind = kind;
  return spec;
}

std::vector<LayerKind> make_kinds() {
  const std::vector<std::string_view> window = {"size",    "stride",     "dilation",
                                                "padding", "batch_norm", "activation"};
  const auto with = [](std::vector<std::string_view> first, const std::vector<std::string_view>& rest) {
    first.insert(first.end(), rest.begin(), rest.end());
    return first;
  };
  std::vector<LayerKind> kinds = {
      {"conv_2d", "convolution over rows and columns", with({"filters"}, window), {"filters"}, {}},
      {"depthwise_conv_2d", "convolution of each channel by itself", with({"multiplier"}, window), {}, {}},
      {"separable_conv_2d",
       "depthwise_conv_2d, then a conv_2d of size 1",
       with({"filters"}, window),
       {"filters"},
       {}},
      {"inverted_residual",
       "MobileNetV2's block; adds its input where the shapes are equal",
       {"filters", "expansion", "size", "stride"},
       {"filters"},
       {}},
      {"conv_1d",
       "convolution over rows (time); columns become channels",
       with({"filters"}, window),
       {"filters"},
       {}},
      {"dense", "each output sees all inputs", {"units", "batch_norm", "activation"}, {"units"}, {}},
      {"gru", "gated recurrent unit over rows (time); gives a row for each", {"units"}, {"units"}, {}},
      {"last_row", "the last row alone: what a gru knows at the end", {}, {}, {}},
      {"max_pool", "largest number of each window", {"size", "stride", "padding"}, {}, {}},
      {"average_pool", "mean of each window", {"size", "stride", "padding"}, {}, {}},
      {"global_average_pool", "mean over all rows and columns", {}, {}, {}},
      {"upsample", "each pixel becomes size rows and columns", {"size"}, {}, {}},
      {"flatten", "all numbers in a row", {}, {}, {}},
      {"dropout", "hides numbers while training", {"rate"}, {}, {}},
      {"batch_norm", "normalise over the batch", {"activation"}, {}, {}},
      {"activation", "a function of each number", {"activation"}, {"activation"}, {}},
      {"add", "the sum of layers of one shape: a residual", {"with", "activation"}, {"with"}, {}},
      {"concatenate", "channels of layers side by side", {"with"}, {"with"}, {}},
  };
  for (LayerKind& kind : kinds) {
    kind.defaults = of_kind(kind.name);
    const bool pool = kind.name == "max_pool" || kind.name == "average_pool";
    if (pool || kind.name == "upsample") kind.defaults.size = {2, 2};
    if (pool) {
      kind.defaults.stride = {0, 0};  // 0: as the size
      kind.defaults.padding = "valid";
    }
  }
  return kinds;
}

}  // namespace

std::span<const LayerKey> layer_keys() { return kKeys; }

std::span<const LayerKind> layer_kinds() {
  static const std::vector<LayerKind> kinds = make_kinds();  // constant after the first call
  return kinds;
}

const LayerKind* find_layer_kind(std::string_view name) {
  for (const LayerKind& kind : layer_kinds()) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

const LayerKey* find_layer_key(std::string_view name) {
  for (const LayerKey& key : layer_keys()) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

bool takes(const LayerKind& kind, std::string_view key) {
  return key == "kind" || key == "name" || key == "input" ||
         std::find(kind.keys.begin(), kind.keys.end(), key) != kind.keys.end();
}

}  // namespace tadpole::zoo
