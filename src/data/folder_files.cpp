#include "data/folder_files.h"

#include <algorithm>
#include <atomic>
#include <filesystem>

#include "data/files.h"
#include "data/text_lines.h"
#include "samples/dataset.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;

// More than threads, so that one slow file does not hold up the end.
constexpr int kReadShards = 64;

bool is_noise_folder(std::string_view name) {
  return name == kNoiseLabel || name == "background_noise" || name == samples::kSilenceName;
}

bool holds(const std::vector<std::string>& kinds, const std::string& kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

std::string kind_of(const fs::path& path) { return lower_case(path.extension().string()); }

}  // namespace

const ListRules kSoundFiles{{".wav", ".flac", ".ogg"},
                            {".mp3", ".m4a", ".aac", ".webm", ".opus", ".wma"},
                            ".wav, .flac or .ogg recordings",
                            "WAV",
                            "yes/1.wav",
                            true};
const ListRules kPictureFiles{{".png", ".jpg", ".jpeg"},
                              {".gif", ".bmp", ".webp", ".heic", ".tif", ".tiff"},
                              ".png or .jpg pictures",
                              "PNG",
                              "cat/1.jpg"};
const ListRules kSeriesFiles{
    {".csv"}, {".json", ".cbor", ".npy", ".xlsx"}, ".csv recordings", "CSV", "punch/1.csv"};
const ListRules kStrokeFiles{{".csv"}, {".json"}, ".csv drawings", "CSV", "circle/1.csv"};

Result<Listing> list_folder(const std::string& folder, const ListRules& rules) {
  std::error_code failed;
  if (!fs::is_directory(folder, failed)) {
    return Error{Code::file_not_found, folder +
                                           ": no such folder. Give the folder that holds one folder per " +
                                           (rules.noise ? "word." : "class.")};
  }
  Listing listing;
  bool loose_files = false;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    loose_files = loose_files || holds(rules.kinds, kind_of(entry->path()));
    const bool noise = rules.noise && is_noise_folder(name);
    std::error_code ignored;
    if (!fs::is_directory(entry->path(), ignored) || name.starts_with(".") ||
        (name.starts_with("_") && !noise))
      continue;
    std::vector<std::string> files;
    for (fs::directory_iterator file(entry->path(), failed); !failed && file != end; file.increment(failed)) {
      const std::string file_name = file->path().filename().string();
      if (file_name.starts_with(".") || fs::is_directory(file->path(), ignored)) continue;
      const std::string kind = kind_of(file->path());
      if (holds(rules.kinds, kind)) {
        files.push_back(name + "/" + file_name);
      } else if (holds(rules.other_kinds, kind)) {
        ++listing.other_kinds[kind];
      }
    }
    if (files.empty()) continue;
    std::sort(files.begin(), files.end(), samples::natural_less);
    auto& into = noise ? listing.noise : listing.words[name];
    into.insert(into.end(), files.begin(), files.end());
  }
  if (failed) return Error{Code::file_unreadable, folder + ": cannot be listed: " + failed.message() + "."};
  std::sort(listing.noise.begin(), listing.noise.end(), samples::natural_less);
  if (!listing.words.empty()) return listing;
  std::string detail = folder + ": there is no folder with " + rules.what + " in it. ";
  if (loose_files) detail += "The files lie beside each other in one folder. ";
  if (!listing.other_kinds.empty())
    detail += "There are " + listing.other_kinds.begin()->first +
              " files, which Tadpole does not read: convert them to " + rules.convert_to + ". ";
  return Error{Code::data_empty, detail + "Put them into one folder per " + (rules.noise ? "word" : "class") +
                                     ", for example " + folder + "/" + rules.example + "."};
}

Result<std::vector<ReadFile>> read_all(const std::string& folder, const Listing& listing, int rate,
                                       Workers& workers, Progress& progress) {
  std::vector<ReadFile> files;
  for (const auto& [word, ids] : listing.words) {
    for (const std::string& id : ids) files.push_back({id, false, std::nullopt, ""});
  }
  for (const std::string& id : listing.noise) files.push_back({id, true, std::nullopt, ""});
  std::atomic<long> done{0};
  const auto total = static_cast<long>(files.size());
  workers.run(kReadShards, [&](int shard) {
    for (size_t i = static_cast<size_t>(shard); i < files.size(); i += kReadShards) {
      if (progress.cancelled()) return;
      const std::string path = folder + "/" + files[i].id;
      const auto bytes = read_file(path);
      if (bytes.ok()) {
        files[i].sha256 = sha256_hex(*bytes);
        files[i].audio = decode_audio(*bytes, rate, path);
      } else {
        files[i].audio = bytes.error();
      }
      progress.report("read recordings", done.fetch_add(1) + 1, total, "");
    }
  });
  if (progress.cancelled()) return Error{Code::cancelled, folder + ": reading the recordings was stopped"};
  return files;
}

samples::Audio loudest_part(samples::Audio audio, size_t length) {
  if (audio.pcm.size() <= length) return audio;
  const auto step = static_cast<size_t>(audio.sample_rate_hz / 100);
  const auto energy = [&](size_t from, size_t to) {
    int64_t sum = 0;
    for (size_t i = from; i < to; ++i) sum += static_cast<int64_t>(audio.pcm[i]) * audio.pcm[i];
    return sum;
  };
  int64_t now = energy(0, length), best = now;
  size_t start = 0;
  for (size_t at = 0; at + step + length <= audio.pcm.size(); at += step) {
    now += energy(at + length, at + step + length) - energy(at, at + step);
    if (now > best) {
      best = now;
      start = at + step;
    }
  }
  const auto first = audio.pcm.begin() + static_cast<long>(start);
  return {audio.sample_rate_hz, {first, first + static_cast<long>(length)}};
}

}  // namespace tadpole::data
