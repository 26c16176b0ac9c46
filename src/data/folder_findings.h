// Collects, while a folder is read, what a person should know about what is in it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "data/audio_file.h"
#include "data/data_report.h"

namespace tadpole::data {

struct FolderOptions;

/// What is the same for every kind of data: files left out, copies, small classes.
class Findings {
 public:
  /// `noun` is what one sample is called in sentences; `advice` ends the one about small classes.
  explicit Findings(std::string noun, std::string advice = "Add more.")
      : noun_(std::move(noun)), advice_(std::move(advice)) {}

  void seen(const std::string& id, const std::string& sha256) { by_sha_[sha256].push_back(id); }
  void skipped(const std::string& id, const Error& error);
  void add(const std::string& kind, const std::string& sentence, std::vector<std::string> paths);

  /// Warnings into the report, whose classes are counted already: of classes, and all others.
  void warn_of_classes(const samples::Dataset& data, DataReport& report) const;
  void warn_of_duplicates(const samples::Dataset& data, DataReport& report) const;
  void warn_of_others(DataReport& report) const;

 private:
  std::string noun_, advice_;
  std::map<std::string, std::vector<std::string>> by_sha_;
  std::vector<Finding> others_;
};

/// Of recordings of sound.
class FolderFindings : public Findings {
 public:
  FolderFindings() : Findings("recording", "Record more, with several people and at several distances.") {}

  /// Notes what is special about one recording of `id`; `clip` is the length the network sees, in values.
  void look_at(const std::string& id, bool noise, const AudioFile& file, const std::string& sha256,
               size_t clip);

  /// Writes notes and warnings into the report, whose classes are counted already.
  void finish(const std::map<std::string, int>& other_kinds, const samples::Dataset& data,
              const FolderOptions& options, DataReport& report);

 private:
  void note_conversions(int sample_rate_hz, DataReport& report) const;

  std::vector<std::string> mixed_, clipped_, silent_, cut_off_, longer_, shorter_, loud_;
  std::map<int, int> rates_;              // rate of the file -> how many
  std::map<std::string, int> encodings_;  // encoding of the file -> how many
};

}  // namespace tadpole::data
