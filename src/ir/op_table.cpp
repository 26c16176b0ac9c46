// Names, TFLite codes and default attributes, all read from ops.def.
#include <array>

#include "ir/graph.h"

namespace tadpole::ir {

namespace {
struct Row {
  std::string_view name;
  int tflite_code;
};
constexpr std::array<Row, kOpCount> kRows = {{
#define TADPOLE_OP(name, code, attributes, shape_rule, options) {#name, code},
#include "ir/ops.def"
#undef TADPOLE_OP
}};
}  // namespace

std::string_view op_name(Op op) { return kRows[static_cast<size_t>(op)].name; }

int tflite_code(Op op) { return kRows[static_cast<size_t>(op)].tflite_code; }

std::optional<Op> op_of_tflite_code(int code) {
  if (code < 0) return std::nullopt;
  for (size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].tflite_code == code) return static_cast<Op>(i);
  }
  return std::nullopt;
}

Attributes default_attributes(Op op) {
  switch (op) {
#define TADPOLE_OP(name, code, attributes, shape_rule, options) \
  case Op::name:                                                \
    return attributes{};
#include "ir/ops.def"
#undef TADPOLE_OP
  }
  return NoAttributes{};
}

}  // namespace tadpole::ir
