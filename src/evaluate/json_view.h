// Reads JSON that may lack any key or hold the wrong type: such a field counts as absent, nothing fails.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tadpole::evaluate {

/// A look at one JSON value, or at nothing. Cheap to copy; the JSON must outlive it.
class View {
 public:
  View() = default;
  explicit View(const nlohmann::json* node) : node_(node) {}

  /// The value of a key; nothing when this is no object or has no such key.
  View at(std::string_view key) const;
  /// Neither missing nor null.
  bool present() const { return node_ != nullptr && !node_->is_null(); }
  /// A non-empty object.
  bool has_members() const { return node_ != nullptr && node_->is_object() && !node_->empty(); }

  /// A finite number.
  std::optional<double> number() const;
  std::optional<double> number(std::string_view key) const { return at(key).number(); }
  /// A number that is >= 0: counts, sizes, durations.
  std::optional<double> amount(std::string_view key) const;
  bool is_whole_number() const { return node_ != nullptr && node_->is_number_integer(); }
  bool is_true() const { return node_ != nullptr && node_->is_boolean() && node_->get<bool>(); }

  /// A string, "" when it is none. Not escaped.
  std::string text() const;
  std::string text(std::string_view key) const { return at(key).text(); }

  /// The members of an array; none when it is no array.
  std::vector<View> items() const;
  std::vector<View> items(std::string_view key) const { return at(key).items(); }

 private:
  const nlohmann::json* node_ = nullptr;
};

}  // namespace tadpole::evaluate
