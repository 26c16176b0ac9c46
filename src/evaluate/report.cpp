#include "evaluate/report.h"

#include <vector>

#include "evaluate/page.h"
#include "evaluate/palette.h"
#include "evaluate/report_sections.h"
#include "evaluate/text.h"

namespace tadpole::evaluate {
namespace {

constexpr std::string_view kLogo =
    "<svg viewBox=\"0 0 48 48\" aria-hidden=\"true\"><path d=\"M20 27c8 1 11 9 17 9 5 0 7-5 5-9\" "
    "fill=\"none\" "
    "stroke=\"currentColor\" stroke-width=\"4.5\" stroke-linecap=\"round\"/><ellipse cx=\"17\" cy=\"20\" "
    "rx=\"13\" ry=\"11.5\" "
    "fill=\"currentColor\" transform=\"rotate(28 17 20)\"/><circle class=\"eye\" cx=\"12.5\" cy=\"15\" "
    "r=\"3.1\" fill=\"var(--surface)\"/>"
    "<circle cx=\"12\" cy=\"14.8\" r=\"1.5\" fill=\"var(--ink)\"/></svg>";

/// The verdict on predicted numbers and on anomalies.
std::string verdict_in_numbers(View result) {
  const auto headline = headline_of(result);
  if (!headline) return "";
  if (std::string_view(headline->key) == "r_squared") {
    return "Of how much the true numbers differ from each other, the model's answers explain <strong>" +
           percent_html(headline->value) + "</strong> (R\xC2\xB2).";
  }
  return "A random anomaly of the test side scores higher than a random normal sample in <strong>" +
         percent_html(headline->value) + "</strong> of all pairs (area under the ROC curve).";
}

/// One sentence: how good, on what, and how sure.
std::string verdict(View report) {
  for (size_t i = kPlaces.size(); i-- > 0;) {
    const View result = report.at("evaluation").at(kPlaces[i].key);
    const auto accuracy = headline_accuracy(result);
    if (!accuracy) {
      if (const std::string words = verdict_in_numbers(result); !words.empty())
        return "<p class=\"lead\">" + words + "</p>";
      continue;
    }
    const bool without = result.number("accuracy_without_silence").has_value();
    const auto count = result.amount(without ? "count_without_silence" : "count");
    static constexpr const char* kWho[] = {"the model", "the small int8 model", "the board"};
    std::string out = "Of " + (count ? grouped(*count) : std::string("the")) +
                      " test recordings that it had never heard, " + kWho[i] + " answered <strong>" +
                      percent_html(*accuracy) + "</strong> correctly.";
    const auto low = result.number("accuracy_low"), high = result.number("accuracy_high");
    if (low && high) {
      out += " For new recordings like these, expect between " + percent_text(*low) + " and " +
             percent_text(*high) + ".";
    }
    return "<p class=\"lead\">" + out + "</p>";
  }
  return "";
}

std::string top(View report) {
  const View project = report.at("project"), board = report.at("board");
  const std::string name = project.text("name");
  std::string meta;
  const auto add = [&](const std::string& words) {
    if (!words.empty()) meta += (meta.empty() ? "" : " \xC2\xB7 ") + words;
  };
  const auto labelled = [](const char* label, const std::string& value) {
    return value.empty() ? std::string() : label + escape(value);
  };
  add(labelled("Task: ", project.text("task")));
  const std::string board_name = board.text("title").empty() ? board.text("name") : board.text("title");
  add(labelled("Board: ", board_name));
  add(labelled("Made: ", project.text("created_utc")));
  add(labelled("Tadpole ", project.text("tadpole_version")));
  std::string out = "<header class=\"top\"><div class=\"brand\">" + std::string(kLogo) +
                    "<span>Tadpole report</span></div><h1>" +
                    escape(name.empty() ? "A model's report" : name) + "</h1>";
  if (!meta.empty()) out += "<p class=\"meta\">" + meta + "</p>";
  if (report.at("synthetic").is_true()) {
    out +=
        "<p class=\"note\" role=\"note\"><strong>Synthetic data.</strong> The recordings were made by a "
        "speech program, not "
        "by people. The numbers show that every step works; they do not say how well the model hears real "
        "people.</p>";
  }
  const auto format = report.number("format");
  if (format && *format != kReportFormat) {
    out += "<p class=\"note\" role=\"note\">This report was written in format " + exact(*format) +
           ", and this Tadpole knows format " + std::to_string(kReportFormat) +
           ". Some parts may be missing.</p>";
  }
  return out + verdict(report) + headline(report);
}

std::string words_section() {
  return "<dl class=\"words\"><dt>Test recordings</dt><dd>Recordings that were kept away from the model "
         "while it learned. Only they "
         "can show how good it is.</dd>"
         "<dt>Float and int8</dt><dd>Two ways to write the model's numbers: with many digits (float), or "
         "rounded to one of 256 "
         "steps (int8), which is smaller and faster on a chip.</dd>"
         "<dt>Silence and unknown</dt><dd>Two extra classes: nothing was said, or some other word was said. "
         "The model should answer "
         "neither with a word.</dd>"
         "<dt>Likely between</dt><dd>With few recordings, luck plays a part. In 95 of 100 such tests the "
         "true value lies in this range "
         "(Wilson interval), provided that the recordings do not depend on each other.</dd>"
         "<dt>RAM and flash</dt><dd>The two memories of a microcontroller: RAM for what changes while it "
         "runs, flash for the program. "
         "1\xC2\xA0KB is 1,024 bytes.</dd>"
         "<dt>Estimate</dt><dd>Worked out with a model of the chip, not measured on one.</dd></dl>";
}

}  // namespace

std::string render_report_html(const nlohmann::json& report) {
  const View view(&report);
  std::vector<Section> sections = {
      {"answers", "How well does it answer?", answers_section(view)},
      {"numbers", "How near are its numbers?", numbers_section(view)},
      {"anomalies", "Does it notice what is strange?", anomalies_section(view)},
      {"threshold", "When does it answer?", threshold_section(view)},
      {"stream", "Listening for a long time", stream_section(view)},
      {"data", "The recordings", data_section(view)},
      {"features", "What the model sees", features_section(view)},
      {"model", "The model", model_section(view)},
      {"training", "Learning", training_section(view)},
      {"small", "Making it small", quantisation_section(view)},
      {"smaller", "Making it smaller still", optimise_section(view)},
      {"memory", "Where the memory goes", memory_section(view)},
      {"work", "Where the time goes", work_section(view)},
      {"commands", "Make it again", commands_section(view)},
  };
  std::erase_if(sections, [](const Section& section) { return section.body.empty(); });
  const bool empty = sections.empty();
  if (!empty) sections.push_back({"words", "Words used here", words_section()});

  const std::string name = view.at("project").text("name");
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light "
      "dark\">\n<title>" +
      escape(name.empty() ? "Tadpole report" : name + " \xE2\x80\x93 Tadpole report") +
      "</title>\n<style>\n" + style_sheet() + "</style>\n</head>\n<body>\n" + top(view);
  if (!empty) {
    out += "<nav aria-label=\"Contents\"><ul>";
    for (const Section& section : sections) {
      out += "<li><a href=\"#" + section.id + "\">" + escape(section.title) + "</a></li>";
    }
    out += "</ul></nav>";
  }
  out += "</header>\n<main>\n";
  for (const Section& section : sections) {
    out += "<section id=\"" + section.id + "\" aria-labelledby=\"" + section.id + "-title\"><h2 id=\"" +
           section.id + "-title\">" + escape(section.title) + "</h2>\n" + section.body + "</section>\n";
  }
  if (empty) out += "<section><p>Nothing has been measured yet. Run: tadpole train</p></section>\n";
  return out +
         "</main>\n<footer>Point at a number to see its exact value. Every number is also in report.json, "
         "beside this file.</footer>\n"
         "</body>\n</html>\n";
}

}  // namespace tadpole::evaluate
