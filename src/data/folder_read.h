// The steps of read_folder: each turns files into samples. Used by folder.cpp only.
#pragma once

#include <optional>
#include <vector>

#include "data/folder.h"
#include "data/folder_sides.h"

namespace tadpole::data {

/// A sample before its class is known, and the side that its file fixes.
struct FoundSample {
  samples::Sample sample;
  std::optional<samples::Side> side;
};

/// What one kind of folder gives.
struct Found {
  std::vector<FoundSample> samples;
  std::vector<TableColumn> columns;
  std::string used_as;  ///< ends the line "N ..." of the report
  std::vector<std::string> notes;
  int files = 0;
};

Result<Found> read_pictures(const std::string& folder, const ReadOptions& options, const FolderLists& lists,
                            Findings& findings, Workers& workers, Progress& progress);
Result<Found> read_series_folder(const std::string& folder, const ReadOptions& options,
                                 const FolderLists& lists, Findings& findings, Workers& workers,
                                 Progress& progress);
Result<Found> read_strokes(const std::string& folder, const ReadOptions& options, const FolderLists& lists,
                           Findings& findings, Workers& workers, Progress& progress);
Result<Found> read_table(const std::string& folder, const ReadOptions& options, Findings& findings,
                         Progress& progress);

/// Drops the less precious (train, then validation) of two windows of one recording that share steps and are
/// on two sides. Returns how many.
size_t drop_shared_windows(samples::Dataset& data);

}  // namespace tadpole::data
