// Live recording without the devices: a pseudo-terminal is the board, ALSA's file plugin the microphone,
// bytes in memory are a camera's frames.
#include "data/record.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <pty.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>

#include "data/audio_file.h"
#include "data/files.h"
#include "data/lists.h"
#include "data/live_camera.h"
#include "data/live_rows.h"
#include "data/live_sound.h"
#include "scratch.h"

namespace tadpole::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Rows = std::vector<std::vector<float>>;

std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST(RowParser, finds_rows_between_boot_messages_and_drops_the_line_in_which_it_joins) {
  RowParser parser;
  EXPECT_EQ(parser.feed(bytes_of("2.5,9\r\nets Jul 29 2019\r\nax,ay\r\n1,2\r\n3;")), (Rows{{1, 2}}));
  EXPECT_EQ(parser.feed(bytes_of("4\n5\t6\nax:7 ay:8\n\n-1e-1,  +2\n")),
            (Rows{{3, 4}, {5, 6}, {7, 8}, {-0.1f, 2}}));
  EXPECT_THAT(parser.names(), ElementsAre("ax", "ay"));
}

TEST(RowParser, is_not_led_astray_by_noise_and_endless_lines) {
  RowParser parser;
  EXPECT_TRUE(parser.feed(bytes_of("\n" + std::string(100'000, '1'))).empty());
  EXPECT_EQ(parser.feed(bytes_of("\n1,nan\n1,1e39\n1,,2\n\x80\xff\n7\n")), (Rows{{7}}));
  EXPECT_GE(parser.dropped(), 4);
}

/// A board that prints `rate` rows a second until it is unplugged.
class FakeBoard {
 public:
  explicit FakeBoard(double rate) {
    char name[128];
    EXPECT_EQ(::openpty(&board_, &computer_, name, nullptr, nullptr), 0);
    device = name;
    ::fcntl(board_, F_SETFL, O_NONBLOCK);
    prints_ = std::thread([this, rate] {
      auto next = std::chrono::steady_clock::now();
      say("boot: sensor ok\n");
      for (int i = 0; !stop_; ++i) {
        next += std::chrono::microseconds(std::llround(1e6 / rate));
        std::this_thread::sleep_until(next);
        if (i % 20 == 0) say("gx,gy\n");
        say(std::to_string(i) + "," + std::to_string(-i) + "\n");
      }
    });
  }
  ~FakeBoard() { unplug(); }
  void unplug() {
    stop_ = true;
    if (!prints_.joinable()) return;
    prints_.join();
    ::close(board_);
    ::close(computer_);
  }
  std::string device;

 private:
  /// A full line drops what nobody reads, as a board does.
  void say(const std::string& text) const {
    [[maybe_unused]] const ssize_t written = ::write(board_, text.data(), text.size());
  }
  int board_ = -1, computer_ = -1;
  std::atomic<bool> stop_{false};
  std::thread prints_;
};

TEST(Record, measures_the_rate_of_a_board_and_writes_its_rows) {
  const Scratch folder;
  FakeBoard board(100);
  Silent silent;
  const auto done = record({.from = "serial:" + board.device,
                            .to = folder / "data",
                            .label = "shake",
                            .seconds = 0.2,
                            .count = 2,
                            .pause_seconds = 0},
                           silent);
  ASSERT_TRUE(done.ok()) << done.error().message();
  EXPECT_TRUE(done->rate_measured);
  EXPECT_NEAR(done->rate_hz, 100, 10) << "a busy computer lets the thread sleep too long";
  EXPECT_THAT(done->files, ElementsAre("0001.csv", "0002.csv"));
  const std::string text = *read_text(folder / "data/shake/0002.csv");
  EXPECT_EQ(text.substr(0, text.find('\n')), "time_s,gx,gy");
  const auto lines = std::count(text.begin(), text.end(), '\n');
  EXPECT_EQ(lines, 1 + std::lround(done->rate_hz * 0.2));
}

TEST(Record, takes_the_rate_and_the_names_that_it_is_given) {
  const Scratch folder;
  FakeBoard board(200);
  Silent silent;
  const RecordOptions options = {.from = "serial:" + board.device,
                                 .to = folder / "data",
                                 .label = "shake",
                                 .seconds = 0.1,
                                 .count = 1,
                                 .pause_seconds = 0,
                                 .rate_hz = 200,
                                 .axes = {"left", "right"}};
  const auto done = record(options, silent);
  ASSERT_TRUE(done.ok()) << done.error().message();
  EXPECT_FALSE(done->rate_measured);
  EXPECT_THAT(*read_text(folder / "data/shake/0001.csv"), testing::StartsWith("time_s,left,right\n0,"));
  RecordOptions wrong = options;
  wrong.axes = {"only"};
  const auto refused = record(wrong, silent);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().detail, HasSubstr("the rows have 2 numbers"));
}

TEST(Record, says_that_a_board_was_unplugged) {
  FakeBoard board(500);
  auto line = open_serial(board.device, 115200);
  ASSERT_TRUE(line.ok()) << line.error().message();
  board.unplug();
  Silent silent;
  Result<LiveRows::Row> row = (*line)->next(silent);
  while (row.ok()) row = (*line)->next(silent);
  EXPECT_EQ(row.error().code, Code::file_unreadable);
  EXPECT_THAT(row.error().detail, HasSubstr("unplugged"));
}

TEST(Record, goes_on_where_a_folder_ends_and_remembers_who_it_was) {
  const Scratch folder;
  std::vector<int16_t> pcm(8000);
  for (size_t i = 0; i < pcm.size(); ++i) pcm[i] = static_cast<int16_t>(i);
  ASSERT_TRUE(write_wav(folder / "long.wav", {16000, pcm}).ok());
  Silent silent;
  RecordOptions options = {.from = "file:" + folder / "long.wav",
                           .to = folder / "data",
                           .label = "yes",
                           .group = "ana",
                           .seconds = 0.2,
                           .count = 2,
                           .pause_seconds = 0};
  for (const int first : {1, 3}) {
    const auto done = record(options, silent);
    ASSERT_TRUE(done.ok()) << done.error().message();
    EXPECT_EQ(done->files.front(), "000" + std::to_string(first) + ".wav");
  }
  EXPECT_EQ(read_audio(folder / "data/yes/0002.wav", 16000)->audio.pcm,
            std::vector<int16_t>(pcm.begin() + 3200, pcm.begin() + 6400));
  const auto groups = parse_groups(*read_text(folder / "data/groups.csv"), "groups.csv");
  ASSERT_TRUE(groups.ok());
  EXPECT_EQ(groups->size(), 4u);
  EXPECT_EQ(groups->at("yes/0004.wav").group, "ana");
  options.count = 3;
  const auto ended = record(options, silent);
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().code, Code::audio_truncated);
  EXPECT_TRUE(std::filesystem::exists(folder / "data/yes/0006.wav")) << "what was whole stays";
}

TEST(Record, notes_silence_and_clipping) {
  const Scratch folder;
  Silent silent;
  std::vector<int16_t> pcm(3200);
  pcm[2000] = INT16_MAX;
  ASSERT_TRUE(write_wav(folder / "s.wav", {16000, pcm}).ok());
  const auto done = record({.from = "file:" + folder / "s.wav",
                            .to = folder / "data",
                            .label = "yes",
                            .seconds = 0.1,
                            .count = 2,
                            .pause_seconds = 0},
                           silent);
  ASSERT_TRUE(done.ok()) << done.error().message();
  EXPECT_THAT(done->notes, ElementsAre(HasSubstr("silence"), HasSubstr("clipped")));
}

TEST(Record, refuses_what_it_cannot_do_before_it_makes_anything) {
  const Scratch folder;
  Silent silent;
  const auto refused = [&](RecordOptions options) {
    options.to = folder / "data";
    if (options.label.empty()) options.label = "yes";
    const auto done = record(options, silent);
    EXPECT_FALSE(done.ok()) << options.from;
    return done.ok() ? Error{Code::internal, ""} : done.error();
  };
  EXPECT_EQ(refused({.from = "ear"}).code, Code::data_bad_option);
  EXPECT_EQ(refused({.from = "serial:"}).code, Code::data_bad_option);
  EXPECT_EQ(refused({.from = "microphone", .label = "../up"}).code, Code::data_bad_option);
  EXPECT_EQ(refused({.from = "microphone", .label = "", .seconds = 0}).code, Code::data_bad_option);
  EXPECT_EQ(refused({.from = "serial:/dev/null"}).code, Code::file_unreadable);
  const Error no_board = refused({.from = "serial:" + folder / "ttyACM0"});
  EXPECT_EQ(no_board.code, Code::file_not_found);
  EXPECT_THAT(no_board.detail, HasSubstr("Plug it in"));
  const Error no_camera = refused({.from = "camera:" + folder / "video0"});
  EXPECT_EQ(no_camera.code, Code::file_not_found);
  EXPECT_THAT(no_camera.detail, HasSubstr("there is no camera at " + folder / "video0"));
  EXPECT_EQ(refused({.from = "camera:/dev/null"}).code, Code::file_unreadable);
  ASSERT_TRUE(write_text(folder / "log.txt", "1,2\n").ok());
  EXPECT_EQ(refused({.from = "file:" + folder / "log.txt"}).code, Code::data_rate_unknown);
  EXPECT_FALSE(std::filesystem::exists(folder / "data"));
}

TEST(Microphone, that_is_not_there_is_said_with_what_to_do) {
  const auto microphone = open_microphone("no_such_microphone", 16000);
  ASSERT_FALSE(microphone.ok());
  EXPECT_EQ(microphone.error().code, Code::file_not_found);
  EXPECT_THAT(microphone.error().detail,
              testing::AnyOf(HasSubstr("arecord -L"), HasSubstr("libasound2-dev")));
}

TEST(Microphone, gives_the_values_of_the_device_in_their_order) {
  const Scratch folder;
  std::vector<int16_t> pcm(4000);
  for (size_t i = 0; i < pcm.size(); ++i) pcm[i] = static_cast<int16_t>(7 * i + 1);
  ASSERT_TRUE(
      write_file(folder / "in.raw", {reinterpret_cast<const uint8_t*>(pcm.data()), 2 * pcm.size()}).ok());
  ASSERT_TRUE(write_text(folder / "asound.conf",
                         "pcm.nothing { type null }\npcm.tape { type file slave.pcm "
                         "nothing file \"/dev/null\" infile \"" +
                             folder / "in.raw" + "\" format raw }\n")
                  .ok());
  ::setenv("ALSA_CONFIG_PATH", (folder / "asound.conf").c_str(), 1);
  auto microphone = open_microphone("tape", 16000);
  ::unsetenv("ALSA_CONFIG_PATH");
  if (!microphone.ok() && microphone.error().detail.find("without ALSA") != std::string::npos)
    GTEST_SKIP() << "built without ALSA";
  ASSERT_TRUE(microphone.ok()) << microphone.error().message();
  Silent silent;
  ASSERT_TRUE((*microphone)->restart().ok());
  const auto heard = (*microphone)->next(3000, silent);
  ASSERT_TRUE(heard.ok()) << heard.error().message();
  EXPECT_EQ(*heard, std::vector<int16_t>(pcm.begin(), pcm.begin() + 3000));
}

}  // namespace
}  // namespace tadpole::data
