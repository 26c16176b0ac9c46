// Files to samples (folder_signals.cpp, table_file.cpp), then classes, sides and the report, the same for all
// kinds.
#include "data/folder.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/rng.h"
#include "base/text.h"
#include "data/folder_read.h"

namespace tadpole::data {
namespace {

using samples::Side;

class FolderReader {
 public:
  FolderReader(std::string folder, const ReadOptions& options)
      : folder_(std::move(folder)),
        options_(options),
        findings_(options.kind == DataKind::table   ? "row"
                  : options.kind == DataKind::image ? "picture"
                                                    : "sample") {}

  Result<Import> run(Workers& workers, Progress& progress) {
    TADPOLE_TRY(lists_, read_lists(folder_));
    TADPOLE_TRY(Found found, read(workers, progress));
    if (progress.cancelled()) return Error{Code::cancelled, folder_ + ": reading the data was stopped"};
    TADPOLE_CHECK(name_classes(found));
    TADPOLE_CHECK(sides(found));
    name_more_groups(lists_, result_.data);
    report(found);
    return std::move(result_);
  }

 private:
  Result<Found> read(Workers& workers, Progress& progress) {
    switch (options_.kind) {
      case DataKind::image:
        return read_pictures(folder_, options_, lists_, findings_, workers, progress);
      case DataKind::series:
        return read_series_folder(folder_, options_, lists_, findings_, workers, progress);
      case DataKind::stroke:
        return read_strokes(folder_, options_, lists_, findings_, workers, progress);
      case DataKind::table:
        return read_table(folder_, options_, findings_, progress);
    }
    return Error{Code::internal, "a kind of data that nobody reads"};
  }

  bool is_normal(const std::string& label) const {
    return std::any_of(options_.normal.begin(), options_.normal.end(),
                       [&](const std::string& pattern) { return matches(label, pattern); });
  }

  // data.classes, and data.samples with their targets; samples of classes that nobody wants are left out.
  Result<void> name_classes(Found& found) {
    samples::Dataset& data = result_.data;
    std::set<std::string, decltype(&samples::natural_less)> labels(&samples::natural_less);
    for (const FoundSample& one : found.samples) labels.insert(one.sample.label);
    const bool regression = options_.kind == DataKind::table && !options_.targets.empty();
    if (!options_.normal.empty()) {
      data.classes = {"normal", "anomaly"};
    } else if (!regression) {
      data.classes = options_.classes;
      TADPOLE_CHECK(check_classes({labels.begin(), labels.end()}));
      if (data.classes.empty()) data.classes.assign(labels.begin(), labels.end());
      const bool others = std::any_of(labels.begin(), labels.end(),
                                      [&](const std::string& label) { return data.class_index(label) < 0; });
      if (others && options_.unknown)
        data.classes.insert(data.classes.begin(), std::string(samples::kUnknownName));
    }
    size_t left_out = 0;
    std::vector<FoundSample> kept;
    for (FoundSample& one : found.samples) {
      int target = regression ? 0 : data.class_index(one.sample.label);
      if (!options_.normal.empty()) target = is_normal(one.sample.label) ? 0 : 1;
      if (target < 0) target = data.class_index(samples::kUnknownName);
      if (target < 0) {
        ++left_out;
        continue;
      }
      data.target.push_back(target);
      kept.push_back(std::move(one));
    }
    found.samples = std::move(kept);
    if (left_out > 0)
      found.notes.push_back(std::to_string(left_out) +
                            " samples of classes that were not asked for are left out.");
    return check_enough(found, regression);
  }

  Result<void> check_classes(const std::vector<std::string>& labels) const {
    const std::vector<std::string_view> views(labels.begin(), labels.end());
    std::set<std::string> seen;
    for (const std::string& name : options_.classes) {
      if (!seen.insert(name).second) {
        return Error{Code::data_unknown_class, folder_ + ": the class \"" + name +
                                                   "\" is asked for twice. Take one out of [data] classes."};
      }
      if (std::find(labels.begin(), labels.end(), name) != labels.end()) continue;
      const std::string_view near = base::nearest(name, views);
      return Error{
          Code::data_unknown_class,
          folder_ + ": the class \"" + name + "\" was asked for, but there is none of it. " +
              (near.empty()
                   ? "There are: " +
                         base::join_words(std::span(views).first(std::min<size_t>(views.size(), 20))) + "."
                   : "Did you mean \"" + std::string(near) + "\"?")};
    }
    return {};
  }

  Result<void> check_enough(const Found& found, bool regression) const {
    const auto& target = result_.data.target;
    if (found.samples.empty()) {
      return Error{Code::data_empty, folder_ + ": none of the files could be read."};
    }
    if (!options_.normal.empty() && std::find(target.begin(), target.end(), 0) == target.end()) {
      const std::vector<std::string_view> asked(options_.normal.begin(), options_.normal.end());
      return Error{Code::data_unknown_class, folder_ + ": nothing is called " + base::join_words(asked) +
                                                 ", so there is nothing normal to learn from. Change [data] "
                                                 "normal in tadpole.toml."};
    }
    if (regression || !options_.normal.empty() || result_.data.classes.size() > 1) return {};
    return Error{Code::data_one_class, folder_ + ": \"" + result_.data.classes.front() +
                                           "\" is the only class, so there is nothing to tell it from. Add a "
                                           "folder with samples of another class."};
  }

  // Samples with a fixed side keep it; the others are divided among the sides that are not yet served.
  Result<void> sides(Found& found) {
    samples::Dataset& data = result_.data;
    samples::Dataset open;
    open.classes = data.classes;
    samples::SplitOptions split = options_.split;
    std::array<size_t, 3> fixed{};
    for (size_t i = 0; i < found.samples.size(); ++i) {
      FoundSample& one = found.samples[i];
      if (one.side) ++fixed[static_cast<size_t>(*one.side)];
      const bool anomaly = !options_.normal.empty() && data.target[i] == 1;
      if (anomaly) one.side = Side::test;
      if (!one.side) {
        open.samples.push_back(one.sample);
        if (options_.split_by_time) open.samples.back().group.clear();
        open.target.push_back(data.target[i]);
      }
    }
    if (fixed[2] > 0) split = without_test(split);
    const bool by_lists = lists_.published();
    const bool grouped = std::any_of(open.samples.begin(), open.samples.end(),
                                     [](const samples::Sample& sample) { return !sample.group.empty(); });
    if (options_.kind == DataKind::table && !grouped && !options_.split_by_time) {
      TADPOLE_CHECK(draw_rows(split, open));
    } else if (!open.samples.empty()) {
      TADPOLE_CHECK(choose_sides(lists_, split, open, findings_));
    }
    size_t next = 0;
    for (FoundSample& one : found.samples) {
      data.samples.push_back(std::move(one.sample));
      data.side.push_back(one.side ? *one.side : open.side[next++]);
    }
    data.split_story = open.split_story;
    if (fixed[0] + fixed[1] + fixed[2] > 0 && !by_lists) {
      data.split_story = "The data say themselves: " + std::to_string(fixed[0]) + " train, " +
                         std::to_string(fixed[1]) + " validation, " + std::to_string(fixed[2]) + " test. " +
                         (open.samples.empty() ? "" : "Of the others: " + open.split_story);
    }
    if (!options_.normal.empty()) data.split_story += " Anomalies are on the test side only.";
    const size_t dropped = drop_shared_windows(data);
    if (dropped > 0) {
      found.notes.push_back(std::to_string(dropped) +
                            " windows were left out because they overlap with windows of another side.");
    }
    return {};
  }

  // Rows of a table have no order that means anything: each class is drawn by lot.
  static Result<void> draw_rows(const samples::SplitOptions& split, samples::Dataset& data) {
    TADPOLE_TRY([[maybe_unused]] const auto checked, samples::split_by_group({}, split));  // the percentages
    std::map<std::string, std::vector<size_t>> by_label;
    for (size_t i = 0; i < data.samples.size(); ++i) by_label[data.samples[i].label].push_back(i);
    data.side.assign(data.samples.size(), Side::train);
    const Rng rng(split.seed);
    for (auto& [label, rows] : by_label) {
      Rng draws = rng.fork("rows of " + label);
      draws.shuffle(std::span(rows));
      const auto sizes = samples::block_sizes(rows.size(), split);
      for (size_t i = sizes[0]; i < rows.size(); ++i)
        data.side[rows[i]] = i < sizes[0] + sizes[1] ? Side::validation : Side::test;
    }
    data.split_story = "Rows were drawn by lot, class by class: " + std::to_string(split.train_percent) +
                       " % train, " + std::to_string(split.validation_percent) + " % validation, " +
                       std::to_string(split.test_percent) + " % test.";
    return {};
  }

  static samples::SplitOptions without_test(samples::SplitOptions split) {
    const int rest = split.train_percent + split.validation_percent;
    split.validation_percent = rest > 0 ? (100 * split.validation_percent + rest / 2) / rest : 0;
    split.train_percent = 100 - split.validation_percent;
    split.test_percent = 0;
    return split;
  }

  void report(Found& found) {
    DataReport& report = result_.report;
    report.folder = folder_;
    report.files = found.files;
    report.used_as = found.used_as;
    report.split_story = result_.data.split_story;
    report.notes = std::move(found.notes);
    count_classes(result_.data, report);
    findings_.warn_of_classes(result_.data, report);
    findings_.warn_of_duplicates(result_.data, report);
    findings_.warn_of_others(report);
    result_.columns = std::move(found.columns);
  }

  const std::string folder_;
  const ReadOptions& options_;
  FolderLists lists_;
  Findings findings_;
  Import result_;
};

}  // namespace

bool matches(std::string_view text, std::string_view pattern) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return text == pattern;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  text.remove_prefix(star);
  pattern.remove_prefix(star + 1);
  if (pattern.empty()) return true;
  for (size_t skip = 0; skip <= text.size(); ++skip) {
    if (matches(text.substr(skip), pattern)) return true;
  }
  return false;
}

Result<Import> read_folder(const std::string& folder, const ReadOptions& options, Workers& workers,
                           Progress& progress) {
  std::string path = folder;
  while (path.size() > 1 && path.ends_with("/")) path.pop_back();
  return FolderReader(path, options).run(workers, progress);
}

}  // namespace tadpole::data
