// Makes a small set of spoken words for people who have no recordings yet, with two speech synthesisers.
#pragma once

#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "base/workers.h"

namespace tadpole::data {

struct StarterOptions {
  std::vector<std::string> words = {"yes", "no", "up", "down", "stop", "go"};
  /// Further words, for the class "unknown". Each voice says two of them.
  std::vector<std::string> other_words = {"left",  "right",  "on",  "off", "bird", "tree",
                                          "house", "seven",  "one", "two", "four", "nine",
                                          "happy", "marvin", "dog", "wow"};
  int takes = 2;  ///< of each word by each voice, at another speed and pitch and in another room; 1 to 100
  int sample_rate_hz = 16000;
  int voices = 50;  ///< at most so many, spread over all there are; fewer than 10 is too few to split
  uint64_t seed = 1;
};

struct StarterSummary {
  int recordings = 0, voices = 0;
  std::vector<std::string> left_out;  ///< voices that this computer's synthesisers do not have
};

/// Writes a folder in the Speech Commands layout: <word>/<hash of the voice>_nohash_<take>.wav, one second
/// each;
/// `_background_noise_` with synthetic noise; groups.csv (each voice is a group, source "synthetic");
/// README.md that says what it is. Voices of espeak-ng (accents, variants, other languages that read the
/// word) and flite say the words at several speeds and pitches; each recording gets its own place, level,
/// room and noise. About 700 recordings, 27 MB, under 15 s on two cores. The same seed and installed voices
/// give the same bytes. A voice of another language leaves out words that it has no spelling for. The folder
/// appears whole or not at all and must not exist. Fails: data_bad_option (a word that
/// cannot be a folder, takes), program_missing (espeak-ng, flite), program_failed, cancelled,
/// file_unwritable, disk_full.
Result<StarterSummary> make_starter_set(const std::string& folder, const StarterOptions& options,
                                        Workers& workers, Progress& progress);

}  // namespace tadpole::data
