#include "evaluate/json_view.h"

#include <cmath>

namespace tadpole::evaluate {

View View::at(std::string_view key) const {
  if (node_ == nullptr || !node_->is_object()) return View();
  const auto found = node_->find(std::string(key));
  return found == node_->end() ? View() : View(&*found);
}

std::optional<double> View::number() const {
  if (node_ == nullptr || !node_->is_number()) return std::nullopt;
  const double value = node_->get<double>();
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<double> View::amount(std::string_view key) const {
  const auto value = number(key);
  return value && *value >= 0 ? value : std::nullopt;
}

std::string View::text() const {
  return node_ != nullptr && node_->is_string() ? node_->get<std::string>() : std::string();
}

std::vector<View> View::items() const {
  std::vector<View> out;
  if (node_ == nullptr || !node_->is_array()) return out;
  out.reserve(node_->size());
  for (const auto& member : *node_) out.emplace_back(&member);
  return out;
}

}  // namespace tadpole::evaluate
