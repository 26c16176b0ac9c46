// model.h and model.cc: constants, one function a layer, the arena.
#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "codegen/emit.h"
#include "codegen/text.h"

namespace tadpole::codegen {

namespace {

/// Names of the arrays and parameters that are printed already, by type and value: steps that share weights
/// share one array, and bands of one layer often share all of their parameters.
using KnownConstants = std::map<std::string, std::string>;

/// Prints the arrays of one parameter struct, and the struct itself as an aggregate that names them.
class ConstantPrinter final : public plan::ParamVisitor {
 public:
  ConstantPrinter(std::string prefix, KnownConstants& known) : prefix_(std::move(prefix)), known_(known) {}

  std::string arrays;       ///< definitions
  std::string initialiser;  ///< "{1, 2, {3}, weights_000_bias}"

  void number(std::string_view name, int32_t value) override { member(name, literal(int64_t{value})); }
  void number(std::string_view name, float value) override { member(name, literal(value)); }
  void numbers(std::string_view name, std::span<const int32_t> values) override {
    std::string list = "{";
    for (size_t i = 0; i < values.size(); ++i) list += (i ? ", " : "") + literal(int64_t{values[i]});
    member(name, list + "}");
  }
  void begin_group(std::string_view) override {
    separate();
    initialiser += "{";
    first_ = true;
  }
  void end_group() override {
    initialiser += "}";
    first_ = false;
  }
  void array(std::string_view name, std::span<const int8_t> values) override { define(name, values); }
  void array(std::string_view name, std::span<const int16_t> values) override { define(name, values); }
  void array(std::string_view name, std::span<const int32_t> values) override { define(name, values); }
  void array(std::string_view name, std::span<const float> values) override { define(name, values); }

 private:
  void separate() {
    if (!first_) initialiser += ",\n    ";
    first_ = false;
  }
  void member(std::string_view name, const std::string& value) {
    separate();
    initialiser += value + " /* " + std::string(name) + " */";
  }
  template <class T>
  void define(std::string_view name, std::span<const T> values) {
    const auto* bytes = reinterpret_cast<const char*>(values.data());
    const auto [found, added] =
        known_.try_emplace(std::string(1, "048f"[type_digit<T>()]) + std::string(bytes, values.size_bytes()),
                           prefix_ + std::string(name));
    if (added) arrays += array_definition(found->second, values);
    member(name, found->second);
  }
  /// Arrays of different types are different arrays, whatever their bytes.
  template <class T>
  static constexpr size_t type_digit() {
    return std::is_same_v<T, float> ? 3 : sizeof(T) / 2;
  }

  std::string prefix_;
  KnownConstants& known_;
  bool first_ = true;
};

/// The constants of one step, and the name of its parameters.
struct StepConstants {
  std::string text, params;
};

StepConstants constants_of(const plan::Step& step, int layer, KnownConstants& known) {
  const std::string number = three_digits(layer);
  ConstantPrinter printer("weights_" + number + "_", known);
  step.call->visit(printer);
  StepConstants result{printer.arrays, {}};
  for (size_t i = 0; i < step.operands.size(); ++i) {
    if (!step.operands[i].constant) continue;
    result.text += array_definition("weights_" + number + "_operand_" + std::to_string(i),
                                    std::span<const uint8_t>(*step.operands[i].constant));
  }
  const std::string type(step.call->name().params);
  const auto [found, added] = known.try_emplace(type + printer.initialiser, "layer_" + number);
  if (added) {
    result.text +=
        "const tadpole::kernels::" + type + " layer_" + number + " = {\n    " + printer.initialiser + "};\n";
  }
  result.params = found->second;
  return result;
}

std::string call_of(const plan::Step& step, int layer, const std::string& params) {
  const std::string number = three_digits(layer);
  std::string text = "  tadpole::kernels::" + std::string(step.call->name().function) + "(" + params;
  const auto types = step.call->operand_types();
  for (size_t i = 0; i < types.size(); ++i) {
    const plan::Operand& operand = step.operands[i];
    const std::string from = operand.constant ? "weights_" + number + "_operand_" + std::to_string(i)
                                              : "arena_memory + " + literal(operand.offset);
    text += ",\n      reinterpret_cast<" + std::string(types[i]) + ">(" + from + ")";
  }
  return text + ");\n";
}

/// A layer's name comes from a model file: nothing in it may end the comment.
std::string comment_text(std::string_view name) {
  std::string text;
  for (const char c : name.substr(0, 60)) text += c >= 0x20 && c < 0x7f && c != '\\' && c != '?' ? c : '_';
  return text;
}

/// The symbol of a layer, by which a virtual board counts its instructions.
std::string layer_function(const LibraryOptions& options, int layer) {
  return "tadpole_layer_" + (options.shared_arena ? options.space + "_" : "") + three_digits(layer);
}

std::string layers_of(const plan::Plan& plan, const LibraryOptions& options,
                      const std::vector<std::string>& params) {
  std::string text;
  int layer = 0;
  for (const plan::Step& step : plan.steps()) {
    text += "\n// " + std::string(ir::op_name(step.op)) + " '" + comment_text(step.name) + "', " +
            std::to_string(step.macs) + " multiply-accumulates\n";
    text += "TADPOLE_LAYER void " + layer_function(options, layer) + "();\n";
    text += "void " + layer_function(options, layer) + "() {\n" +
            call_of(step, layer, params[static_cast<size_t>(layer)]) + "}\n";
    ++layer;
  }
  return text;
}

std::string quantisation_of(const ir::Tensor& tensor, const std::string& which) {
  if (tensor.type != ir::DType::int8 || !tensor.quantisation) return "";
  return "// " + which + ": real = scale * (int8 - zero point).\nconstexpr float k" + which +
         "Scale = " + literal(tensor.quantisation->scales[0]) + ";\nconstexpr int32_t k" + which +
         "ZeroPoint = " + literal(int64_t{tensor.quantisation->zero_points[0]}) + ";\n";
}

std::string describe(const ir::Tensor& tensor) {
  return std::string(to_string(tensor.type)) + " " + ir::to_string(tensor.shape);
}

/// "int8 1x49x10x1", and the same of further inputs or outputs.
std::string describe(const plan::Plan& plan, const std::vector<int>& ends) {
  std::string text;
  for (const int end : ends)
    text += (text.empty() ? "" : ", then ") + describe(plan.graph().tensors[static_cast<size_t>(end)]);
  return text;
}

const ir::Tensor& end_of(const plan::Plan& plan, const std::vector<int>& ends) {
  return plan.graph().tensors[static_cast<size_t>(ends[0])];
}

/// A function that gives the place of input or output `index`.
std::string accessor(const std::string& signature, const plan::Plan& plan, int count, bool inputs) {
  std::string text = signature + " {\n  static const int32_t offsets[" + literal(int64_t{count}) + "] = {";
  for (int i = 0; i < count; ++i)
    text += (i ? ", " : "") + literal(inputs ? plan.input_offset(i) : plan.output_offset(i));
  return text + "};\n  return arena_memory + offsets[index];\n}\n";
}

/// Copies between `bytes` and a part of all inputs, or outputs, seen as one row of bytes.
std::string row_copy(const std::string& signature, const plan::Plan& plan, int count, bool inputs) {
  const auto copy = [&](const std::string& place) {
    return inputs ? "memcpy(arena_memory + " + place + ", bytes, count)"
                  : "memcpy(bytes, arena_memory + " + place + ", count)";
  };
  if (count == 1) {
    return signature + " {\n  " +
           copy(literal(inputs ? plan.input_offset() : plan.output_offset()) + " + offset") + ";\n}\n";
  }
  std::string text = signature + " {\n  static const uint32_t parts[" + literal(int64_t{count}) + "][2] = {";
  for (int i = 0; i < count; ++i) {
    text += (i ? ", {" : "{") + literal(inputs ? plan.input_offset(i) : plan.output_offset(i)) + ", " +
            literal(inputs ? plan.input_bytes(i) : plan.output_bytes(i)) + "}";
  }
  return text + R"(};
  const uint32_t end = offset + count;
  uint32_t start = 0;
  for (int i = 0; i < )" +
         literal(int64_t{count}) + R"(; start += parts[i][1], ++i) {
    const uint32_t from = offset > start ? offset : start;
    const uint32_t to = end < start + parts[i][1] ? end : start + parts[i][1];
    if (from >= to) continue;
    )" +
         (inputs
              ? "memcpy(arena_memory + parts[i][0] + (from - start), bytes + (from - offset), to - from);"
              : "memcpy(bytes + (from - offset), arena_memory + parts[i][0] + (from - start), to - from);") +
         R"(
  }
}
)";
}

bool all_equal(const std::vector<uint8_t>& bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [&](uint8_t byte) { return byte == bytes[0]; });
}

std::string states_of(const plan::Plan& plan) {
  std::string text;
  for (const plan::State& state : plan.states()) {
    if (!all_equal(state.initial))
      text += array_definition("weights_state_" + literal(int64_t{state.tensor}),
                               std::span<const uint8_t>(state.initial));
  }
  return text;
}

std::string reset_of(const plan::Plan& plan) {
  std::string text = "void reset() {\n";
  for (const plan::State& state : plan.states()) {
    const std::string size = literal(static_cast<int64_t>(state.initial.size()));
    const std::string to = "arena_memory + " + literal(state.offset);
    text +=
        all_equal(state.initial)
            ? "  memset(" + to + ", " + literal(int64_t{state.initial[0]}) + ", " + size + ");\n"
            : "  memcpy(" + to + ", weights_state_" + literal(int64_t{state.tensor}) + ", " + size + ");\n";
  }
  return text + (plan.states().empty() ? "" : "  has_states = true;\n") + "}\n";
}

}  // namespace

std::string include_guard(std::string_view file, const std::string& space) {
  std::string guard = "TADPOLE_";
  if (space != kOnlySpace) {
    for (const char c : space) guard += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    guard += '_';
  }
  return guard + std::string(file) + "_H_";
}

std::string emit_model_header(const plan::Plan& plan, const LibraryOptions& options) {
  const ir::Tensor& in = end_of(plan, plan.graph().inputs);
  const ir::Tensor& out = end_of(plan, plan.graph().outputs);
  const std::string guard = include_guard("MODEL", options.space);
  const std::string text =
      "// Made by tadpole. A trained network: fill input(), call invoke(), read output(). One at a time, no "
      "heap.\n#ifndef " +
      guard + "\n#define " + guard + "\n\n#include <stdint.h>\n\nnamespace " + options.space +
      " {\n\nenum {\n";
  return text + "  kInputCount = " + literal(int64_t{plan.input_count()}) +
         ",\n  kOutputCount = " + literal(int64_t{plan.output_count()}) +
         ",\n  kInputBytes = " + literal(plan.input_bytes()) + ",   // " +
         describe(plan, plan.graph().inputs) + "\n  kOutputBytes = " + literal(plan.output_bytes()) +
         ",  // " + describe(plan, plan.graph().outputs) +
         "\n  kArenaBytes = " + literal(plan.arena_bytes()) + ",\n" +
         "  kLayerCount = " + literal(static_cast<int64_t>(plan.steps().size())) + "\n};\n\n" +
         quantisation_of(in, "Input") + quantisation_of(out, "Output") + R"(
// The first input, 16-byte aligned; write every input before each invoke(), which may overwrite them.
uint8_t* input();
// The first output, 4-byte aligned; valid from the end of invoke() until input() is written.
const uint8_t* output();
// Input 0 to kInputCount - 1, output 0 to kOutputCount - 1.
uint8_t* input(int index);
const uint8_t* output(int index);
// The same through one row of kInputBytes, or kOutputBytes: all inputs, or outputs, one after the other.
void write_input(uint32_t offset, const uint8_t* bytes, uint32_t count);
void read_output(uint32_t offset, uint8_t* bytes, uint32_t count);
// Runs all layers.
void invoke();
// Forgets what a network with states has heard so far; others have nothing to forget.
void reset();
// The kArenaBytes bytes in which all activations live, inputs and outputs too.
const uint8_t* arena();

extern const char kName[];
extern const char kHash[];  // of the model file: FNV-1a, 64 bits, 16 hex digits

}  // namespace )" +
         options.space + "\n\n#endif  // " + guard + "\n";
}

std::string emit_ends(const plan::Plan& plan) {
  std::string text = "uint8_t* input() { return arena_memory + " + literal(plan.input_offset()) +
                     "; }\nconst uint8_t* output() { return arena_memory + " + literal(plan.output_offset()) +
                     "; }\nconst uint8_t* arena() { return arena_memory; }\n\n";
  text += accessor("uint8_t* input(int index)", plan, plan.input_count(), true);
  text += accessor("const uint8_t* output(int index)", plan, plan.output_count(), false);
  text += row_copy("void write_input(uint32_t offset, const uint8_t* bytes, uint32_t count)", plan,
                   plan.input_count(), true);
  text += row_copy("void read_output(uint32_t offset, uint8_t* bytes, uint32_t count)", plan,
                   plan.output_count(), false);
  return text;
}

std::string emit_model_source(const plan::Plan& plan, const LibraryOptions& options) {
  std::set<std::string> includes;
  for (const plan::Step& step : plan.steps()) includes.emplace(step.call->name().header);
  std::string text =
      "// Made by tadpole: constants, layers and arena of the network in model.h.\n#include "
      "\"model.h\"\n\n#include <string.h>\n";
  if (!includes.empty()) text += "\n";
  for (const std::string& include : includes) text += "#include \"" + include + "\"\n";
  if (options.shared_arena) text += "#include \"arena.h\"\n";
  text += R"(
#if defined(__GNUC__)
#define TADPOLE_LAYER extern "C" __attribute__((noinline))
#else
#define TADPOLE_LAYER extern "C"
#endif

namespace {

)";
  // An arena of 0 bytes (a graph that has no layer still has its input) does not occur.
  text += options.shared_arena ? "constexpr uint8_t* arena_memory = models::arena_memory;\n"
                               : "alignas(16) uint8_t arena_memory[" + literal(plan.arena_bytes()) + "];\n";
  if (!plan.states().empty()) text += "bool has_states = false;\n" + states_of(plan);
  int layer = 0;
  KnownConstants known;
  std::vector<std::string> params;
  for (const plan::Step& step : plan.steps()) {
    StepConstants constants = constants_of(step, layer++, known);
    if (!constants.text.empty()) text += "\n" + constants.text;
    params.push_back(std::move(constants.params));
  }
  text += "\n}  // namespace\n" + layers_of(plan, options, params);
  text += "\nnamespace " + options.space + " {\n\n" + emit_ends(plan);
  text += "\n" + reset_of(plan) + "\nvoid invoke() {\n";
  if (!plan.states().empty()) text += "  if (!has_states) reset();\n";
  for (int i = 0; i < layer; ++i) text += "  " + layer_function(options, i) + "();\n";
  return text + "}\n\nconst char kName[] = " + literal(options.name) +
         ";\nconst char kHash[] = " + literal(options.hash) + ";\n\n}  // namespace " + options.space + "\n";
}

}  // namespace tadpole::codegen
