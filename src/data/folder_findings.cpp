#include "data/folder_findings.h"

#include <algorithm>
#include <cstdio>

#include "data/speech_folder.h"

namespace tadpole::data {
namespace {

constexpr int kFewSamples = 30;

// "1 recording was" or "12 recordings were"
std::string recordings(size_t count, const char* one, const char* many) {
  return std::to_string(count) +
         (count == 1 ? std::string(" recording ") + one : std::string(" recordings ") + many);
}

}  // namespace

void FolderFindings::look_at(const std::string& id, bool noise, const AudioFile& file,
                             const std::string& sha256, size_t clip) {
  const Conversions& done = file.conversions;
  if (done.channels > 1) mixed_.push_back(id);
  if (done.rate_changed) ++rates_[done.sample_rate_hz];
  if (done.encoding != "16-bit PCM") ++encodings_[done.encoding];
  if (done.clipped_values > 0 && done.encoding.ends_with("float")) loud_.push_back(id);
  seen(id, sha256);
  const ClipCheck check = check_clip(file.audio);
  if (check.clipped) clipped_.push_back(id);
  if (check.silent) silent_.push_back(id);
  if (noise) return;
  if (check.cut_off && file.audio.pcm.size() <= clip) cut_off_.push_back(id);
  if (file.audio.pcm.size() > clip) longer_.push_back(id);
  // A hundredth is what different players and resamplers disagree by.
  if (file.audio.pcm.size() + clip / 100 < clip) shorter_.push_back(id);
}

void Findings::skipped(const std::string& id, const Error& error) {
  others_.push_back({"skipped", "Skipped: " + error.message(), {id}});
}

void Findings::add(const std::string& kind, const std::string& sentence, std::vector<std::string> paths) {
  others_.push_back({kind, sentence, std::move(paths)});
}

void FolderFindings::note_conversions(int sample_rate_hz, DataReport& report) const {
  if (!mixed_.empty()) {
    report.notes.push_back(recordings(mixed_.size(), "had", "had") + " several channels and " +
                           (mixed_.size() == 1 ? "was" : "were") + " mixed to mono.");
  }
  for (const auto& [rate, count] : rates_) {
    report.notes.push_back(recordings(static_cast<size_t>(count), "was", "were") + " resampled from " +
                           std::to_string(rate) + " Hz to " + std::to_string(sample_rate_hz) + " Hz" +
                           (rate < sample_rate_hz
                                ? ", which cannot bring back the high tones that a lower rate leaves out."
                                : "."));
  }
  for (const auto& [encoding, count] : encodings_) {
    report.notes.push_back(recordings(static_cast<size_t>(count), "was", "were") + " converted from " +
                           encoding + " to 16-bit PCM.");
  }
}

void Findings::warn_of_classes(const samples::Dataset& data, DataReport& report) const {
  std::string few, untested;
  for (const auto& row : report.classes) {
    if (row.name == samples::kSilenceName) continue;
    const int total = row.count[0] + row.count[1] + row.count[2];
    if (total < kFewSamples) few += (few.empty() ? "" : ", ") + row.name + " (" + std::to_string(total) + ")";
    if (row.count[2] == 0) untested += (untested.empty() ? "" : ", ") + row.name;
  }
  if (!few.empty()) {
    report.warnings.push_back(
        {"few_samples",
         "Fewer than " + std::to_string(kFewSamples) + " " + noun_ + "s: " + few + ". " + advice_,
         {}});
  }
  if (!untested.empty()) {
    report.warnings.push_back(
        {"no_test_samples", "No test " + noun_ + "s: " + untested + ". Their results cannot be known.", {}});
  }
  for (const auto& row : report.classes) {
    if (row.count[0] == 0 && row.name != samples::kSilenceName) {
      report.warnings.push_back(
          {"no_train_samples", "No " + noun_ + "s to train with: " + row.name + ".", {}});
    }
  }
  const auto synthetic =
      std::count_if(data.samples.begin(), data.samples.end(), [](const samples::Sample& sample) {
        return sample.source == "synthetic" && sample.label != samples::kSilenceName;
      });
  if (synthetic > 0) {
    report.notes.push_back(recordings(static_cast<size_t>(synthetic), "is", "are") +
                           " synthetic speech: good for a first try, but results on them "
                           "say little about real voices. Add recordings of people.");
  }
}

void Findings::warn_of_duplicates(const samples::Dataset& data, DataReport& report) const {
  std::map<std::string, std::pair<int, samples::Side>> places;
  for (size_t i = 0; i < data.samples.size(); ++i)
    places[data.samples[i].id] = {data.target[i], data.side[i]};
  std::vector<std::string> pairs;
  bool two_classes = false, two_sides = false;
  for (const auto& [sha, ids] : by_sha_) {
    if (ids.size() < 2) continue;
    std::string line = ids[0];
    for (size_t i = 1; i < ids.size(); ++i) {
      line += " = " + ids[i];
      const auto a = places.find(ids[0]), b = places.find(ids[i]);
      if (a == places.end() || b == places.end()) continue;
      two_classes = two_classes || a->second.first != b->second.first;
      two_sides = two_sides || a->second.second != b->second.second;
    }
    pairs.push_back(std::move(line));
  }
  if (pairs.empty()) return;
  std::sort(pairs.begin(), pairs.end());
  std::string sentence =
      (pairs.size() == 1 ? "1 " + noun_ + " is" : std::to_string(pairs.size()) + " " + noun_ + "s are") +
      " there more than once under different names.";
  if (two_classes) sentence += " Some are in two classes, so one of the labels is wrong.";
  if (two_sides) sentence += " Some are on two sides, so results look better than they are.";
  report.warnings.push_back({"duplicate", sentence + " Remove the copies.", pairs});
}

void FolderFindings::finish(const std::map<std::string, int>& other_kinds, const samples::Dataset& data,
                            const FolderOptions& options, DataReport& report) {
  note_conversions(options.sample_rate_hz, report);
  const std::string clip = std::to_string(options.clip_ms) + " ms";
  if (!longer_.empty())
    report.notes.push_back(recordings(longer_.size(), "is", "are") + " longer than " + clip +
                           ": the loudest " + clip + " of each are used.");
  if (!shorter_.empty())
    report.notes.push_back(recordings(shorter_.size(), "is", "are") + " shorter than " + clip +
                           ": silence is added on both sides.");
  for (const auto& [kind, count] : other_kinds) {
    report.notes.push_back(std::to_string(count) + " " + kind + (count == 1 ? " file was" : " files were") +
                           " not read; convert to WAV to use.");
  }
  warn_of_classes(data, report);
  if (!silent_.empty())
    report.warnings.push_back(
        {"silent", recordings(silent_.size(), "is", "are") + " silent. Record again, or remove.", silent_});
  if (!clipped_.empty()) {
    report.warnings.push_back(
        {"clipped",
         recordings(clipped_.size(), "is", "are") +
             " clipped (too loud for the microphone). Record with a lower level, or from further away.",
         clipped_});
  }
  if (!cut_off_.empty()) {
    report.warnings.push_back(
        {"cut_off",
         recordings(cut_off_.size(), "seems", "seem") + " cut off: loud at the start or at the end.",
         cut_off_});
  }
  if (!loud_.empty()) {
    report.warnings.push_back(
        {"beyond_full_scale",
         recordings(loud_.size(), "has", "have") + " float values beyond full scale, which were cut to it.",
         loud_});
  }
  warn_of_duplicates(data, report);
  warn_of_others(report);
}

void Findings::warn_of_others(DataReport& report) const {
  report.warnings.insert(report.warnings.end(), others_.begin(), others_.end());
}

}  // namespace tadpole::data
