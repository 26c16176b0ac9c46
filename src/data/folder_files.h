// The files of a data folder: found, read in parallel, cut to the length of a clip. Used by
// speech_folder.cpp.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "base/workers.h"
#include "data/audio_file.h"

namespace tadpole::data {

inline constexpr const char* kNoiseLabel = "_background_noise_";

/// What lies in a data folder. Ids are paths below it.
struct Listing {
  std::map<std::string, std::vector<std::string>>
      words;  // folder -> ids below the data folder, in natural order
  std::vector<std::string> noise;
  std::map<std::string, int> other_kinds;  // extension -> files that are not read
};

/// The sound files one folder below `folder`. Fails: file_not_found, file_unreadable, data_empty.
Result<Listing> list_folder(const std::string& folder);

/// One file of a listing, and its sound or what is wrong with it.
struct ReadFile {
  std::string id;
  bool noise = false;
  std::optional<Result<AudioFile>> audio;
  std::string sha256;
};

/// Reads all files, words before noise, in parallel. Fails only with cancelled.
Result<std::vector<ReadFile>> read_all(const std::string& folder, const Listing& listing, int sample_rate_hz,
                                       Workers& workers, Progress& progress);

/// The loudest stretch of `length` values of a longer recording, the earliest of equals, found in steps of 10
/// ms.
samples::Audio loudest_part(samples::Audio audio, size_t length);

}  // namespace tadpole::data
