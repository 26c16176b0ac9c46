// Models that come with the program, for [transfer]: first layers that have learnt from data of our own.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "features/feature_block.h"
#include "ir/graph.h"
#include "project/config.h"

namespace tadpole::project {

/// A model's file as it lies in the program.
struct PretrainedBytes {
  std::string_view name;
  std::span<const uint8_t> bytes;
};
std::span<const PretrainedBytes> pretrained_bytes();

/// Names that [transfer] model takes besides files.
std::vector<std::string_view> pretrained_names();
bool is_pretrained(std::string_view name);

/// The float graph of a pretrained model, all of whose layers are kept under a new head. Fails: unknown_layer
/// (no model of that name), features_bad_setting when `block` makes other features than it was trained on.
Result<ir::Graph> read_pretrained(std::string_view name, const features::FeatureBlock& block);

/// Settings with which a keyword project learns from few recordings: the features and first layers of
/// "speech_1", the later ones and a new head trained; fewer inferences a second, since it is a larger network
/// than the default. Measured in docs/results.md.
void suit_few_shot(ProjectConfig& config);

}  // namespace tadpole::project
