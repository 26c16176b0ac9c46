// Puts a library together; the example and the README are here.
#include "codegen/library.h"

#include <set>

#include "base/text.h"
#include "codegen/device_sources.h"
#include "codegen/emit.h"
#include "codegen/text.h"

namespace tadpole::codegen {

namespace {

Result<void> check_speech(const plan::Plan& plan, const SpeechApplication& speech) {
  const int64_t features = int64_t{speech.features.frames} * speech.features.values_per_frame;
  if (features != plan.input_bytes()) {
    return Error{Code::input_size, "the features make " + std::to_string(features) + " values; model '" +
                                       plan.name() + "' takes " + std::to_string(plan.input_bytes()) +
                                       " bytes. Train the model with these features, as int8."};
  }
  const auto labels = static_cast<int64_t>(speech.labels.size());
  if (labels != plan.output_bytes()) {
    return Error{Code::input_size, "there are " + std::to_string(labels) + " labels; model '" + plan.name() +
                                       "' gives " + std::to_string(plan.output_bytes()) + " bytes."};
  }
  return {};
}

Result<void> check_signal(const plan::Plan& plan, const SignalApplication& signal) {
  if (static_cast<int64_t>(signal.parts.feature_count) != plan.input_bytes()) {
    return Error{Code::input_size, "the features make " + std::to_string(signal.parts.feature_count) +
                                       " values; model '" + plan.name() + "' takes " +
                                       std::to_string(plan.input_bytes()) +
                                       " bytes. Train the model with these features, as int8."};
  }
  if (signal.parts.answer == app::kAnomaly && plan.output_bytes() != plan.input_bytes()) {
    return Error{Code::input_size, "model '" + plan.name() + "' takes " + std::to_string(plan.input_bytes()) +
                                       " bytes and gives " + std::to_string(plan.output_bytes()) +
                                       "; to notice anomalies it must repeat its input."};
  }
  return {};
}

}  // namespace

Result<void> check_application(const plan::Plan& plan, const LibraryOptions& options) {
  if (options.speech) TADPOLE_CHECK(check_speech(plan, *options.speech));
  if (options.signal) TADPOLE_CHECK(check_signal(plan, *options.signal));
  return {};
}

std::set<std::string> device_roots(const plan::Plan& plan, const LibraryOptions& options) {
  std::set<std::string> roots;
  for (const plan::Step& step : plan.steps()) roots.emplace(step.call->name().header);
  if (options.form == Form::blob) roots.emplace("device/runtime/runner.h");
  if (options.speech) {
    roots.emplace("device/app/spotter.h");
    roots.emplace("device/dsp/speech_features.h");
    roots.emplace(options.speech->constants.header);
  }
  if (options.signal) {
    roots.emplace("device/app/signal_input.h");
    roots.emplace(options.signal->features.header);
    if (options.signal->wake_every_us > 0) roots.emplace("device/app/duty_sense.h");
    if (options.signal->gate) roots.emplace("device/app/gated_model.h");
  }
  if (options.session) {
    for (const DeviceSource& source : device_sources()) {
      if (source.path.starts_with("device/app/") || source.path.starts_with("device/runtime/crc32."))
        roots.emplace(source.path);
    }
  }
  return roots;
}

std::string emit_example(const plan::Plan& plan) {
  const bool int8 =
      plan.graph().tensors[static_cast<size_t>(plan.graph().outputs[0])].type == ir::DType::int8;
  std::string text = R"(// Made by tadpole: the smallest program that runs the network. On a computer:
//   g++ -std=c++14 -O2 -I. examples/main.cc $(find . -name '*.cc' -not -path './examples/*') -o example && ./example
#include <stdio.h>
#include <string.h>

#include "model.h"

int main() {
  // An input of four values, over and over. Put your own data here.
  static const uint8_t pattern[4] = {0, 32, 64, 96};
  for (int i = 0; i < model::kInputBytes; ++i) model::input()[i] = pattern[i % 4];
  model::invoke();
)";
  if (int8) {
    text += R"(  for (int i = 0; i < model::kOutputBytes; ++i) {
    const int value = static_cast<int8_t>(model::output()[i]);
    printf("%d: %g\n", i, static_cast<double>(model::kOutputScale) * (value - model::kOutputZeroPoint));
  }
)";
  } else {
    text += R"(  for (int i = 0; i < model::kOutputBytes / 4; ++i) {
    float value;
    memcpy(&value, model::output() + 4 * i, sizeof value);
    printf("%d: %g\n", i, static_cast<double>(value));
  }
)";
  }
  return text + "  return 0;\n}\n";
}

std::string emit_readme(const plan::Plan& plan, const LibraryOptions& options) {
  std::string text = "# " + options.name +
                     "\n\nA trained network as plain C++14, made by tadpole. Model file " + options.hash +
                     ".\n\n| | |\n| --- | --- |\n";
  text += "| input | " + base::with_commas(plan.input_bytes()) + " bytes |\n| output | " +
          base::with_commas(plan.output_bytes()) + " bytes |\n| RAM for activations | " +
          base::with_commas(plan.arena_bytes()) + " bytes |\n| weights in flash | " +
          base::with_commas(plan.constant_bytes()) + " bytes |\n| multiply-accumulates | " +
          base::with_commas(plan.macs()) + " |\n\n";
  text += R"(It needs no heap, no operating system, no exceptions, no RTTI and no C++ library.

```cpp
#include "model.h"
memcpy(model::input(), my_data, model::kInputBytes);
model::invoke();
use(model::output());
```

`examples/main.cc` is a whole program; the command that builds it is in its first lines.

## In a CMake project

```cmake
file(GLOB_RECURSE network_sources network/device/*.cc)
add_library(network STATIC network/model.cc ${network_sources})
target_include_directories(network PUBLIC network)
```
)";
  if (options.signal) {
    text +=
        "\nAdd `network/application.cc` for the features: `model::signal_parts()` is what an "
        "`app::SignalInput` needs.\n";
  }
  if (options.speech) {
    text += "\nAdd `network/application.cc` for the features, the labels and the word spotter.\n";
  }
  return text + R"(
## In an Arduino sketch

Copy this folder into the sketch's folder as `src`, delete `src/examples`, and write `#include "src/model.h"` in the
sketch. The sources include each other from the library's root, so `src` must be on the include path: with
`arduino-cli compile --build-property "compiler.cpp.extra_flags=-I{build.source.path}/src"`.
)";
}

Result<std::vector<File>> emit_library(const plan::Plan& plan, const LibraryOptions& options) {
  TADPOLE_CHECK(check_application(plan, options));
  std::vector<File> files = {{"model.h", emit_model_header(plan, options)},
                             {"application.h", emit_application_header(options)},
                             {"examples/main.cc", emit_example(plan)},
                             {"README.md", emit_readme(plan, options)}};
  if (options.form == Form::generated) {
    files.push_back({"model.cc", emit_model_source(plan, options)});
  } else {
    TADPOLE_TRY(std::string source, emit_blob_source(plan, options));
    files.push_back({"model.cc", std::move(source)});
  }
  if (options.speech)
    files.push_back({"application.cc", emit_application_source(*options.speech, options.space)});
  if (options.signal) files.push_back({"application.cc", emit_signal_source(*options.signal, options.space)});
  const std::set<std::string> roots = device_roots(plan, options);
  for (const DeviceSource& source : device_source_closure(std::vector(roots.begin(), roots.end()))) {
    files.push_back({std::string(source.path), std::string(source.text)});
  }
  return files;
}

}  // namespace tadpole::codegen
