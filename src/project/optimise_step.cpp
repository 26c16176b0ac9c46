// Walks up the ladder: makes each model, judges it, measures it on the board, and compares them.
#include <zlib.h>

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "convert/tflite.h"
#include "data/files.h"
#include "evaluate/chart_file.h"
#include "evaluate/optimise_charts.h"
#include "project/optimise_rungs.h"
#include "project/raw_model.h"
#include "quantise/prune.h"

namespace tadpole::project {

namespace {

/// What zlib's best compression makes of a file.
int64_t compressed_size(std::span<const uint8_t> bytes) {
  uLongf size = compressBound(static_cast<uLong>(bytes.size()));
  std::vector<uint8_t> out(size);
  compress2(out.data(), &size, bytes.data(), static_cast<uLong>(bytes.size()), Z_BEST_COMPRESSION);
  return static_cast<int64_t>(size);
}

/// The limit of flash under which a plan leaves int4 weights packed, 0 for models without any.
int64_t limit_that_packs(const ir::Graph& graph, const board::Board& board) {
  int64_t unpacked = 0;
  bool any = false;
  for (const ir::Tensor& tensor : graph.tensors) {
    if (!tensor.is_constant()) continue;
    any = any || tensor.type == ir::DType::int4;
    unpacked += tensor.type == ir::DType::int4 ? ir::element_count(tensor.shape) : tensor.bytes();
  }
  if (!any) return 0;
  // Where packing saves less than the layers' tables take, nothing fits below the limit.
  return plan_for(graph, board, {.name = "", .flash_limit_bytes = unpacked - 1}).ok() ? unpacked - 1 : 0;
}

/// The board's figures, or why there are none: a model that the board cannot hold is a result too.
Result<void> measure(const ir::Graph& graph, const board::Board& board, OptimisePoint& point,
                     Progress& progress) {
  point.flash_limit_bytes = limit_that_packs(graph, board);
  const auto profile = profile_model(point.model, board.name,
                                     {.name = "", .flash_limit_bytes = point.flash_limit_bytes}, progress);
  if (!profile.ok()) {
    const Error& error = profile.error();
    const bool a_result = error.code == Code::does_not_fit || error.code == Code::op_unsupported ||
                          error.code == Code::type_unsupported || error.code == Code::program_missing;
    if (!a_result) return error;
    point.not_on_board = error.detail;
    if (const auto plan = plan_for(graph, board, {.name = ""}); plan.ok())
      point.arena_bytes = plan->arena_bytes();
    return {};
  }
  const auto number = [&](const char* key) { return profile->at(key).get<int64_t>(); };
  point.arena_bytes = number("arena_bytes");
  point.ram_bytes = number("ram_bytes");
  point.flash_bytes = number("flash_bytes");
  point.flash_code_bytes = number("flash_code_bytes");
  point.flash_weights_bytes = number("flash_weights_bytes");
  point.instructions = number("instructions");
  point.milliseconds_estimated = profile->at("milliseconds_estimated").get<double>();
  return {};
}

struct Ladder {
  const Project& project;
  const Prepared& prepared;
  const board::Board& board;
  const std::string& run;
  Tools tools;
};

Result<OptimisePoint> make_point(const Ladder& ladder, const RungName& rung, const ir::Graph& graph) {
  OptimisePoint point;
  point.name = rung.name;
  point.words = rung.words;
  point.model = ladder.run + "/optimise/" + point.name + ".tflite";
  TADPOLE_TRY(
      const std::vector<uint8_t> bytes,
      convert::write_tflite(graph, ladder.project.config().name + ", " + point.name + ", made by Tadpole"));
  TADPOLE_CHECK(data::make_folders(ladder.run + "/optimise"));
  TADPOLE_CHECK(data::write_file(point.model, bytes));
  point.tflite_bytes = static_cast<int64_t>(bytes.size());
  point.compressed_bytes = compressed_size(bytes);
  point.parameters = ir::parameter_count(graph);
  point.macs = ir::multiply_accumulates(graph);
  point.zeros = quantise::share_of_zeros(graph);
  TADPOLE_TRY(point.validation, headline_on(samples::Side::validation, graph, ladder.prepared, ladder.tools));
  TADPOLE_TRY(point.tested, headline_on(samples::Side::test, graph, ladder.prepared, ladder.tools));
  TADPOLE_CHECK(measure(graph, ladder.board, point, ladder.tools.progress));
  return point;
}

/// The side that decides: validation where it says something.
std::optional<double> judged_by(const OptimisePoint& point) {
  return point.validation ? point.validation : point.tested;
}

void mark_front(std::vector<OptimisePoint>& points) {
  const auto complete = [](const OptimisePoint& p) {
    return judged_by(p) && p.arena_bytes && p.flash_bytes && p.instructions;
  };
  const auto beats = [](const OptimisePoint& a, const OptimisePoint& b) {
    const bool as_good = *judged_by(a) >= *judged_by(b) && *a.arena_bytes <= *b.arena_bytes &&
                         *a.flash_bytes <= *b.flash_bytes && *a.instructions <= *b.instructions;
    const bool better = *judged_by(a) > *judged_by(b) || *a.arena_bytes < *b.arena_bytes ||
                        *a.flash_bytes < *b.flash_bytes || *a.instructions < *b.instructions;
    return as_good && better;
  };
  for (OptimisePoint& point : points) {
    point.on_front =
        complete(point) && std::none_of(points.begin(), points.end(), [&](const OptimisePoint& other) {
          return complete(other) && beats(other, point);
        });
  }
}

/// The quickest model that loses no more than the budget against the best of the models that are as they were
/// trained.
std::string recommend(const std::vector<OptimisePoint>& points, double budget) {
  std::optional<double> reference;
  for (const OptimisePoint& point : points) {
    if ((point.name == "float" || point.name == "int8") && judged_by(point))
      reference = std::max(reference.value_or(*judged_by(point)), *judged_by(point));
  }
  const OptimisePoint* best = nullptr;
  const auto cost = [](const OptimisePoint& p) { return std::pair(*p.instructions, *p.flash_bytes); };
  for (const OptimisePoint& point : points) {
    if (!point.instructions || !judged_by(point)) continue;
    if (reference && *judged_by(point) < *reference - budget - 1e-9) continue;
    if (best == nullptr || cost(point) < cost(*best)) best = &point;
  }
  return best == nullptr ? "" : best->name;
}

std::string told(const OptimisePoint& point, const std::string& headline) {
  char text[200];
  const double judged = judged_by(point).value_or(0);
  std::string line = point.name;
  if (judged_by(point)) {
    const bool share = headline == "accuracy";
    std::snprintf(text, sizeof text, share ? ": accuracy %.1f %%" : ": %.4f", share ? 100 * judged : judged);
    line += text;
  }
  if (point.instructions)
    line += ", " + base::with_commas(*point.instructions) + " instructions, flash " +
            base::with_commas(*point.flash_bytes) + " B";
  return line + ", file " + base::with_commas(point.tflite_bytes) + " B";
}

Result<void> publish(OptimiseSummary& summary) {
  mark_front(summary.points);
  summary.recommended = recommend(summary.points, summary.budget);
  TADPOLE_TRY(RunReport report, RunReport::open(summary.run));
  report.json["optimise"] = to_json(summary);
  TADPOLE_CHECK(report.save());
  summary.report = report.html_path();
  const std::vector<evaluate::LineChart> charts =
      evaluate::optimise_charts(evaluate::View(&report.json["optimise"]));
  const std::string picture = evaluate::draw_file(charts);
  if (picture.empty()) return {};
  summary.picture = summary.run + "/optimise.svg";
  return data::write_text(summary.picture, picture);
}

/// The rungs that were asked for, in the order of the table.
Result<std::vector<RungName>> wanted_rungs(const std::vector<std::string>& only) {
  std::vector<RungName> rungs = rung_names();
  std::vector<std::string_view> names;
  for (const RungName& rung : rungs) names.push_back(rung.name);
  for (const std::string& name : only) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    std::string all;
    for (const std::string_view known : names) all += (all.empty() ? "" : ", ") + std::string(known);
    const std::string near(base::nearest(name, names));
    return Error{Code::config_bad_value, "there is no model '" + name + "' to make" +
                                             (near.empty() ? "" : "; did you mean '" + near + "'?") +
                                             " There are: " + all + "."};
  }
  if (!only.empty()) {
    std::erase_if(rungs, [&](const RungName& rung) {
      return std::find(only.begin(), only.end(), rung.name) == only.end();
    });
  }
  return rungs;
}

/// This network cannot be made smaller in that way; the others go on.
bool is_no_rung(Code code) {
  return code == Code::op_unsupported || code == Code::type_unsupported || code == Code::quantise_bad_range ||
         code == Code::data_bad_split || code == Code::bad_shape;
}

}  // namespace

Result<OptimiseSummary> optimise_project(const Project& current, const OptimiseOptions& options,
                                         Tools tools) {
  TADPOLE_TRY(const std::vector<RungName> rungs, wanted_rungs(options.only));
  TADPOLE_TRY(const board::Board board,
              board::find_board(options.board.empty() ? current.config().deploy.board : options.board));
  TADPOLE_TRY(const std::string run, current.latest_run("model_float.tflite", "tadpole train"));
  TADPOLE_TRY(const Project project, current.as_of(run));
  TADPOLE_TRY(const ir::Graph trained, read_model(run + "/model_float.tflite"));
  TADPOLE_TRY(data::Import import, read_data(project, tools));
  TADPOLE_TRY(const Prepared prepared, prepare(project, std::move(import), true, tools));
  const VariantKeeper keeper(prepared, tools);
  TADPOLE_CHECK(check_model_ends(run + "/model_float.tflite", trained, prepared.block,
                                 prepared.goal->outputs(prepared.block.size())));
  OptimiseSummary summary;
  summary.run = run;
  summary.board = board.name;
  summary.budget = options.budget;
  summary.updates = fine_tuning_updates(project.config(), options);
  summary.headline_name = prepared.goal->headline_name();
  Rungs maker(project.config(), prepared, trained, options, tools);
  const Ladder ladder{project, prepared, board, run, tools};
  for (size_t i = 0; i < rungs.size(); ++i) {
    const std::string name(rungs[i].name);
    tools.progress.report("optimise", static_cast<long>(i), static_cast<long>(rungs.size()), name);
    const auto graph = maker.make(name);
    if (!graph.ok() && is_no_rung(graph.error().code)) {
      summary.left_out.push_back(name + ": " + graph.error().detail);
      tools.progress.say("Note: " + summary.left_out.back());
      continue;
    }
    auto point = graph.ok() ? make_point(ladder, rungs[i], *graph) : Result<OptimisePoint>(graph.error());
    if (!point.ok() && !summary.points.empty()) TADPOLE_CHECK(publish(summary));
    if (!point.ok() && point.error().code == Code::cancelled) {
      return Error{Code::cancelled, "optimise was stopped after " + std::to_string(summary.points.size()) +
                                        " of " + std::to_string(rungs.size()) + " models; these are in " +
                                        run + "/optimise, their figures in the report."};
    }
    if (!point.ok()) return point.error();
    tools.progress.say(told(*point, summary.headline_name));
    summary.points.push_back(std::move(*point));
  }
  tools.progress.report("optimise", static_cast<long>(rungs.size()), static_cast<long>(rungs.size()), "");
  TADPOLE_CHECK(publish(summary));
  return summary;
}

nlohmann::json to_json(const OptimiseSummary& summary) {
  const auto or_null = [](const auto& value) { return value ? nlohmann::json(*value) : nlohmann::json(); };
  nlohmann::json points = nlohmann::json::array();
  for (const OptimisePoint& p : summary.points) {
    points.push_back({{"name", p.name},
                      {"words", p.words},
                      {"model", p.model},
                      {"validation", or_null(p.validation)},
                      {"test", or_null(p.tested)},
                      {"parameters", p.parameters},
                      {"macs", p.macs},
                      {"tflite_bytes", p.tflite_bytes},
                      {"compressed_bytes", p.compressed_bytes},
                      {"zeros", p.zeros},
                      {"arena_bytes", or_null(p.arena_bytes)},
                      {"ram_bytes", or_null(p.ram_bytes)},
                      {"flash_bytes", or_null(p.flash_bytes)},
                      {"flash_code_bytes", or_null(p.flash_code_bytes)},
                      {"flash_weights_bytes", or_null(p.flash_weights_bytes)},
                      {"instructions", or_null(p.instructions)},
                      {"milliseconds_estimated", or_null(p.milliseconds_estimated)},
                      {"flash_limit_bytes", p.flash_limit_bytes},
                      {"not_on_board", p.not_on_board},
                      {"on_front", p.on_front}});
  }
  return {{"board", summary.board},      {"headline", summary.headline_name},  {"budget", summary.budget},
          {"updates", summary.updates},  {"recommended", summary.recommended}, {"points", std::move(points)},
          {"left_out", summary.left_out}};
}

}  // namespace tadpole::project
