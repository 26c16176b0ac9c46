// Bottom-left placement in many orders, until the lower bound is met or the budget is spent.
#include "plan/memory.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/rng.h"

namespace tadpole::plan {

namespace {

constexpr int kExactLimit = 7;       // 7! = 5,040 orders
constexpr int kSearchOrders = 3000;  // more did not help on the reference models

bool alive_together(const Buffer& a, const Buffer& b) {
  return a.first_step <= b.last_step && b.first_step <= a.last_step;
}

int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

/// Bytes that an input and an output share at best.
int64_t most_shared(int64_t input, int64_t output, int64_t distance) {
  const int64_t together = std::max(output, std::max<int64_t>(distance, 0) + input);
  return std::max<int64_t>(0, input + output - together);
}

class Placer {
 public:
  Placer(std::span<const Buffer> buffers, std::span<const Overlap> overlaps)
      : buffers_(buffers), count_(buffers.size()), leave_(count_ * count_, nullptr) {
    for (const Overlap& overlap : overlaps) {
      leave_[static_cast<size_t>(overlap.input) * count_ + static_cast<size_t>(overlap.output)] = &overlap;
    }
  }

  /// Places in the given order, each as low as it goes. Gives up (returns false) once `limit` is reached.
  bool place(std::span<const int> order, int64_t limit, std::vector<int64_t>& offsets, int64_t& bytes) {
    offsets.assign(count_, -1);
    bytes = 0;
    for (const int index : order) {
      const auto i = static_cast<size_t>(index);
      offsets[i] = lowest(i, offsets);
      bytes = std::max(bytes, offsets[i] + buffers_[i].bytes);
      if (bytes >= limit) return false;
    }
    return true;
  }

 private:
  /// The lowest offset outside all forbidden intervals.
  int64_t lowest(size_t i, const std::vector<int64_t>& offsets) {
    forbidden_.clear();
    for (size_t j = 0; j < count_; ++j) {
      if (offsets[j] < 0 || !alive_together(buffers_[i], buffers_[j])) continue;
      int64_t low = offsets[j] - buffers_[i].bytes, high = offsets[j] + buffers_[j].bytes;
      if (const Overlap* leave = leave_[i * count_ + j]) {  // i is the input: at distance or more above j
        const int64_t best = offsets[j] + leave->distance;
        if (leave->exact) forbid(best, high);
        high = std::min(high, best);
      } else if (const Overlap* from = leave_[j * count_ + i]) {  // i is the output
        const int64_t best = offsets[j] - from->distance;
        if (from->exact) forbid(low, best);
        low = std::max(low, best);
      }
      forbid(low, high);
    }
    std::sort(forbidden_.begin(), forbidden_.end());
    int64_t offset = 0;
    for (const auto& [low, high] : forbidden_) {
      if (offset > low && offset < high) offset = round_up(high, buffers_[i].alignment);
    }
    return offset;
  }

  /// No buffer may start between the two (exclusive).
  void forbid(int64_t low, int64_t high) {
    if (low < high) forbidden_.push_back({low, high});
  }

  std::span<const Buffer> buffers_;
  size_t count_;
  std::vector<const Overlap*> leave_;  // [input][output]
  std::vector<std::pair<int64_t, int64_t>> forbidden_;
};

void set_lower_bound(Layout& layout, std::span<const Buffer> buffers, std::span<const Overlap> overlaps) {
  int last = 0;
  for (const Buffer& buffer : buffers) last = std::max(last, buffer.last_step);
  for (int step = 0; step <= last; ++step) {
    int64_t held = 0;
    for (const Buffer& buffer : buffers) {
      if (buffer.first_step <= step && step <= buffer.last_step) held += buffer.bytes;
    }
    int64_t shared = 0, output_bytes = 0;
    for (const Overlap& overlap : overlaps) {
      const Buffer& output = buffers[static_cast<size_t>(overlap.output)];
      if (output.first_step != step) continue;
      shared +=
          most_shared(buffers[static_cast<size_t>(overlap.input)].bytes, output.bytes, overlap.distance);
      output_bytes = output.bytes;
    }
    held -= std::min(shared, output_bytes);
    if (held > layout.lower_bound_bytes) {
      layout.lower_bound_bytes = held;
      layout.peak_step = step;
    }
  }
}

/// Orders worth trying first: large first, early first, long-lived first, and large by peak.
std::vector<std::vector<int>> first_orders(std::span<const Buffer> buffers) {
  std::vector<int> order(buffers.size());
  std::iota(order.begin(), order.end(), 0);
  const auto sorted_by = [&](auto key) {
    std::vector<int> sorted = order;
    std::stable_sort(sorted.begin(), sorted.end(), [&](int a, int b) {
      return key(buffers[static_cast<size_t>(a)]) < key(buffers[static_cast<size_t>(b)]);
    });
    return sorted;
  };
  return {sorted_by([](const Buffer& b) { return -b.bytes; }),
          sorted_by([](const Buffer& b) { return std::pair(b.first_step, -b.bytes); }),
          sorted_by([](const Buffer& b) { return std::pair(-b.last_step, -b.bytes); }),
          sorted_by([](const Buffer& b) { return std::pair(b.first_step - b.last_step, -b.bytes); })};
}

}  // namespace

Layout lay_out(std::span<const Buffer> buffers, std::span<const Overlap> overlaps) {
  Layout best;
  set_lower_bound(best, buffers, overlaps);
  best.offsets.assign(buffers.size(), 0);
  if (buffers.empty()) return best;
  best.bytes = std::numeric_limits<int64_t>::max();
  Placer placer(buffers, overlaps);
  std::vector<int64_t> offsets;
  int64_t bytes = 0;
  const auto try_order = [&](std::span<const int> order) {
    if (!placer.place(order, best.bytes, offsets, bytes)) return false;
    best.bytes = bytes;
    best.offsets = offsets;
    return true;
  };
  std::vector<int> best_order;
  for (const auto& order : first_orders(buffers)) {
    if (try_order(order)) best_order = order;
  }
  if (static_cast<int>(buffers.size()) <= kExactLimit) {
    std::vector<int> order(buffers.size());
    std::iota(order.begin(), order.end(), 0);
    do {
      try_order(order);
    } while (best.bytes > best.lower_bound_bytes && std::next_permutation(order.begin(), order.end()));
    return best;
  }
  Rng rng(1);
  for (int i = 0; i < kSearchOrders && best.bytes > best.lower_bound_bytes; ++i) {
    std::vector<int> order = best_order;
    const auto count = static_cast<uint32_t>(order.size());
    for (uint32_t moves = 1 + rng.below(3); moves > 0; --moves) {
      const auto from = rng.below(count), to = rng.below(count);
      const int moved = order[from];
      order.erase(order.begin() + from);
      order.insert(order.begin() + to, moved);
    }
    if (try_order(order)) best_order = std::move(order);
  }
  return best;
}

Layout lay_out_apart(std::span<const Buffer> buffers) {
  Layout layout;
  set_lower_bound(layout, buffers, {});
  for (const Buffer& buffer : buffers) {
    layout.offsets.push_back(round_up(layout.bytes, std::max(16, buffer.alignment)));
    layout.bytes = layout.offsets.back() + buffer.bytes;
  }
  return layout;
}

bool is_valid(const Layout& layout, std::span<const Buffer> buffers, std::span<const Overlap> overlaps) {
  const auto allowed = [&](size_t input, size_t output) {
    return std::any_of(overlaps.begin(), overlaps.end(), [&](const Overlap& overlap) {
      return static_cast<size_t>(overlap.input) == input && static_cast<size_t>(overlap.output) == output &&
             (overlap.exact ? layout.offsets[input] - layout.offsets[output] == overlap.distance
                            : layout.offsets[input] - layout.offsets[output] >= overlap.distance);
    });
  };
  for (size_t i = 0; i < buffers.size(); ++i) {
    const int64_t begin = layout.offsets[i], end = begin + buffers[i].bytes;
    if (begin < 0 || end > layout.bytes || begin % buffers[i].alignment != 0) return false;
    for (size_t j = 0; j < i; ++j) {
      const bool apart = end <= layout.offsets[j] || layout.offsets[j] + buffers[j].bytes <= begin;
      if (apart || !alive_together(buffers[i], buffers[j])) continue;
      if (!allowed(i, j) && !allowed(j, i)) return false;
    }
  }
  return true;
}

}  // namespace tadpole::plan
