// Importers of sound: folders of words, digits by name, Common Voice, label tracks, long recordings.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "data/audio_file.h"
#include "data/files.h"
#include "data/folder_files.h"
#include "data/import_source.h"
#include "data/lists.h"
#include "data/sound_stream.h"
#include "data/text_lines.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;
using samples::Side;

constexpr int kRateHz = 16000;  // of sound that has to be converted

std::vector<std::string> sounds_of(const Source& source) {
  return source.with({".wav", ".flac", ".ogg", ".mp3"});
}

/// label_speaker_number, as the Free Spoken Digit Dataset names its files.
struct NamedSound {
  std::string label, speaker;
};
std::optional<NamedSound> named_sound(const std::string& file) {
  const std::string stem = stem_of(file);
  const size_t last = stem.rfind('_');
  if (last == std::string::npos || last == 0 || last + 1 == stem.size()) return {};
  if (stem.find_first_not_of("0123456789", last + 1) != std::string::npos) return {};
  const size_t first = stem.rfind('_', last - 1);
  if (first == std::string::npos || first == 0 || first + 1 == last) return {};
  return NamedSound{stem.substr(0, first), stem.substr(first + 1, last - first - 1)};
}

// "<speaker>_nohash_3" and "<speaker>_NO_03".
std::string speaker_in_name(const std::string& file) {
  const std::string stem = stem_of(file);
  if (std::string speaker = speaker_of(stem); !speaker.empty()) return speaker;
  const size_t mark = stem.find("_NO_");
  if (mark == std::string::npos || mark < 4 || stem.find_first_not_of("0123456789") != mark) return "";
  return stem.substr(0, mark);
}

// Copies one sound file after checking that it can be read; MP3 becomes WAV.
Result<void> add_sound(const Source& source, const std::string& file, const Place& place,
                       FolderWriter& writer) {
  const std::string path = source.path(file), extension = extension_of(file);
  const bool mp3 = extension == ".mp3";
  Result<void> done;
  if (mp3) {
    auto stream = SoundStream::open(path);
    auto audio =
        stream.ok()
            ? stream->read(static_cast<size_t>(kLongestSeconds) * static_cast<size_t>(stream->rate_hz()))
            : Result<std::vector<int16_t>>(stream.error());
    if (!audio.ok()) return writer.bad(file, audio.error());
    auto bytes = decode_audio(encode_wav({stream->rate_hz(), std::move(*audio)}), kRateHz, path);
    if (!bytes.ok()) return writer.bad(file, bytes.error());
    TADPOLE_TRY(const std::string id, writer.add(place, ".wav", encode_wav(bytes->audio)));
    return {};
  }
  const auto bytes = read_file(path);
  if (!bytes.ok()) return writer.bad(file, bytes.error());
  const auto decoded = decode_audio(*bytes, 0, path);
  if (!decoded.ok()) return writer.bad(file, decoded.error());
  TADPOLE_TRY(const std::string id, writer.add(place, extension, *bytes));
  return {};
}

Result<void> for_each_sound(const Source& source, FolderWriter& writer,
                            const std::function<Result<void>(const std::string&)>& take) {
  const std::vector<std::string> files = sounds_of(source);
  for (size_t i = 0; i < files.size(); ++i) {
    writer.report("import sound", static_cast<long>(i) + 1, static_cast<long>(files.size()));
    TADPOLE_CHECK(take(files[i]));
  }
  return {};
}

std::string label_track_of(const Source& source, const std::string& file) {
  return (fs::path(source.path(file)).parent_path() / (stem_of(file) + ".txt")).string();
}

// Cuts stretches out of one file.
Result<void> add_stretches(const std::string& file, SoundStream& sound, const std::vector<Stretch>& stretches,
                           const std::string& label, const std::string& group, FolderWriter& writer) {
  for (const Stretch& stretch : stretches) {
    const auto at = [&](double seconds) { return std::lround(seconds * sound.rate_hz()); };
    const long to = std::min(at(stretch.to_s), sound.length());
    auto audio = sound.cut(std::min(at(stretch.from_s), to), to);
    if (audio.ok() && audio->pcm.empty()) {
      audio =
          Error{Code::audio_truncated, file + ": a label begins at " + std::to_string(stretch.from_s) +
                                           " s, after the end of the recording. Correct the label track."};
    }
    if (!audio.ok()) {
      TADPOLE_CHECK(writer.bad(file, audio.error()));
      continue;
    }
    char number[32];
    std::snprintf(number, sizeof number, "_%09.3f", stretch.from_s);
    const Place place{stretch.label.empty() ? label : stretch.label, stem_of(file) + number, group,
                      Side::train};
    TADPOLE_TRY(const std::string id, writer.add(place, ".wav", encode_wav(*audio)));
  }
  return {};
}

// One word, in lower case, without the punctuation of a sentence.
std::string spoken_word(std::string_view sentence) {
  std::string word = lower_case(trimmed(sentence));
  while (!word.empty() && std::string_view(".,!?;:\"'").find(word.back()) != std::string_view::npos)
    word.pop_back();
  return word;
}

// One of Common Voice's tables.
class VoiceTable {
 public:
  VoiceTable(const Source& source, const ImportOptions& options, FolderWriter& writer)
      : source_(source), options_(options), writer_(writer) {}

  Result<void> read(const std::string& file, Side side) {
    const std::string path = source_.path(file);
    TADPOLE_TRY(const auto stream, open_stream(path));
    LineReader lines(*stream, path);
    std::vector<std::string> fields;
    std::array<size_t, 3> column{};
    for (;;) {
      TADPOLE_TRY(const auto line, lines.next());
      if (!line) return {};
      if (trimmed(*line).empty()) continue;
      split_plain(*line, fields);
      if (lines.number() == 1) {
        TADPOLE_TRY(column, find_columns(fields, lines));
        kinds_.clear();
        for (const std::string& name : fields) kinds_.push_back(kind_of_column(name));
        continue;
      }
      TADPOLE_CHECK(take(fields, column, lines, side));
    }
  }

 private:
  // Sentences may hold quotes that mean nothing.
  static void split_plain(std::string_view line, std::vector<std::string>& fields) {
    fields.clear();
    for (size_t at = 0; at <= line.size();) {
      const size_t end = std::min(line.find('\t', at), line.size());
      fields.emplace_back(trimmed(line.substr(at, end - at)));
      at = end + 1;
    }
  }

  static Result<std::array<size_t, 3>> find_columns(const std::vector<std::string>& header,
                                                    const LineReader& lines) {
    std::array<size_t, 3> column{};
    constexpr std::array<const char*, 3> kNames = {"client_id", "path", "sentence"};
    for (size_t i = 0; i < 3; ++i) {
      const auto found = std::find(header.begin(), header.end(), kNames[i]);
      if (found == header.end()) {
        return Error{Code::csv_malformed, lines.place() + "there is no column " + kNames[i] +
                                              "; a table of Common Voice has client_id, path and sentence."};
      }
      column[i] = static_cast<size_t>(found - header.begin());
    }
    return column;
  }

  Result<void> take(const std::vector<std::string>& fields, const std::array<size_t, 3>& column,
                    const LineReader& lines, Side side) {
    if (*std::max_element(column.begin(), column.end()) >= fields.size()) {
      return writer_.bad(
          lines.place(),
          {Code::csv_malformed, lines.place() + "has only " + std::to_string(fields.size()) + " fields."});
    }
    const std::string word = options_.label.empty() ? spoken_word(fields[column[2]]) : options_.label;
    if (word.empty() || (options_.label.empty() && word.find(' ') != std::string::npos)) {
      writer_.note("Sentences of several words were left out: a keyword is one.");
      return {};
    }
    std::string clip = fields[column[1]];
    if (clip.find('/') == std::string::npos) clip = "clips/" + clip;
    std::error_code ignored;
    if (!fs::exists(source_.path(clip), ignored) && fs::exists(source_.path(clip + ".mp3"), ignored))
      clip += ".mp3";
    if (clip.find("..") != std::string::npos || !fs::exists(source_.path(clip), ignored)) {
      return writer_.bad(clip, {Code::file_not_found,
                                lines.place() + "names " + clip +
                                    ", which is not there. Unpack the clips, or import with --skip-bad."});
    }
    // 16 of the 128 hex digits tell speakers apart and can be read.
    Place place{word, stem_of(clip), fields[column[0]].substr(0, 16), side};
    for (size_t i = 0; i < fields.size() && i < kinds_.size(); ++i) {
      if (!kinds_[i].empty() && !fields[i].empty()) place.more[kinds_[i]] = fields[i];
    }
    return add_sound(source_, clip, place, writer_);
  }

  const Source& source_;
  const ImportOptions& options_;
  FolderWriter& writer_;
  std::vector<std::string> kinds_;  // of each column, "" for those that name none
};

}  // namespace

bool is_common_voice(const Source& source) {
  const auto tables = source.with({".tsv"});
  return std::any_of(tables.begin(), tables.end(), [&](const std::string& file) {
    const std::string start = start_of(source.path(file));
    const std::string header = start.substr(0, start.find('\n'));
    return header.find("client_id") != std::string::npos && header.find("sentence") != std::string::npos;
  });
}

bool is_spoken_digits(const Source& source) {
  const auto files = sounds_of(source);
  std::map<std::string, size_t> labels, speakers, folders;
  size_t named = 0;
  for (const std::string& file : files) {
    const auto name = named_sound(file);
    if (!name || !speaker_in_name(file).empty()) continue;
    ++named;
    ++labels[name->label];
    ++speakers[name->speaker];
    ++folders[folder_of(file)];
  }
  return files.size() >= 4 && named * 10 >= files.size() * 9 && folders.size() == 1 && labels.size() > 1 &&
         labels.size() * 2 <= named;
}

bool is_labelled_sound(const Source& source) {
  const auto files = sounds_of(source);
  std::error_code ignored;
  return std::any_of(files.begin(), files.end(), [&](const std::string& file) {
    const std::string track = label_track_of(source, file);
    if (!fs::exists(track, ignored)) return false;
    const std::string start = start_of(track);
    return parse_label_track(start.substr(0, start.find('\n')), track).ok();
  });
}

bool is_long_sound(const Source& source) { return source.single && !sounds_of(source).empty(); }

bool is_sounds(const Source& source) { return !sounds_of(source).empty(); }

Result<void> import_sounds(const Source& source, const ImportOptions& options, FolderWriter& writer) {
  TADPOLE_TRY(const Manifest manifest, read_manifest(source));
  TADPOLE_TRY(const auto sides, read_sides(source, writer));
  return for_each_sound(source, writer, [&](const std::string& file) {
    Place place{label_of(source, manifest, file, options), stem_of(file), group_of(manifest, file),
                Side::train};
    if (place.group.empty()) place.group = speaker_in_name(file);
    place.more = more_of(manifest, file);
    if (place.label == kNoiseLabel) place.group.clear(), place.more.clear();
    if (const auto side = sides.find(file); side != sides.end()) place.side = side->second;
    return add_sound(source, file, place, writer);
  });
}

Result<void> import_spoken_digits(const Source& source, const ImportOptions&, FolderWriter& writer) {
  return for_each_sound(source, writer, [&](const std::string& file) {
    const auto name = named_sound(file);
    if (!name) {
      return writer.bad(
          file,
          {Code::data_bad_option,
           source.path(file) + ": is not named label_speaker_number. Rename it, or import with --skip-bad."});
    }
    return add_sound(source, file, {name->label, stem_of(file), name->speaker, Side::train}, writer);
  });
}

Result<void> import_common_voice(const Source& source, const ImportOptions& options, FolderWriter& writer) {
  VoiceTable table(source, options, writer);
  const auto there = [&](const char* name) {
    return std::find(source.files.begin(), source.files.end(), name) != source.files.end();
  };
  if (there("train.tsv") || source.single) {
    TADPOLE_CHECK(table.read(source.single ? source.files[0] : "train.tsv", Side::train));
    if (there("dev.tsv")) TADPOLE_CHECK(table.read("dev.tsv", Side::validation));
    if (there("test.tsv")) TADPOLE_CHECK(table.read("test.tsv", Side::test));
    return {};
  }
  if (there("validated.tsv")) return table.read("validated.tsv", Side::train);
  return Error{Code::file_not_found,
               source.root + ": there is no train.tsv and no validated.tsv. Name one of its tables."};
}

Result<void> import_labelled_sound(const Source& source, const ImportOptions&, FolderWriter& writer) {
  return for_each_sound(source, writer, [&](const std::string& file) -> Result<void> {
    const std::string track = label_track_of(source, file);
    const auto text = read_text(track);
    if (!text.ok()) return writer.bad(file, text.error());
    const auto stretches = parse_label_track(*text, track);
    if (!stretches.ok()) return writer.bad(track, stretches.error());
    auto sound = SoundStream::open(source.path(file));
    if (!sound.ok()) return writer.bad(file, sound.error());
    return add_stretches(file, *sound, *stretches, "", stem_of(file), writer);
  });
}

Result<void> import_long_sound(const Source& source, const ImportOptions& options, FolderWriter& writer) {
  TADPOLE_TRY(const Manifest manifest, read_manifest(source));
  return for_each_sound(source, writer, [&](const std::string& file) -> Result<void> {
    auto sound = SoundStream::open(source.path(file));
    if (!sound.ok()) return writer.bad(file, sound.error());
    const auto words = find_words(*sound, {});
    if (!words.ok()) return writer.bad(file, words.error());
    writer.note(file + ": " + std::to_string(words->size()) +
                " words were found by their energy. Listen to some.");
    return add_stretches(file, *sound, *words, label_of(source, manifest, file, options),
                         group_of(manifest, file), writer);
  });
}

}  // namespace tadpole::data
