// Folders of pictures, series and drawn lines: files are read in parallel, series are cut into windows.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <map>

#include "base/text.h"
#include "data/files.h"
#include "data/folder_files.h"
#include "data/folder_read.h"
#include "data/image_file.h"
#include "data/image_sets.h"
#include "data/series_file.h"

namespace tadpole::data {
namespace {

using samples::Sample;
using samples::Side;

// More than threads, so that one slow file does not hold up the end.
constexpr int kReadShards = 64;

template <class T>
struct OneFile {
  std::string id, sha256;
  std::optional<Result<T>> content;
};

// Reads all files of a listing in parallel; bad ones are the error or are noted and left out.
template <class T, class Decode>
Result<std::vector<OneFile<T>>> read_files(const std::string& folder, const Listing& listing, bool skip_bad,
                                           Findings& findings, Workers& workers, Progress& progress,
                                           Decode decode) {
  std::vector<OneFile<T>> files;
  for (const auto& [label, ids] : listing.words) {
    for (const std::string& id : ids) files.push_back({id, "", {}});
  }
  std::atomic<long> done{0};
  workers.run(kReadShards, [&](int shard) {
    for (size_t i = static_cast<size_t>(shard); i < files.size(); i += kReadShards) {
      if (progress.cancelled()) return;
      const std::string path = folder + "/" + files[i].id;
      const auto bytes = read_file(path);
      if (bytes.ok()) {
        files[i].sha256 = sha256_hex(*bytes);
        files[i].content = decode(std::span<const uint8_t>(*bytes), path);
      } else {
        files[i].content = bytes.error();
      }
      progress.report("read data", done.fetch_add(1) + 1, static_cast<long>(files.size()), "");
    }
  });
  if (progress.cancelled()) return Error{Code::cancelled, folder + ": reading the data was stopped"};
  const auto bad = [](const OneFile<T>& file) { return !file.content->ok(); };
  const auto first_bad = std::find_if(files.begin(), files.end(), bad);
  if (first_bad == files.end()) return files;
  if (!skip_bad) {
    Error error = first_bad->content->error();
    const auto more = std::count_if(first_bad + 1, files.end(), bad);
    if (more > 0) error.detail += " " + std::to_string(more) + " more of the files cannot be read.";
    return error;
  }
  for (const auto& file : files) {
    if (bad(file)) findings.skipped(file.id, file.content->error());
  }
  std::erase_if(files, bad);
  return files;
}

template <class T>
Sample sample_of(const OneFile<T>& file, const FolderLists& lists, Findings& findings) {
  Sample sample;
  sample.id = file.id;
  sample.label = file.id.substr(0, file.id.find('/'));
  sample.sha256 = file.sha256;
  sample.source = "recording";
  name_group(lists, sample);
  findings.seen(file.id, file.sha256);
  return sample;
}

void note_other_kinds(const Listing& listing, const ListRules& rules, Found& found) {
  for (const auto& [kind, count] : listing.other_kinds) {
    found.notes.push_back(std::to_string(count) + " " + kind + (count == 1 ? " file was" : " files were") +
                          " not read; convert to " + rules.convert_to + " to use.");
  }
}

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

Result<Found> read_sets(const std::string& folder, const std::vector<ImageSetFile>& sets,
                        Progress& progress) {
  Found found;
  std::string size;
  for (const ImageSetFile& set : sets) {
    const auto take = [&](samples::Image&& image, const std::string& label, size_t number) {
      if (found.samples.empty())
        size = std::to_string(image.width) + " x " + std::to_string(image.height) + " pixels";
      Sample sample;
      sample.id = set.images + "@" + std::to_string(number);
      sample.label = label;
      sample.source = "recording";
      sample.signal = std::make_shared<samples::Signal>(std::move(image));
      found.samples.push_back({std::move(sample), set.test ? std::optional(Side::test) : std::nullopt});
      if (number % 1000 == 0) progress.report("read " + set.images, static_cast<long>(number), 0, "");
      return !progress.cancelled();
    };
    TADPOLE_CHECK(read_image_set(folder, set, take));
  }
  found.files = static_cast<int>(found.samples.size());
  found.used_as = "pictures of " + size;
  return found;
}

// The rate that everything is brought to: what was asked for, else the middle of what the files say.
double common_rate(const std::vector<OneFile<SeriesFile>>& files, double asked) {
  if (asked > 0) return asked;
  std::vector<double> rates;
  for (const auto& file : files) {
    if (file.content->value().series.rate_hz > 0) rates.push_back(file.content->value().series.rate_hz);
  }
  if (rates.empty()) return 0;
  std::nth_element(rates.begin(), rates.begin() + static_cast<long>(rates.size() / 2), rates.end());
  return rates[rates.size() / 2];
}

// Linear interpolation at multiples of 1 / rate_hz; labels are those of the nearest step before.
void resample_series(SeriesFile& file, double rate_hz) {
  const size_t axes = file.series.axes.size(), steps = file.series.steps();
  const double ratio = file.series.rate_hz / rate_hz;
  const auto count = static_cast<size_t>(static_cast<double>(steps - 1) / ratio) + 1;
  std::vector<float> values(count * axes);
  std::vector<std::string> labels;
  for (size_t i = 0; i < count; ++i) {
    const double at = static_cast<double>(i) * ratio;
    const auto left = std::min(static_cast<size_t>(at), steps - 1), right = std::min(left + 1, steps - 1);
    const auto part = static_cast<float>(at - static_cast<double>(left));
    for (size_t axis = 0; axis < axes; ++axis) {
      const float from = file.series.values[left * axes + axis], to = file.series.values[right * axes + axis];
      values[i * axes + axis] = from + (to - from) * part;
    }
    if (!file.row_labels.empty()) labels.push_back(file.row_labels[left]);
  }
  file.series.values = std::move(values);
  file.series.rate_hz = rate_hz;
  file.row_labels = std::move(labels);
}

class SeriesCutter {
 public:
  SeriesCutter(const ReadOptions& options, double rate_hz) : options_(options), rate_hz_(rate_hz) {
    if (options.window_ms <= 0) return;
    window_ = std::max<size_t>(1, static_cast<size_t>(std::lround(options.window_ms * rate_hz / 1000)));
    const int stride_ms = options.stride_ms > 0 ? options.stride_ms : options.window_ms;
    stride_ = std::max<size_t>(1, static_cast<size_t>(std::lround(stride_ms * rate_hz / 1000)));
  }

  size_t shorter() const { return shorter_; }

  // Windows of one recording; the whole of it when it is shorter than one, or none are asked for.
  void cut(const Sample& whole, const SeriesFile& file, std::vector<FoundSample>& out) {
    const size_t steps = file.series.steps(), axes = file.series.axes.size();
    if (window_ == 0 || steps <= window_) {
      shorter_ += window_ > 0 && steps < window_;
      Sample sample = whole;
      sample.label = label_of(file, 0, steps, whole.label);
      sample.signal = std::make_shared<samples::Signal>(file.series);
      out.push_back({std::move(sample), {}});
      return;
    }
    for (size_t start = 0; start + window_ <= steps; start += stride_) {
      Sample sample = whole;
      char second[32];
      std::snprintf(second, sizeof second, "@%.3fs", static_cast<double>(start) / rate_hz_);
      sample.id += second;
      sample.sha256.clear();
      if (sample.group.empty()) sample.group = whole.id;
      sample.label = label_of(file, start, start + window_, whole.label);
      const auto first = file.series.values.begin() + static_cast<long>(start * axes);
      sample.signal = std::make_shared<samples::Signal>(samples::Series{
          file.series.rate_hz, file.series.axes, {first, first + static_cast<long>(window_ * axes)}});
      out.push_back({std::move(sample), {}});
    }
  }

 private:
  // The most frequent label of the rows, the first of equals; one abnormal row makes a window abnormal.
  std::string label_of(const SeriesFile& file, size_t from, size_t to,
                       const std::string& folder_label) const {
    if (file.row_labels.empty()) return folder_label;
    std::map<std::string_view, size_t> counts;
    for (size_t i = from; i < to; ++i) {
      const std::string& label = file.row_labels[i];
      const bool normal = std::any_of(options_.normal.begin(), options_.normal.end(),
                                      [&](const std::string& pattern) { return matches(label, pattern); });
      if (!options_.normal.empty() && !normal) return label;
      ++counts[label];
    }
    const auto most = std::max_element(counts.begin(), counts.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == counts.end() ? folder_label : std::string(most->first);
  }

  const ReadOptions& options_;
  const double rate_hz_;
  size_t window_ = 0, stride_ = 0, shorter_ = 0;
};

// Keeps recordings whose axes are those of most; the others are the error or are noted.
Result<void> check_axes(std::vector<OneFile<SeriesFile>>& files, bool skip_bad, Findings& findings) {
  std::map<std::vector<std::string>, size_t> counts;
  for (const auto& file : files) ++counts[file.content->value().series.axes];
  if (counts.size() < 2) return {};
  const auto most = std::max_element(counts.begin(), counts.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  const auto names = [](const std::vector<std::string>& axes) {
    return base::join_words(std::vector<std::string_view>(axes.begin(), axes.end()));
  };
  for (const auto& file : files) {
    const std::vector<std::string>& axes = file.content->value().series.axes;
    if (axes == most->first) continue;
    const Error error{Code::csv_malformed, file.id + ":1: has the axes " + names(axes) +
                                               "; most of the recordings have " + names(most->first) +
                                               ". All need the same. Correct it, or use skip_bad."};
    if (!skip_bad) return error;
    findings.skipped(file.id, error);
  }
  std::erase_if(files, [&](const auto& file) { return file.content->value().series.axes != most->first; });
  return {};
}

}  // namespace

Result<Found> read_pictures(const std::string& folder, const ReadOptions& options, const FolderLists& lists,
                            Findings& findings, Workers& workers, Progress& progress) {
  TADPOLE_TRY(const std::vector<ImageSetFile> sets, find_image_sets(folder));
  if (!sets.empty()) return read_sets(folder, sets, progress);
  TADPOLE_TRY(const Listing listing, list_folder(folder, kPictureFiles));
  TADPOLE_TRY(auto files, read_files<samples::Image>(folder, listing, options.skip_bad, findings, workers,
                                                     progress, decode_image));
  Found found;
  note_other_kinds(listing, kPictureFiles, found);
  std::map<std::string, int> sizes;
  for (auto& file : files) {
    Sample sample = sample_of(file, lists, findings);
    samples::Image& image = file.content->value();
    ++sizes[std::to_string(image.width) + " x " + std::to_string(image.height) + " pixels"];
    sample.signal = std::make_shared<samples::Signal>(std::move(image));
    found.samples.push_back({std::move(sample), {}});
  }
  found.files = static_cast<int>(files.size());
  found.used_as = sizes.size() == 1 ? "pictures of " + sizes.begin()->first : "pictures of different sizes";
  return found;
}

Result<Found> read_series_folder(const std::string& folder, const ReadOptions& options,
                                 const FolderLists& lists, Findings& findings, Workers& workers,
                                 Progress& progress) {
  TADPOLE_TRY(const Listing listing, list_folder(folder, kSeriesFiles));
  TADPOLE_TRY(auto files,
              read_files<SeriesFile>(folder, listing, options.skip_bad, findings, workers, progress,
                                     [](std::span<const uint8_t> bytes, const std::string& path) {
                                       return read_series(*plain_stream(bytes), path);
                                     }));
  TADPOLE_CHECK(check_axes(files, options.skip_bad, findings));
  const double rate_hz = common_rate(files, options.rate_hz);
  if (options.window_ms > 0 && rate_hz <= 0) {
    return Error{Code::data_rate_unknown,
                 folder + ": the recordings have no column of times (time_s), so windows of " +
                     std::to_string(options.window_ms) +
                     " ms cannot be cut. Set rate_hz in [data] of tadpole.toml."};
  }
  Found found;
  note_other_kinds(listing, kSeriesFiles, found);
  SeriesCutter cutter(options, rate_hz);
  size_t resampled = 0;
  for (auto& file : files) {
    SeriesFile& series = file.content->value();
    if (series.series.rate_hz <= 0) series.series.rate_hz = rate_hz;
    // Clocks of boards differ by a few percent; what is within that is one rate.
    if (rate_hz > 0 && std::abs(series.series.rate_hz / rate_hz - 1) > 0.05) {
      resample_series(series, rate_hz);
      ++resampled;
    }
    series.series.rate_hz = rate_hz;
    if (series.timing.irregular_steps > 0) {
      findings.add("irregular_times",
                   std::to_string(series.timing.irregular_steps) +
                       " steps of time differ by more than half from the mean; they are read as even.",
                   {file.id});
    }
    cutter.cut(sample_of(file, lists, findings), series, found.samples);
    series = {};
  }
  if (resampled > 0) {
    found.notes.push_back(std::to_string(resampled) + " recordings were brought to " + number_text(rate_hz) +
                          " steps a second by linear interpolation.");
  }
  if (cutter.shorter() > 0) {
    found.notes.push_back(std::to_string(cutter.shorter()) + " recordings are shorter than " +
                          std::to_string(options.window_ms) + " ms and stay whole.");
  }
  found.files = static_cast<int>(files.size());
  found.used_as = "recordings";
  if (!found.samples.empty())
    found.used_as += " of " + std::to_string(found.samples[0].sample.series().axes.size()) + " axes";
  if (rate_hz > 0) found.used_as += " at " + number_text(rate_hz) + " steps a second";
  if (options.window_ms > 0) {
    found.used_as += ", cut into " + std::to_string(found.samples.size()) + " windows of " +
                     std::to_string(options.window_ms) + " ms";
  }
  return found;
}

Result<Found> read_strokes(const std::string& folder, const ReadOptions& options, const FolderLists& lists,
                           Findings& findings, Workers& workers, Progress& progress) {
  TADPOLE_TRY(const Listing listing, list_folder(folder, kStrokeFiles));
  TADPOLE_TRY(auto files,
              read_files<samples::Stroke>(folder, listing, options.skip_bad, findings, workers, progress,
                                          [](std::span<const uint8_t> bytes, const std::string& path) {
                                            return read_stroke(*plain_stream(bytes), path);
                                          }));
  Found found;
  note_other_kinds(listing, kStrokeFiles, found);
  for (auto& file : files) {
    Sample sample = sample_of(file, lists, findings);
    sample.signal = std::make_shared<samples::Signal>(std::move(file.content->value()));
    found.samples.push_back({std::move(sample), {}});
  }
  found.files = static_cast<int>(files.size());
  found.used_as = "drawn lines";
  return found;
}

size_t drop_shared_windows(samples::Dataset& data) {
  struct Window {
    size_t index;
    double from_s, to_s;
  };
  std::map<std::string_view, std::vector<Window>> recordings;
  for (size_t i = 0; i < data.samples.size(); ++i) {
    const std::string& id = data.samples[i].id;
    const std::string_view recording = recording_of(id);
    const auto* series = std::get_if<samples::Series>(data.samples[i].signal.get());
    if (recording.size() == id.size() || series == nullptr || series->rate_hz <= 0) continue;
    const double from = std::strtod(id.c_str() + recording.size() + 1, nullptr);
    recordings[recording].push_back({i, from, from + static_cast<double>(series->steps()) / series->rate_hz});
  }
  std::vector<bool> drop(data.samples.size());
  for (auto& [recording, windows] : recordings) {
    for (size_t a = 0; a < windows.size(); ++a) {
      // Windows are in the order of time: only near neighbours can overlap. Ids are rounded to a millisecond.
      for (size_t b = a + 1; b < windows.size() && windows[b].from_s + 0.001 < windows[a].to_s; ++b) {
        const Side side_a = data.side[windows[a].index], side_b = data.side[windows[b].index];
        if (side_a != side_b) drop[side_a < side_b ? windows[a].index : windows[b].index] = true;
      }
    }
  }
  samples::Dataset kept;
  for (size_t i = 0; i < data.samples.size(); ++i) {
    if (drop[i]) continue;
    kept.samples.push_back(std::move(data.samples[i]));
    kept.target.push_back(data.target[i]);
    kept.side.push_back(data.side[i]);
  }
  const size_t dropped = data.samples.size() - kept.samples.size();
  data.samples = std::move(kept.samples);
  data.target = std::move(kept.target);
  data.side = std::move(kept.side);
  return dropped;
}

}  // namespace tadpole::data
