// Inside the room: the single files of a library.
#pragma once

#include <string>

#include "codegen/library.h"

namespace tadpole::codegen {

std::string emit_model_header(const plan::Plan& plan);
std::string emit_model_source(const plan::Plan& plan, const LibraryOptions& options);
/// model.cc of Form::blob.
Result<std::string> emit_blob_source(const plan::Plan& plan, const LibraryOptions& options);
/// The functions of model.h that reach inputs, outputs and arena, in namespace model; the array is
/// arena_memory.
std::string emit_ends(const plan::Plan& plan);
std::string emit_application_header(const LibraryOptions& options);
std::string emit_application_source(const SpeechApplication& speech);
/// application.cc of a signal application.
std::string emit_signal_source(const SignalApplication& signal);
std::string emit_example(const plan::Plan& plan);
std::string emit_readme(const plan::Plan& plan, const LibraryOptions& options);

}  // namespace tadpole::codegen
