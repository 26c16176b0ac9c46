#include "data/folder_sides.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "data/files.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;
using samples::Sample;
using samples::Side;

Result<std::vector<std::string>> published(const std::string& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::vector<std::string>{};
  TADPOLE_TRY(const std::string text, read_text(path));
  return parse_list(text);
}

void follow_lists(const FolderLists& lists, samples::Dataset& data, Findings& findings) {
  std::map<std::string, Side, std::less<>> listed;
  for (const std::string& path : lists.validation) listed[path] = Side::validation;
  // A name in both lists must not help to choose the model.
  for (const std::string& path : lists.test) listed[path] = Side::test;
  std::map<std::string, std::set<Side>> sides_of;
  std::set<std::string_view> used;
  std::array<size_t, 3> counts{};
  for (const Sample& sample : data.samples) {
    auto entry = listed.find(sample.id);
    if (entry == listed.end()) entry = listed.find(recording_of(sample.id));
    const Side side = entry == listed.end() ? Side::train : entry->second;
    if (entry != listed.end()) used.insert(entry->first);
    data.side.push_back(side);
    ++counts[static_cast<size_t>(side)];
    if (!sample.group.empty()) sides_of[sample.group].insert(side);
  }
  data.split_story = "Split by the published lists: " + std::to_string(counts[1]) +
                     " recordings of validation_list.txt, " + std::to_string(counts[2]) +
                     " of testing_list.txt; the other " + std::to_string(counts[0]) + " train.";
  if (used.size() < listed.size()) {
    data.split_story +=
        " " + std::to_string(listed.size() - used.size()) + " listed names have no recording here.";
  }
  std::vector<std::string> on_two;
  for (const auto& [group, sides] : sides_of) {
    if (sides.size() > 1) on_two.push_back(group);
  }
  if (on_two.empty() && !sides_of.empty()) data.split_story += " No one is heard on two sides.";
  if (!on_two.empty()) {
    findings.add("group_on_two_sides",
                 std::to_string(on_two.size()) +
                     " of the groups are on two sides by the published lists, so results may look better "
                     "than they are.",
                 on_two);
  }
}

// With a test list alone, validation is taken from what trains.
Result<void> take_validation(samples::SplitOptions split, samples::Dataset& data) {
  const int rest = split.train_percent + split.validation_percent;
  split.validation_percent = (100 * split.validation_percent + rest / 2) / rest;
  split.train_percent = 100 - split.validation_percent;
  split.test_percent = 0;
  std::vector<Sample> training;
  const std::vector<int> indices = data.indices(Side::train);
  for (const int index : indices) training.push_back(data.samples[static_cast<size_t>(index)]);
  TADPOLE_TRY(const samples::Split chosen, samples::split_by_group(training, split));
  for (size_t i = 0; i < indices.size(); ++i) data.side[static_cast<size_t>(indices[i])] = chosen.side[i];
  data.split_story += " There is no list for validation, so it is taken from them. " + chosen.story;
  return {};
}

}  // namespace

Result<FolderLists> read_lists(const std::string& folder) {
  FolderLists lists;
  const std::string path = folder + "/groups.csv";
  std::error_code ignored;
  if (fs::exists(path, ignored)) {
    TADPOLE_TRY(const std::string text, read_text(path));
    TADPOLE_TRY(lists.groups, parse_groups(text, path));
  }
  TADPOLE_TRY(lists.validation, published(folder + "/validation_list.txt"));
  TADPOLE_TRY(lists.test, published(folder + "/testing_list.txt"));
  return lists;
}

void name_group(const FolderLists& lists, Sample& sample) {
  if (const auto entry = lists.groups.find(sample.id); entry != lists.groups.end()) {
    sample.group = entry->second.group;
    if (!entry->second.source.empty()) sample.source = entry->second.source;
  } else {
    sample.group = speaker_of(fs::path(sample.id).filename().string());
  }
}

void name_more_groups(const FolderLists& lists, samples::Dataset& data) {
  for (const auto& [path, entry] : lists.groups) {
    for (const auto& [kind, value] : entry.more) data.more_groups[kind][path] = value;
  }
}

std::string_view recording_of(std::string_view id) { return id.substr(0, id.rfind('@')); }

Result<void> choose_sides(const FolderLists& lists, const samples::SplitOptions& split,
                          samples::Dataset& data, Findings& findings) {
  // For the balance of whole groups the classes count; blocks of time are cut folder by folder.
  std::set<std::string> groups;
  for (const Sample& sample : data.samples) {
    if (!sample.group.empty()) groups.insert(sample.group);
  }
  std::vector<Sample> labelled = data.samples;
  for (size_t i = 0; i < labelled.size() && groups.size() >= 3; ++i) {
    if (!data.classes.empty()) labelled[i].label = data.classes[static_cast<size_t>(data.target[i])];
  }
  TADPOLE_TRY(samples::Split chosen, samples::split_by_group(labelled, split));
  if (!lists.published()) {
    data.side = std::move(chosen.side);
    data.split_story = std::move(chosen.story);
    return {};
  }
  follow_lists(lists, data, findings);
  if (!lists.validation.empty() || split.validation_percent == 0) return {};
  return take_validation(split, data);
}

}  // namespace tadpole::data
