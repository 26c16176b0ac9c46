// Lines of text and the fields in them: CSV in all the variants that people have.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/byte_stream.h"

namespace tadpole::data {

/// Lines of a stream, one at a time; line ends of Unix and Windows; a byte-order mark is skipped.
class LineReader {
 public:
  /// `name` is for messages. The stream must stay alive.
  LineReader(ByteStream& stream, std::string name);

  /// The next line without its end, valid until the next call; nothing at the end. Fails: as
  /// ByteStream::read, csv_malformed (a line of over 1 MB, or a byte 0: not a text file).
  Result<std::optional<std::string_view>> next();

  /// Number of the latest line, from 1.
  long number() const { return number_; }
  /// "name:17: "
  std::string place() const;

 private:
  ByteStream& stream_;
  std::string name_, line_;
  std::vector<uint8_t> block_;
  size_t at_ = 0, filled_ = 0;
  long number_ = 0;
};

/// Spaces, tabs and carriage returns taken off both ends.
std::string_view trimmed(std::string_view text);

/// Lower-case ASCII letters.
std::string lower_case(std::string_view text);

/// Fields of one line, trimmed; quoted as in RFC 4180 but not over several lines. delimiter ' ': any run of
/// blanks. Returns what is wrong, or "". Reuses the strings of `fields`.
std::string split_fields(std::string_view line, char delimiter, std::vector<std::string>& fields);

/// The delimiter that a first line uses: the most frequent of tab, semicolon and comma outside quotes, else a
/// blank where there are some, else a comma.
char guess_delimiter(std::string_view line);

/// A finite number that fills the whole text, in decimal or scientific notation, '+' allowed; or nothing.
std::optional<double> to_number(std::string_view text);

/// A field for CSV: in quotes where it has to be.
std::string csv_field(std::string_view text);

/// The shortest text that reads back as the same float.
void append_number(std::string& text, float value);

}  // namespace tadpole::data
