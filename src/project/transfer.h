// [transfer] of tadpole.toml: which part of the network is trained, and on what.
#pragma once

#include <optional>

#include "base/result.h"
#include "project/prepare.h"
#include "train/transfer.h"

namespace tadpole::project {

/// The network of the project's goal, or with [transfer] model the first layers of that one behind a new
/// head. Fails: as Goal::network; file_not_found, tflite_damaged, tflite_unsupported, onnx errors;
/// type_unsupported (a model of integers), and as train::make_transfer_network, all naming the model's file;
/// train_bad_setting for a goal without classes.
Result<train::TransferNetwork> network_to_train(const Project& project, const Prepared& prepared);

/// `source` as the trained part sees it: behind the frozen layers, if there are any.
class SeenExamples {
 public:
  /// `source` must stay alive. `draws`: variants of each example. Fails: as train::FrozenExamples::make.
  static Result<SeenExamples> make(const train::TransferNetwork& network, const train::Examples& source,
                                   int draws, uint64_t seed, Tools tools);
  const train::Examples& get() const { return frozen_ ? *frozen_ : *source_; }

 private:
  const train::Examples* source_ = nullptr;
  std::optional<train::FrozenExamples> frozen_;
};

}  // namespace tadpole::project
