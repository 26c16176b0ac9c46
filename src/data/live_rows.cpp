#include "data/live_rows.h"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <deque>

#include "data/files.h"
#include "data/text_lines.h"

namespace tadpole::data {

namespace {

/// Longer lines are no rows.
constexpr size_t kLongestLine = 4096;
constexpr int kPollMs = 50;
constexpr double kPatienceS = 3;

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::optional<speed_t> speed_of(int baud) {
  static constexpr struct {
    int baud;
    speed_t speed;
  } kSpeeds[] = {{1200, B1200},       {2400, B2400},       {4800, B4800},       {9600, B9600},
                 {19200, B19200},     {38400, B38400},     {57600, B57600},     {115200, B115200},
                 {230400, B230400},   {460800, B460800},   {500000, B500000},   {576000, B576000},
                 {921600, B921600},   {1000000, B1000000}, {1500000, B1500000}, {2000000, B2000000},
                 {3000000, B3000000}, {4000000, B4000000}};
  for (const auto& row : kSpeeds)
    if (row.baud == baud) return row.speed;
  return std::nullopt;
}

class SerialLine final : public LiveRows {
 public:
  SerialLine(std::string device, int baud, int file) : device_(std::move(device)), baud_(baud), file_(file) {}
  ~SerialLine() override { ::close(file_); }
  SerialLine(const SerialLine&) = delete;
  SerialLine& operator=(const SerialLine&) = delete;

  /// Bytes as they are, no echo, no signals, at `speed`.
  Result<void> set(speed_t speed) {
    termios settings{};
    if (::tcgetattr(file_, &settings) < 0) {
      return Error{Code::file_unreadable, device_ + " is no serial line (" + std::strerror(errno) +
                                              "). For a log use --from file:" + device_ + "."};
    }
    ::cfmakeraw(&settings);
    settings.c_cflag |= CLOCAL | CREAD;
    ::cfsetispeed(&settings, speed);
    ::cfsetospeed(&settings, speed);
    if (::tcsetattr(file_, TCSANOW, &settings) < 0) {
      return Error{Code::file_unreadable, device_ + " does not take " + std::to_string(baud_) +
                                              " baud: " + std::strerror(errno) + ". Try another --baud."};
    }
    return {};
  }

  Result<void> restart() override {
    ::tcflush(file_, TCIFLUSH);
    const std::vector<std::string> names = parser_.names();
    parser_ = RowParser();
    if (names_.empty()) names_ = names;
    waiting_.clear();
    return {};
  }

  Result<Row> next(const Progress& progress) override {
    for (const double begin = now_s(); waiting_.empty();) {
      if (progress.cancelled()) return Error{Code::cancelled, ""};
      if (now_s() - begin > kPatienceS) return silent();
      pollfd ready{file_, POLLIN, 0};
      if (::poll(&ready, 1, kPollMs) <= 0) continue;
      uint8_t bytes[1024];
      const ssize_t count = ::read(file_, bytes, sizeof bytes);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (count <= 0) return Error{Code::file_unreadable, device_ + " went away: was it unplugged?"};
      bytes_ += count;
      const double time_s = now_s();
      for (auto& values : parser_.feed({bytes, static_cast<size_t>(count)}))
        waiting_.push_back({time_s, std::move(values)});
    }
    Row row = std::move(waiting_.front());
    waiting_.pop_front();
    return row;
  }

  const std::vector<std::string>& names() const override {
    return parser_.names().empty() ? names_ : parser_.names();
  }

 private:
  Error silent() const {
    const std::string came = bytes_ == 0
                                 ? "nothing came"
                                 : std::to_string(bytes_) + " bytes came, with " +
                                       std::to_string(parser_.dropped()) + " lines that are no numbers";
    return {Code::timed_out, device_ + ": no row of numbers for 3 s; " + came +
                                 ". The board should print lines such as 1.2,3.4,5.6; is its speed --baud " +
                                 std::to_string(baud_) + "?"};
  }

  std::string device_;
  int baud_, file_;
  RowParser parser_;
  std::vector<std::string> names_;
  std::deque<Row> waiting_;
  int64_t bytes_ = 0;
};

class RowFile final : public LiveRows {
 public:
  RowFile(std::string path, const std::string& text) : path_(std::move(path)) {
    const std::string whole = "\n" + text + "\n";
    rows_ = parser_.feed({reinterpret_cast<const uint8_t*>(whole.data()), whole.size()});
  }
  Result<void> restart() override { return {}; }
  Result<Row> next(const Progress&) override {
    if (at_ < rows_.size()) return Row{0, rows_[at_++]};
    return Error{Code::data_malformed, path_ + " is at its end after " + std::to_string(rows_.size()) +
                                           " rows. Record fewer (--count) or shorter (--seconds) ones."};
  }
  const std::vector<std::string>& names() const override { return parser_.names(); }

 private:
  std::string path_;
  RowParser parser_;
  std::vector<std::vector<float>> rows_;
  size_t at_ = 0;
};

}  // namespace

std::optional<std::vector<float>> RowParser::line(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) return std::nullopt;
  std::vector<std::string> fields;
  bool numbers = split_fields(text, guess_delimiter(text), fields).empty() && !fields.empty(),
       names = numbers;
  std::vector<float> values;
  for (const std::string& field : fields) {
    const auto value = to_number(std::string_view(field).substr(field.rfind(':') + 1));
    const bool fits = value && std::abs(*value) <= 3e38;
    numbers = numbers && fits;
    names = names && !value && !field.empty();
    if (fits) values.push_back(static_cast<float>(*value));
  }
  if (numbers) return values;
  if (names && fields.size() > 1) {
    names_ = std::move(fields);
  } else {
    ++dropped_;
  }
  return std::nullopt;
}

std::vector<std::vector<float>> RowParser::feed(std::span<const uint8_t> bytes) {
  std::vector<std::vector<float>> rows;
  for (const uint8_t byte : bytes) {
    if (byte != '\n') {
      if (open_.size() < kLongestLine) {
        open_ += static_cast<char>(byte);
      } else {
        skip_ = true;
      }
      continue;
    }
    if (!skip_) {
      if (auto row = line(open_)) rows.push_back(std::move(*row));
    } else if (joined_) {
      ++dropped_;
    }
    skip_ = false;
    joined_ = true;
    open_.clear();
  }
  return rows;
}

Result<std::unique_ptr<LiveRows>> open_serial(const std::string& device, int baud) {
  const std::optional<speed_t> speed = speed_of(baud);
  if (!speed) {
    return Error{Code::data_bad_option,
                 "--baud " + std::to_string(baud) + " is no usual speed. Try 9600 or 115200."};
  }
  const int file = ::open(device.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) {
    if (errno == EACCES || errno == EPERM) {
      return Error{Code::file_unreadable, "you may not use " + device +
                                              ". Add yourself to its group: sudo adduser $USER dialout, then "
                                              "log in again."};
    }
    return Error{Code::file_not_found,
                 "there is no board at " + device + " (" + std::strerror(errno) +
                     "). Plug it in; ls /dev/ttyACM* /dev/ttyUSB* lists those there are."};
  }
  auto line = std::make_unique<SerialLine>(device, baud, file);
  TADPOLE_CHECK(line->set(*speed));
  return std::unique_ptr<LiveRows>(std::move(line));
}

Result<std::unique_ptr<LiveRows>> open_row_file(const std::string& path) {
  TADPOLE_TRY(const std::string text, read_text(path));
  return std::unique_ptr<LiveRows>(std::make_unique<RowFile>(path, text));
}

Result<double> measure_rate(LiveRows& rows, double watch_s, const Progress& progress) {
  TADPOLE_CHECK(rows.restart());
  TADPOLE_TRY(const LiveRows::Row first, rows.next(progress));
  double last_s = first.time_s;
  int count = 0;
  while (last_s - first.time_s < watch_s) {
    TADPOLE_TRY(const LiveRows::Row row, rows.next(progress));
    last_s = row.time_s;
    ++count;
  }
  const double rate = count / (last_s - first.time_s);
  if (count < 5) {
    return Error{Code::data_rate_unknown, "only " + std::to_string(count + 1) +
                                              " rows came while the rate was measured. Give it: --rate HZ."};
  }
  return rate >= 20 ? std::round(rate) : std::round(rate * 10) / 10;
}

}  // namespace tadpole::data
