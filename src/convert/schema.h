// The container's generated accessors, and how its enums, options and versions map to ours. Inside this room
// only.
#pragma once

#include <climits>
#include <optional>
#include <string>

#undef ARG_MAX  // <limits.h> of some systems has it; here it is an operator
#include "convert/model_generated.h"
#include "ir/graph.h"

namespace tadpole::convert {

namespace schema {
/// Stands in src/ir/ops.def for operators that have no options.
struct NONE {};
}  // namespace schema

// Enums: enums.cpp.

/// Nothing when Tadpole has no such type (strings, complex numbers, ...), and for float16, which is read as
/// float32.
std::optional<ir::DType> dtype_of(schema::TensorType type);
schema::TensorType schema_type(ir::DType type);
/// "FLOAT16", or the number of a type without a name here.
std::string type_name(schema::TensorType type);

std::optional<ir::Activation> activation_of(schema::Activation activation);
schema::Activation schema_activation(ir::Activation activation);

/// "DIV", or "operator 203" for codes without a name here.
std::string builtin_name(int code);

// Options: options.cpp.

/// The attributes of an operator whose buffer is verified. Options that are absent stand for the schema's
/// defaults. Fails: tflite_damaged (options of another operator, enum out of range), op_unsupported (a fused
/// activation that Tadpole does not run), tflite_unsupported (shuffled weights, ...). `where` names the
/// layer.
Result<ir::Attributes> read_attributes(ir::Op op, const schema::Operator& from, const std::string& where);

/// The other way round; `graph` gives what the schema repeats of shapes and types.
struct WrittenOptions {
  schema::Options type = schema::Options::NONE;
  flatbuffers::Offset<void> offset = 0;
};
WrittenOptions write_attributes(flatbuffers::FlatBufferBuilder& builder, const ir::Graph& graph,
                                const ir::Node& node);

/// "padding: VALID, stride_w: 2": the options of an operator as text, for messages; "" when there are none or
/// nothing is known of them. At most 120 characters.
std::string options_text(const schema::Operator& from);

/// The lowest operator version whose runtime kernels take this node. Source: TensorFlow Lite,
/// tools/versioning/op_version.cc.
int operator_version(const ir::Graph& graph, const ir::Node& node);

// Types: check_types.cpp.

/// Checks that every node's tensors have types and quantisation that belong together (docs/formats/tflite.md
/// lists them). Fails: type_unsupported, tflite_unsupported; the message names every layer that does not fit,
/// what it has and what to do.
Result<void> check_types(const ir::Graph& graph);

// Names: layer_names.cpp.

/// Text that is safe to print and to put into JSON: control characters and bytes that are not UTF-8 become
/// '?'.
std::string clean_text(std::string_view text);

/// A layer's name from the name of its output: the last telling part of a path such as
/// "model/conv2d_3/Relu;model/conv2d_3/BiasAdd", without "_out". At most 60 bytes; may be empty.
std::string short_layer_name(ir::Op op, std::string_view tensor_name);

/// Makes each name differ from those before it by a number at its end; an empty one becomes `op_index`.
/// O(n log n).
void make_unique(std::vector<std::string>& names, const std::vector<std::string>& fallbacks);

/// Names for all nodes of a graph from their output tensors' names.
std::vector<std::string> derived_layer_names(const std::vector<ir::Op>& ops,
                                             const std::vector<std::string>& output_names);

/// Metadata entry with the names of the layers, each ended by a zero byte. Written only when they cannot be
/// derived from the tensors' names.
inline constexpr char kLayerNamesMetadata[] = "tadpole.layer_names";

/// Operators of the format that become something else in a graph: constants and variables.
inline constexpr int kShapeCode = 77, kCallOnceCode = 129, kVarHandleCode = 142;

}  // namespace tadpole::convert
