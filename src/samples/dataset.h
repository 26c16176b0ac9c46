// Samples with their classes and sides. In memory only; data/ fills it from a folder.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "samples/sample.h"

namespace tadpole::samples {

/// Which part of the work a sample may be used for.
enum class Side : uint8_t { train, validation, test };

std::string_view side_name(Side side);

/// The two classes that no folder holds; they come first, as in the well-known keyword models. Silence is
/// always there. Unknown is left out of the classes when there are no other words: then index 1 is a word, so
/// compare with Dataset::class_index(kUnknownName), which is -1.
inline constexpr int kSilence = 0;
inline constexpr int kUnknown = 1;
inline constexpr std::string_view kSilenceName = "silence";
inline constexpr std::string_view kUnknownName = "unknown";

/// Ordered samples, the class and side of each, and the noise to mix in.
/// Promise: no group is on two sides; the same samples and seed give the same Dataset on every machine.
struct Dataset {
  std::vector<std::string> classes;  ///< "silence", "unknown" if there are others, then the words as asked
  std::vector<Sample> samples;       ///< each belongs to a class; silence is cut from noise
  std::vector<int> target;           ///< class index of each sample
  std::vector<Side> side;            ///< side of each sample
  std::vector<Sample> noise;         ///< stretches of background noise, to be mixed in
  std::vector<Side> noise_side;      ///< noise is split by time: no stretch is on two sides
  std::string split_story;           ///< one readable paragraph: how it was split, who went where
  /// What else is known of recordings, by kind ("language", "device") and then by their paths. For tables of
  /// results only: sides are chosen by Sample::group.
  std::map<std::string, std::map<std::string, std::string>> more_groups = {};

  /// Index of a class by name, or -1.
  int class_index(std::string_view name) const;

  /// What `kind` says of samples[index], or of the recording that it was cut from; "" when nothing is known.
  const std::string& more_group(const std::string& kind, int index) const;

  /// Indices into `samples` of one side, in order.
  std::vector<int> indices(Side wanted) const;
};

/// How to divide samples among the sides.
struct SplitOptions {
  int train_percent = 80, validation_percent = 10, test_percent = 10;  ///< sum 100
  uint64_t seed = 1;
};

/// Group-disjoint seeded split: every group goes whole to one side, so that the sides' sizes come as near as
/// they can to the percentages, class by class. With fewer than three groups, the samples of each class are
/// cut into blocks in the order of their ids (by time, as recordings are numbered) and `story` says so. Cost:
/// O(n log n).
struct Split {
  std::vector<Side> side;
  std::string story;
};
Result<Split> split_by_group(std::span<const Sample> samples, const SplitOptions& options);

/// How many of `count` things in the order of time go to train, then validation, then test. Sides with a
/// share get at least one from two (test) or three (validation) things on.
std::array<size_t, 3> block_sizes(size_t count, const SplitOptions& options);

/// Order of names in which numbers count as numbers: "a2" before "a10".
bool natural_less(std::string_view a, std::string_view b);

}  // namespace tadpole::samples
