#include "data/lists.h"

#include <algorithm>

#include "data/text_lines.h"

namespace tadpole::data {
namespace {

std::string normal_path(std::string_view path) {
  std::string text(trimmed(path));
  std::replace(text.begin(), text.end(), '\\', '/');
  while (text.starts_with("./")) text.erase(0, 2);
  return text;
}

// Calls take(line, number) for each line until it returns false.
template <class Take>
void for_each_line(std::string_view text, Take take) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    if (!take(trimmed(text.substr(0, end)), number)) return;
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
}

bool leaves_folder(std::string_view path) {
  return path.starts_with("/") || path == ".." || path.starts_with("../") || path.ends_with("/..") ||
         path.find("/../") != std::string_view::npos;
}

constexpr std::string_view kSourceColumn = "source";

// What is wrong with the names of the columns, or "".
std::string problem_of_header(const std::vector<std::string>& columns) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].empty()) return "column " + std::to_string(i + 1) + " has no name";
    if (std::find(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(i), columns[i]) !=
        columns.begin() + static_cast<std::ptrdiff_t>(i))
      return "there are two columns \"" + columns[i] + "\"";
  }
  return "";
}

// What is wrong with the fields of a line, or "".
std::string problem_of(const std::vector<std::string>& fields, size_t columns) {
  if (fields.size() < 2 || (columns <= 3 && fields[1].empty()) ||
      std::all_of(fields.begin() + 1, fields.end(), [](const std::string& field) { return field.empty(); }))
    return "there is no group after the path";
  if (fields.size() > columns)
    return "there are " + std::to_string(fields.size()) + " fields; put a path with a comma in double quotes";
  if (fields[0].empty()) return "there is no path before the comma";
  if (leaves_folder(normal_path(fields[0]))) return "\"" + fields[0] + "\" is not below the data folder";
  return "";
}

}  // namespace

Result<std::map<std::string, GroupEntry>> parse_groups(std::string_view text, const std::string& name) {
  std::map<std::string, GroupEntry> groups;
  std::string problem;
  std::vector<std::string> fields, columns = {"path", "group", std::string(kSourceColumn)};
  int bad_line = 0;
  for_each_line(text, [&](std::string_view line, int number) {
    if (line.empty() || line.starts_with("#")) return true;
    bad_line = number;
    problem = split_fields(line, ',', fields);
    if (problem.empty() && number == 1 && fields.size() >= 2 && fields[0] == "path" && fields[1] == "group") {
      if (fields.size() > 2) columns = fields;
      problem = problem_of_header(columns);
      return problem.empty();
    }
    if (problem.empty()) problem = problem_of(fields, columns.size());
    if (!problem.empty()) return false;
    GroupEntry found{fields[1], "", {}};
    for (size_t i = 2; i < fields.size(); ++i) {
      if (columns[i] == kSourceColumn) {
        found.source = fields[i];
      } else if (!fields[i].empty()) {
        found.more[columns[i]] = fields[i];
      }
    }
    const auto [entry, added] = groups.try_emplace(normal_path(fields[0]), std::move(found));
    if (!added && entry->second.group != fields[1]) {
      problem = "\"" + fields[0] + "\" was in group \"" + entry->second.group + "\" before and is in \"" +
                fields[1] + "\" here";
    }
    return problem.empty();
  });
  if (!problem.empty()) {
    return Error{Code::groups_malformed, name + ":" + std::to_string(bad_line) + ": " + problem +
                                             ". Each line is: path,group. For example: yes/17.wav,anna"};
  }
  return groups;
}

std::vector<std::string> parse_list(std::string_view text) {
  std::vector<std::string> paths;
  for_each_line(text, [&](std::string_view line, int) {
    if (std::string path = normal_path(line); !path.empty()) paths.push_back(std::move(path));
    return true;
  });
  return paths;
}

std::string speaker_of(std::string_view file_name) {
  constexpr std::string_view kMark = "_nohash_";
  const size_t mark = file_name.find(kMark);
  if (mark == std::string_view::npos || mark < 4) return "";
  const std::string_view speaker = file_name.substr(0, mark);
  if (speaker.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos) return "";
  const std::string_view rest = file_name.substr(mark + kMark.size());
  const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  if (digits == 0 || (digits < rest.size() && rest[digits] != '.')) return "";
  return std::string(speaker);
}

}  // namespace tadpole::data
