// Layers between TOML and zoo::LayerSpec, by the zoo's tables of kinds and keys.
#include "project/layers_config.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "project/toml_words.h"

namespace tadpole::project {

namespace {

using zoo::LayerKey;
using zoo::LayerKind;
using zoo::LayerSpec;

/// What a message begins with: "tadpole.toml:12: layer 3".
struct Where {
  const std::string& file;
  int number;

  std::string at(const toml::source_region& source) const {
    return place(file, source) + ": layer " + std::to_string(number);
  }
};

Error wrong_type(const std::string& where, const LayerKey& key, const toml::node& node,
                 std::string_view needed) {
  return {Code::config_wrong_type, where + ": " + std::string(key.name) + " is " +
                                       std::string(kind_of(node)) + "; needs " + std::string(needed) + "."};
}

Error outside(const std::string& where, const LayerKey& key, const std::string& found,
              const std::string& needed) {
  return {Code::config_bad_value,
          where + ": " + std::string(key.name) + " = " + found + "; needs " + needed + "."};
}

Result<double> number(const std::string& where, const LayerKey& key, const toml::node& node, bool whole) {
  const std::string_view needed = whole ? "a whole number" : "a number";
  if (!node.is_integer() && (whole || !node.is_floating_point())) return wrong_type(where, key, node, needed);
  const double value = *node.value<double>();
  if (!(value >= key.low && value <= key.high)) {
    return outside(where, key, number_text(value),
                   std::string(needed) + " from " + number_text(key.low) + " to " + number_text(key.high));
  }
  return value;
}

Result<std::string> text(const std::string& where, const LayerKey& key, const toml::node& node) {
  if (!node.is_string()) return wrong_type(where, key, node, "a text in quotes");
  std::string value = *node.value<std::string>();
  if (!key.choices.empty() && std::find(key.choices.begin(), key.choices.end(), value) == key.choices.end())
    return outside(where, key, quoted_text(value), "one of: " + base::join_words(key.choices));
  return value;
}

/// One reader for each type of value.
struct Read {
  const std::string& where;
  const LayerKey& key;
  const toml::node& node;

  Result<void> operator()(int* target) const {
    TADPOLE_TRY(const double value, number(where, key, node, true));
    *target = static_cast<int>(value);
    return {};
  }
  Result<void> operator()(float* target) const {
    TADPOLE_TRY(const double value, number(where, key, node, false));
    *target = static_cast<float>(value);
    return {};
  }
  Result<void> operator()(bool* target) const {
    if (!node.is_boolean()) return wrong_type(where, key, node, "true or false");
    *target = *node.value<bool>();
    return {};
  }
  Result<void> operator()(std::string* target) const {
    TADPOLE_TRY(*target, text(where, key, node));
    return {};
  }
  Result<void> operator()(std::vector<std::string>* target) const {
    const char* needed = "a layer's name, or a list of names";
    target->clear();
    if (node.is_string()) {
      target->push_back(*node.value<std::string>());
      return {};
    }
    if (!node.is_array() || node.as_array()->empty()) return wrong_type(where, key, node, needed);
    for (const toml::node& element : *node.as_array()) {
      if (!element.is_string()) return wrong_type(where, key, element, needed);
      target->push_back(*element.value<std::string>());
    }
    return {};
  }
  /// One number for rows and columns, or [rows, columns].
  Result<void> operator()(std::array<int, 2>* target) const {
    const toml::array* list = node.as_array();
    if (list == nullptr) {
      TADPOLE_TRY(const double both, number(where, key, node, true));
      target->fill(static_cast<int>(both));
      return {};
    }
    if (list->size() != 2) return wrong_type(where, key, node, "a whole number, or [rows, columns]");
    for (size_t i = 0; i < 2; ++i) {
      TADPOLE_TRY(const double value, number(where, key, *list->get(i), true));
      (*target)[i] = static_cast<int>(value);
    }
    return {};
  }
};

template <class Rows>
std::vector<std::string_view> names_of(const Rows& rows) {
  std::vector<std::string_view> names;
  for (const auto& row : rows) names.push_back(row.name);
  return names;
}

std::string proposal(std::string_view name, std::span<const std::string_view> known) {
  const std::string_view near = base::nearest(name, known);
  return near.empty() ? "Known here: " + base::join_words(known) + "."
                      : "Did you mean '" + std::string(near) + "'?";
}

Result<const LayerKind*> kind_of_layer(const toml::table& table, const Where& where) {
  const toml::node* node = table.get("kind");
  if (node == nullptr) {
    return Error{Code::config_bad_value,
                 where.at(table.source()) + " has no kind, for example kind = \"conv_2d\"."};
  }
  TADPOLE_TRY(const std::string name, text(where.at(node->source()), *zoo::find_layer_key("kind"), *node));
  if (const LayerKind* kind = zoo::find_layer_kind(name)) return kind;
  return Error{Code::config_bad_value, where.at(node->source()) + ": there is no kind '" + name + "'. " +
                                           proposal(name, names_of(zoo::layer_kinds()))};
}

Result<LayerSpec> read_layer(const toml::table& table, const Where& where) {
  TADPOLE_TRY(const LayerKind* kind, kind_of_layer(table, where));
  LayerSpec spec = kind->defaults;
  for (const auto& [name, node] : table) {
    const LayerKey* key = zoo::find_layer_key(name.str());
    if (key == nullptr || !zoo::takes(*kind, name.str())) {
      std::vector<std::string_view> known = {"kind", "name", "input"};
      known.insert(known.end(), kind->keys.begin(), kind->keys.end());
      return Error{Code::config_unknown_key, where.at(name.source()) + " (" + spec.kind + ") takes no '" +
                                                 std::string(name.str()) + "'. " +
                                                 proposal(name.str(), known)};
    }
    TADPOLE_CHECK(std::visit(Read{where.at(node.source()), *key, node}, key->value(spec)));
  }
  for (const std::string_view key : kind->required) {
    if (!table.contains(key)) {
      return Error{Code::config_bad_value,
                   where.at(table.source()) + " (" + spec.kind + ") needs '" + std::string(key) + "'."};
    }
  }
  return spec;
}

std::string value_text(const zoo::LayerValue& value) {
  struct Write {
    std::string operator()(const int* number) const { return std::to_string(*number); }
    std::string operator()(const float* number) const { return real_text(static_cast<double>(*number)); }
    std::string operator()(const bool* flag) const { return *flag ? "true" : "false"; }
    std::string operator()(const std::string* text) const { return quoted_text(*text); }
    std::string operator()(const std::vector<std::string>* names) const {
      std::string joined;
      for (const std::string& name : *names) joined += (joined.empty() ? "" : ", ") + quoted_text(name);
      return names->size() == 1 ? joined : "[" + joined + "]";
    }
    std::string operator()(const std::array<int, 2>* pair) const {
      return "[" + std::to_string((*pair)[0]) + ", " + std::to_string((*pair)[1]) + "]";
    }
  };
  return std::visit(Write{}, value);
}

}  // namespace

Result<std::vector<LayerSpec>> read_layers(const toml::node& node, const std::string& file) {
  if (!node.is_array_of_tables()) {
    return Error{Code::config_wrong_type,
                 place(file, node.source()) + ": model.layers is " + std::string(kind_of(node)) +
                     "; needs a list of layers, each after a line [[model.layers]]."};
  }
  std::vector<LayerSpec> layers;
  for (const toml::node& element : *node.as_array()) {
    const Where where{file, static_cast<int>(layers.size()) + 1};
    TADPOLE_TRY(LayerSpec layer, read_layer(*element.as_table(), where));
    layers.push_back(std::move(layer));
  }
  return layers;
}

std::string layers_text(std::span<const LayerSpec> layers) {
  std::string out;
  for (const LayerSpec& layer : layers) {
    out += "\n[[model.layers]]\n";
    LayerSpec spec = layer, plain = layer;
    if (const LayerKind* kind = zoo::find_layer_kind(layer.kind)) plain = kind->defaults;
    for (const LayerKey& key : zoo::layer_keys()) {
      const std::string text = value_text(key.value(spec));
      if (key.name == "kind" || text != value_text(key.value(plain)))
        out += std::string(key.name) + " = " + text + "\n";
    }
  }
  return out;
}

}  // namespace tadpole::project
