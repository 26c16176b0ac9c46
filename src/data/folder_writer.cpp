#include "data/folder_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <set>

#include "data/byte_stream.h"
#include "data/files.h"
#include "data/folder_files.h"
#include "data/text_lines.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;
using samples::Side;

constexpr size_t kBlockBytes = size_t{1} << 16;

// A file that is written in pieces. The folder is synced as a whole at the end.
class OutputFile {
 public:
  ~OutputFile() { close(); }
  Result<void> open(const std::string& path) {
    path_ = path;
    fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    return fd_ < 0 ? failed() : Result<void>();
  }
  bool is_open() const { return fd_ >= 0; }
  const std::string& path() const { return path_; }

  Result<void> write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::write(fd_, text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return failed();
      text.remove_prefix(static_cast<size_t>(count));
    }
    return {};
  }
  Result<void> skip(size_t zeros) {
    return lseek(fd_, static_cast<off_t>(zeros), SEEK_CUR) < 0 ? failed() : Result<void>();
  }
  Result<void> cut(uint64_t size) {
    return ftruncate(fd_, static_cast<off_t>(size)) != 0 ? failed() : Result<void>();
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  Result<void> failed() const {
    const bool full = errno == ENOSPC || errno == EDQUOT;
    return Error{full ? Code::disk_full : Code::file_unwritable,
                 path_ + ": cannot be written: " + std::strerror(errno) + "."};
  }
  int fd_ = -1;
  std::string path_;
};

}  // namespace

struct FolderWriter::State {
  std::string to, temporary;
  bool skip_bad = false, finished = false;
  Progress* progress = nullptr;
  Counts counts;
  std::set<std::string> ids, folders;
  struct Known {
    std::string id, group;
    std::map<std::string, std::string> more;
  };
  std::vector<Known> known;

  /// groups.csv: a column for each kind that is known of anyone.
  std::string groups_text() const {
    std::set<std::string> kinds;
    for (const Known& one : known) {
      for (const auto& [kind, value] : one.more) kinds.insert(kind);
    }
    std::string lines = "path,group";
    for (const std::string& kind : kinds) lines += "," + csv_field(kind);
    lines += "\n";
    for (const Known& one : known) {
      lines += csv_field(one.id) + "," + csv_field(one.group);
      for (const std::string& kind : kinds) {
        const auto value = one.more.find(kind);
        lines += "," + (value == one.more.end() ? "" : csv_field(value->second));
      }
      lines += "\n";
    }
    return lines;
  }
  std::string validation, test;
  std::vector<LeftOut> left_out;
  std::vector<std::string> notes;
  OutputFile series, table;
  Place series_place;
  std::string series_id, series_text;
  double series_rate_hz = 0;
  long series_rows = 0;
  size_t series_axes = 0;
  bool series_labelled = false;
};

std::string safe_name(std::string_view text) {
  std::string safe;
  for (const char c : trimmed(text)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    safe += plain || byte >= 0x80 || c == '-' || c == '.' || c == ' ' ? c : '_';
  }
  constexpr size_t kLongest = 120;  // file systems allow 255 bytes, with what is added
  if (safe.size() > kLongest) safe.resize(kLongest);
  const size_t start = safe.find_first_not_of("._ ");
  safe.erase(0, std::min(start, safe.size()));
  while (!safe.empty() && (safe.back() == ' ' || safe.back() == '.')) safe.pop_back();
  return safe.empty() ? "unnamed" : safe;
}

FolderWriter::FolderWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}

FolderWriter::FolderWriter(FolderWriter&&) noexcept = default;

FolderWriter::~FolderWriter() {
  if (state_ == nullptr || state_->finished) return;
  state_->series.close();
  state_->table.close();
  std::error_code ignored;
  fs::remove_all(state_->temporary, ignored);
}

Result<FolderWriter> FolderWriter::create(const std::string& to, bool skip_bad, Progress& progress) {
  auto state = std::make_unique<State>();
  state->to = to;
  while (state->to.size() > 1 && state->to.ends_with('/')) state->to.pop_back();
  state->skip_bad = skip_bad;
  state->progress = &progress;
  std::error_code failed;
  if (fs::exists(fs::symlink_status(state->to, failed))) {
    return Error{Code::data_exists,
                 state->to + ": is there already. Choose another name with --to, or delete it."};
  }
  const std::string above = fs::path(state->to).parent_path().string();
  if (!above.empty()) TADPOLE_CHECK(make_folders(above));
  state->temporary = state->to + ".tmp" + std::to_string(getpid());
  fs::remove_all(state->temporary, failed);
  TADPOLE_CHECK(make_folders(state->temporary));
  return FolderWriter(std::move(state));
}

// Makes the folder of the label, a unique id, and counts the sample.
Result<std::string> FolderWriter::enter(const Place& place, const std::string& extension) {
  State& state = *state_;
  if (state.progress->cancelled()) return Error{Code::cancelled, "the import was stopped"};
  const std::string label = place.label == kNoiseLabel ? place.label : safe_name(place.label);
  const std::string name = safe_name(place.name);
  std::string id = label + "/" + name + extension;
  for (int copy = 2; !state.ids.insert(id).second; ++copy)
    id = label + "/" + name + "_" + std::to_string(copy) + extension;
  if (state.folders.insert(label).second) TADPOLE_CHECK(make_folders(state.temporary + "/" + label));
  count(label, 1, place.side);
  if (!place.group.empty()) {
    ++state.counts.groups[place.group];
  }
  if (!place.group.empty() || !place.more.empty()) state.known.push_back({id, place.group, place.more});
  if (place.side == Side::validation) state.validation += id + "\n";
  if (place.side == Side::test) state.test += id + "\n";
  return id;
}

Result<std::string> FolderWriter::add(const Place& place, const std::string& extension,
                                      std::span<const uint8_t> bytes) {
  TADPOLE_TRY(std::string id, enter(place, extension));
  TADPOLE_CHECK(write_file(state_->temporary + "/" + id, bytes, Sync::later));
  return id;
}

Result<std::string> FolderWriter::add(const Place& place, const std::string& extension,
                                      std::string_view text) {
  return add(place, extension,
             std::span<const uint8_t>(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

Result<void> FolderWriter::copy(const std::string& from, const std::string& name) {
  const int fd = open(from.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Error{Code::file_unreadable, from + ": cannot be read: " + std::strerror(errno) + "."};
  OutputFile out;
  Result<void> done = out.open(state_->temporary + "/" + name);
  std::vector<char> block(kBlockBytes);
  uint64_t size = 0;
  while (done.ok()) {
    if (cancelled()) done = Error{Code::cancelled, "the import was stopped"};
    const ssize_t count = ::read(fd, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      done = Error{Code::file_unreadable, from + ": cannot be read: " + std::strerror(errno) + "."};
    if (count <= 0 || !done.ok()) break;
    const std::string_view piece(block.data(), static_cast<size_t>(count));
    size += piece.size();
    done =
        piece.find_first_not_of('\0') == std::string_view::npos ? out.skip(piece.size()) : out.write(piece);
  }
  ::close(fd);
  if (done.ok()) done = out.cut(size);
  return done;
}

Result<void> FolderWriter::begin_series(const Place& place, const std::vector<std::string>& axes,
                                        double rate_hz, bool labelled) {
  State& state = *state_;
  // Counted when it ends: it may be dropped before.
  state.series_place = place;
  state.series_text.clear();
  state.series_rate_hz = rate_hz;
  state.series_rows = 0;
  state.series_axes = axes.size();
  state.series_labelled = labelled;
  if (rate_hz > 0) state.series_text += "time_s,";
  for (size_t i = 0; i < axes.size(); ++i) state.series_text += (i > 0 ? "," : "") + csv_field(axes[i]);
  state.series_text += labelled ? ",label\n" : "\n";
  return state.series.open(state.temporary + "/series.part");
}

Result<void> FolderWriter::series_row(std::span<const float> values, std::string_view label) {
  State& state = *state_;
  if (state.series_rate_hz > 0) {
    char time[40];
    std::snprintf(time, sizeof time, "%.6f,", static_cast<double>(state.series_rows) / state.series_rate_hz);
    state.series_text += time;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) state.series_text += ',';
    append_number(state.series_text, values[i]);
  }
  if (state.series_labelled) state.series_text += "," + csv_field(label);
  state.series_text += '\n';
  ++state.series_rows;
  if (state.series_text.size() < kBlockBytes) return {};
  if (cancelled()) return Error{Code::cancelled, "the import was stopped"};
  TADPOLE_CHECK(state.series.write(state.series_text));
  state.series_text.clear();
  return {};
}

Result<void> FolderWriter::end_series() {
  State& state = *state_;
  TADPOLE_CHECK(state.series.write(state.series_text));
  const std::string part = state.series.path();
  state.series.close();
  if (state.series_rows == 0) {
    drop_series();
    return {};
  }
  TADPOLE_TRY(const std::string id, enter(state.series_place, ".csv"));
  if (std::rename(part.c_str(), (state.temporary + "/" + id).c_str()) != 0)
    return Error{Code::file_unwritable, id + ": cannot be written: " + std::strerror(errno) + "."};
  return {};
}

bool FolderWriter::in_series() const { return state_->series.is_open(); }

void FolderWriter::drop_series() {
  state_->series.close();
  std::error_code ignored;
  fs::remove(state_->temporary + "/series.part", ignored);
}

Result<void> FolderWriter::table_row(std::span<const std::string> fields) {
  State& state = *state_;
  if (!state.table.is_open()) TADPOLE_CHECK(state.table.open(state.temporary + "/table.csv"));
  std::string line;
  for (size_t i = 0; i < fields.size(); ++i) line += (i > 0 ? "," : "") + csv_field(fields[i]);
  return state.table.write(line + "\n");
}

Result<void> FolderWriter::bad(const std::string& path, const Error& error) {
  drop_series();
  const bool of_machine = error.code == Code::cancelled || error.code == Code::disk_full ||
                          error.code == Code::file_unwritable || error.code == Code::internal;
  if (!state_->skip_bad || of_machine) return error;
  state_->left_out.push_back({path, error});
  return {};
}

Result<void> FolderWriter::finish() {
  State& state = *state_;
  state.table.close();
  if (state.counts.samples == 0) {
    std::string why = "nothing was found that could be imported.";
    if (!state.left_out.empty()) {
      why += " " + std::to_string(state.left_out.size()) +
             " files were left out; the first: " + state.left_out.front().error.detail;
    }
    return Error{Code::data_empty, why};
  }
  const auto text = [](const std::string& content) {
    return std::span<const uint8_t>(reinterpret_cast<const uint8_t*>(content.data()), content.size());
  };
  const std::string folder = state.temporary + "/";
  if (!state.known.empty())
    TADPOLE_CHECK(write_file(folder + "groups.csv", text(state.groups_text()), Sync::later));
  if (!state.validation.empty())
    TADPOLE_CHECK(write_file(folder + "validation_list.txt", text(state.validation), Sync::later));
  if (!state.test.empty())
    TADPOLE_CHECK(write_file(folder + "testing_list.txt", text(state.test), Sync::later));
  TADPOLE_CHECK(publish_folder(state.temporary, state.to));
  state.finished = true;
  return {};
}

bool FolderWriter::cancelled() const { return state_->progress->cancelled(); }

void FolderWriter::report(const std::string& what, long done, long total) {
  state_->progress->report(what, done, total, "");
}

void FolderWriter::note(const std::string& sentence) {
  auto& notes = state_->notes;
  if (std::find(notes.begin(), notes.end(), sentence) == notes.end()) notes.push_back(sentence);
}

void FolderWriter::count(const std::string& label, long samples, Side side) {
  Counts& counts = state_->counts;
  counts.labels[label] += samples;
  counts.samples += samples;
  if (side == Side::validation) counts.validation += samples;
  if (side == Side::test) counts.test += samples;
}

const FolderWriter::Counts& FolderWriter::counts() const { return state_->counts; }
const std::vector<LeftOut>& FolderWriter::left_out() const { return state_->left_out; }
const std::vector<std::string>& FolderWriter::notes() const { return state_->notes; }

}  // namespace tadpole::data
