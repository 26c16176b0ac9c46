// tadpole features: what the network sees of a sample, and which settings would part the classes better.
#include <cstdio>

#include "base/text.h"
#include "cli/commands.h"
#include "data/files.h"
#include "data/variants.h"
#include "features/feature_picture.h"
#include "features/tuning.h"
#include "project/feature_map.h"

namespace tadpole::cli {

namespace {

using features::Candidate;
using nlohmann::json;

struct Shown {
  std::string sample, label, svg_file, block;
  std::array<int, 3> shape{};
  double least = 0, most = 0;
  std::string text;
};

/// The sample of that id, or the only one whose id ends with the name.
Result<const samples::Sample*> find_sample(const samples::Dataset& data, const std::string& name) {
  const samples::Sample* found = nullptr;
  int count = 0;
  std::vector<std::string_view> ids;
  for (const samples::Sample& sample : data.samples) {
    if (sample.id == name) return &sample;
    ids.push_back(sample.id);
    if (!sample.id.ends_with("/" + name)) continue;
    found = &sample;
    ++count;
  }
  if (count == 1) return found;
  const std::string_view near = base::nearest(name, ids);
  return Error{Code::file_not_found, "there " +
                                         std::string(count == 0 ? "is no sample" : "are several samples") +
                                         " '" + name + "' in the project's data. " +
                                         (count > 1      ? "Say which class: CLASS/" + name + "."
                                          : near.empty() ? "Write it as in the data folder: CLASS/FILE."
                                                         : "Did you mean '" + std::string(near) + "'?")};
}

Result<Shown> show_sample(const project::Project& project, const std::string& name,
                          const std::string& svg_file, project::Tools tools) {
  TADPOLE_TRY(const features::FeatureBlock block, features::FeatureBlock::create(project.config().features));
  TADPOLE_TRY(const data::Import import, project::read_data(project, tools));
  TADPOLE_TRY(const samples::Sample* const sample, find_sample(import.data, name));
  TADPOLE_CHECK(block.accepts(*sample->signal));
  const std::vector<int16_t> values = block.extract(*sample->signal);
  if (!svg_file.empty()) {
    TADPOLE_CHECK(data::write_text(
        svg_file, features::feature_svg(block, values, sample->id + ": " + block.config().block)));
  }
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const double scale = static_cast<double>(block.scale());
  return Shown{sample->id,    sample->label,  svg_file,      block.config().block,
               block.shape(), scale * *least, scale * *most, features::feature_text(block, values, 100, 32)};
}

struct Varied {
  std::string sample, svg_file;
  int count = 0;
};

/// The sample and `count` of its variants in one picture, as training sees them.
Result<Varied> show_variants(const project::Project& project, const std::string& name, int count,
                             const std::string& svg_file, project::Tools tools) {
  const project::ProjectConfig& config = project.config();
  TADPOLE_TRY(const features::FeatureBlock block, features::FeatureBlock::create(config.features));
  TADPOLE_TRY(const data::Import import, project::read_data(project, tools));
  TADPOLE_TRY(const samples::Sample* const sample, find_sample(import.data, name));
  TADPOLE_CHECK(block.accepts(*sample->signal));
  const auto index = static_cast<size_t>(sample - import.data.samples.data());
  auto variants = data::varied_features(
      import.data, index, count, block,
      {config.augment, config.augment_image, config.augment_series, config.augment_stroke});
  std::vector<features::TitledFeatures> drawings = {{sample->id, block.extract(*sample->signal)}};
  Rng rng = Rng(config.augment.seed).fork("preview");
  for (std::vector<int16_t>& features : variants) {
    if (block.kind() == features::SignalKind::audio) {
      samples::mask_features(std::span(features), block.frames(), block.values_per_frame(), rng,
                             config.masks);
    }
    drawings.push_back({"variant " + std::to_string(drawings.size()), std::move(features)});
  }
  TADPOLE_CHECK(data::write_text(svg_file, features::feature_sheet_svg(block, drawings, 3)));
  return Varied{sample->id, svg_file, count};
}

json show(Console& console, const Varied& varied) {
  console.print("Drew " + varied.sample + " and " + std::to_string(varied.count) + " variants of it to " +
                varied.svg_file + ". [augment] in tadpole.toml says how they differ.\n");
  return {{"sample", varied.sample}, {"variants", varied.count}, {"svg", varied.svg_file}};
}

json show(Console& console, const project::FeatureMap& map) {
  char line[160];
  std::string text = "Drew " + std::to_string(map.points) + " samples to " + map.svg_file + ".\n";
  if (map.method == "pca") {
    std::snprintf(line, sizeof line, "The two axes hold %s of all variance.\n", percent(map.share).c_str());
    text += line;
  }
  std::snprintf(line, sizeof line,
                "Of their features, the nearest other sample is of the same class for %s.\n",
                percent(map.neighbours_alike).c_str());
  console.print(text + line);
  return {{"svg", map.svg_file},
          {"method", map.method},
          {"points", map.points},
          {"variance_share", map.share},
          {"neighbours_alike", map.neighbours_alike}};
}

json show(Console& console, const Shown& shown) {
  const auto [height, width, channels] = shown.shape;
  char line[200];
  std::snprintf(line, sizeof line, "\n%s of '%s': %d x %d x %d values from %.3g (blank) to %.3g (@)\n",
                shown.block.c_str(), shown.label.c_str(), height, width, channels, shown.least, shown.most);
  console.print(shown.text + line + (shown.svg_file.empty() ? "" : "Drawn to " + shown.svg_file + "\n"));
  return {{"sample", shown.sample}, {"label", shown.label}, {"block", shown.block}, {"shape", shown.shape},
          {"least", shown.least},   {"most", shown.most},   {"svg", shown.svg_file}};
}

struct Tuning {
  std::vector<Candidate> candidates;
  int best = -1, samples = 0;
};

Result<Tuning> tune(const project::Project& project, int samples, project::Tools tools) {
  TADPOLE_CHECK(features::FeatureBlock::create(project.config().features));
  TADPOLE_TRY(const data::Import import, project::read_data(project, tools));
  Tuning tuning;
  tuning.samples = samples;
  tuning.candidates =
      features::measure(features::neighbours(project.config().features), import.data, samples, tools.workers);
  tuning.best = features::best_of(tuning.candidates);
  if (tuning.best < 0) {
    return Error{Code::features_bad_setting,
                 "no choice of features fits the data's training side. Look at it: tadpole data."};
  }
  return tuning;
}

json show(Console& console, const Tuning& tuning) {
  char line[240];
  std::snprintf(line, sizeof line, "%-28s %9s %9s %8s %8s %8s %14s\n", "[features]", "accuracy", "Fisher",
                "values", "RAM", "flash", "instructions");
  std::string text = line;
  json rows = json::array();
  for (size_t i = 0; i < tuning.candidates.size(); ++i) {
    const Candidate& one = tuning.candidates[i];
    std::snprintf(line, sizeof line, "%-28.60s %9s %9.3f %8d %8lld %8lld %14s%s\n", one.change.c_str(),
                  percent(one.accuracy).c_str(), one.fisher, one.values,
                  static_cast<long long>(one.ram_bytes), static_cast<long long>(one.flash_bytes),
                  base::with_commas(one.instructions).c_str(),
                  static_cast<int>(i) == tuning.best ? "  <- proposed" : "");
    text += line;
    rows.push_back({{"change", one.change},
                    {"block", one.config.block},
                    {"accuracy", one.accuracy},
                    {"fisher", one.fisher},
                    {"values", one.values},
                    {"ram_bytes", one.ram_bytes},
                    {"flash_bytes", one.flash_bytes},
                    {"instructions_estimated", one.instructions}});
  }
  const Candidate& best = tuning.candidates[static_cast<size_t>(tuning.best)];
  const std::string reason =
      "the cheapest within 1 % of the best accuracy of the nearest class mean, on up to " +
      std::to_string(tuning.samples) + " validation samples of each class";
  console.print(
      text +
      "\nAccuracy: how often the nearest class mean is the right one, a stand-in for a trained network. "
      "Fisher: variance between classes over variance within.\nInstructions are estimates for a second of "
      "sound, or one input, on a Cortex-M4.\n\nProposed: " +
      best.change + " (" + reason + ").\n");
  return {{"proposed", best.change}, {"reason", reason}, {"candidates", rows}};
}

}  // namespace

void add_features(CLI::App& app, Context& context) {
  CLI::App* features =
      app.add_subcommand("features", "show what the network sees, and propose better settings");
  features->require_subcommand(1);
  features->footer("Example:\n  tadpole features show yes/0a7c2a8d_nohash_0.wav --svg yes.svg");

  auto name = std::make_shared<std::string>(), svg_file = std::make_shared<std::string>();
  CLI::App* show_command =
      add_command(*features, context, "show", "draw the features of one sample of the project's data",
                  "tadpole features show yes/0a7c2a8d_nohash_0.wav --svg yes.svg\n"
                  "  tadpole features show yes/0a7c2a8d_nohash_0.wav --variants 8",
                  Needs::project);
  show_command->add_option("sample", *name, "as in the data folder: CLASS/FILE")->required();
  show_command->add_option("--svg", *svg_file, "also draw to this file")->type_name("FILE");
  auto variants = std::make_shared<int>(0);
  show_command
      ->add_option("--variants", *variants,
                   "draw so many changed copies beside it, as training hears or sees them")
      ->check(CLI::Range(0, 100));
  show_command->callback([&context, name, svg_file, variants] {
    if (*variants > 0) {
      context.in_project(
          [&](project::Project& project, project::Tools tools) {
            return show_variants(project, *name, *variants, svg_file->empty() ? "variants.svg" : *svg_file,
                                 tools);
          },
          [&](const Varied& varied) { return show(context.console, varied); });
      return;
    }
    context.in_project([&](project::Project& project,
                           project::Tools tools) { return show_sample(project, *name, *svg_file, tools); },
                       [&](const Shown& shown) { return show(context.console, shown); });
  });

  auto map = std::make_shared<project::MapOptions>();
  CLI::App* map_command = add_command(*features, context, "map",
                                      "draw all samples as points, near where their features are alike",
                                      "tadpole features map --method tsne", Needs::project);
  map_command
      ->add_option("--method", map->method,
                   "pca: the directions of most variance; tsne: neighbours stay near")
      ->check(CLI::IsMember({"pca", "tsne"}))
      ->capture_default_str();
  map_command->add_option("--samples", map->samples, "at most so many, evenly spread over the data")
      ->check(CLI::Range(4, 5000))
      ->capture_default_str();
  map_command->add_option("--svg", map->svg_file, "draw to this file")
      ->type_name("FILE")
      ->capture_default_str();
  map_command->callback([&context, map] {
    context.in_project([&](project::Project& project,
                           project::Tools tools) { return project::draw_feature_map(project, *map, tools); },
                       [&](const project::FeatureMap& drawn) { return show(context.console, drawn); });
  });

  auto samples = std::make_shared<int>(40);
  CLI::App* tune_command = add_command(
      *features, context, "tune", "measure how well neighbouring settings part the classes, and their cost",
      "tadpole features tune --samples 60", Needs::project);
  tune_command->add_option("--samples", *samples, "of each class and side, at most")
      ->check(CLI::Range(2, 100000))
      ->capture_default_str();
  tune_command->callback([&context, samples] {
    context.in_project(
        [&](project::Project& project, project::Tools tools) { return tune(project, *samples, tools); },
        [&](const Tuning& tuning) { return show(context.console, tuning); });
  });
}

}  // namespace tadpole::cli
