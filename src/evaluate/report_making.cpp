// The parts of the report that say how the model was made: data, features, network, training, commands.
#include <algorithm>
#include <cmath>

#include "evaluate/charts.h"
#include "evaluate/page.h"
#include "evaluate/report_sections.h"
#include "evaluate/text.h"

namespace tadpole::evaluate {
namespace {

std::string amount_cell(View row, const char* key) {
  const auto value = row.amount(key);
  return value ? grouped_html(*value) : std::string();
}

std::string class_counts(View data) {
  static constexpr const char* kSums[] = {"train", "validation", "test"};
  Table table("Recordings of each class", {{"class"},
                                           {"to learn from", true},
                                           {"to choose by", true},
                                           {"to test with", true},
                                           {"length", true},
                                           {"groups", true},
                                           {"all together", false, true}});
  const std::vector<View> rows = data.items("table");
  double most = 0, sums[3] = {0, 0, 0}, seconds = 0;
  const auto total_of = [](View row) {
    double total = 0;
    for (const char* key : kSums) total += row.amount(key).value_or(0);
    return total;
  };
  for (const View& row : rows) {
    most = std::max(most, total_of(row));
    for (int i = 0; i < 3; ++i) sums[i] += row.amount(kSums[i]).value_or(0);
    seconds += row.amount("seconds").value_or(0);
  }
  for (size_t i = 0; i < rows.size() && i < kMostRows; ++i) {
    const auto length = rows[i].amount("seconds");
    const std::string name = rows[i].text("class");
    if (name.empty() && total_of(rows[i]) == 0) continue;
    table.row({escape(name), amount_cell(rows[i], "train"), amount_cell(rows[i], "validation"),
               amount_cell(rows[i], "test"), length ? duration_text(*length) : "",
               amount_cell(rows[i], "groups"), bar(most > 0 ? total_of(rows[i]) / most : 0, 1)});
  }
  if (table.empty()) return "";
  table.total({"together", grouped(sums[0]), grouped(sums[1]), grouped(sums[2]), duration_text(seconds),
               "&nbsp;", grouped(sums[0] + sums[1] + sums[2]) + " recordings"});
  return table.html() +
         "<p class=\"muted\"><small>How to read it: the bars should be about as long as each other, so that "
         "no class is "
         "favoured. A group is one speaker or one device; no group is on two sides, so the test is "
         "fair.</small></p>";
}

std::string clip_pictures(View report) {
  const std::string block = report.at("features").text("block");
  std::string out;
  size_t shown = 0;
  for (const View& clip : report.items("spectrograms")) {
    const auto frames = clip.amount("frames"), width = clip.amount("values_per_frame");
    const std::vector<View> items = clip.items("values");
    if (!frames || !width || *frames > 4096 || *width > 4096 || items.empty() || shown >= 48) continue;
    std::vector<float> values;
    values.reserve(items.size());
    for (const View& item : items) {
      values.push_back(static_cast<float>(std::clamp(item.number().value_or(NAN), -3e38, 3e38)));
    }
    const std::string kind = clip.text("kind").empty() ? block : clip.text("kind");
    const std::string uri =
        spectrogram_uri(values, static_cast<size_t>(*frames), static_cast<size_t>(*width), kind == "mfcc");
    if (uri.empty()) continue;
    ++shown;
    const std::string name = clip.text("class"), answer = clip.text("answer"), id = clip.text("id");
    const auto score = clip.amount("score");
    std::string words = "<strong>" + escape(name.empty() ? "clip" : name) + "</strong>";
    if (!answer.empty()) {
      words += std::string("<br><span class=\"") + (answer == name ? "good" : "bad") + "\">" +
               (answer == name ? "\xE2\x9C\x93 " : "\xE2\x9C\x97 ") + "answered " + escape(answer) +
               "</span>";
      if (score && *score <= 1) words += ", score " + percent_html(*score);
    }
    if (!id.empty()) words += "<br><small>" + escape(id) + "</small>";
    out += "<figure><img src=\"" + uri + "\" alt=\"Picture of the sound of one recording of " +
           escape(name.empty() ? "a class" : name) + ": " + grouped(*frames) + " steps in time, " +
           grouped(*width) + " values each\"><figcaption>" + words + "</figcaption></figure>";
  }
  if (out.empty()) return "";
  return "<h3>One recording of each class, as the model sees it</h3><div class=\"clips\">" + out +
         "</div><p class=\"muted\" style=\"margin-top:12px\"><small>How to read it: time runs from left to "
         "right. " +
         std::string(
             block == "mfcc"
                 ? "Each line is one value of the sound's shape (MFCC), scaled by itself: the lowest line is "
                   "loudness, higher lines are finer detail. "
                 : "Low tones are at the bottom, high tones at the top. ") +
         "Bright means a large value, dark a small one.</small></p>";
}

struct Curves {
  LineChart loss, accuracy;
  std::string table;
};

Curves read_epochs(View train) {
  Curves out;
  Series loss_train{"training side", 1, false, {}}, loss_validation{"validation side", 2, true, {}};
  Series right_train = loss_train, right_validation = loss_validation;
  Table table("Every pass in numbers", {{"pass"},
                                        {"update", true},
                                        {"learning rate", true},
                                        {"loss", true},
                                        {"validation loss", true},
                                        {"right", true},
                                        {"validation right", true}});
  const std::vector<View> epochs = train.items("epochs");
  const size_t step = epochs.size() / kMostRows + 1;
  for (size_t i = 0; i < epochs.size(); ++i) {
    const View& epoch = epochs[i];
    const double x = epoch.number("epoch").value_or(static_cast<double>(i + 1));
    const auto put = [&](Series& series, const char* key, double most) {
      const auto y = epoch.number(key);
      if (y && std::abs(*y) <= most) series.points.emplace_back(x, *y);
    };
    put(loss_train, "train_loss", 1e9);
    put(loss_validation, "validation_loss", 1e9);
    put(right_train, "train_accuracy", 1);
    put(right_validation, "validation_accuracy", 1);
    if (i % step != 0 && i + 1 != epochs.size()) continue;
    const auto shown = [&](const char* key, bool share) {
      const auto y = epoch.number(key);
      return !y ? std::string() : share ? percent_html(*y) : with_tooltip(grouped(*y, 4), exact(*y), *y);
    };
    const auto rate = epoch.number("learning_rate");
    table.row({grouped(x), amount_cell(epoch, "update"), rate ? exact(std::round(*rate * 1e6) / 1e6) : "",
               shown("train_loss", false), shown("validation_loss", false), shown("train_accuracy", true),
               shown("validation_accuracy", true)});
  }
  out.loss.x_label = out.accuracy.x_label = "passes over the data";
  out.loss.y_label = "loss";
  out.accuracy.y_label = "right answers";
  out.accuracy.y_is_share = true;
  const auto describe = [](const char* what, const Series& series, bool share) {
    if (series.points.empty()) return std::string();
    const auto say = [&](double y) { return share ? percent_text(y) : grouped(y, 2); };
    return std::string(what) + " of the " + series.name + " went from " + say(series.points.front().second) +
           " to " + say(series.points.back().second) + ". ";
  };
  out.loss.description =
      describe("The loss", loss_train, false) + describe("The loss", loss_validation, false);
  out.accuracy.description =
      describe("Right answers", right_train, true) + describe("Right answers", right_validation, true);
  if (const auto best = train.number("best_epoch")) {
    for (const auto& [x, y] : right_validation.points) {
      if (x == *best) out.accuracy.marks = {{"the pass that was kept", 3, x, y}};
    }
    for (const auto& [x, y] : loss_validation.points) {
      if (x == *best) out.loss.marks = {{"the pass that was kept", 3, x, y}};
    }
  }
  out.loss.series = {std::move(loss_train), std::move(loss_validation)};
  out.accuracy.series = {std::move(right_train), std::move(right_validation)};
  out.table = table.html();
  return out;
}

}  // namespace

std::string data_section(View report) {
  const View data = report.at("data");
  std::string out = class_counts(data);
  const std::string story = data.text("split_story");
  if (!story.empty()) out += "<h3>How the recordings were divided</h3>" + paragraph(escape(story));
  out += text_list("Worth a look", data.items("warnings"));
  out += text_list("Changed on the way in", data.items("conversions"));
  return out;
}

std::string features_section(View report) {
  const View features = report.at("features");
  Facts facts;
  const std::string block = features.text("block");
  facts.add("Kind", escape(block));
  if (const auto hz = features.amount("sample_rate_hz"))
    facts.add("Sample rate", grouped(*hz) + "\xC2\xA0Hz");
  if (const auto ms = features.amount("window_ms")) facts.add("One look", exact(*ms) + "\xC2\xA0ms of sound");
  if (const auto ms = features.amount("stride_ms")) facts.add("A new look every", exact(*ms) + "\xC2\xA0ms");
  const auto frames = features.amount("frames"), width = features.amount("values_per_frame");
  if (frames && width) {
    facts.add("Numbers for one clip",
              grouped(*frames) + " \xC3\x97 " + grouped(*width) + " = " + grouped(*frames * *width));
  }
  if (const auto bands = features.amount("bands")) facts.add("Tone bands", grouped(*bands));
  if (const auto ram = features.amount("ram_bytes")) facts.add("RAM for this step", bytes_html(*ram));
  const std::string list = facts.html(), pictures = clip_pictures(report);
  if (list.empty() && pictures.empty()) return "";
  return paragraph(
             "The model does not see the sound wave itself. First the sound is turned into a small picture "
             "of its tones over time.") +
         list + pictures;
}

std::string model_section(View report) {
  const View model = report.at("model");
  Facts facts;
  facts.add("Architecture", escape(model.text("architecture")));
  if (const auto n = model.amount("parameters")) facts.add("Numbers it learned", grouped_html(*n));
  if (const auto n = model.amount("macs")) facts.add("Multiplications for one answer", grouped_html(*n));
  Table table(
      "Layer by layer",
      {{"layer"}, {"multiplications", true}, {"", false, true}, {"learned numbers", true}, {"output", true}});
  const std::vector<View> layers = model.items("layers");
  double most = 0;
  for (const View& layer : layers) most = std::max(most, layer.amount("macs").value_or(0));
  for (size_t i = 0; i < layers.size() && i < kMostRows; ++i) {
    const View& layer = layers[i];
    std::string shape = escape(layer.text("output_shape"));
    for (const View& size : layer.items("output_shape")) {
      if (const auto n = size.number()) shape += (shape.empty() ? "" : " \xC3\x97 ") + grouped(*n);
    }
    const auto macs = layer.amount("macs");
    table.row({layer_cell(layer.text("name"), layer.text("op")), amount_cell(layer, "macs"),
               most > 0 && macs ? bar(*macs / most, 4) : "&nbsp;", amount_cell(layer, "parameters"), shape});
  }
  std::string out = facts.html();
  if (!table.empty()) {
    out += table.html() +
           "<p class=\"muted\"><small>How to read it: the picture of the sound goes in at the top, and a "
           "score for each class "
           "comes out at the bottom. The bar shows how much of the work each layer does.</small></p>";
  }
  return out;
}

std::string training_section(View report) {
  const View train = report.at("train");
  Curves curves = read_epochs(train);
  Facts facts;
  if (const auto n = train.number("best_epoch")) facts.add("Pass that was kept", grouped(*n));
  if (const auto s = train.amount("seconds")) facts.add("Time", duration_text(*s));
  if (const auto n = train.amount("samples_per_second")) facts.add("Speed", grouped(*n) + " recordings/s");
  if (const auto n = train.number("seed")) facts.add("Seed", exact(*n));
  if (const auto n = train.amount("threads")) facts.add("Processor cores used", grouped(*n));
  const std::string loss = figure("Loss: how wrong the model is", draw(curves.loss),
                                  "How to read it: both lines should fall. When the dashed one rises again, "
                                  "the model starts to learn by heart.");
  const std::string right = figure("Right answers", draw(curves.accuracy),
                                   "How to read it: higher is better. The model never learns from the dashed "
                                   "line's recordings; they only show when to stop.");
  const std::string list = facts.html();
  if (list.empty() && loss.empty() && right.empty() && curves.table.empty()) return "";
  return list + (loss.empty() && right.empty() ? "" : "<div class=\"pair\">" + loss + right + "</div>") +
         folded("Every pass in numbers", curves.table);
}

std::string commands_section(View report) {
  const View project = report.at("project");
  std::string lines;
  for (const View& line : project.items("command_lines")) {
    if (!line.text().empty()) lines += escape(line.text()) + "\n";
  }
  if (lines.empty()) return "";
  return paragraph("These commands make it again; the same seed gives the same model.") + "<pre>" + lines +
         "</pre>";
}

}  // namespace tadpole::evaluate
