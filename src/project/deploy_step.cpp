// tadpole deploy: the newest int8 model as a C++ library and a firmware, built, booted and measured.
#include <algorithm>

#include "board/estimate.h"
#include "data/files.h"
#include "project/firmware.h"
#include "project/listening.h"
#include "project/prepare.h"
#include "project/sections.h"

namespace tadpole::project {

namespace {

/// What each part of the firmware's RAM and flash is for.
nlohmann::json memory_sections(const BuiltModel& built, const features::FeatureBlock& block,
                               const board::Board& board) {
  const dsp::SpeechFeatures& speech = block.device();
  const board::Firmware& firmware = built.firmware;
  const int64_t arena = built.plan.arena_bytes();
  const int64_t sound = static_cast<int64_t>(dsp::stream_bytes(speech)) + dsp::scratch_bytes(speech);
  const auto parts = [](std::initializer_list<std::pair<const char*, int64_t>> rows) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& [name, bytes] : rows) list.push_back({{"name", name}, {"bytes", bytes}});
    return list;
  };
  return {{"ram",
           {{"limit", board.ram_bytes},
            {"used", firmware.total_ram_bytes()},
            {"parts", parts({{"network's arena", arena},
                             {"features and sound", sound},
                             {"stack", firmware.stack_bytes},
                             {"serial line and the rest", firmware.ram_bytes - arena - sound}})}}},
          {"flash",
           {{"limit", board.flash_bytes},
            {"used", firmware.flash_bytes()},
            {"parts", parts({{"weights", firmware.flash_weights_bytes},
                             {"code and tables", firmware.flash_code_bytes}})}}}};
}

/// How often the features and the network run in one second of sound.
struct Rates {
  double frames = 0, inferences = 0;
};
Rates rates_of(const ProjectConfig& config, const app::SpotterConfig& spotter) {
  const double frames = 1000.0 / config.features.stride_ms;
  return {frames, frames / spotter.inference_stride_frames};
}

}  // namespace

Result<DeploySummary> deploy_project(const Project& current, const std::string& board_name, Tools tools) {
  TADPOLE_TRY(const board::Board board, board::find_board(board_name));
  TADPOLE_TRY(const std::string run, current.latest_run("model.tflite", "tadpole quantise"));
  TADPOLE_TRY(const Project project, current.as_of(run));
  const ProjectConfig& config = project.config();
  TADPOLE_TRY(const std::vector<uint8_t> bytes, data::read_file(run + "/model.tflite"));
  TADPOLE_TRY(const ir::Graph graph, read_model(run + "/model.tflite"));
  TADPOLE_TRY(const features::FeatureBlock block, features::FeatureBlock::create(config.features));
  TADPOLE_TRY(RunReport report, RunReport::open(run));
  TADPOLE_TRY(const std::vector<std::string> labels, labels_of(report, run));

  TADPOLE_CHECK(check_speech_model(run + "/model.tflite", graph, block, labels.size()));
  if (graph.tensors[static_cast<size_t>(graph.inputs[0])].type != ir::DType::int8) {
    return Error{
        Code::type_unsupported,
        run + "/model.tflite is a float model; the firmware needs int8. Make it again: tadpole quantise."};
  }
  const ir::Quantisation& input = *graph.tensors[static_cast<size_t>(graph.inputs[0])].quantisation;
  const codegen::SpeechApplication speech = {
      block.device(), block.device_constants(),
      features::make_feature_quantiser(block.scale(), input.scales[0], input.zero_points[0]),
      spotter_of(config, labels), labels};
  TADPOLE_TRY(BuiltModel built, build_model(graph, bytes, board,
                                            {.name = config.name,
                                             .speech = speech,
                                             .ram_limit_bytes = config.deploy.ram_limit,
                                             .flash_limit_bytes = config.deploy.flash_limit},
                                            run, tools.progress));
  TADPOLE_TRY(const std::unique_ptr<board::VirtualBoard> machine,
              boot(board, built.firmware.elf_path, tools.progress));
  TADPOLE_CHECK(machine->classify(std::vector<int16_t>(static_cast<size_t>(block.clip_samples()))));
  const board::InstructionCounts counts = machine->instructions();
  TADPOLE_TRY(const board::BoardStats stats, machine->stats());
  const board::Estimate estimate = board::estimate(board, counts.inference_counts);
  const Rates rates = rates_of(config, speech.spotter);

  DeploySummary summary;
  summary.run = run;
  summary.library = run + "/library";
  summary.firmware = run + "/firmware.elf";
  summary.ram_bytes = built.firmware.total_ram_bytes();
  summary.ram_limit = board.ram_bytes;
  summary.flash_bytes = built.firmware.flash_bytes();
  summary.flash_limit = board.flash_bytes;
  summary.arena_bytes = built.plan.arena_bytes();
  summary.arena_lower_bound_bytes = built.plan.arena_lower_bound_bytes();
  summary.instructions = counts.inference;
  summary.feature_instructions = counts.largest_feature_frame;
  summary.milliseconds_estimated = estimate.milliseconds_estimated;
  summary.microjoules_estimated = estimate.microjoules_estimated;
  summary.real_time_factor = board::real_time_factor(board, counts.largest_feature_frame_counts, rates.frames,
                                                     counts.inference_counts, rates.inferences);
  summary.layers = layer_rows(built.plan, counts);

  if (summary.real_time_factor > 1) {
    char factor[16];
    std::snprintf(factor, sizeof factor, "%.2f", summary.real_time_factor);
    return Error{Code::too_slow, "'" + config.name + "' needs " + factor + " seconds of " + board.title +
                                     " for each second of sound (estimated). Try a smaller [model] arch, or "
                                     "a larger [deploy] inference_stride_ms (now " +
                                     std::to_string(config.deploy.inference_stride_ms) + ")."};
  }

  nlohmann::json section = memory_sections(built, block, board);
  section["name"] = board.name;
  section["title"] = board.title;
  section["clock_hz"] = board.clock_hz;
  section["arena_bytes"] = summary.arena_bytes;
  section["arena_lower_bound_bytes"] = summary.arena_lower_bound_bytes;
  section["stack_high_water_bytes"] = stats.stack_high_water;
  section["instructions_per_inference"] = summary.instructions;
  section["instructions_features_per_hop"] = summary.feature_instructions;
  section["cycles_estimated"] = estimate.cycles_estimated;
  section["milliseconds_estimated"] = summary.milliseconds_estimated;
  section["microjoules_estimated"] = summary.microjoules_estimated;
  section["real_time_factor"] = summary.real_time_factor;
  section["layers"] = summary.layers;
  report.json["board"] = section;
  TADPOLE_CHECK(publish_model(built, run));
  TADPOLE_CHECK(report.save());
  summary.report = report.html_path();
  return summary;
}

}  // namespace tadpole::project
