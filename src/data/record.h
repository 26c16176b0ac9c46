// tadpole data record: new recordings from this computer's microphone, its camera or a board on a serial
// line, added to a data folder in the layout that every other step reads.
#pragma once

#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"

namespace tadpole::data {

struct RecordOptions {
  /// "microphone[:NAME]", "camera[:/dev/video0]", "serial:/dev/ttyACM0", or "file:PATH": a sound file that
  /// stands for a microphone, or a log that stands for a serial line.
  std::string from{};
  std::string to = "data";  ///< data folder; made when it is not there, never emptied
  std::string label{};
  std::string group{};         ///< who or what is recorded; goes to groups.csv
  double seconds = 1;          ///< of one recording; 0.02 to 3,600. Pictures have no length
  int count = 10;              ///< 1 to 100,000
  double pause_seconds = 0.5;  ///< before each recording, to get ready
  double rate_hz = 0;          ///< 0: sound 16,000; rows: measured, for a file there is none
  int baud = 115200;
  std::vector<std::string> axes{};  ///< of rows; empty: the line's own names, else x, y, z or v1, v2 ...
  int width = 320, height = 240;    ///< wanted of a camera
};

struct RecordSummary {
  std::string folder;  ///< to/label
  std::vector<std::string> files;
  double rate_hz = 0;              ///< 0: pictures
  bool rate_measured = false;      ///< and not given
  std::vector<std::string> notes;  ///< what to look at: silence, clipping, rows that got lost
};

/// Writes to/label/0001.wav (16-bit PCM), .csv (time_s and the axes) or .png and so on, each whole or not at
/// all, with the next free numbers. What was recorded before an
/// error or Ctrl-C stays.
/// Fails: data_bad_option, cancelled, disk_full, file_unwritable, groups_malformed, and as open_microphone,
/// open_camera, open_serial and their next().
Result<RecordSummary> record(const RecordOptions& options, Progress& progress);

}  // namespace tadpole::data
