#include "data/record.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <thread>

#include "data/audio_file.h"
#include "data/files.h"
#include "data/folder_writer.h"
#include "data/image_file.h"
#include "data/lists.h"
#include "data/live_camera.h"
#include "data/live_rows.h"
#include "data/live_sound.h"
#include "data/text_lines.h"

namespace tadpole::data {

namespace {

namespace fs = std::filesystem;

constexpr double kWatchSeconds = 1;

/// One recording after the other, each as a file in memory or written where it is told.
class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual std::string_view extension() const = 0;
  virtual double rate_hz() const { return 0; }
  virtual Result<void> restart() { return {}; }
  /// Records and writes `path`.
  virtual Result<void> record(const std::string& path, Progress& progress) = 0;
  std::set<std::string> notes;
};

class SoundRecorder final : public Recorder {
 public:
  SoundRecorder(std::unique_ptr<LiveSound> sound, int rate_hz, double seconds)
      : sound_(std::move(sound)),
        rate_hz_(rate_hz),
        samples_(static_cast<size_t>(std::llround(rate_hz * seconds))) {}
  std::string_view extension() const override { return ".wav"; }
  double rate_hz() const override { return rate_hz_; }
  Result<void> restart() override { return sound_->restart(); }
  Result<void> record(const std::string& path, Progress& progress) override {
    TADPOLE_TRY(std::vector<int16_t> pcm, sound_->next(samples_, progress));
    const auto [low, high] = std::minmax_element(pcm.begin(), pcm.end());
    if (*low == *high) notes.insert("a recording is digital silence: is the microphone muted?");
    if (*low == INT16_MIN || *high == INT16_MAX)
      notes.insert("a recording is too loud and clipped: turn the microphone down or step back");
    return write_wav(path, {rate_hz_, std::move(pcm)});
  }

 private:
  std::unique_ptr<LiveSound> sound_;
  int rate_hz_;
  size_t samples_;
};

class PictureRecorder final : public Recorder {
 public:
  explicit PictureRecorder(std::unique_ptr<LiveCamera> camera) : camera_(std::move(camera)) {}
  std::string_view extension() const override { return ".png"; }
  Result<void> record(const std::string& path, Progress& progress) override {
    TADPOLE_TRY(const samples::Image image, camera_->next(progress));
    TADPOLE_TRY(const std::vector<uint8_t> png, encode_png(image));
    return write_file(path, png);
  }

 private:
  std::unique_ptr<LiveCamera> camera_;
};

class RowRecorder final : public Recorder {
 public:
  RowRecorder(std::unique_ptr<LiveRows> rows, double rate_hz, const RecordOptions& options)
      : rows_(std::move(rows)), rate_hz_(rate_hz), options_(options) {}
  std::string_view extension() const override { return ".csv"; }
  double rate_hz() const override { return rate_hz_; }
  Result<void> restart() override { return rows_->restart(); }
  Result<void> record(const std::string& path, Progress& progress) override {
    const auto count = static_cast<size_t>(std::max<long long>(1, std::llround(rate_hz_ * options_.seconds)));
    std::string text;
    double first_s = 0, last_s = 0;
    for (size_t i = 0; i < count; ++i) {
      TADPOLE_TRY(const LiveRows::Row row, rows_->next(progress));
      if (i == 0) {
        TADPOLE_CHECK(begin(row.values.size()));
        text = "time_s";
        for (const std::string& axis : axes_) text += "," + csv_field(axis);
        text += "\n";
        first_s = row.time_s;
      }
      last_s = row.time_s;
      if (row.values.size() != axes_.size()) {
        return Error{Code::data_malformed, options_.from + ": a row of " + std::to_string(row.values.size()) +
                                               " numbers came after rows of " + std::to_string(axes_.size()) +
                                               ". Let the board print the same numbers in every line."};
      }
      append_number(text, static_cast<float>(static_cast<double>(i) / rate_hz_));
      for (const float value : row.values) {
        text += ',';
        append_number(text, value);
      }
      text += '\n';
    }
    // Within a tenth is jitter of the line; more means that rows were lost or the board changed its pace.
    const double wanted_s = static_cast<double>(count - 1) / rate_hz_;
    if (last_s > 0 && count > 10 && std::abs(last_s - first_s - wanted_s) > 0.1 * wanted_s + 0.1) {
      char note[160];
      std::snprintf(
          note, sizeof note,
          "a recording of %zu rows took %.2f s instead of %.2f s: rows were lost or their rate changes",
          count, last_s - first_s, wanted_s);
      notes.insert(note);
    }
    return write_text(path, text);
  }

 private:
  Result<void> begin(size_t width) {
    if (!axes_.empty()) return {};
    axes_ = !options_.axes.empty() ? options_.axes : rows_->names();
    if (axes_.size() == width) return {};
    if (!options_.axes.empty()) {
      return Error{Code::data_bad_option, "--axes names " + std::to_string(axes_.size()) +
                                              " axes; the rows have " + std::to_string(width) + " numbers."};
    }
    axes_ = {"x", "y", "z"};
    axes_.resize(std::min<size_t>(width, 3));
    if (width > 3) axes_.clear();
    for (size_t i = axes_.size(); i < width; ++i) axes_.push_back("v" + std::to_string(i + 1));
    return {};
  }

  std::unique_ptr<LiveRows> rows_;
  double rate_hz_;
  RecordOptions options_;
  std::vector<std::string> axes_;
};

bool is_sound(const std::string& path) {
  const std::string extension = lower_case(fs::path(path).extension().string());
  return extension == ".wav" || extension == ".flac" || extension == ".ogg";
}

struct Opened {
  std::unique_ptr<Recorder> recorder;
  bool rate_measured = false;
};

Result<Opened> open_sound(const RecordOptions& options, const std::string& name, bool file) {
  const int rate = options.rate_hz > 0 ? static_cast<int>(std::lround(options.rate_hz)) : 16000;
  TADPOLE_TRY(std::unique_ptr<LiveSound> sound,
              file ? open_sound_file(name, rate) : open_microphone(name.empty() ? "default" : name, rate));
  return Opened{std::make_unique<SoundRecorder>(std::move(sound), rate, options.seconds)};
}

Result<Opened> open_rows(const RecordOptions& options, const std::string& name, bool file,
                         Progress& progress) {
  TADPOLE_TRY(std::unique_ptr<LiveRows> rows, file ? open_row_file(name) : open_serial(name, options.baud));
  double rate = options.rate_hz;
  if (rate <= 0 && file)
    return Error{Code::data_rate_unknown, name + " has rows without times. Give their rate: --rate HZ."};
  const bool measured = rate <= 0;
  if (measured) {
    progress.report("measure the rate", 0, 1, name);
    TADPOLE_TRY(rate, measure_rate(*rows, kWatchSeconds, progress));
  }
  return Opened{std::make_unique<RowRecorder>(std::move(rows), rate, options), measured};
}

Result<Opened> open(const RecordOptions& options, Progress& progress) {
  const size_t colon = options.from.find(':');
  const std::string kind = options.from.substr(0, colon);
  const std::string name = colon == std::string::npos ? "" : options.from.substr(colon + 1);
  if (kind == "microphone") return open_sound(options, name, false);
  if (kind == "camera") {
    TADPOLE_TRY(std::unique_ptr<LiveCamera> camera,
                open_camera(name.empty() ? "/dev/video0" : name, options.width, options.height));
    return Opened{std::make_unique<PictureRecorder>(std::move(camera))};
  }
  if (kind == "serial" && !name.empty()) return open_rows(options, name, false, progress);
  if (kind == "file" && !name.empty())
    return is_sound(name) ? open_sound(options, name, true) : open_rows(options, name, true, progress);
  return Error{Code::data_bad_option, "--from " + options.from +
                                          ": needs microphone, microphone:NAME, camera, camera:DEVICE, "
                                          "serial:DEVICE or file:PATH."};
}

Result<void> check(const RecordOptions& options) {
  if (options.label.empty() || safe_name(options.label) != options.label) {
    return Error{Code::data_bad_option, "a label becomes a folder and cannot be '" + options.label +
                                            "'. Try --label " + safe_name(options.label) + "."};
  }
  if (!(options.seconds >= 0.02 && options.seconds <= 3600)) {
    return Error{Code::data_bad_option, "--seconds needs a length from 0.02 to 3600."};
  }
  if (options.count < 1 || options.count > 100'000)
    return Error{Code::data_bad_option, "--count needs a number from 1 to 100000."};
  if (options.group.find_first_of("\r\n") != std::string::npos)
    return Error{Code::data_bad_option, "--group needs a name in one line."};
  return {};
}

/// The first free number behind those of the files that are there, whatever their extensions.
int next_number(const std::string& folder) {
  int next = 1;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const auto number = to_number(entry.path().stem().string());
    if (number && *number >= next && *number < 1e8) next = static_cast<int>(*number) + 1;
  }
  return next;
}

/// Lets the person get ready; the sensor goes on and is emptied afterwards.
Result<void> pause(double seconds, Progress& progress) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end) {
    if (progress.cancelled()) return Error{Code::cancelled, ""};
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return {};
}

}  // namespace

Result<RecordSummary> record(const RecordOptions& options, Progress& progress) {
  TADPOLE_CHECK(check(options));
  const std::string groups_file = options.to + "/groups.csv";
  std::error_code ignored;
  if (!options.group.empty() && fs::exists(groups_file, ignored)) {
    TADPOLE_TRY(const std::string groups, read_text(groups_file));
    TADPOLE_TRY([[maybe_unused]] const auto known, parse_groups(groups, groups_file));
  }
  TADPOLE_TRY(const Opened opened, open(options, progress));
  RecordSummary summary;
  summary.folder = options.to + "/" + options.label;
  summary.rate_hz = opened.recorder->rate_hz();
  summary.rate_measured = opened.rate_measured;
  TADPOLE_CHECK(make_folders(summary.folder));
  const int first = next_number(summary.folder);
  for (int i = 0; i < options.count; ++i) {
    char name[32];
    std::snprintf(name, sizeof name, "%04d", first + i);
    const std::string file = name + std::string(opened.recorder->extension());
    progress.report("record " + options.label, i, options.count, "get ready");
    TADPOLE_CHECK(pause(options.pause_seconds, progress));
    TADPOLE_CHECK(opened.recorder->restart());
    progress.report("record " + options.label, i, options.count, "now");
    TADPOLE_CHECK(opened.recorder->record(summary.folder + "/" + file, progress));
    summary.files.push_back(file);
    if (!options.group.empty()) {
      const std::string path = options.label + "/" + file;
      TADPOLE_CHECK(append_text(groups_file, csv_field(path) + "," + csv_field(options.group) + "\n"));
    }
  }
  progress.report("record " + options.label, options.count, options.count, "");
  summary.notes.assign(opened.recorder->notes.begin(), opened.recorder->notes.end());
  return summary;
}

}  // namespace tadpole::data
