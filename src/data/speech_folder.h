// Imports a folder of spoken words: one folder per word, as in Speech Commands or as anyone would make it by
// hand.
#pragma once

#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "base/workers.h"
#include "data/data_report.h"
#include "samples/dataset.h"

namespace tadpole::data {

struct FolderOptions {
  std::vector<std::string>
      words{};  ///< classes in this order; empty: every folder that does not begin with "_" or "."
  int sample_rate_hz = 16000;
  int clip_ms = 1000;  ///< a longer recording is cut to its loudest part of this length
  samples::SplitOptions
      split{};            ///< its seed also places the cuts of silence and chooses among unknown words
  bool skip_bad = false;  ///< leave out files that cannot be read instead of failing
  int unknown_percent_of_word_mean =
      200;  ///< at most so many unknown clips a side, of what a word has on average
};

/// Reads `folder`/<word>/*.wav|flac|ogg into memory.
/// Classes: silence, then unknown (all folders that are not asked for; left out when there are none), then
/// the words. Silence is cut from `_background_noise_` (or `background_noise`, `silence`) at random volume,
/// as many clips on a side as a word has there on average; without such a folder, low synthetic room noise is
/// made. Groups: groups.csv in the folder (path,group[,source]), else the speaker in "<hex>_nohash_<n>"
/// names, else "". Sides: validation_list.txt and testing_list.txt where they are (the rest trains), else
/// split_by_group; noise is split by time. The same folder, options and seed give the same Dataset, whatever
/// the number of threads. Fails: file_not_found, data_empty, data_one_class, data_unknown_class (with the
/// nearest folder), data_bad_split, groups_malformed, cancelled, and without skip_bad what read_audio says of
/// the first bad file. Memory: all recordings as int16.
Result<Import> read_speech_folder(const std::string& folder, const FolderOptions& options, Workers& workers,
                                  Progress& progress);

}  // namespace tadpole::data
