// Follows the marks of the firmware: begin and end of an inference and of a feature frame, and each layer.
#include "board/instructions.h"

#include <algorithm>
#include <cstring>

namespace tadpole::board {
namespace {

constexpr std::string_view kLayer = "tadpole_layer_";
constexpr std::string_view kInvokeBegin = "tadpole_invoke_begin", kInvokeEnd = "tadpole_invoke_end";
constexpr std::string_view kFeatureBegin = "tadpole_feature_begin", kFeatureEnd = "tadpole_feature_end";
constexpr size_t kRecordBytes = 16;

}  // namespace

InstructionTracker::InstructionTracker(const Elf& elf) {
  for (const Symbol& symbol : elf.symbols) {
    if (symbol.kind != SymbolKind::function) continue;
    const std::string_view name = symbol.name;
    if (name.starts_with(kLayer) || name == kInvokeBegin || name == kInvokeEnd || name == kFeatureBegin ||
        name == kFeatureEnd) {
      names_[symbol.address] = symbol.name;
    }
  }
}

std::vector<uint32_t> InstructionTracker::marks() const {
  std::vector<uint32_t> addresses;
  for (const auto& [address, name] : names_) addresses.push_back(address);
  return addresses;
}

void InstructionTracker::follow(std::vector<uint8_t>& records) {
  size_t done = 0;
  for (; records.size() - done >= kRecordBytes; done += kRecordBytes) {
    uint64_t words[2];
    std::memcpy(words, records.data() + done, kRecordBytes);
    reach(static_cast<uint32_t>(words[0]), static_cast<int64_t>(words[1]));
  }
  records.erase(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(done));
}

void InstructionTracker::reach(uint32_t address, int64_t total) {
  const auto found = names_.find(address);
  if (found == names_.end()) return;
  const std::string& name = found->second;
  last_mark_ = name;
  if (name == kFeatureBegin) {
    feature_begin_ = total;
  } else if (name == kFeatureEnd && feature_begin_ >= 0) {
    counts_.feature_frame = total - feature_begin_;
    counts_.largest_feature_frame = std::max(counts_.largest_feature_frame, counts_.feature_frame);
    ++counts_.feature_frames;
    feature_begin_ = -1;
  } else if (name == kInvokeBegin) {
    invoke_begin_ = total;
    current_.layers.clear();
    open_layer_.clear();
  } else if (invoke_begin_ >= 0) {
    if (!open_layer_.empty()) current_.layers.push_back({open_layer_, total - layer_begin_});
    open_layer_ = name;
    layer_begin_ = total;
    if (name != kInvokeEnd) return;
    counts_.layers = current_.layers;
    counts_.inference = total - invoke_begin_;
    counts_.largest_inference = std::max(counts_.largest_inference, counts_.inference);
    ++counts_.inferences;
    invoke_begin_ = -1;
    open_layer_.clear();
  }
}

}  // namespace tadpole::board
