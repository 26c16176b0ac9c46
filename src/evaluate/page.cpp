#include "evaluate/page.h"

#include <algorithm>

#include "evaluate/text.h"

namespace tadpole::evaluate {

Table::Table(std::string caption, std::vector<Column> columns)
    : caption_(std::move(caption)), columns_(std::move(columns)) {}

std::string Table::cells(const std::vector<std::string>& values) const {
  std::string out = "<tr>";
  for (size_t i = 0; i < values.size() && i < columns_.size(); ++i) {
    const std::string value = values[i].empty() ? std::string(kUnknownValue) : values[i];
    if (i == 0) {
      out += "<th scope=\"row\">" + value + "</th>";
    } else {
      out += columns_[i].bar ? "<td class=\"barcell\">" : columns_[i].numeric ? "<td class=\"n\">" : "<td>";
      out += value + "</td>";
    }
  }
  return out + "</tr>";
}

void Table::row(std::vector<std::string> values) { body_ += cells(values); }

void Table::total(std::vector<std::string> values) { foot_ = cells(values); }

std::string Table::html() const {
  if (empty()) return "";
  bool wide = false;
  std::string head;
  for (const Column& column : columns_) {
    wide = wide || column.bar;
    head += std::string("<th scope=\"col\"") + (column.numeric ? " class=\"n\">" : ">") +
            escape(column.title) + "</th>";
  }
  return "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"" + escape(caption_) +
         "\"><table" + (wide ? " class=\"wide\"" : "") + "><caption>" + escape(caption_) +
         "</caption><thead><tr>" + head + "</tr></thead><tbody>" + body_ + "</tbody>" +
         (foot_.empty() ? "" : "<tfoot>" + foot_ + "</tfoot>") + "</table></div>";
}

std::string figure(std::string_view title, const std::string& picture, std::string_view how_to_read) {
  if (picture.empty()) return "";
  return "<figure><h3>" + escape(title) + "</h3>" + picture + "<figcaption>" + escape(how_to_read) +
         "</figcaption></figure>";
}

std::string paragraph(const std::string& html) { return html.empty() ? "" : "<p>" + html + "</p>"; }

std::string folded(std::string_view summary, const std::string& html) {
  if (html.empty()) return "";
  return "<details class=\"screen\"><summary>" + escape(summary) + "</summary>" + html + "</details>";
}

std::string text_list(std::string_view heading, const std::vector<View>& items) {
  std::string out;
  size_t shown = 0, left_out = 0;
  for (const View& item : items) {
    const std::string text = item.text();
    if (text.empty()) continue;
    if (shown++ < 100) {
      out += "<li>" + escape(text) + "</li>";
    } else {
      ++left_out;
    }
  }
  if (out.empty()) return "";
  if (left_out > 0) {
    out += "<li>and " + grouped(static_cast<double>(left_out)) + " more, listed in report.json</li>";
  }
  return "<h3>" + escape(heading) + "</h3><ul class=\"list\">" + out + "</ul>";
}

void Facts::add(std::string_view name, const std::string& html) {
  if (!html.empty()) body_ += "<div><dt>" + escape(name) + "</dt><dd>" + html + "</dd></div>";
}

std::string Facts::html() const { return body_.empty() ? "" : "<dl class=\"facts\">" + body_ + "</dl>"; }

std::string layer_cell(const std::string& name, const std::string& op) {
  // A long name may go on in a new line after each underscore.
  const auto breakable = [](const std::string& text) {
    std::string out;
    for (const char c : escape(text)) {
      out += c;
      if (c == '_') out += "<wbr>";
    }
    return out;
  };
  if (name == op || op.empty()) return breakable(name);
  return breakable(name) + "<br><small>" + breakable(op) + "</small>";
}

std::string estimate_tag() {
  return "<span class=\"tag\" title=\"worked out from the counted instructions, not measured on a "
         "chip\">estimate</span>";
}

std::string plural(double count, std::string_view one, std::string_view many) {
  return grouped(count) + " " + std::string(count == 1 ? one : many);
}

}  // namespace tadpole::evaluate
