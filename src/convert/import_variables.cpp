// VAR_HANDLE, CALL_ONCE, READ_VARIABLE and ASSIGN_VARIABLE: handles by name and a subgraph of first
// assignments in the file, one tensor with a first value in a graph.
#include <algorithm>

#include "convert/import.h"

namespace tadpole::convert {

namespace {

using ir::Op;

Error damaged(const std::string& what) { return {Code::tflite_damaged, what}; }
Error unsupported(const std::string& what) { return {Code::tflite_unsupported, what}; }

template <class T>
size_t size_of(const flatbuffers::Vector<T>* vector) {
  return vector ? vector->size() : 0;
}

/// True when the bytes are what a variable without a first value holds: the real 0.
bool is_real_zero(const ir::Tensor& variable, const std::vector<uint8_t>& bytes) {
  const bool byte = variable.type == ir::DType::int8 || variable.type == ir::DType::uint8;
  const bool offset = byte && variable.quantisation && !variable.quantisation->zero_points.empty();
  const auto zero = static_cast<uint8_t>(offset ? variable.quantisation->zero_points[0] : 0);
  return std::all_of(bytes.begin(), bytes.end(), [&](uint8_t stored) { return stored == zero; });
}

/// Which handle a node refers to, or nullptr.
int* handle_of(ir::Node& node) {
  if (node.op == Op::read_variable) return node.inputs.empty() ? nullptr : &node.inputs[0];
  if (node.op == Op::assign_variable) return node.outputs.empty() ? nullptr : &node.outputs[0];
  return nullptr;
}

/// The tensor on the other side: what is read or assigned.
int value_of(const ir::Node& node) {
  const std::vector<int>& list = node.op == Op::read_variable ? node.outputs : node.inputs;
  return list.empty() ? -1 : list[0];
}

Result<void> check_other_uses(Import& import) {
  const auto is_handle = [&](int index) { return import.handles.count(index) > 0; };
  for (ir::Node& node : import.graph.nodes) {
    const int* own = handle_of(node);
    for (const auto* list : {&node.inputs, &node.outputs}) {
      for (const int& index : *list) {
        if (!is_handle(index) || &index == own) continue;
        return unsupported(layer(node) + " takes the handle of variable '" + import.tensor(index).name +
                           "'; only READ_VARIABLE and ASSIGN_VARIABLE may.");
      }
    }
    if (own && (*own < 0 || !is_handle(*own))) {
      return damaged(layer(node) + " refers to '" + (*own < 0 ? "" : import.tensor(*own).name) +
                     "', which no VAR_HANDLE makes.");
    }
  }
  for (const auto* list : {&import.graph.inputs, &import.graph.outputs}) {
    for (const int index : *list) {
      if (is_handle(index))
        return unsupported("the handle of variable '" + import.tensor(index).name +
                           "' is an input or output of the model.");
    }
  }
  return {};
}

Result<void> set_initial(ir::Tensor& variable, const ir::Tensor* value) {
  const std::vector<uint8_t> zeros(static_cast<size_t>(variable.bytes()), 0);
  if (value && (value->type != variable.type || value->shape != variable.shape)) {
    return damaged("variable '" + variable.name + "' is " + std::string(ir::to_string(variable.type)) + " " +
                   ir::to_string(variable.shape) + "; its first value is " +
                   std::string(ir::to_string(value->type)) + " " + ir::to_string(value->shape) + ".");
  }
  // Without a first value the runtime's memory holds zeros as stored.
  const auto bytes = value ? value->constant : std::make_shared<const std::vector<uint8_t>>(zeros);
  if (!is_real_zero(variable, *bytes)) variable.initial = bytes;
  return {};
}

}  // namespace

int builtin_code(const schema::Model& model, const schema::Operator& from) {
  if (from.opcode_index() >= size_of(model.operator_codes())) return -1;
  const schema::OperatorCode& code = *model.operator_codes()->Get(from.opcode_index());
  return std::max(static_cast<int>(code.builtin_code()), int{code.one_byte_code()});
}

Result<std::string> variable_key(const schema::Operator& from, TensorReader& tensors) {
  const schema::VarHandle* options = from.options_as_VarHandle();
  TADPOLE_TRY(const std::string container, tensors.text(options ? options->container() : nullptr));
  TADPOLE_TRY(const std::string name, tensors.text(options ? options->shared_name() : nullptr));
  return container + "\n" + name;
}

Result<void> resolve_variables(Import& import, const std::map<std::string, ir::Tensor>& initial) {
  TADPOLE_CHECK(check_other_uses(import));
  std::map<std::string, int> first;  // the handle that becomes the variable, by key
  for (ir::Node& node : import.graph.nodes) {
    int* handle = handle_of(node);
    if (!handle) continue;
    const auto [known, added] = first.try_emplace(import.handles.at(*handle), *handle);
    *handle = known->second;
    if (!added) continue;
    if (value_of(node) < 0) return damaged(layer(node) + " has no value.");
    ir::Tensor& variable = import.tensor(*handle);
    const ir::Tensor& value = import.tensor(value_of(node));
    variable.type = value.type;
    variable.shape = value.shape;
    variable.quantisation = value.quantisation;
    variable.is_variable = true;
    const auto given = initial.find(known->first);
    TADPOLE_CHECK(set_initial(variable, given == initial.end() ? nullptr : &given->second));
  }
  for (const auto& [handle, key] : import.handles) import.spare.insert(handle);
  return {};
}

Result<void> read_initialiser(const schema::Model& model, int subgraph, TensorReader& tensors,
                              std::map<std::string, ir::Tensor>& initial) {
  const std::string where = "subgraph " + std::to_string(subgraph);
  if (subgraph < 1 || static_cast<size_t>(subgraph) >= size_of(model.subgraphs())) {
    return damaged("CALL_ONCE refers to " + where + " of " + std::to_string(size_of(model.subgraphs())) +
                   ".");
  }
  const schema::SubGraph& from = *model.subgraphs()->Get(static_cast<uint32_t>(subgraph));
  const auto tensor_at = [&](const flatbuffers::Vector<int32_t>* list, uint32_t position) {
    const int64_t index = position < size_of(list) ? list->Get(position) : -1;
    return index < static_cast<int64_t>(size_of(from.tensors())) ? index : -1;
  };
  std::map<int64_t, std::string> handles;
  for (uint32_t i = 0; i < size_of(from.operators()); ++i) {
    const schema::Operator& op = *from.operators()->Get(i);
    const int code = builtin_code(model, op);
    if (code == kVarHandleCode) {
      TADPOLE_TRY(handles[tensor_at(op.outputs(), 0)], variable_key(op, tensors));
      continue;
    }
    if (code != ir::tflite_code(Op::assign_variable)) {
      return unsupported(where + " (called once) uses " + builtin_name(code) +
                         "; Tadpole reads first values of variables that are constants.");
    }
    const int64_t handle = tensor_at(op.inputs(), 0), value = tensor_at(op.inputs(), 1);
    if (value < 0 || handles.count(handle) == 0)
      return damaged(where + " assigns to a variable or from a tensor that is not there.");
    TADPOLE_TRY(ir::Tensor constant,
                tensors.read(*from.tensors()->Get(static_cast<uint32_t>(value)), static_cast<size_t>(value)));
    if (!constant.constant) {
      return unsupported(where + " (called once) assigns '" + constant.name +
                         "', which is no constant; Tadpole reads first values that are.");
    }
    initial.insert_or_assign(handles[handle], std::move(constant));
  }
  return {};
}

}  // namespace tadpole::convert
