// The building bricks of a report page: figures, tables, lists, cards. In: HTML that is safe already, unless
// said otherwise.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "evaluate/json_view.h"

namespace tadpole::evaluate {

/// A part of the page; one without a body is left out, with its entry in the contents.
struct Section {
  std::string id, title;
  std::string body;
};

/// A dash, for values that are not known.
inline constexpr std::string_view kUnknownValue = "<span class=\"muted\">\xE2\x80\x93</span>";

/// A table that scrolls by itself on narrow screens. The first cell of each row names the row.
class Table {
 public:
  struct Column {
    std::string title;
    bool numeric = false;
    bool bar = false;  ///< holds a bar(): gets the room that is left
  };

  /// caption and titles are plain text.
  Table(std::string caption, std::vector<Column> columns);
  void row(std::vector<std::string> cells);
  /// The last row: totals.
  void total(std::vector<std::string> cells);
  bool empty() const { return body_.empty(); }
  /// "" when it has no rows.
  std::string html() const;

 private:
  std::string cells(const std::vector<std::string>& values) const;

  std::string caption_;
  std::vector<Column> columns_;
  std::string body_, foot_;
};

/// A picture with its heading and the sentence that says how to read it (both plain text). "" when there is
/// no picture.
std::string figure(std::string_view title, const std::string& picture, std::string_view how_to_read);

/// A paragraph, "" when empty.
std::string paragraph(const std::string& html);

/// A closed box that opens on a click; left out on paper. "" when empty.
std::string folded(std::string_view summary, const std::string& html);

/// A list of the strings in an array; "" when there are none.
std::string text_list(std::string_view heading, const std::vector<View>& items);

/// Name and value pairs side by side; add() leaves out empty values.
class Facts {
 public:
  void add(std::string_view name, const std::string& html);
  std::string html() const;

 private:
  std::string body_;
};

/// The first cell of a table of layers: the name, and below it what the layer does (both plain text).
std::string layer_cell(const std::string& name, const std::string& op);

/// The word that stands beside every number that was computed by a model of the chip and not measured.
std::string estimate_tag();

/// "1 word", "2 words". Plain text.
std::string plural(double count, std::string_view one, std::string_view many);

/// The most rows that a table of the report shows; the rest is in report.json.
inline constexpr size_t kMostRows = 400;

}  // namespace tadpole::evaluate
