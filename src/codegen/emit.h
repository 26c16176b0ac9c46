// Inside the room: the single files of a library.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "codegen/library.h"

namespace tadpole::codegen {

std::string emit_model_header(const plan::Plan& plan, const LibraryOptions& options);
std::string emit_model_source(const plan::Plan& plan, const LibraryOptions& options);
/// model.cc of Form::blob.
Result<std::string> emit_blob_source(const plan::Plan& plan, const LibraryOptions& options);
/// Whether the features and labels of the application fit the model. Fails: input_size.
Result<void> check_application(const plan::Plan& plan, const LibraryOptions& options);
/// Headers in device/ that the library is made of, with all that they include.
std::set<std::string> device_roots(const plan::Plan& plan, const LibraryOptions& options);
/// TADPOLE_MODEL_H_ for "MODEL"; models beside others have their space in it.
std::string include_guard(std::string_view file, const std::string& space);
/// The functions of model.h that reach inputs, outputs and arena, in namespace model; the array is
/// arena_memory.
std::string emit_ends(const plan::Plan& plan);
std::string emit_application_header(const LibraryOptions& options);
std::string emit_application_source(const SpeechApplication& speech, const std::string& space);
/// application.cc of a signal application.
std::string emit_signal_source(const SignalApplication& signal, const std::string& space);
std::string emit_example(const plan::Plan& plan);
std::string emit_readme(const plan::Plan& plan, const LibraryOptions& options);

}  // namespace tadpole::codegen
