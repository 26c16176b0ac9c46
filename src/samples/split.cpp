// Group-disjoint split: a greedy pass over the groups, then single moves while they bring the sides nearer to
// the percentages. Only integer hashes and plain double arithmetic, so the same on every machine.
#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <numeric>

#include "base/hash.h"
#include "base/rng.h"
#include "samples/dataset.h"

namespace tadpole::samples {
namespace {

constexpr int kSides = 3;
using PerSide = std::array<double, kSides>;

struct Group {
  std::string name;
  uint64_t order = 0;  // seeded; decides among groups of similar size
  int size = 0;
  std::map<int, int> counts;  // class -> samples
  int side = 0;
};

std::array<int, kSides> percents(const SplitOptions& options) {
  return {options.train_percent, options.validation_percent, options.test_percent};
}

Result<void> check(const SplitOptions& options) {
  int sum = 0;
  for (const int percent : percents(options)) {
    if (percent < 0)
      return Error{Code::data_bad_split,
                   "a side of the split has " + std::to_string(percent) + " percent; it cannot be negative"};
    sum += percent;
  }
  if (sum != 100 || options.train_percent == 0) {
    return Error{Code::data_bad_split,
                 "the split is train " + std::to_string(options.train_percent) + ", validation " +
                     std::to_string(options.validation_percent) + ", test " +
                     std::to_string(options.test_percent) +
                     " percent; the three must add up to 100 and train must be more than 0"};
  }
  return {};
}

// How far one side's count of one class is from what it should be, and the sum of it over everything.
class Balance {
 public:
  Balance(const std::vector<Group>& groups, int classes, const SplitOptions& options)
      : want_(static_cast<size_t>(classes)), have_(static_cast<size_t>(classes), PerSide{}) {
    std::vector<int> totals(static_cast<size_t>(classes));
    for (const Group& group : groups) {
      for (const auto& [label, count] : group.counts) totals[static_cast<size_t>(label)] += count;
    }
    for (size_t label = 0; label < totals.size(); ++label) {
      for (size_t side = 0; side < kSides; ++side)
        want_[label][side] = totals[label] * percents(options)[side] / 100.0;
    }
  }

  // What it costs to add (sign 1) or take away (sign -1) a group. Less than 0 is a gain.
  double change(const Group& group, int side, int sign) const {
    double cost = 0;
    for (const auto& [label, count] : group.counts) {
      const double want = want_[static_cast<size_t>(label)][static_cast<size_t>(side)];
      const double off = have_[static_cast<size_t>(label)][static_cast<size_t>(side)] - want;
      // Squared distance relative to the wish; half a sample at least, so that small classes do not outweigh
      // all.
      cost += count * (2 * sign * off + count) / std::max(want, 0.5);
    }
    return cost;
  }

  void apply(const Group& group, int side, int sign) {
    for (const auto& [label, count] : group.counts) {
      have_[static_cast<size_t>(label)][static_cast<size_t>(side)] += sign * count;
    }
  }

 private:
  std::vector<PerSide> want_, have_;
};

// Larger groups first, in steps of powers of two: what is placed last can still fill gaps, and the seed still
// matters.
bool places_before(const Group& a, const Group& b) {
  const auto magnitude = [](int size) { return 32 - __builtin_clz(static_cast<unsigned>(size)); };
  if (magnitude(a.size) != magnitude(b.size)) return magnitude(a.size) > magnitude(b.size);
  if (a.order != b.order) return a.order < b.order;
  return a.name < b.name;
}

void assign(std::vector<Group>& groups, int classes, const SplitOptions& options) {
  const auto percent = percents(options);
  Balance balance(groups, classes, options);
  std::array<int, kSides> members{};
  for (Group& group : groups) {
    double best = 0;
    group.side = -1;
    for (int side = 0; side < kSides; ++side) {
      if (percent[static_cast<size_t>(side)] == 0) continue;
      const double cost = balance.change(group, side, 1);
      if (group.side < 0 || cost < best) {
        group.side = side;
        best = cost;
      }
    }
    balance.apply(group, group.side, 1);
    ++members[static_cast<size_t>(group.side)];
  }
  const auto move = [&](Group& group, int to) {
    balance.apply(group, group.side, -1);
    --members[static_cast<size_t>(group.side)];
    group.side = to;
    balance.apply(group, to, 1);
    ++members[static_cast<size_t>(to)];
  };
  // A side that is wanted must not stay empty; there are at least three groups, so some side has two.
  for (int side = 0; side < kSides; ++side) {
    if (percent[static_cast<size_t>(side)] == 0 || members[static_cast<size_t>(side)] > 0) continue;
    Group* chosen = nullptr;
    for (Group& group : groups) {
      if (members[static_cast<size_t>(group.side)] >= 2 && (chosen == nullptr || group.size <= chosen->size))
        chosen = &group;
    }
    if (chosen != nullptr) move(*chosen, side);
  }
  // Eight rounds: measured on random datasets, later rounds no longer move anything.
  for (int round = 0; round < 8; ++round) {
    bool moved = false;
    for (Group& group : groups) {
      if (members[static_cast<size_t>(group.side)] < 2) continue;
      const double leave = balance.change(group, group.side, -1);
      int best_side = group.side;
      double best = -1e-9;
      for (int side = 0; side < kSides; ++side) {
        if (side == group.side || percent[static_cast<size_t>(side)] == 0) continue;
        const double cost = leave + balance.change(group, side, 1);
        if (cost < best) {
          best = cost;
          best_side = side;
        }
      }
      if (best_side != group.side) {
        move(group, best_side);
        moved = true;
      }
    }
    if (!moved) break;
  }
}

// Blocks in the order of ids, class by class: the first part trains, then validation, then test.
void assign_blocks(std::span<const Sample> samples, std::map<std::string, std::vector<size_t>> by_label,
                   const SplitOptions& options, std::vector<Side>& side) {
  for (auto& [label, members] : by_label) {
    std::sort(members.begin(), members.end(),
              [&](size_t a, size_t b) { return natural_less(samples[a].id, samples[b].id); });
    const auto counts = block_sizes(members.size(), options);
    for (size_t i = 0; i < members.size(); ++i) {
      side[members[i]] = i < counts[0]               ? Side::train
                         : i < counts[0] + counts[1] ? Side::validation
                                                     : Side::test;
    }
  }
}

std::string counted(size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string tell(const std::vector<Group>& groups, size_t ungrouped, const SplitOptions& options) {
  std::string story =
      "Split by group, so that no one is heard on two sides (seed " + std::to_string(options.seed) + ").";
  for (int side = 0; side < kSides; ++side) {
    std::vector<std::string> names;
    for (const Group& group : groups) {
      if (group.side == side) names.push_back(group.name);
    }
    std::sort(names.begin(), names.end(), natural_less);
    story += " " + std::string(side_name(static_cast<Side>(side))) + ": " + counted(names.size(), "group");
    constexpr size_t kShown = 6;
    for (size_t i = 0; i < std::min(names.size(), kShown); ++i) story += (i == 0 ? " (" : ", ") + names[i];
    if (names.size() > kShown) story += ", and " + std::to_string(names.size() - kShown) + " more";
    story += names.empty() ? "." : ").";
  }
  if (ungrouped > 0) {
    story += " " + counted(ungrouped, "recording") + " without a group " + (ungrouped == 1 ? "was" : "were") +
             " split by blocks of time.";
  }
  return story;
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (digit(a[i]) && digit(b[j])) {
      while (i < a.size() && a[i] == '0') ++i;
      while (j < b.size() && b[j] == '0') ++j;
      const size_t a_start = i, b_start = j;
      while (i < a.size() && digit(a[i])) ++i;
      while (j < b.size() && digit(b[j])) ++j;
      if (i - a_start != j - b_start) return i - a_start < j - b_start;
      if (const int order = a.substr(a_start, i - a_start).compare(b.substr(b_start, j - b_start));
          order != 0)
        return order < 0;
      continue;
    }
    if (a[i] != b[j]) return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]);
    ++i, ++j;
  }
  if (i == a.size() && j == b.size()) return a < b;  // only leading zeros differ
  return i == a.size();
}

std::array<size_t, 3> block_sizes(size_t count, const SplitOptions& options) {
  if (count == 0) return {0, 0, 0};
  size_t validation = (count * static_cast<size_t>(options.validation_percent) + 50) / 100;
  size_t test = (count * static_cast<size_t>(options.test_percent) + 50) / 100;
  // Something to test with comes before something to validate with; something to train with before both.
  if (options.test_percent > 0 && test == 0 && count >= 2) test = 1;
  if (options.validation_percent > 0 && validation == 0 && count >= 3) validation = 1;
  while (validation + test >= count) {
    if (validation > 0)
      --validation;
    else
      --test;
  }
  return {count - validation - test, validation, test};
}

Result<Split> split_by_group(std::span<const Sample> samples, const SplitOptions& options) {
  TADPOLE_CHECK(check(options));
  Split split;
  split.side.assign(samples.size(), Side::train);

  std::map<std::string, int> label_index;
  for (const Sample& sample : samples) label_index.emplace(sample.label, 0);
  int classes = 0;
  for (auto& [label, index] : label_index) index = classes++;

  std::map<std::string, Group> by_name;
  std::map<std::string, std::vector<size_t>> everything, ungrouped;
  size_t ungrouped_count = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    const Sample& sample = samples[i];
    everything[sample.label].push_back(i);
    if (sample.group.empty()) {
      ungrouped[sample.label].push_back(i);
      ++ungrouped_count;
      continue;
    }
    Group& group = by_name[sample.group];
    ++group.size;
    ++group.counts[label_index[sample.label]];
  }

  if (by_name.size() < 3) {
    assign_blocks(samples, everything, options, split.side);
    split.story = by_name.empty() ? "It is not known who made which recording"
                                  : "All recordings come from " + counted(by_name.size(), "group");
    split.story +=
        ", so that whole groups cannot be kept apart: each class was split by blocks of time in the order of "
        "its file names (" +
        std::to_string(options.train_percent) + " % train, then " +
        std::to_string(options.validation_percent) + " % validation, then " +
        std::to_string(options.test_percent) +
        " % test). Results say how well these voices are recognised, not new ones.";
    return split;
  }

  std::vector<Group> groups;
  const std::string salt = std::to_string(options.seed) + "/";
  for (auto& [name, group] : by_name) {
    group.name = name;
    // A round of PCG after FNV: neighbouring names must not stay neighbours.
    Rng mixed(base::fnv1a(salt + name));
    group.order = (static_cast<uint64_t>(mixed.next()) << 32) | mixed.next();
    groups.push_back(group);
  }
  std::sort(groups.begin(), groups.end(), places_before);
  assign(groups, classes, options);

  std::map<std::string_view, Side> side_of;
  for (const Group& group : groups) side_of[group.name] = static_cast<Side>(group.side);
  assign_blocks(samples, ungrouped, options, split.side);
  for (size_t i = 0; i < samples.size(); ++i) {
    if (!samples[i].group.empty()) split.side[i] = side_of.at(samples[i].group);
  }
  split.story = tell(groups, ungrouped_count, options);
  return split;
}

}  // namespace tadpole::samples
