// application.h and application.cc: features with all their tables, quantiser, spotter and labels.
#include "codegen/emit.h"
#include "codegen/text.h"

namespace tadpole::codegen {

namespace {

std::string number(std::string_view name, int64_t value) {
  return "    " + literal(value) + ",  // " + std::string(name) + "\n";
}

template <class... Ts>
struct Overload : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overload(Ts...) -> Overload<Ts...>;

/// The block's tables, the struct that points to them, and what code around it sees of it.
std::string features_definition(const features::DeviceConstants& constants) {
  std::string tables, fields;
  for (const features::DeviceField& field : constants.fields) {
    const auto table_name = [&](const features::DeviceTable& table) {
      const std::string name = "feature_" + field.name;
      return std::visit(
          [&](const auto& values) -> std::string {
            if (values.empty()) return "nullptr";
            tables += array_definition(name, values);
            return name;
          },
          table);
    };
    fields += "    " +
              std::visit(Overload{[](int64_t value) { return literal(value); },
                                  [](float value) { return literal(value); }, table_name},
                         field.value) +
              ",  // " + field.name + "\n";
  }
  return "namespace {\n\n" + tables + "\nconstexpr tadpole::dsp::" + constants.type +
         " kFeatureTables = {\n" + fields +
         "};\n\n}  // namespace\n\nconst tadpole::dsp::SpeechFeatures kFeatures = tadpole::dsp::" +
         constants.view + "(kFeatureTables);\n";
}

std::string spotter_definition(const app::SpotterConfig& s) {
  return "\nconst tadpole::app::SpotterConfig kSpotter = {\n" + number("labels", s.labels) +
         number("first_keyword", s.first_keyword) + number("average_window_ms", s.average_window_ms) +
         number("minimum_count", s.minimum_count) + number("minimum_span_ms", s.minimum_span_ms) +
         number("suppression_ms", s.suppression_ms) + number("threshold, of 255", s.threshold) +
         number("inference_stride_frames", s.inference_stride_frames) + "};\n";
}

/// What the ready-made firmware asks. A program of one's own around several models knows what they are.
std::string sense_macros(const LibraryOptions& options) {
  if (options.shared_arena) return "";
  return std::string("// 1: sound in, words out.\n#define TADPOLE_HAS_SPEECH ") +
         (options.speech ? "1" : "0") +
         "\n// 1: samples of another sensor in, answers out. Both 0: only the raw model of model.h.\n"
         "#define TADPOLE_HAS_SIGNAL " +
         (options.signal ? "1" : "0") +
         "\n// 1: a gate before the model; invoke_gated() instead of invoke().\n#define TADPOLE_HAS_GATE " +
         (options.signal && options.signal->gate ? "1" : "0") +
         "\n// Microseconds from one window of a stream to the next, for app::DutySense; 0: no sleep.\n"
         "#define TADPOLE_WAKE_EVERY_US " +
         std::to_string(options.signal ? options.signal->wake_every_us : 0) + "\n\n";
}

}  // namespace

std::string emit_application_header(const LibraryOptions& options) {
  const std::string guard = include_guard("APPLICATION", options.space);
  const std::string end = "\n#endif  // " + guard + "\n";
  const std::string begin_space = "\nnamespace " + options.space + " {\n";
  const std::string end_space = "\n}  // namespace " + options.space + "\n";
  std::string text = "// Made by tadpole: what surrounds the network on a board.\n#ifndef " + guard +
                     "\n#define " + guard + "\n\n" + sense_macros(options);
  if (options.signal) {
    text += R"(#include "device/app/signal_input.h"
#include "model.h"
)" + begin_space +
            R"(
/// What an app::SignalInput of this model is made of.
tadpole::app::SignalParts signal_parts();
)";
    if (options.signal->gate) {
      text +=
          "/// model.h's invoke() behind the anomaly gate: what resembles nothing that was learnt costs no "
          "inference,\n/// and the SignalInput answers -128 for every class.\nvoid invoke_gated();\n";
    }
    if (!options.signal->labels.empty()) text += "extern const char* const kLabels[kOutputBytes];\n";
    return text + end_space + end;
  }
  if (!options.speech) return text + end.substr(1);
  const dsp::SpeechFeatures& f = options.speech->features;
  text += R"(#include "device/app/spotter.h"
#include "device/dsp/speech_features.h"
#include "model.h"
)" + begin_space +
          "\nenum {\n";
  text += "  kFeatureStreamBytes = " + literal(int64_t{dsp::stream_bytes(f)}) +
          ",   // dsp::stream_bytes(kFeatures)\n";
  text += "  kFeatureScratchBytes = " + literal(int64_t{dsp::scratch_bytes(f)}) +
          "  // dsp::scratch_bytes(kFeatures)\n";
  return text + R"(};

extern const tadpole::dsp::SpeechFeatures kFeatures;
extern const tadpole::dsp::FeatureQuantiser kFeatureQuantiser;
extern const tadpole::app::SpotterConfig kSpotter;
extern const char* const kLabels[kOutputBytes];
)" + end_space +
         end;
}

std::string emit_application_source(const SpeechApplication& speech, const std::string& space) {
  std::string text =
      "// Made by tadpole: constants of the speech application.\n#include \"application.h\"\n\n#include "
      "\"" +
      speech.constants.header + "\"\n\nnamespace " + space + " {\n\n";
  text += features_definition(speech.constants);
  const dsp::FeatureQuantiser& q = speech.quantiser;
  text += "\nconst tadpole::dsp::FeatureQuantiser kFeatureQuantiser = {\n" +
          number("multiplier", q.multiplier) + number("shift", q.shift) + number("zero_point", q.zero_point) +
          "};\n" + spotter_definition(speech.spotter) + "\nconst char* const kLabels[kOutputBytes] = {\n";
  for (const std::string& label : speech.labels) text += "    " + literal(label) + ",\n";
  return text + "};\n\n}  // namespace " + space + "\n";
}

}  // namespace tadpole::codegen
