// Networks that people write themselves, as a list of layers: what each kind of layer takes, and the graph
// that a list makes. The list stands in tadpole.toml (docs/formats/layers.md).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "ir/graph.h"
#include "zoo/zoo.h"

namespace tadpole::zoo {

/// One layer of the list. Which members count depends on the kind.
struct LayerSpec {
  std::string kind;
  std::string name;               ///< "" : the kind and the layer's number, "conv_2d_1"
  std::string input;              ///< name of an earlier layer; "": the one before
  std::vector<std::string> with;  ///< add, concatenate: further layers
  int filters = 0, units = 0, multiplier = 1, expansion = 4;
  std::array<int, 2> size = {3, 3}, stride = {1, 1}, dilation = {1, 1};  ///< rows, columns
  std::string padding = "same", activation = "none";
  bool batch_norm = false;
  float rate = 0.5f;

  bool operator==(const LayerSpec&) const = default;
};

/// Where a key's value lives in a LayerSpec.
using LayerValue =
    std::variant<int*, float*, bool*, std::string*, std::vector<std::string>*, std::array<int, 2>*>;

/// A row of the table of keys.
struct LayerKey {
  std::string_view name;
  std::string_view meaning;
  LayerValue (*value)(LayerSpec&);
  double low = 0, high = 0;                        ///< numbers: allowed range, both ends included
  std::span<const std::string_view> choices = {};  ///< texts: what is allowed; empty: anything
};

/// A row of the table of kinds.
struct LayerKind {
  std::string_view name;
  std::string_view meaning;
  std::vector<std::string_view> keys;      ///< that it takes beside kind, name and input
  std::vector<std::string_view> required;  ///< of them
  LayerSpec defaults;                      ///< of this kind
};

/// In the order in which keys are written.
std::span<const LayerKey> layer_keys();
std::span<const LayerKind> layer_kinds();
const LayerKind* find_layer_kind(std::string_view name);
const LayerKey* find_layer_key(std::string_view name);
/// Whether a kind takes a key; kind, name and input belong to all.
bool takes(const LayerKind& kind, std::string_view key);

/// The network of a list: the layers in their order, then, unless `answers` is false, a dense layer of
/// `outputs` and its head. Fails: config_bad_value (an unknown kind or layer name, with the nearest one; a
/// name that is used twice; a key that is missing; nothing in the list), bad_shape and bad_attribute (shapes
/// that do not fit: names the layer and the shapes).
Result<ir::Graph> make_custom(std::span<const LayerSpec> layers, const ir::Shape& input, int outputs,
                              uint64_t seed, Head head = Head::softmax, bool answers = true);

}  // namespace tadpole::zoo
