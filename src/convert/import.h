// What a .tflite file says in its own way is brought to ours here: passes over a graph that is read and not
// yet checked. Tensor indices are in range and constants have the size of their shapes; nothing else is
// promised. Inside this room only.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "convert/tensor_reader.h"

namespace tadpole::convert {

/// A graph under import. Tensors keep their indices until compact().
struct Import {
  ir::Graph graph;
  std::set<int> spare;                 ///< tensors to leave out when nothing refers to them any more
  std::map<int, std::string> handles;  ///< tensors that VAR_HANDLE makes, with the variable's key
  std::set<int> without_values;        ///< tensors with a 0 in their shape

  ir::Tensor& tensor(int index) { return graph.tensors[static_cast<size_t>(index)]; }
};

/// "layer 'conv_1' (conv_2d)"
std::string layer(const ir::Node& node);

/// DEQUANTIZE of a constant becomes the constant it makes (models with float16 weights, weights-only
/// quantisation). import_constants.cpp.
void fold_dequantised_constants(Import& import);
/// Constants that operators want as int32 (axes, paddings, begin, indices, ...) and files give as int64 or
/// int16; values beyond int32 are held at its ends. import_constants.cpp.
void narrow_integers(Import& import);
/// What is computed from shapes alone becomes a constant: SHAPE is one already, and operators on integer
/// constants of up to 256 values follow. import_shapes.cpp.
void fold_integers(Import& import);
/// Models quantised to uint8 become int8: 128 is taken from every value and zero point. Inputs and outputs of
/// the graph stay uint8, with a quantize node behind or before. Fails: type_unsupported. import_uint8.cpp.
Result<void> uint8_to_int8(Import& import);
/// READ_VARIABLE and ASSIGN_VARIABLE of one variable share one tensor with is_variable. `initial` holds the
/// first values by key. Fails: tflite_damaged, tflite_unsupported. import_variables.cpp.
Result<void> resolve_variables(Import& import, const std::map<std::string, ir::Tensor>& initial);
/// The first values that a subgraph called by CALL_ONCE assigns, added to `initial`. Fails: tflite_damaged,
/// tflite_unsupported. import_variables.cpp.
Result<void> read_initialiser(const schema::Model& model, int subgraph, TensorReader& tensors,
                              std::map<std::string, ir::Tensor>& initial);
/// What names a variable in its VAR_HANDLE.
Result<std::string> variable_key(const schema::Operator& from, TensorReader& tensors);
/// Leaves out spare tensors that nothing refers to.
void compact(Import& import);

/// The code of an operator; -1 when its index is outside of the list.
int builtin_code(const schema::Model& model, const schema::Operator& from);

}  // namespace tadpole::convert
