// The files of a data folder: found; those of sound read in parallel and cut to the length of a clip.
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

/// What counts as a file of the data, and what to say when there is none.
struct ListRules {
  std::vector<std::string> kinds;        ///< extensions that are read, in lower case: ".wav"
  std::vector<std::string> other_kinds;  ///< extensions to mention: data, but not read
  std::string what, convert_to, example;
  bool noise = false;  ///< whether a folder of background noise is set apart
};
extern const ListRules kSoundFiles, kPictureFiles, kSeriesFiles, kStrokeFiles;

/// The files one folder below `folder`. Fails: file_not_found, file_unreadable, data_empty.
Result<Listing> list_folder(const std::string& folder, const ListRules& rules);

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
