// Named architectures as float graphs, ready to train.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "ir/graph.h"

namespace tadpole::zoo {

/// A row of the table of architectures.
struct Architecture {
  std::string_view name;       ///< "ds_cnn_s"
  std::string_view summary;    ///< one line for --help
  std::string_view reference;  ///< the paper or model card that it follows
};

std::span<const Architecture> architectures();

/// Builds `name` for an input of `input` ([1, height, width, channels]) and `classes` outputs; the last node
/// is a softmax. Initial weights depend on `seed` only. Fails: unknown_architecture (lists those there are),
/// bad_shape.
Result<ir::Graph> make(std::string_view name, const ir::Shape& input, int classes, uint64_t seed);

}  // namespace tadpole::zoo
