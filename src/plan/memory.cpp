// Bottom-left placement in some orders, then branch and bound, until the lower bound is met or the budget is
// spent.
#include "plan/memory.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>

#include "base/rng.h"

namespace tadpole::plan {

namespace {

constexpr int kSearchOrders = 300;  // more did not help on the reference models

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
    std::map<int, int64_t> shared;  // with inputs, by output
    for (const Overlap& overlap : overlaps) {
      const Buffer& input = buffers[static_cast<size_t>(overlap.input)];
      const Buffer& output = buffers[static_cast<size_t>(overlap.output)];
      const bool both_alive = std::max(input.first_step, output.first_step) <= step &&
                              step <= std::min(input.last_step, output.last_step);
      if (both_alive) shared[overlap.output] += most_shared(input.bytes, output.bytes, overlap.distance);
    }
    for (const auto& [output, bytes] : shared)
      held -= std::min(bytes, buffers[static_cast<size_t>(output)].bytes);
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

/// Branch and bound. A node of the search is a set of decided pairs, each a lower limit of one offset over
/// another; the least offsets that obey them are unique, and no layout with these decisions has an end below
/// theirs. A pair that collides there is decided in each possible way; where none collides, the offsets are a
/// layout, the best of its subtree. So the search is exhaustive, and what it returns is optimal once it ends.
class Branching {
 public:
  Branching(std::span<const Buffer> buffers, std::span<const Overlap> overlaps, Layout& best, int nodes)
      : buffers_(buffers), best_(best), nodes_(nodes) {
    for (size_t i = 0; i < buffers.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (alive_together(buffers[i], buffers[j]))
          pairs_.push_back({static_cast<int>(i), static_cast<int>(j)});
      }
    }
    for (const Overlap& overlap : overlaps) leave_[{overlap.input, overlap.output}] = overlap;
  }

  /// Whether the search ended within its budget.
  bool run() {
    descend(std::vector<int64_t>(buffers_.size(), 0));
    return nodes_ > 0;
  }

 private:
  using Offsets = std::vector<int64_t>;
  /// offset(upper) >= offset(lower) + distance
  struct Limit {
    int lower, upper;
    int64_t distance;
  };

  int64_t bytes_of(int i) const { return buffers_[static_cast<size_t>(i)].bytes; }

  const Overlap* leave_of(int a, int b) const {
    const auto found = leave_.find({a, b});
    return found == leave_.end() ? nullptr : &found->second;
  }

  static int64_t at(const Offsets& offsets, int i) { return offsets[static_cast<size_t>(i)]; }

  bool is_allowed(const Overlap* leave, const Offsets& offsets) const {
    if (!leave) return false;
    const int64_t distance = at(offsets, leave->input) - at(offsets, leave->output);
    return leave->exact ? distance == leave->distance : distance >= leave->distance;
  }

  /// Bytes by which the two collide; 0 when they may lie so.
  int64_t collision(int a, int b, const Offsets& offsets) const {
    const int64_t shared = std::min(at(offsets, a) + bytes_of(a), at(offsets, b) + bytes_of(b)) -
                           std::max(at(offsets, a), at(offsets, b));
    if (shared <= 0 || is_allowed(leave_of(a, b), offsets) || is_allowed(leave_of(b, a), offsets)) return 0;
    return shared;
  }

  int64_t end_of(const Offsets& offsets) const {
    int64_t end = 0;
    for (size_t i = 0; i < offsets.size(); ++i) end = std::max(end, offsets[i] + buffers_[i].bytes);
    return end;
  }

  /// Raises offsets until all limits hold; false when the end reaches the best known one.
  bool settle(Offsets& offsets) const {
    for (bool moved = true; moved;) {
      moved = false;
      for (const Limit& limit : limits_) {
        const auto upper = static_cast<size_t>(limit.upper);
        const int64_t least = round_up(at(offsets, limit.lower) + limit.distance, buffers_[upper].alignment);
        if (offsets[upper] >= least) continue;
        offsets[upper] = least;
        if (least + buffers_[upper].bytes >= best_.bytes) return false;
        moved = true;
      }
    }
    return true;
  }

  /// Each way in which the two may lie, as limits.
  std::vector<std::vector<Limit>> ways(int a, int b) const {
    std::vector<std::vector<Limit>> all;
    for (const auto& [input, output] : {std::pair(a, b), std::pair(b, a)}) {
      const Overlap* leave = leave_of(input, output);
      if (!leave) continue;
      std::vector<Limit> over = {{output, input, leave->distance}};
      if (leave->exact) over.push_back({input, output, -leave->distance});
      all.push_back(std::move(over));
    }
    all.push_back({{a, b, bytes_of(a)}});
    all.push_back({{b, a, bytes_of(b)}});
    return all;
  }

  void descend(const Offsets& offsets) {
    if (--nodes_ <= 0 || best_.bytes == best_.lower_bound_bytes) return;
    std::pair<int, int> worst;
    int64_t most = 0;
    for (const auto& [a, b] : pairs_) {
      const int64_t shared = collision(a, b, offsets);
      if (shared > most) worst = {a, b};
      most = std::max(most, shared);
    }
    if (most == 0) {
      best_.offsets = offsets;
      best_.bytes = end_of(offsets);
      return;
    }
    struct Child {
      int64_t end;
      Offsets offsets;
      std::vector<Limit> limits;
    };
    std::vector<Child> children;
    for (std::vector<Limit>& way : ways(worst.first, worst.second)) {
      Child child{0, offsets, std::move(way)};
      limits_.insert(limits_.end(), child.limits.begin(), child.limits.end());
      const bool fits = settle(child.offsets);
      limits_.resize(limits_.size() - child.limits.size());
      child.end = end_of(child.offsets);
      if (fits) children.push_back(std::move(child));
    }
    std::stable_sort(children.begin(), children.end(),
                     [](const Child& a, const Child& b) { return a.end < b.end; });
    for (const Child& child : children) {
      if (child.end >= best_.bytes || nodes_ <= 0) continue;
      limits_.insert(limits_.end(), child.limits.begin(), child.limits.end());
      descend(child.offsets);
      limits_.resize(limits_.size() - child.limits.size());
    }
  }

  std::span<const Buffer> buffers_;
  Layout& best_;
  int nodes_;
  std::vector<std::pair<int, int>> pairs_;  // alive together
  std::map<std::pair<int, int>, Overlap> leave_;
  std::vector<Limit> limits_;
};

/// Bottom-left placement in the first orders and in some that differ a little from the best of them.
void try_orders(std::span<const Buffer> buffers, std::span<const Overlap> overlaps, Layout& best) {
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
}

}  // namespace

Layout lay_out(std::span<const Buffer> buffers, std::span<const Overlap> overlaps, int search_nodes) {
  Layout best;
  set_lower_bound(best, buffers, overlaps);
  best.offsets.assign(buffers.size(), 0);
  best.is_optimal = true;
  if (buffers.empty()) return best;
  best.bytes = std::numeric_limits<int64_t>::max();
  try_orders(buffers, overlaps, best);
  if (best.bytes > best.lower_bound_bytes) {
    const bool ended = Branching(buffers, overlaps, best, search_nodes).run();
    best.is_optimal = ended || best.bytes == best.lower_bound_bytes;
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
