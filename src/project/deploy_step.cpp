// tadpole deploy: the newest int8 model as a C++ library and a firmware, built, booted and measured.
#include <algorithm>
#include <cmath>

#include "board/estimate.h"
#include "device/app/scheduler.h"
#include "project/deployable.h"
#include "project/firmware.h"
#include "project/pipeline.h"
#include "project/task.h"

namespace tadpole::project {

namespace {

/// Bytes of the firmware that hold samples and features.
int64_t signal_bytes(const Application& application) {
  if (application.speech) {
    const dsp::SpeechFeatures& speech = application.speech->features;
    return static_cast<int64_t>(dsp::stream_bytes(speech)) + dsp::scratch_bytes(speech);
  }
  const app::SignalParts& parts = application.signal->parts;
  return int64_t{parts.clip_samples} * parts.sample_bytes + application.signal->features.scratch_bytes +
         2 * int64_t{parts.part_features} +
         (parts.answer == app::kAnomaly ? int64_t{parts.feature_count} : 0);
}

/// What each part of the firmware's RAM and flash is for.
nlohmann::json memory_sections(const BuiltModel& built, const Application& application,
                               const board::Board& board) {
  const board::Firmware& firmware = built.firmware;
  const int64_t arena = built.plan.arena_bytes(), signal = signal_bytes(application);
  const auto parts = [](std::initializer_list<std::pair<const char*, int64_t>> rows) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& [name, bytes] : rows) list.push_back({{"name", name}, {"bytes", bytes}});
    return list;
  };
  return {{"ram",
           {{"limit", board.ram_bytes},
            {"used", firmware.total_ram_bytes()},
            {"parts", parts({{"network's arena", arena},
                             {application.speech ? "features and sound" : "samples and features", signal},
                             {"stack", firmware.stack_bytes},
                             {"serial line and the rest", firmware.ram_bytes - arena - signal}})}}},
          {"flash",
           {{"limit", board.flash_bytes},
            {"used", firmware.flash_bytes()},
            {"parts", parts({{"weights", firmware.flash_weights_bytes},
                             {"code and tables", firmware.flash_code_bytes}})}}}};
}

/// Seconds of the board's time that a second of its sensor costs; 0 where samples have no time.
double busy_share(const board::Board& board, const ProjectConfig& config, const Application& application,
                  const board::InstructionCounts& counts) {
  double features = 0, inferences = 0;  // a second
  if (application.speech) {
    features = 1000.0 / config.features.stride_ms;
    inferences = features / application.speech->spotter.inference_stride_frames;
  } else if (application.signal->wake_every_us > 0) {
    features = inferences = 1e6 / application.signal->wake_every_us;
  } else {
    const app::SignalParts& parts = application.signal->parts;
    features = inferences = static_cast<double>(parts.rate_hz) / parts.stride_samples;
  }
  return board::real_time_factor(board, counts.largest_feature_frame_counts, features,
                                 counts.inference_counts, inferences);
}

/// What a firmware that sleeps draws on average: the processor of `board` while it computes, by its data
/// sheet, and what the project says of the device asleep. Sensors are not in it while they measure.
nlohmann::json duty_section(const board::Board& board, const ProjectConfig& config,
                            const Application& application, double busy_share) {
  const uint32_t period_us = application.signal->wake_every_us;
  const app::SignalParts& parts = application.signal->parts;
  const double window_us = 1e6 * parts.clip_samples / parts.rate_hz;
  const auto busy_us = static_cast<uint64_t>(busy_share * period_us);
  nlohmann::json section = {{"wake_every_ms", config.deploy.wake_every_ms},
                            {"sensing_share", window_us / period_us},
                            {"busy_share_estimated", busy_share},
                            {"average_microwatts_estimated", nullptr},
                            {"battery_days_estimated", nullptr}};
  const DeployConfig& deploy = config.deploy;
  if (board.active_milliwatts <= 0 || deploy.sleep_microamps <= 0) {
    section["missing"] = board.active_milliwatts <= 0 ? "the catalogue has no power figure of this board"
                                                      : "[deploy] sleep_microamps says nothing of sleep";
    return section;
  }
  const double asleep_uw =
      static_cast<double>(deploy.sleep_microamps) * static_cast<double>(deploy.supply_volts);
  const app::PowerFigures power = {static_cast<uint32_t>(std::lround(1000 * board.active_milliwatts)),
                                   static_cast<uint32_t>(std::lround(asleep_uw))};
  // Microjoules of a thousand periods, so that rounding does not count.
  const double energy =
      static_cast<double>(app::energy_uj(power, 1000 * busy_us, 1000 * (period_us - busy_us)));
  const double microwatts = 1e3 * energy / period_us;
  section["average_microwatts_estimated"] = microwatts;
  section["active_milliwatts"] = board.active_milliwatts;
  section["active_source"] = board.sources;
  section["sleep_microamps"] = deploy.sleep_microamps;
  section["supply_volts"] = deploy.supply_volts;
  if (deploy.battery_mah > 0 && microwatts > 0) {
    const double microwatt_hours =
        1000.0 * static_cast<double>(deploy.battery_mah) * static_cast<double>(deploy.supply_volts);
    section["battery_mah"] = deploy.battery_mah;
    section["battery_days_estimated"] = microwatt_hours / microwatts / 24;
  }
  return section;
}

/// Some samples for a first inference: zeros. A gate may keep those out, so it is asked about what it lets
/// in.
Result<void> infer_once(board::VirtualBoard& machine, const ModelGate* gate) {
  const board::BoardHello& hello = machine.hello();
  TADPOLE_TRY([[maybe_unused]] const auto answer,
              machine.answer(std::vector<uint8_t>(static_cast<size_t>(hello.clip_samples) *
                                                  static_cast<size_t>(hello.sample_bytes))));
  if (gate != nullptr) {
    const std::vector<uint8_t> usual(gate->usual.begin(), gate->usual.end());
    TADPOLE_TRY([[maybe_unused]] const auto scores, machine.infer(usual));
  }
  return {};
}

}  // namespace

Result<DeploySummary> deploy_project(const Project& current, const std::string& board_name, Tools tools) {
  TADPOLE_TRY(const board::Board board, board::find_board(board_name));
  TADPOLE_TRY(Deployable found, read_deployable(current));
  const std::string& run = found.run;
  const ProjectConfig& config = found.project.config();
  const Application& application = found.application;
  RunReport& report = found.report;
  TADPOLE_TRY(BuiltModel built, build_model(found.graph, found.bytes, board,
                                            {.name = config.name,
                                             .speech = application.speech,
                                             .signal = application.signal,
                                             .ram_limit_bytes = config.deploy.ram_limit,
                                             .flash_limit_bytes = config.deploy.flash_limit},
                                            run, tools.progress));
  TADPOLE_TRY(const std::unique_ptr<board::VirtualBoard> machine,
              boot(board, built.firmware.elf_path, tools.progress));
  TADPOLE_CHECK(infer_once(*machine, found.gate.get()));
  const board::InstructionCounts counts = machine->instructions();
  TADPOLE_TRY(const board::BoardStats stats, machine->stats());
  const board::Estimate estimate = board::estimate(board, counts.inference_counts);

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
  summary.real_time_factor = busy_share(board, config, application, counts);
  summary.layers = layer_rows(built.plan, counts);

  if (summary.real_time_factor > 1) {
    char factor[16];
    std::snprintf(factor, sizeof factor, "%.2f", summary.real_time_factor);
    return Error{Code::too_slow,
                 "'" + config.name + "' needs " + factor + " seconds of " + board.title +
                     " for each second of its sensor (estimated). Try a smaller [model] arch, or "
                     "a larger [deploy] inference_stride_ms (now " +
                     std::to_string(config.deploy.inference_stride_ms) + ")."};
  }

  nlohmann::json section = memory_sections(built, application, board);
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
  if (application.signal && application.signal->wake_every_us > 0) {
    summary.duty = duty_section(board, config, application, summary.real_time_factor);
    section["duty"] = summary.duty;
  }
  report.json["board"] = section;
  TADPOLE_CHECK(publish_model(built, run));
  TADPOLE_CHECK(report.save());
  summary.report = report.html_path();
  return summary;
}

}  // namespace tadpole::project
