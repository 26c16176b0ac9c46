// A plan as a self-contained C++ library: text in memory, files for others to write.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "device/app/anomaly_gate.h"
#include "device/app/signal_input.h"
#include "device/app/spotter.h"
#include "device/dsp/speech_features.h"
#include "features/device_constants.h"
#include "plan/plan.h"

namespace tadpole::codegen {

/// `path` is relative to the library's folder, with '/' between parts.
struct File {
  std::string path, text;
};

/// What makes a speech application out of a model: int8 input of features, one int8 output a label.
struct SpeechApplication {
  dsp::SpeechFeatures features;
  features::DeviceConstants constants;  ///< of features; its tables must live until emit_library returns
  dsp::FeatureQuantiser quantiser;
  app::SpotterConfig spotter;
  std::vector<std::string> labels;
};

/// What makes an application for any other sensor out of a model: int8 input of features.
struct SignalApplication {
  features::DeviceConstants features;  ///< its tables must live until emit_library returns
  app::SignalParts parts;              ///< sizes, answer, scale and threshold; the pointers are not read
  dsp::FeatureQuantiser quantiser;
  std::vector<std::string> labels;  ///< of the outputs; empty where they are not classes
  /// A valid gate before the model; its tables must live until emit_library returns.
  std::optional<app::AnomalyGate> gate = std::nullopt;
  uint32_t wake_every_us =
      0;  ///< the firmware sleeps between windows (device/app/duty_sense.h); 0: it does not
};

/// How a library holds its network. Both have the same model.h and give the same bytes.
enum class Form : uint8_t {
  generated,  ///< one C++ function a layer
  blob        ///< data for device/runtime's runner, beside the kernels that it uses
};

/// The namespace of a model that is alone in its library.
inline constexpr const char* kOnlySpace = "model";

struct LibraryOptions {
  std::string name;  ///< model::kName
  std::string hash;  ///< model::kHash: FNV-1a of the model file's bytes, 16 hex digits
  std::optional<SpeechApplication> speech;
  bool session = true;  ///< export device/app, by which a board answers on its serial line
  Form form = Form::generated;
  std::optional<SignalApplication> signal = std::nullopt;  ///< not beside speech
  std::string space = kOnlySpace;                          ///< the namespace of model.h and application.h
  bool shared_arena =
      false;  ///< activations live in the arena.h of emit_models(), not in an array of model.cc
};

/// The library: model.h, model.cc, application.h, application.cc (with speech or signal), the device/ files
/// that they need, examples/main.cc and README.md. Compiles as C++14 with -Wall -Wextra -Wpedantic -Werror
/// -fno-exceptions -fno-rtti and uses no heap. model.cc has one extern "C" function a layer,
/// tadpole_layer_000 and so on, which model::invoke() calls in order; all constants are const and the model's
/// are called weights_*. Fails: input_size when labels do not match the output or features the input.
/// Cost: O(weights); about 4 characters of text a weight.
Result<std::vector<File>> emit_library(const plan::Plan& plan, const LibraryOptions& options);

/// One of several models in a library.
struct Member {
  plan::Plan plan;
  LibraryOptions options;  ///< space: its folder and namespace; shared_arena, session and form are not read
};

/// A library of several models that run one at a time in one arena, as large as the largest of them needs:
/// SPACE/model.h, SPACE/model.cc and SPACE/application.* as emit_library has them, in namespace SPACE;
/// arena.h; arena.cc; all of device/app; README.md. Layers are called tadpole_layer_SPACE_000 and so on. A
/// model's input and output are lost when another one runs. Fails: config_bad_value (an empty list, or a
/// space that is no lower-case C++ name, is taken or means something else in the library); type_unsupported
/// for a model that remembers in its arena; and as emit_library.
Result<std::vector<File>> emit_models(std::span<const Member> members);

/// What a firmware that takes its network as a blob, any blob, is built for.
struct RunnerOptions {
  std::string kernels;      ///< plan::Target::kernels; all of that set and of ref/ are linked
  int64_t arena_bytes = 0;  ///< room for activations
  int64_t blob_bytes = 0;   ///< room in flash for the blob, in the object tadpole_blob
};

/// A library with model.h as emit_library's, for raw inputs only, whose network is whatever blob stands in
/// tadpole_blob when it starts; an unusable one leaves a model without inputs, whose name says why. Fails:
/// unknown kernel set.
Result<std::vector<File>> emit_runner_library(const RunnerOptions& options);

}  // namespace tadpole::codegen
