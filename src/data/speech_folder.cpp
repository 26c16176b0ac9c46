// Steps, each a function: list the files, read them in parallel, name classes, choose sides, cut silence,
// report.
#include "data/speech_folder.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>
#include <utility>

#include "base/rng.h"
#include "base/text.h"
#include "data/files.h"
#include "data/folder_files.h"
#include "data/folder_findings.h"
#include "data/folder_sides.h"
#include "samples/augment.h"

namespace tadpole::data {
namespace {

using samples::Sample;
using samples::Side;

Result<void> check_words(const Listing& listing, const FolderOptions& options, const std::string& folder) {
  std::vector<std::string_view> folders;
  for (const auto& [name, files] : listing.words) folders.push_back(name);
  std::set<std::string> seen;
  for (const std::string& word : options.words) {
    const std::string where = folder + ": the class \"" + word + "\" ";
    if (word == samples::kSilenceName || word == samples::kUnknownName) {
      return Error{Code::data_unknown_class,
                   where + "is made by Tadpole itself. Take it out of [data] classes."};
    }
    if (!seen.insert(word).second)
      return Error{Code::data_unknown_class, where + "is asked for twice. Take one out of [data] classes."};
    if (listing.words.contains(word)) continue;
    const std::string_view near = base::nearest(word, folders);
    std::string help =
        near.empty()
            ? "The folders are " +
                  base::join_words(std::span(folders).first(std::min<size_t>(folders.size(), 20))) + "."
            : "Did you mean \"" + std::string(near) + "\"?";
    return Error{Code::data_unknown_class, where + "was asked for, but there is no such folder. " + help};
  }
  return {};
}

class Importer {
 public:
  Importer(const std::string& folder, const FolderOptions& options)
      : folder_(folder),
        options_(options),
        rng_(options.split.seed),
        clip_(static_cast<size_t>(static_cast<int64_t>(options.sample_rate_hz) * options.clip_ms / 1000)) {}

  Result<Import> run(Workers& workers, Progress& progress) {
    TADPOLE_TRY(const Listing listing, list_folder(folder_, kSoundFiles));
    TADPOLE_CHECK(check_words(listing, options_, folder_));
    TADPOLE_TRY(lists_, read_lists(folder_));
    TADPOLE_TRY(std::vector<ReadFile> files,
                read_all(folder_, listing, options_.sample_rate_hz, workers, progress));
    TADPOLE_CHECK(take(files));
    TADPOLE_CHECK(name_classes(listing));
    TADPOLE_CHECK(choose_sides(lists_, options_.split, data(), findings_));
    name_more_groups(lists_, data());
    split_noise();
    cap_unknown();
    cut_silence();
    report(listing);
    return std::move(result_);
  }

 private:
  samples::Dataset& data() { return result_.data; }

  // Files to samples; bad ones are the error or are noted.
  Result<void> take(std::vector<ReadFile>& files) {
    const auto bad = [](const ReadFile& file) { return !file.audio->ok(); };
    const auto first_bad = std::find_if(files.begin(), files.end(), bad);
    if (first_bad != files.end() && !options_.skip_bad) {
      Error error = first_bad->audio->error();
      const auto more = std::count_if(first_bad + 1, files.end(), bad);
      if (more > 0) error.detail += " " + std::to_string(more) + " more of the files cannot be read.";
      return error;
    }
    for (ReadFile& file : files) {
      if (bad(file)) {
        findings_.skipped(file.id, file.audio->error());
        continue;
      }
      ++result_.report.files;
      AudioFile& audio = file.audio->value();
      findings_.look_at(file.id, file.noise, audio, file.sha256, clip_);
      Sample sample;
      sample.id = file.id;
      sample.label = file.noise ? kNoiseLabel : file.id.substr(0, file.id.find('/'));
      sample.sha256 = file.sha256;
      sample.source = file.noise ? "noise" : "recording";
      name_group(lists_, sample);
      samples::Audio cut = file.noise ? std::move(audio.audio) : loudest_part(std::move(audio.audio), clip_);
      sample.signal = std::make_shared<samples::Signal>(std::move(cut));
      (file.noise ? noise_files_ : data().samples).push_back(std::move(sample));
    }
    if (data().samples.empty())
      return Error{Code::data_empty, folder_ + ": none of the recordings could be read. " +
                                         std::to_string(files.size()) + " files were skipped."};
    return {};
  }

  Result<void> name_classes(const Listing& listing) {
    std::set<std::string> found;
    for (const Sample& sample : data().samples) found.insert(sample.label);
    std::vector<std::string> words = options_.words;
    if (words.empty()) {
      for (const std::string& name : found) {
        if (name != samples::kUnknownName) words.push_back(name);
      }
    }
    for (const std::string& word : words) {
      if (!found.contains(word))
        return Error{
            Code::data_empty,
            folder_ + "/" + word +
                ": none of its recordings could be read. Add some, or take the word out of [data] classes."};
    }
    const std::set<std::string> wanted(words.begin(), words.end());
    const bool unknown = std::any_of(found.begin(), found.end(),
                                     [&](const std::string& name) { return !wanted.contains(name); });
    data().classes = {std::string(samples::kSilenceName)};
    if (unknown) data().classes.emplace_back(samples::kUnknownName);
    data().classes.insert(data().classes.end(), words.begin(), words.end());
    if (words.size() + (unknown ? 1 : 0) < 2 && listing.noise.empty()) {
      return Error{
          Code::data_one_class,
          folder_ + ": \"" + words.front() +
              "\" is the only word, so there is nothing to tell it from. Add a folder with recordings of "
              "other words or sounds, for example " +
              folder_ + "/other, or noise in " + folder_ + "/_background_noise_."};
    }
    for (const Sample& sample : data().samples) {
      const int index = data().class_index(sample.label);
      data().target.push_back(index >= 0 ? index : data().class_index(samples::kUnknownName));
    }
    if (!unknown && !options_.words.empty()) {
      result_.report.notes.push_back(
          "There are no other words, so there is no class \"unknown\": any speech will be taken for one of "
          "the words. "
          "Add folders with other words if that matters.");
    }
    return {};
  }

  // Long noise recordings are cut into three stretches of time; short ones go whole to a side, in the order
  // of their names.
  void split_noise() {
    std::vector<const Sample*> whole;
    for (const Sample& recording : noise_files_) {
      const auto& pcm = recording.audio().pcm;
      if (pcm.size() < 10 * clip_) {
        whole.push_back(&recording);
        continue;
      }
      const auto sizes = samples::block_sizes(pcm.size(), options_.split);
      size_t start = 0;
      for (size_t side = 0; side < 3; ++side) {
        add_noise(recording, start, sizes[side], static_cast<Side>(side));
        start += sizes[side];
      }
    }
    const auto sizes = samples::block_sizes(whole.size(), options_.split);
    for (size_t i = 0; i < whole.size(); ++i) {
      add_noise(*whole[i], 0, whole[i]->audio().pcm.size(),
                i < sizes[0]              ? Side::train
                : i < sizes[0] + sizes[1] ? Side::validation
                                          : Side::test);
    }
    make_missing_noise();
  }

  void add_noise(const Sample& from, size_t start, size_t length, Side side) {
    if (length == 0) return;
    const auto& audio = from.audio();
    Sample stretch = from;
    if (length != audio.pcm.size()) {
      stretch.sha256.clear();
      stretch.id += "@" + seconds_text(start) + "s";
      const auto first = audio.pcm.begin() + static_cast<long>(start);
      stretch.signal = std::make_shared<samples::Signal>(
          samples::Audio{audio.sample_rate_hz, {first, first + static_cast<long>(length)}});
    }
    data().noise.push_back(std::move(stretch));
    data().noise_side.push_back(side);
  }

  std::string seconds_text(size_t values) const {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f", static_cast<double>(values) / options_.sample_rate_hz);
    return text;
  }

  // 10 seconds of low room noise for each side that has none.
  void make_missing_noise() {
    std::vector<std::string> made;
    for (const Side side : {Side::train, Side::validation, Side::test}) {
      if (std::find(data().noise_side.begin(), data().noise_side.end(), side) != data().noise_side.end())
        continue;
      Rng rng = rng_.fork("room noise " + std::string(samples::side_name(side)));
      Sample noise;
      noise.id = std::string(kNoiseLabel) + "/synthetic_" + std::string(samples::side_name(side));
      noise.label = kNoiseLabel;
      noise.source = "synthetic";
      constexpr float kRoomLevel = 60;  // -55 dB of full scale: a quiet room by a laptop's microphone
      noise.signal = std::make_shared<samples::Signal>(samples::Audio{
          options_.sample_rate_hz, samples::synthetic_noise(10 * options_.sample_rate_hz, kRoomLevel, rng)});
      data().noise.push_back(std::move(noise));
      data().noise_side.push_back(side);
      made.emplace_back(samples::side_name(side));
    }
    if (made.empty()) return;
    const std::vector<std::string_view> sides(made.begin(), made.end());
    result_.report.notes.push_back(
        (noise_files_.empty() ? "There is no folder _background_noise_"
                              : std::string("There is too little background noise")) +
        ": low synthetic room noise was made for " + base::join_words(sides) +
        ". A minute of sound from the place of use, recorded as _background_noise_/room.wav, is better.");
  }

  // Mean number of clips a word has on a side.
  std::array<double, 3> word_means() {
    const int first_word = data().class_index(samples::kUnknownName) >= 0 ? 2 : 1;
    std::array<double, 3> means{};
    for (size_t i = 0; i < data().samples.size(); ++i) {
      if (data().target[i] >= first_word) means[static_cast<size_t>(data().side[i])] += 1;
    }
    for (double& mean : means) mean /= static_cast<double>(data().classes.size()) - first_word;
    return means;
  }

  // Keeps at most the wished share of unknown clips on each side, spread evenly over their words.
  void cap_unknown() {
    const int unknown = data().class_index(samples::kUnknownName);
    if (unknown < 0) return;
    std::set<size_t> dropped;
    size_t total = 0;
    const auto means = word_means();
    for (size_t side = 0; side < 3; ++side) {
      std::map<std::string, std::vector<size_t>> by_word;
      size_t count = 0;
      for (size_t i = 0; i < data().samples.size(); ++i) {
        if (data().target[i] != unknown || data().side[i] != static_cast<Side>(side)) continue;
        by_word[data().samples[i].label].push_back(i);
        ++count;
      }
      total += count;
      const auto most = std::max<size_t>(
          1, static_cast<size_t>(means[side] * options_.unknown_percent_of_word_mean / 100 + 0.5));
      if (count <= most) continue;
      Rng rng = rng_.fork("unknown " + std::string(samples::side_name(static_cast<Side>(side))));
      for (auto& [word, indices] : by_word) rng.shuffle(std::span(indices));
      // Word by word one is given up by whoever has most left, until the rest fits.
      for (; count > most; --count) {
        auto largest = std::max_element(by_word.begin(), by_word.end(), [](const auto& a, const auto& b) {
          return a.second.size() < b.second.size();
        });
        dropped.insert(largest->second.back());
        largest->second.pop_back();
      }
    }
    if (dropped.empty()) return;
    keep_all_but(dropped);
    result_.report.notes.push_back("Of " + std::to_string(total) + " recordings of other words, " +
                                   std::to_string(total - dropped.size()) +
                                   " were chosen for \"unknown\", evenly over the words: at most " +
                                   std::to_string(options_.unknown_percent_of_word_mean) +
                                   " % of what a word has on average.");
  }

  void keep_all_but(const std::set<size_t>& dropped) {
    samples::Dataset kept;
    for (size_t i = 0; i < data().samples.size(); ++i) {
      if (dropped.contains(i)) continue;
      kept.samples.push_back(std::move(data().samples[i]));
      kept.target.push_back(data().target[i]);
      kept.side.push_back(data().side[i]);
    }
    data().samples = std::move(kept.samples);
    data().target = std::move(kept.target);
    data().side = std::move(kept.side);
  }

  void cut_silence() {
    const auto means = word_means();
    for (size_t side = 0; side < 3; ++side) {
      if (means[side] == 0) continue;
      const int wanted = std::max(1, static_cast<int>(means[side] + 0.5));
      Rng rng = rng_.fork("silence " + std::string(samples::side_name(static_cast<Side>(side))));
      for (int i = 0; i < wanted; ++i) cut_one(static_cast<Side>(side), i, rng);
    }
  }

  void cut_one(Side side, int number, Rng& rng) {
    // Stretches in proportion to their length.
    uint64_t total = 0;
    for (size_t i = 0; i < data().noise.size(); ++i) {
      if (data().noise_side[i] == side) total += data().noise[i].audio().pcm.size();
    }
    uint64_t place = rng.below(static_cast<uint32_t>(std::min<uint64_t>(total, UINT32_MAX)));
    size_t chosen = 0;
    for (size_t i = 0; i < data().noise.size(); ++i) {
      if (data().noise_side[i] != side) continue;
      chosen = i;
      if (place < data().noise[i].audio().pcm.size()) break;
      place -= data().noise[i].audio().pcm.size();
    }
    const auto& pcm = data().noise[chosen].audio().pcm;
    const size_t room = pcm.size() > clip_ ? pcm.size() - clip_ : 0;
    const size_t start = rng.below(static_cast<uint32_t>(room + 1));
    const float volume = rng.uniform();
    Sample cut;
    cut.id = data().noise[chosen].id + "+" + seconds_text(start) + "s#" + std::to_string(number);
    cut.label = samples::kSilenceName;
    cut.source = data().noise[chosen].source;
    Rng unused(0);
    const auto stretch = std::span(pcm).subspan(start, std::min(clip_, pcm.size() - start));
    cut.signal = std::make_shared<samples::Signal>(samples::Audio{
        options_.sample_rate_hz, samples::noise_clip({stretch}, static_cast<int>(clip_), volume, unused)});
    data().samples.push_back(std::move(cut));
    data().target.push_back(samples::kSilence);
    data().side.push_back(side);
  }

  void report(const Listing& listing) {
    DataReport& report = result_.report;
    report.folder = folder_;
    report.sample_rate_hz = options_.sample_rate_hz;
    report.used_as = "recordings, used as 16-bit mono at " + std::to_string(options_.sample_rate_hz) + " Hz";
    report.split_story = data().split_story;
    count_classes(data(), report);
    findings_.finish(listing.other_kinds, data(), options_, report);
  }

  const std::string& folder_;
  const FolderOptions& options_;
  const Rng rng_;
  const size_t clip_;
  FolderLists lists_;
  std::vector<Sample> noise_files_;
  FolderFindings findings_;
  Import result_;
};

}  // namespace

Result<Import> read_speech_folder(const std::string& folder, const FolderOptions& options, Workers& workers,
                                  Progress& progress) {
  std::string path = folder;
  while (path.size() > 1 && path.ends_with("/")) path.pop_back();
  return Importer(path, options).run(workers, progress);
}

}  // namespace tadpole::data
