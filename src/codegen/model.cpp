// model.h and model.cc: constants, one function a layer, the arena.
#include <set>

#include "codegen/emit.h"
#include "codegen/text.h"

namespace tadpole::codegen {

namespace {

/// Prints the arrays of one parameter struct, and the struct itself as an aggregate that names them.
class ConstantPrinter final : public plan::ParamVisitor {
 public:
  explicit ConstantPrinter(std::string prefix) : prefix_(std::move(prefix)) {}

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
    const std::string full = prefix_ + std::string(name);
    arrays += array_definition(full, values);
    member(name, full);
  }

  std::string prefix_;
  bool first_ = true;
};

std::string constants_of(const plan::Step& step, int layer) {
  const std::string number = three_digits(layer);
  ConstantPrinter printer("weights_" + number + "_");
  step.call->visit(printer);
  std::string text = printer.arrays;
  for (size_t i = 0; i < step.operands.size(); ++i) {
    if (!step.operands[i].constant) continue;
    text += array_definition("weights_" + number + "_operand_" + std::to_string(i),
                             std::span<const uint8_t>(*step.operands[i].constant));
  }
  return text + "const tadpole::kernels::" + std::string(step.call->name().params) + " layer_" + number +
         " = {\n    " + printer.initialiser + "};\n";
}

std::string call_of(const plan::Step& step, int layer) {
  const std::string number = three_digits(layer);
  std::string text = "  tadpole::kernels::" + std::string(step.call->name().function) + "(layer_" + number;
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

std::string layers_of(const plan::Plan& plan) {
  std::string text;
  int layer = 0;
  for (const plan::Step& step : plan.steps()) {
    text += "\n// " + std::string(ir::op_name(step.op)) + " '" + comment_text(step.name) + "', " +
            std::to_string(step.macs) + " multiply-accumulates\n";
    text += "TADPOLE_LAYER void tadpole_layer_" + three_digits(layer) + "();\n";
    text += "void tadpole_layer_" + three_digits(layer) + "() {\n" + call_of(step, layer) + "}\n";
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

const ir::Tensor& end_of(const plan::Plan& plan, const std::vector<int>& ends) {
  return plan.graph().tensors[static_cast<size_t>(ends[0])];
}

}  // namespace

std::string emit_model_header(const plan::Plan& plan) {
  const ir::Tensor& in = end_of(plan, plan.graph().inputs);
  const ir::Tensor& out = end_of(plan, plan.graph().outputs);
  const std::string text =
      R"(// Made by tadpole. A trained network: fill input(), call invoke(), read output(). One at a time, no heap.
#ifndef TADPOLE_MODEL_H_
#define TADPOLE_MODEL_H_

#include <stdint.h>

namespace model {

enum {
)";
  return text + "  kInputBytes = " + literal(plan.input_bytes()) + ",   // " + describe(in) + "\n" +
         "  kOutputBytes = " + literal(plan.output_bytes()) + ",  // " + describe(out) + "\n" +
         "  kArenaBytes = " + literal(plan.arena_bytes()) + ",\n" +
         "  kLayerCount = " + literal(static_cast<int64_t>(plan.steps().size())) + "\n};\n\n" +
         quantisation_of(in, "Input") + quantisation_of(out, "Output") + R"(
// kInputBytes bytes, 16-byte aligned; write them before each invoke(), which may overwrite them.
uint8_t* input();
// kOutputBytes bytes, 4-byte aligned; valid from the end of invoke() until input() is written.
const uint8_t* output();
// Runs all layers.
void invoke();
// The kArenaBytes bytes in which all activations live, input and output too.
const uint8_t* arena();

extern const char kName[];
extern const char kHash[];  // of the model file: FNV-1a, 64 bits, 16 hex digits

}  // namespace model

#endif  // TADPOLE_MODEL_H_
)";
}

std::string emit_model_source(const plan::Plan& plan, const LibraryOptions& options) {
  std::set<std::string> includes;
  for (const plan::Step& step : plan.steps()) includes.emplace(step.call->name().header);
  std::string text =
      "// Made by tadpole: constants, layers and arena of the network in model.h.\n#include \"model.h\"\n";
  if (!includes.empty()) text += "\n";
  for (const std::string& include : includes) text += "#include \"" + include + "\"\n";
  text += R"(
#if defined(__GNUC__)
#define TADPOLE_LAYER extern "C" __attribute__((noinline))
#else
#define TADPOLE_LAYER extern "C"
#endif

namespace {

)";
  // An arena of 0 bytes (a graph that has no layer still has its input) does not occur.
  text += "alignas(16) uint8_t arena_memory[" + literal(plan.arena_bytes()) + "];\n";
  int layer = 0;
  for (const plan::Step& step : plan.steps()) text += "\n" + constants_of(step, layer++);
  text += "\n}  // namespace\n" + layers_of(plan);
  text += "\nnamespace model {\n\nuint8_t* input() { return arena_memory + " + literal(plan.input_offset()) +
          "; }\nconst uint8_t* output() { return arena_memory + " + literal(plan.output_offset()) +
          "; }\nconst uint8_t* arena() { return arena_memory; }\n\nvoid invoke() {\n";
  for (int i = 0; i < layer; ++i) text += "  tadpole_layer_" + three_digits(i) + "();\n";
  return text + "}\n\nconst char kName[] = " + literal(options.name) +
         ";\nconst char kHash[] = " + literal(options.hash) + ";\n\n}  // namespace model\n";
}

}  // namespace tadpole::codegen
