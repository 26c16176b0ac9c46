// tadpole optimise --use: a model of the ladder takes the place of the project's int8 model.
#include <algorithm>

#include "base/text.h"
#include "data/files.h"
#include "project/gate.h"
#include "project/optimise.h"
#include "project/prepare.h"

namespace tadpole::project {

namespace {

using nlohmann::json;

/// The newest run with a ladder. A later model would go on being the project's whatever is chosen here.
Result<std::string> run_with_ladder(const Project& project) {
  TADPOLE_TRY(const std::string run, project.latest_run("optimise", "tadpole optimise"));
  const auto newest = project.latest_run("model.tflite", "tadpole quantise");
  if (!newest.ok() || *newest <= run) return run;
  return Error{Code::run_missing, *newest + "/model.tflite is newer than the models of " + run +
                                      "/optimise and stays the project's. Run first: tadpole optimise"};
}

/// Among the report's points. Fails: config_bad_value naming those there are.
Result<json> point_named(const json& ladder, const std::string& run, const std::string& name) {
  std::vector<std::string> names;
  for (const json& point : ladder.value("points", json::array())) {
    if (!point.is_object() || !point.contains("name") || !point["name"].is_string()) continue;
    const std::string found = point["name"];
    if (found == "float") continue;  // for computers: a board takes integers
    if (found == name) return point;
    names.push_back(found);
  }
  std::string all;
  for (const std::string& known : names) all += (all.empty() ? "" : ", ") + known;
  const std::string near(base::nearest(name, std::vector<std::string_view>(names.begin(), names.end())));
  return Error{Code::config_bad_value,
               "there is no model '" + name + "' in " + run + "/optimise for a board" +
                   (near.empty() ? "" : "; did you mean '" + near + "'?") +
                   (all.empty() ? " Run first: tadpole optimise" : " There are: " + all + ".")};
}

std::string text_of(const json& object, const char* key) {
  return object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : "";
}
int64_t whole_of(const json& object, const char* key) {
  return object.contains(key) && object[key].is_number_integer() ? object[key].get<int64_t>() : 0;
}

/// Both models judged on the test side.
struct Comparison {
  JudgedModel in_float, chosen;
  int same_answers = 0, count = 0;
};

Result<Comparison> compare(const std::string& run, const std::string& path, const Prepared& prepared,
                           Tools tools) {
  const auto judged = [&](const std::string& file) -> Result<JudgedModel> {
    TADPOLE_TRY(const ir::Graph graph, read_model(file));
    TADPOLE_CHECK(
        check_model_ends(file, graph, prepared.block, prepared.goal->outputs(prepared.block.size())));
    TADPOLE_TRY(const plan::Plan plan, plan::lower(graph, {.kernels = "host"}));
    return judge_model(graph, plan, prepared, samples::Side::test, tools);
  };
  Comparison both;
  TADPOLE_TRY(both.in_float, judged(run + "/model_float.tflite"));
  TADPOLE_TRY(both.chosen, judged(path));
  both.same_answers = prepared.goal->same_verdicts(both.in_float.judged, both.chosen.judged);
  both.count = static_cast<int>(prepared.data().indices(samples::Side::test).size());
  return both;
}

}  // namespace

Result<UsedPoint> use_optimised(const Project& current, const std::string& name, Tools tools) {
  TADPOLE_TRY(const std::string run, run_with_ladder(current));
  TADPOLE_TRY(RunReport report, RunReport::open(run));
  const json ladder = report.json.value("optimise", json::object());
  TADPOLE_TRY(const json point, point_named(ladder, run, name));
  TADPOLE_TRY(const Project project, current.as_of(run));
  TADPOLE_TRY(const Prepared prepared, prepare(project, tools));
  const std::string path = run + "/optimise/" + name + ".tflite";
  TADPOLE_TRY(const Comparison both, compare(run, path, prepared, tools));
  TADPOLE_TRY(const ir::Graph graph, read_model(path));
  TADPOLE_TRY(const std::optional<ModelGate> gate, learn_gate(project.config(), prepared, graph, tools));
  TADPOLE_TRY(const std::vector<uint8_t> bytes, data::read_file(path));
  TADPOLE_TRY(const std::vector<uint8_t> float_file, data::read_file(run + "/model_float.tflite"));

  UsedPoint used;
  used.name = name;
  used.words = text_of(point, "words");
  used.run = run;
  used.model = run + "/model.tflite";
  used.replaced = text_of(report.json.value("quantisation", json::object()), "scheme");
  used.headline_name = prepared.goal->headline_name();
  used.tested = both.chosen.judged.headline;
  used.flash_limit_bytes = whole_of(point, "flash_limit_bytes");
  report.json["evaluation"]["int8"] = both.chosen.judged.section;
  report.json["agreement"] = {{"int8_equals_float", both.same_answers}, {"count", both.count}};
  report.json["quantisation"] = {{"layers", json::array()},
                                 {"tflite_bytes", bytes.size()},
                                 {"float_bytes", float_file.size()},
                                 {"scheme", name},
                                 {"made_by",
                                  {{"words", used.words},
                                   {"budget", ladder.value("budget", json())},
                                   {"updates", ladder.value("updates", json())},
                                   {"seed", project.config().train.seed}}}};
  // The firmware of the model before is named by its hash; what was measured of it is no longer true.
  report.json["evaluation"].erase("board");
  report.json.erase("board");
  report.json.erase("gate");
  if (gate) report.json["gate"] = gate->section;
  TADPOLE_CHECK(data::write_file(used.model, bytes));
  TADPOLE_CHECK(save_gate(gate, run));
  TADPOLE_CHECK(report.save());
  used.report = report.html_path();
  return used;
}

}  // namespace tadpole::project
