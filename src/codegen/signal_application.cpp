// application.cc for sensors other than microphones: the feature block's constants, the memory it works in,
// and the parts of an app::SignalInput.
#include "codegen/emit.h"
#include "codegen/text.h"

namespace tadpole::codegen {

namespace {

template <class... Ts>
struct Overload : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overload(Ts...) -> Overload<Ts...>;

/// The block's tables, then the struct that points to them.
std::string constants_definition(const features::DeviceConstants& constants) {
  std::string tables, fields;
  for (const features::DeviceField& field : constants.fields) {
    const std::string value = std::visit(
        Overload{[](int64_t number) { return literal(number); }, [](float number) { return literal(number); },
                 [&](const features::DeviceTable& table) -> std::string {
                   const std::string name = "feature_" + field.name;
                   return std::visit(
                       [&](auto values) -> std::string {
                         if (values.empty()) return "nullptr";
                         tables += array_definition(name, values);
                         return name;
                       },
                       table);
                 }},
        field.value);
    fields += "    " + value + ",  // " + field.name + "\n";
  }
  return tables + "\nconstexpr tadpole::dsp::" + constants.type + " kFeatures = {\n" + fields + "};\n";
}

std::string bytes_definition(std::string_view name, int64_t bytes) {
  return "alignas(4) uint8_t " + std::string(name) + "[" + literal(bytes) + "];\n";
}

std::string number(std::string_view name, int64_t value) {
  return "  parts." + std::string(name) + " = " + literal(value) + ";\n";
}
std::string number(std::string_view name, float value) {
  return "  parts." + std::string(name) + " = " + literal(value) + ";\n";
}

/// The gate's tables, and the model behind it.
std::string gate_definition(const app::AnomalyGate& gate) {
  const auto width = static_cast<size_t>(gate.width), rows = static_cast<size_t>(gate.rows);
  const bool whitening = gate.kind == app::GateKind::whitening;
  const size_t numbers = whitening ? width * (width + 1) / 2 : rows * width;
  std::string text = array_definition("gate_offset", std::span(gate.offset, width)) +
                     array_definition("gate_multiplier", std::span(gate.multiplier, width)) +
                     array_definition("gate_shift", std::span(gate.shift, width)) +
                     array_definition("gate_matrix", std::span(gate.matrix, numbers));
  if (whitening) text += array_definition("gate_row_shift", std::span(gate.row_shift, width));
  return text + "const tadpole::app::AnomalyGate kGate = {tadpole::app::GateKind::" +
         (whitening ? "whitening" : "nearest_centre") + ", " + literal(int64_t{gate.width}) + ", " +
         literal(int64_t{gate.rows}) + ", gate_offset, gate_multiplier, gate_shift,\n    gate_matrix, " +
         (whitening ? "gate_row_shift" : "nullptr") + ", " + std::to_string(gate.threshold) +
         "ull};\nconst tadpole::app::GatedModel kGatedModel = {&kGate, input, output, kOutputBytes, "
         "invoke};\ntadpole::app::GatedAnswer gated_answer;\n";
}

/// What SignalParts::extract points to.
std::string extract_definition(const features::DeviceConstants& constants) {
  const std::string begin = "void extract(const uint8_t* samples, uint32_t count, uint32_t";
  if (constants.rows > 0) {
    return begin +
           " part, int16_t* features) {\n  const int32_t row = static_cast<int32_t>(part);\n  "
           "tadpole::dsp::extract_rows(kFeatures, samples, count, row, row + 1, features);\n}\n";
  }
  return begin + ", int16_t* features) {\n  tadpole::dsp::extract(kFeatures, samples, count, " +
         (constants.scratch_bytes > 0 ? "scratch_memory" : "nullptr") + ", features);\n}\n";
}

std::string_view kind_name(app::SenseKind kind) {
  switch (kind) {
    case app::kImage:
      return "kImage";
    case app::kSeries:
      return "kSeries";
    case app::kStroke:
      return "kStroke";
    case app::kSound:
      return "kSound";
    case app::kNoSense:
      break;
  }
  return "kNoSense";
}

}  // namespace

std::string emit_signal_source(const SignalApplication& signal, const std::string& space) {
  const app::SignalParts& p = signal.parts;
  const bool anomaly = p.answer == app::kAnomaly;
  const int64_t scratch = signal.features.scratch_bytes;
  std::string text =
      "// Made by tadpole: features and answers of the application.\n#include \"application.h\"\n\n#include "
      "\"" +
      signal.features.header + "\"\n\nnamespace " + space + " {\nnamespace {\n\n";
  text += constants_definition(signal.features);
  text += "\nconst tadpole::dsp::FeatureQuantiser kFeatureQuantiser = {" +
          literal(signal.quantiser.multiplier) + ", " + literal(int64_t{signal.quantiser.shift}) + ", " +
          literal(int64_t{signal.quantiser.zero_point}) + "};\n\n" +
          bytes_definition("sample_memory", int64_t{p.clip_samples} * p.sample_bytes) +
          (scratch > 0 ? bytes_definition("scratch_memory", scratch) : "") + "int16_t feature_memory[" +
          literal(int64_t{p.part_features}) + "];\n";
  if (anomaly) text += "int8_t input_memory[" + literal(int64_t{p.feature_count}) + "];\n";
  if (signal.gate) text += "\n" + gate_definition(*signal.gate);
  text += "\n" + extract_definition(signal.features) + "\n}  // namespace\n\n";
  if (signal.gate) text += "void invoke_gated() { gated_answer = tadpole::app::classify(kGatedModel); }\n\n";
  text +=
      "tadpole::app::SignalParts signal_parts() {\n  tadpole::app::SignalParts parts;\n  parts.kind = "
      "tadpole::app::" +
      std::string(kind_name(p.kind)) + ";\n";
  text +=
      number("rate_hz", int64_t{p.rate_hz}) + number("sample_bytes", int64_t{p.sample_bytes}) +
      number("clip_samples", int64_t{p.clip_samples}) + number("fewest_samples", int64_t{p.fewest_samples}) +
      number("stride_samples", int64_t{p.stride_samples}) +
      number("feature_count", int64_t{p.feature_count}) + number("part_features", int64_t{p.part_features});
  text +=
      "  parts.extract = extract;\n  parts.quantiser = &kFeatureQuantiser;\n  parts.answer = tadpole::app::" +
      std::string(anomaly ? "kAnomaly" : "kOutputs") + ";\n";
  if (anomaly) {
    text += number("scale.input_scale", p.scale.input_scale) +
            number("scale.output_scale", p.scale.output_scale) +
            number("scale.input_zero_point", int64_t{p.scale.input_zero_point}) +
            number("scale.output_zero_point", int64_t{p.scale.output_zero_point}) +
            number("threshold", p.threshold);
  } else {
    text += "  parts.scale = tadpole::app::AnomalyScale();\n  parts.threshold = 0;\n";
  }
  text += std::string("  parts.gated = ") + (signal.gate ? "&gated_answer" : "nullptr") + ";\n";
  text +=
      "  parts.samples = sample_memory;\n  parts.features = feature_memory;\n  "
      "parts.input = " +
      std::string(anomaly ? "input_memory" : "nullptr") + ";\n  return parts;\n}\n";
  if (!signal.labels.empty()) {
    text += "\nconst char* const kLabels[kOutputBytes] = {\n";
    for (const std::string& label : signal.labels) text += "    " + literal(label) + ",\n";
    text += "};\n";
  }
  return text + "\n}  // namespace " + space + "\n";
}

}  // namespace tadpole::codegen
