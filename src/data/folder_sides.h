// Who goes to which side: groups.csv, the published lists, and the seeded split of a folder of any kind.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/folder_findings.h"
#include "data/lists.h"
#include "samples/dataset.h"

namespace tadpole::data {

/// What the small text files of a data folder say.
struct FolderLists {
  std::map<std::string, GroupEntry> groups;
  std::vector<std::string> validation, test;

  bool published() const { return !validation.empty() || !test.empty(); }
};

/// groups.csv, validation_list.txt and testing_list.txt, where they are. Fails: groups_malformed,
/// file_unreadable.
Result<FolderLists> read_lists(const std::string& folder);

/// Group and source of a sample whose id is a path below the folder: groups.csv, else the speaker of a file
/// named as in Speech Commands.
void name_group(const FolderLists& lists, samples::Sample& sample);

/// The path of the recording that a window "path@1.5s" was cut from.
std::string_view recording_of(std::string_view id);

/// Gives `data` what the lists say besides groups: Dataset::more_groups.
void name_more_groups(const FolderLists& lists, samples::Dataset& data);

/// Fills data.side and data.split_story from data.samples, classes and target: by the lists where there are
/// some (what they do not name trains), else by samples::split_by_group.
Result<void> choose_sides(const FolderLists& lists, const samples::SplitOptions& split,
                          samples::Dataset& data, Findings& findings);

}  // namespace tadpole::data
