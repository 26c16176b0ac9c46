// tadpole threshold: when to answer, chosen on the validation side by what mistakes cost, judged on the test
// side, written to tadpole.toml.
#include <algorithm>
#include <climits>
#include <cmath>

#include "evaluate/anomaly.h"
#include "evaluate/stream.h"
#include "metrics/classification.h"
#include "project/prepare.h"
#include "project/read_data.h"
#include "project/sections.h"
#include "project/settings.h"
#include "project/spotter_choice.h"
#include "project/task.h"
#include "project/toml_words.h"

namespace tadpole::project {

namespace {

using nlohmann::json;

/// More other words than words to listen for, as in life; fewer would leave false accepts uncounted.
constexpr double kOtherWords = 0.6;

/// The int8 model of a run on this computer.
struct Model {
  std::string run;
  Project project;
  ir::Graph graph;
  plan::Plan plan;
  Prepared prepared;
};

Result<Model> open_model(const Project& current, Tools tools) {
  TADPOLE_TRY(const std::string run, current.latest_run("model.tflite", "tadpole quantise"));
  TADPOLE_TRY(Project project, current.as_of(run));
  TADPOLE_TRY(ir::Graph graph, read_model(run + "/model.tflite"));
  TADPOLE_TRY(plan::Plan plan, plan::lower(graph, {.kernels = "host"}));
  TADPOLE_TRY(Prepared prepared, prepare(project, tools));
  TADPOLE_CHECK(check_model_ends(run + "/model.tflite", graph, prepared.block,
                                 prepared.goal->outputs(prepared.block.size())));
  return Model{run, std::move(project), std::move(graph), std::move(plan), std::move(prepared)};
}

json costs_json(const ThresholdConfig& costs) {
  return {{"miss", costs.miss_cost},
          {"false_accept", costs.false_accept_cost},
          {"events_per_hour", costs.events_per_hour}};
}

json settings_json(std::span<const SettingChange> settings) {
  json list = json::object();
  for (const SettingChange& setting : settings) list[setting.section + "." + setting.key] = setting.value;
  return list;
}

/// The settings of [deploy] that a choice is made of.
std::vector<SettingChange> spotter_settings(const DeployConfig& deploy) {
  return {{"deploy", "threshold", real_text(static_cast<double>(deploy.threshold))},
          {"deploy", "average_window_ms", std::to_string(deploy.average_window_ms)},
          {"deploy", "minimum_count", std::to_string(deploy.minimum_count)},
          {"deploy", "minimum_span_ms", std::to_string(deploy.minimum_span_ms)}};
}

Error never_pays(double cost, double silent) {
  return {Code::config_bad_value,
          "tadpole.toml: with the costs in [threshold] it is cheapest never to answer: " +
              number_text(silent) + " an hour, and the best threshold costs " + number_text(cost) +
              ". Lower false_accept_cost, raise miss_cost, or train a better model."};
}

/// A recording with what the model says while it hears it.
struct Listened {
  evaluate::Recording recording;
  std::vector<Heard> heard;
  std::vector<std::string> labels;

  std::vector<metrics::Detection> detections(const ProjectConfig& config) const {
    return spot(heard, spotter_of(config, labels));
  }
  metrics::EventScore event_score(const ProjectConfig& config) const {
    return metrics::score_events(recording.events, detections(config), recording.seconds());
  }
  json score(const ProjectConfig& config) const {
    const metrics::EventScore score = event_score(config);
    json section = evaluate::to_json(score);
    section["cost_per_hour"] = cost_per_hour(config.threshold, score);
    return section;
  }
};

/// The samples with every recording of other words. Training takes only as many as suit the words; but how
/// often something else is taken for a word is known the better, the more others there are.
Result<data::Import> read_all_words(const Project& project, Tools tools) {
  data::FolderOptions options = word_options(project);
  options.unknown_percent_of_word_mean = INT_MAX;
  return data::read_speech_folder(project.data_folder(), options, tools.workers, tools.progress);
}

Result<Listened> listen_to(const Model& model, const samples::Dataset& data, samples::Side side,
                           uint64_t seed, Tools tools) {
  const ProjectConfig& config = model.project.config();
  const features::FeatureBlock& block = model.prepared.block;
  tools.progress.say("Listens to " + std::to_string(config.threshold.minutes) + " minutes of the " +
                     std::string(samples::side_name(side)) + " side's words in noise.");
  Listened listened;
  listened.labels = model.prepared.data().classes;
  TADPOLE_TRY(listened.recording, evaluate::build_recording(data,
                                                            {.seed = seed,
                                                             .sample_rate_hz = block.config().sample_rate_hz,
                                                             .seconds = 60.0 * config.threshold.minutes,
                                                             .distractor_share = kOtherWords},
                                                            side));
  TADPOLE_TRY(listened.heard, listen(model.graph, model.plan, block, spotter_of(config, listened.labels),
                                     listened.recording.pcm, tools));
  return listened;
}

json side_section(const Listened& listened, const ProjectConfig& config) {
  json section = evaluate::to_json(evaluate::StreamResult{
      listened.recording.seconds(),
      static_cast<int64_t>(listened.recording.events.size()),
      curve_of(listened.heard, listened.recording, spotter_of(config, listened.labels)),
      {}});
  section.erase("chosen_threshold");
  section["other_words"] = listened.recording.distractors.size();
  section["score"] = listened.score(config);
  return section;
}

/// The choice for words, and the sections that say what it does.
Result<ThresholdSummary> choose_for_words(const Model& model, uint64_t seed, Tools tools) {
  const ProjectConfig& before = model.project.config();
  TADPOLE_TRY(const data::Import all, read_all_words(model.project, tools));
  TADPOLE_TRY(const Listened validation, listen_to(model, all.data, samples::Side::validation, seed, tools));
  TADPOLE_TRY(const SpotterChoice choice,
              choose_spotter(validation.heard, validation.recording, before, validation.labels, tools));
  metrics::EventScore silent = choice.score;
  silent.hits = silent.false_accepts = 0;
  silent.misses = silent.events;
  const double silent_cost = cost_per_hour(before.threshold, silent);
  if (choice.score.hits == 0 || choice.cost_per_hour >= silent_cost)
    return never_pays(choice.cost_per_hour, silent_cost);
  ProjectConfig chosen = before;
  const int stride_ms =
      spotter_of(before, validation.labels).inference_stride_frames * before.features.stride_ms;
  chosen.deploy = with_choice(before.deploy, choice, stride_ms);
  // A choice that is better by chance on this side is as likely to be worse on another.
  const double gain = cost_per_hour(before.threshold, validation.event_score(before)) - choice.cost_per_hour;
  const double error = metrics::kNormal95 * cost_difference_error(before.threshold, validation.recording,
                                                                  validation.detections(before),
                                                                  validation.detections(chosen));
  const bool kept = gain <= error;
  if (kept) chosen.deploy = before.deploy;
  TADPOLE_TRY(const Listened test, listen_to(model, all.data, samples::Side::test, seed, tools));

  ThresholdSummary summary;
  summary.settings = spotter_settings(chosen.deploy);
  summary.section = {{"costs", costs_json(before.threshold)},
                     {"threshold", chosen.deploy.threshold},
                     {"settings", settings_json(summary.settings)},
                     {"before", settings_json(spotter_settings(before.deploy))},
                     {"kept", kept},
                     {"gain_per_hour", gain},
                     {"gain_error_per_hour", error},
                     {"validation", side_section(validation, chosen)},
                     {"test", side_section(test, chosen)},
                     {"test_before", test.score(before)}};
  summary.section["validation"]["score_before"] = validation.score(before);
  summary.section["test"]["groups"] = evaluate::heard_by_group(test.recording, test.detections(chosen));
  return summary;
}

/// Scores of one side and which of them are anomalies.
struct Scored {
  std::vector<float> scores;
  std::vector<uint8_t> anomalies;
};

Result<Scored> score_side(const Model& model, samples::Side side, Tools tools) {
  const samples::Dataset& data = model.prepared.data();
  const std::vector<int> indices = data.indices(side);
  TADPOLE_TRY(const Answers answers, answer_samples(model.graph, model.plan, model.prepared, indices, tools));
  Scored scored{answers.numbers, {}};
  const int anomaly = data.class_index(kAnomalyName);
  for (const int index : indices) scored.anomalies.push_back(model.prepared.goal->label(index) == anomaly);
  return scored;
}

/// What is chosen from and what it is judged on: the validation and the test side. Anomalies are rare, and
/// usually all on the test side; then the first half of them goes to the choice.
struct Sides {
  Scored validation, test;
  size_t borrowed = 0;
};

Result<Sides> score_sides(const Model& model, Tools tools) {
  Sides sides;
  TADPOLE_TRY(sides.validation, score_side(model, samples::Side::validation, tools));
  TADPOLE_TRY(const Scored test, score_side(model, samples::Side::test, tools));
  const auto anomalies = [](const Scored& side) {
    return static_cast<size_t>(std::count(side.anomalies.begin(), side.anomalies.end(), uint8_t{1}));
  };
  const size_t to_borrow = anomalies(sides.validation) == 0 ? anomalies(test) / 2 : 0;
  for (size_t i = 0; i < test.scores.size(); ++i) {
    const bool borrow = test.anomalies[i] != 0 && sides.borrowed < to_borrow;
    Scored& side = borrow ? sides.validation : sides.test;
    side.scores.push_back(test.scores[i]);
    side.anomalies.push_back(test.anomalies[i]);
    sides.borrowed += borrow;
  }
  return sides;
}

/// Samples that a board judges in an hour; 0 where they have no time.
double windows_per_hour(const features::FeatureConfig& features) {
  return features.rate_hz > 0 && features.steps > 0
             ? 3600.0 * static_cast<double>(features.rate_hz) / features.steps
             : 0;
}

/// Alarms as events in time; without time an hour is as long as all samples.
metrics::EventScore as_events(const metrics::Alarms& alarms, double windows) {
  const int64_t count = alarms.hits + alarms.misses + alarms.false_alarms + alarms.quiet;
  metrics::EventScore score;
  score.events = alarms.hits + alarms.misses;
  score.hits = alarms.hits;
  score.misses = alarms.misses;
  score.false_accepts = alarms.false_alarms;
  score.seconds = windows > 0 ? 3600 * static_cast<double>(count) / windows : 3600;
  return score;
}

json alarm_score(const Scored& scored, float threshold, const ThresholdConfig& costs, double windows) {
  const metrics::Alarms alarms = metrics::count_alarms(scored.scores, scored.anomalies, threshold);
  const metrics::EventScore score = as_events(alarms, windows);
  json section = {{"events", score.events},
                  {"hits", score.hits},
                  {"misses", score.misses},
                  {"false_accepts", score.false_accepts},
                  {"false_reject_rate", score.false_reject_rate().value_or(0)},
                  {"false_accepts_per_hour", nullptr},
                  {"cost_per_hour", nullptr}};
  if (windows > 0) {
    section["false_accepts_per_hour"] = *score.false_accepts_per_hour();
    section["cost_per_hour"] = cost_per_hour(costs, score);
  }
  return section;
}

/// The threshold between two neighbouring scores at which mistakes cost least; of equals the highest.
Result<float> cheapest_threshold(const Scored& scored, const ThresholdConfig& costs, double windows) {
  TADPOLE_TRY(const metrics::Ranking ranking, metrics::rank_scores(scored.scores, scored.anomalies));
  if (ranking.wanted == 0 || ranking.others == 0) {
    return Error{
        Code::config_bad_value,
        "there are " + std::to_string(ranking.wanted) + " anomalies and " + std::to_string(ranking.others) +
            " normal samples to choose from; choosing by cost needs both. Add recordings, or set [anomaly] "
            "percentile and margin by hand."};
  }
  const double silent = cost_per_hour(costs, as_events({0, ranking.wanted, 0, ranking.others}, windows));
  double least = silent;
  float best = 0;
  for (size_t i = 0; i < ranking.points.size(); ++i) {
    const double cost = cost_per_hour(costs, as_events(ranking.points[i].alarms, windows));
    if (cost >= least) continue;
    least = cost;
    const float at = ranking.points[i].threshold;
    best = i + 1 < ranking.points.size() ? (at + ranking.points[i + 1].threshold) / 2 : at / 2;
  }
  if (least >= silent) return never_pays(least, silent);
  return best;
}

/// The choice for anomalies: the margin above what normal samples score.
Result<ThresholdSummary> choose_for_anomalies(const Model& model, Tools tools) {
  const ProjectConfig& config = model.project.config();
  const double windows = windows_per_hour(config.features);
  if (windows == 0 && config.threshold.events_per_hour > 0) {
    return Error{Code::config_bad_value,
                 "tadpole.toml: threshold.events_per_hour needs to know how many samples an hour brings, and "
                 "features.rate_hz is 0. Set the rate, or events_per_hour = 0."};
  }
  TADPOLE_TRY(const Sides sides, score_sides(model, tools));
  const Scored &validation = sides.validation, &test = sides.test;
  TADPOLE_TRY(const float wanted, cheapest_threshold(validation, config.threshold, windows));
  TADPOLE_TRY(const float before, threshold_of(model.graph, model.plan, model.prepared, tools));
  const float normal = before / config.anomaly.margin;  // the percentile itself
  if (!(normal > 0)) {
    return Error{Code::config_bad_value, "normal samples score 0 at [anomaly] percentile = " +
                                             number_text(static_cast<double>(config.anomaly.percentile)) +
                                             ", so no margin makes another threshold. Raise the percentile."};
  }
  const float margin = std::round(wanted / normal * 10000) / 10000;
  const float threshold = normal * margin;
  const auto score = [&](const Scored& side, float at) {
    return alarm_score(side, at, config.threshold, windows);
  };

  ThresholdSummary summary;
  summary.settings = {{"anomaly", "margin", real_text(static_cast<double>(margin))}};
  const std::vector<SettingChange> old = {
      {"anomaly", "margin", real_text(static_cast<double>(config.anomaly.margin))}};
  summary.section = {
      {"costs", costs_json(config.threshold)},
      {"threshold", threshold},
      {"settings", settings_json(summary.settings)},
      {"before", settings_json(old)},
      {"validation", {{"score", score(validation, threshold)}, {"score_before", score(validation, before)}}},
      {"test", {{"score", score(test, threshold)}}},
      {"test_before", score(test, before)}};
  return summary;
}

/// Judges both models again, with the new threshold.
Result<void> judge_again(const Model& model, ProjectConfig config, RunReport& report, Tools tools) {
  TADPOLE_TRY(const ir::Graph float_graph, read_model(model.run + "/model_float.tflite"));
  TADPOLE_TRY(const plan::Plan float_plan, plan::lower(float_graph, {.kernels = "host"}));
  Project changed = model.project;
  changed.config() = std::move(config);
  TADPOLE_TRY(const Prepared prepared, prepare(changed, tools));
  TADPOLE_TRY(const JudgedModel in_float,
              judge_model(float_graph, float_plan, prepared, samples::Side::test, tools));
  TADPOLE_TRY(const JudgedModel in_int8,
              judge_model(model.graph, model.plan, prepared, samples::Side::test, tools));
  report.json["evaluation"]["float"] = in_float.judged.section;
  report.json["evaluation"]["int8"] = in_int8.judged.section;
  return {};
}

}  // namespace

Result<ThresholdSummary> choose_threshold(Project& current, const ThresholdOptions& options, Tools tools) {
  const Task& task = task_of(current.config());
  const bool watches = task.goal == GoalKind::anomalies;
  if (!task.listens && !watches) {
    return Error{Code::config_bad_value,
                 "tadpole.toml: project.task = \"" + std::string(task.name) +
                     "\" has no threshold to choose; \"keyword\" and \"anomaly\" have."};
  }
  TADPOLE_TRY(const Model model, open_model(current, tools));
  TADPOLE_TRY(ThresholdSummary summary,
              watches ? choose_for_anomalies(model, tools) : choose_for_words(model, options.seed, tools));
  summary.run = model.run;
  TADPOLE_TRY(RunReport report, RunReport::open(model.run));
  const json::json_pointer busy("/board/real_time_factor");
  if (report.json.contains(busy)) summary.section["duty_cycle_estimated"] = report.json[busy];
  summary.report = report.html_path();
  if (!options.write) return summary;
  TADPOLE_CHECK(current.change(summary.settings));
  if (watches) {
    ProjectConfig config = model.project.config();
    config.anomaly = current.config().anomaly;
    TADPOLE_CHECK(judge_again(model, std::move(config), report, tools));
  }
  report.json["threshold"] = summary.section;
  TADPOLE_CHECK(report.save());
  return summary;
}

}  // namespace tadpole::project
