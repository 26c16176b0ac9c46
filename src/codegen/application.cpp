// application.h and application.cc: features with all their tables, quantiser, spotter and labels.
#include "codegen/emit.h"
#include "codegen/text.h"

namespace tadpole::codegen {

namespace {

std::string number(std::string_view name, int64_t value) {
  return "    " + literal(value) + ",  // " + std::string(name) + "\n";
}

std::string features_definition(const dsp::SpeechFeatures& f) {
  const auto span = [](const auto* table, int32_t length) {
    return std::span(table, static_cast<size_t>(table ? length : 0));
  };
  std::string text = "namespace {\n\n";
  text += array_definition("feature_window", span(f.window, window_table_length(f)));
  text += array_definition("feature_sine", span(f.sine, sine_table_length(f)));
  text += array_definition("feature_reversed", span(f.reversed, reversed_table_length(f)));
  text += array_definition("feature_band_edges", span(f.band_edges, band_edges_length(f)));
  text += array_definition("feature_mel_rise", span(f.mel_rise, mel_rise_length(f)));
  if (f.dct) text += array_definition("feature_dct", span(f.dct, dct_table_length(f)));
  text += "\n}  // namespace\n\nconst tadpole::dsp::SpeechFeatures kFeatures = {\n";
  text += number("sample_rate_hz", f.sample_rate_hz) + number("window_samples", f.window_samples) +
          number("stride_samples", f.stride_samples) + number("frames", f.frames) +
          number("values_per_frame", f.values_per_frame) + number("fft_size", f.fft_size) +
          number("bands", f.bands) + number("coefficients", f.coefficients) +
          number("fraction_bits", f.fraction_bits) + number("dct_fraction_bits", f.dct_fraction_bits) +
          number("bins", f.bins) + number("floor_energy", f.floor_energy) +
          number("floor_log2", f.floor_log2);
  text += "    feature_window, feature_sine, feature_reversed, feature_band_edges, feature_mel_rise, ";
  return text + (f.dct ? "feature_dct" : "nullptr") + "};\n";
}

std::string spotter_definition(const app::SpotterConfig& s) {
  return "\nconst tadpole::app::SpotterConfig kSpotter = {\n" + number("labels", s.labels) +
         number("first_keyword", s.first_keyword) + number("average_window_ms", s.average_window_ms) +
         number("minimum_count", s.minimum_count) + number("minimum_span_ms", s.minimum_span_ms) +
         number("suppression_ms", s.suppression_ms) + number("threshold, of 255", s.threshold) +
         number("inference_stride_frames", s.inference_stride_frames) + "};\n";
}

}  // namespace

std::string emit_application_header(const LibraryOptions& options) {
  std::string text =
      "// Made by tadpole: what surrounds the network on a board.\n#ifndef TADPOLE_APPLICATION_H_\n"
      "#define TADPOLE_APPLICATION_H_\n\n// 1: sound in, words out. 0: only the raw model of model.h.\n";
  if (!options.speech) return text + "#define TADPOLE_HAS_SPEECH 0\n\n#endif  // TADPOLE_APPLICATION_H_\n";
  const dsp::SpeechFeatures& f = options.speech->features;
  text += R"(#define TADPOLE_HAS_SPEECH 1

#include "device/app/spotter.h"
#include "device/dsp/speech_features.h"
#include "model.h"

namespace model {

enum {
)";
  text += "  kFeatureStreamBytes = " + literal(int64_t{dsp::stream_bytes(f)}) +
          ",   // dsp::stream_bytes(kFeatures)\n";
  text += "  kFeatureScratchBytes = " + literal(int64_t{dsp::scratch_bytes(f)}) +
          "  // dsp::scratch_bytes(kFeatures)\n";
  return text + R"(};

extern const tadpole::dsp::SpeechFeatures kFeatures;
extern const tadpole::dsp::FeatureQuantiser kFeatureQuantiser;
extern const tadpole::app::SpotterConfig kSpotter;
extern const char* const kLabels[kOutputBytes];

}  // namespace model

#endif  // TADPOLE_APPLICATION_H_
)";
}

std::string emit_application_source(const SpeechApplication& speech) {
  std::string text =
      "// Made by tadpole: constants of the speech application.\n#include \"application.h\"\n\nnamespace "
      "model {\n\n";
  text += features_definition(speech.features);
  const dsp::FeatureQuantiser& q = speech.quantiser;
  text += "\nconst tadpole::dsp::FeatureQuantiser kFeatureQuantiser = {\n" +
          number("multiplier", q.multiplier) + number("shift", q.shift) + number("zero_point", q.zero_point) +
          "};\n" + spotter_definition(speech.spotter) + "\nconst char* const kLabels[kOutputBytes] = {\n";
  for (const std::string& label : speech.labels) text += "    " + literal(label) + ",\n";
  return text + "};\n\n}  // namespace model\n";
}

}  // namespace tadpole::codegen
