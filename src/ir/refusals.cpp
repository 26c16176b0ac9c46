#include "ir/refusals.h"

#include "ir/options_text.h"

namespace tadpole::ir {

namespace {
constexpr size_t kShownLayers = 50;
}  // namespace

void Refusals::add(const Graph& graph, const Node& node, const Error& error) {
  if (count_ == 0) code_ = error.code;
  if (++count_ > kShownLayers) return;
  text_ += (text_.empty() ? "" : "\n  ") + error.detail;
  const std::string options = options_text(graph, node);
  if (!options.empty()) text_ += " Its options: " + options + ".";
}

Result<void> Refusals::result(size_t layers) const {
  if (count_ == 0) return {};
  if (count_ == 1) return Error{code_, text_};
  std::string text =
      std::to_string(count_) + " of " + std::to_string(layers) + " layers stand in the way:\n  " + text_;
  if (count_ > kShownLayers) text += "\n  and " + std::to_string(count_ - kShownLayers) + " more.";
  return Error{code_, text};
}

}  // namespace tadpole::ir
