// Follows the marks of the firmware: begin and end of an inference and of a feature frame, and each layer.
#include "board/instructions.h"

#include <algorithm>
#include <cstring>

namespace tadpole::board {
namespace {

constexpr std::string_view kLayer = "tadpole_layer_";
constexpr std::string_view kInvokeBegin = "tadpole_invoke_begin", kInvokeEnd = "tadpole_invoke_end";
constexpr std::string_view kFeatureBegin = "tadpole_feature_begin", kFeatureEnd = "tadpole_feature_end";
constexpr size_t kRecordBytes = 8 * (1 + kCounts);

constexpr std::string_view kNames[] = {
#define TADPOLE_CLASS(name, words) #name,
#define TADPOLE_AMOUNT(name, words) #name,
#include "board/plugin/classes.def"
};
constexpr std::string_view kWords[] = {
#define TADPOLE_CLASS(name, words) words,
#define TADPOLE_AMOUNT(name, words) words,
#include "board/plugin/classes.def"
};

}  // namespace

std::string_view count_name(Count count) { return kNames[static_cast<size_t>(count)]; }
std::string_view count_words(Count count) { return kWords[static_cast<size_t>(count)]; }

int64_t Counts::instructions() const {
  int64_t sum = 0;
  for (size_t i = 0; i < kClasses; ++i) sum += values[i];
  return sum;
}

Counts Counts::operator-(const Counts& other) const {
  Counts difference;
  for (size_t i = 0; i < kCounts; ++i) difference.values[i] = values[i] - other.values[i];
  return difference;
}

Counts& Counts::operator+=(const Counts& other) {
  for (size_t i = 0; i < kCounts; ++i) values[i] += other.values[i];
  return *this;
}

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
    uint64_t address;
    Counts total;
    std::memcpy(&address, records.data() + done, sizeof address);
    std::memcpy(total.values.data(), records.data() + done + sizeof address, sizeof total.values);
    reach(static_cast<uint32_t>(address), total);
  }
  records.erase(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(done));
}

void InstructionTracker::reach(uint32_t address, const Counts& total) {
  const auto found = names_.find(address);
  if (found == names_.end()) return;
  const std::string& name = found->second;
  last_mark_ = name;
  if (name == kFeatureBegin) {
    feature_begin_ = total;
    in_feature_frame_ = true;
  } else if (name == kFeatureEnd && in_feature_frame_) {
    counts_.feature_frame_counts = total - feature_begin_;
    counts_.feature_frame = counts_.feature_frame_counts.instructions();
    if (counts_.feature_frame > counts_.largest_feature_frame) {
      counts_.largest_feature_frame = counts_.feature_frame;
      counts_.largest_feature_frame_counts = counts_.feature_frame_counts;
    }
    ++counts_.feature_frames;
    in_feature_frame_ = false;
  } else if (name == kInvokeBegin) {
    invoke_begin_ = total;
    in_inference_ = true;
    current_.layers.clear();
    open_layer_.clear();
  } else if (in_inference_) {
    if (!open_layer_.empty()) {
      const Counts layer = total - layer_begin_;
      current_.layers.push_back({open_layer_, layer.instructions(), layer});
    }
    open_layer_ = name;
    layer_begin_ = total;
    if (name != kInvokeEnd) return;
    counts_.layers = current_.layers;
    counts_.inference_counts = total - invoke_begin_;
    counts_.inference = counts_.inference_counts.instructions();
    counts_.largest_inference = std::max(counts_.largest_inference, counts_.inference);
    ++counts_.inferences;
    in_inference_ = false;
    open_layer_.clear();
  }
}

}  // namespace tadpole::board
