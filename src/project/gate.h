// An anomaly gate before a project's classifier: a window that resembles nothing of the training side gets no
// class ("not seen before") and costs no inference. Private to this room.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "project/prepare.h"
#include "unsupervised/gate.h"

namespace tadpole::project {

inline constexpr const char* kNotSeenName = "not seen before";

/// Learnt on the int8 numbers that go into one model.
struct ModelGate {
  unsupervised::Gate gate;
  std::string method;     ///< of [gate]
  float input_scale = 1;  ///< of the model that it stands before
  int32_t input_zero_point = 0;
  std::vector<int8_t> usual;  ///< the training sample that is least strange
  nlohmann::json section;     ///< "gate" of report.json
};

/// Learns on the training side and chooses the threshold on the validation side (with none, the training
/// side), such that at most [gate] false_refusals percent of it lie above; counts what is refused on the test
/// side. Nothing when [gate] method is "none". Fails: config_bad_value (not a classifier of a sensor other
/// than a microphone, or more inputs than a gate takes), points_unusable, cancelled.
Result<std::optional<ModelGate>> learn_gate(const ProjectConfig& config, const Prepared& prepared,
                                            const ir::Graph& int8, Tools tools);

/// Writes RUN/gate.json, or takes away that of an earlier model. Fails: file_unwritable.
Result<void> save_gate(const std::optional<ModelGate>& gate, const std::string& run);

/// Nothing without RUN/gate.json. Fails: file_unreadable (damaged), run_missing (another model's).
Result<std::optional<ModelGate>> read_gate(const std::string& run, const ir::Graph& int8);

/// Whether the gate keeps out what stands in the model's input.
bool refuses(const ModelGate& gate, std::span<const uint8_t> input);

/// What a board answers for an input that is kept out: a score of 0 for every class.
std::vector<uint8_t> refusal(size_t labels);

}  // namespace tadpole::project
