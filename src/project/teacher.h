// The model that a network learns from beside its labels.
#pragma once

#include "base/result.h"
#include "project/project.h"
#include "train/trainer.h"

namespace tadpole::project {

/// Puts the model that [train] teacher names into `options`; without one nothing changes. Fails:
/// file_not_found, tflite_damaged, tflite_unsupported.
Result<void> load_teacher(const Project& project, train::TrainOptions& options);

}  // namespace tadpole::project
