// The names of the blocks, and what each begins with.
#include "features/feature_config.h"

#include <algorithm>

#include "base/text.h"

namespace tadpole::features {
namespace {

struct BlockRow {
  std::string_view name;
  SignalKind kind;
};

constexpr BlockRow kBlocks[] = {
    {"mfcc", SignalKind::audio},           {"log_mel", SignalKind::audio},     {"mfe", SignalKind::audio},
    {"micro_frontend", SignalKind::audio}, {"spectrogram", SignalKind::audio}, {"wavelet", SignalKind::audio},
    {"image", SignalKind::image},          {"stroke", SignalKind::stroke},     {"raw", SignalKind::series},
    {"statistics", SignalKind::series},    {"spectral", SignalKind::series},
};

}  // namespace

std::string_view signal_kind_name(SignalKind kind) {
  constexpr std::string_view kNames[] = {"audio", "image", "series", "stroke"};
  return kNames[static_cast<size_t>(kind)];
}

SignalKind kind_of(const samples::Signal& signal) { return static_cast<SignalKind>(signal.index()); }

const std::vector<std::string_view>& block_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> list;
    for (const BlockRow& row : kBlocks) list.push_back(row.name);
    return list;
  }();
  return names;
}

Result<SignalKind> kind_of_block(std::string_view block) {
  for (const BlockRow& row : kBlocks) {
    if (row.name == block) return row.kind;
  }
  const std::string_view near = base::nearest(block, block_names());
  return Error{Code::features_bad_setting,
               "[features] block = \"" + std::string(block) + "\": needs one of " +
                   base::join_words(block_names()) +
                   (near.empty() ? "" : " (did you mean \"" + std::string(near) + "\"?)")};
}

FeatureConfig default_config(std::string_view block) {
  FeatureConfig config;
  config.block = std::string(block);
  config.high_hz = 7600;
  if (block == "mfe") {
    config.window_ms = 20;
    config.stride_ms = 10;
    config.low_hz = 80;
  }
  if (block == "spectral") config.bands = 16;
  if (block == "stroke") config.width = config.height = 32;
  if (block == "micro_frontend") {
    config.low_hz = 125;
    config.high_hz = 7500;
  }
  return config;
}

}  // namespace tadpole::features
