// LSTM and GRU, one direction.
#include <algorithm>

#include "onnx/importer.h"

namespace tadpole::onnx {

namespace {

/// Parameters of one direction: W [1, G*H, I], R [1, G*H, H], B [1, 2*G*H]?
struct Cell {
  const Constant *input = nullptr, *recurrent = nullptr, *bias = nullptr;
  int32_t units = 0, features = 0;
};

Result<Cell> cell_of(const Importer& importer, const NodeView& view, const Value& in, int32_t gates) {
  if (view.text("direction", "forward") != "forward")
    return view.unsupported("runs " + view.text("direction", "") +
                            "; Tadpole runs forward. Use one direction.");
  if (view.find("activations") || view.find("clip") || view.number("layout", 0) != 0)
    return view.unsupported("has its own activations, a clip or another layout.");
  if (in.shape.size() != 3)
    return view.damaged("its input is " + ir::to_string(in.shape) + "; needs [time, batch, features].");
  Cell cell;
  TADPOLE_TRY(cell.input, importer.need_constant(view, 1, "weights"));
  TADPOLE_TRY(cell.recurrent, importer.need_constant(view, 2, "recurrent weights"));
  cell.features = in.shape[2];
  const ir::Shape& r = cell.recurrent->shape;
  cell.units = r.size() == 3 ? r[2] : 0;
  const int64_t rows = int64_t{gates} * cell.units;
  if (cell.units < 1 || !cell.input->is_float || !cell.recurrent->is_float || r[0] != 1 || r[1] != rows ||
      cell.input->count() != rows * cell.features)
    return view.damaged("its weights do not fit an input of " + ir::to_string(in.shape) + ".");
  if (view.has_input(3)) {
    TADPOLE_TRY(cell.bias, importer.need_constant(view, 3, "bias"));
    if (!cell.bias->is_float || cell.bias->count() != 2 * rows) return view.damaged("its bias does not fit.");
  }
  return cell;
}

/// A variable that each inference begins with the same constant.
Result<int> add_state(Importer& importer, const NodeView& view, int index, const std::string& name,
                      const ir::Shape& shape) {
  std::vector<float> first(static_cast<size_t>(ir::element_count(shape)), 0.0f);
  if (view.has_input(index)) {
    TADPOLE_TRY(const Constant* given, importer.need_constant(view, index, "first state"));
    if (!given->is_float || given->count() != std::ssize(first))
      return view.damaged("its first state does not fit.");
    first = given->floats;
  }
  ir::Graph& graph = importer.graph();
  ir::Tensor state;
  state.name = view.name + "_" + name;
  state.shape = shape;
  state.is_variable = true;
  graph.tensors.push_back(std::move(state));
  const int variable = static_cast<int>(graph.tensors.size()) - 1;
  const int value = importer.add_constant(view.name + "_first_" + name, shape, std::move(first));
  graph.nodes.push_back(
      {ir::Op::assign_variable, view.name + "_begin_" + name, {value}, {variable}, ir::NoAttributes{}});
  return variable;
}

std::vector<float> part(const std::vector<float>& from, int64_t first, int64_t count) {
  return {from.begin() + first, from.begin() + first + count};
}

/// The input as it lies when that is [batch, time, features], else with time first.
struct Sequence {
  int tensor = -1;
  bool time_major = true;
};

Result<Sequence> sequence_of(Importer& importer, const NodeView& view, const Value& in) {
  Sequence sequence;
  sequence.time_major = in.order != std::vector<int>{1, 0, 2};
  TADPOLE_TRY(sequence.tensor,
              importer.stored_as(
                  view, in, sequence.time_major ? std::vector<int>{0, 1, 2} : std::vector<int>{1, 0, 2}));
  return sequence;
}

/// Y [time, 1, batch, units], and Y_h [1, batch, units], which is its last step.
Result<void> set_outputs(Importer& importer, const NodeView& view, int made, bool time_major) {
  const ir::Shape stored = importer.graph().tensors[static_cast<size_t>(made)].shape;
  const int32_t steps = stored[time_major ? 0 : 1], batches = stored[time_major ? 1 : 0], units = stored[2];
  const auto used = [&](int index) {
    return index < view.node.output_size() && !view.node.output(index).empty() &&
           importer.uses(view.node.output(index)) > 0;
  };
  if (used(2)) return view.unsupported("its last cell state is used.");
  if (used(0)) {
    const ir::Shape with_direction =
        time_major ? ir::Shape{steps, 1, batches, units} : ir::Shape{1, batches, steps, units};
    TADPOLE_TRY(const int tensor,
                importer.add(view, ir::Op::reshape, {made}, ir::NoAttributes{}, with_direction));
    importer.set(view, 0,
                 {tensor,
                  {steps, 1, batches, units},
                  time_major ? std::vector<int>{0, 1, 2, 3} : std::vector<int>{2, 0, 1, 3},
                  {}});
  }
  if (used(1)) {
    const std::vector<int64_t> begin =
        time_major ? std::vector<int64_t>{steps - 1, 0, 0} : std::vector<int64_t>{0, steps - 1, 0};
    const std::vector<int64_t> size =
        time_major ? std::vector<int64_t>{1, batches, units} : std::vector<int64_t>{batches, 1, units};
    TADPOLE_TRY(const int last, importer.add(view, ir::Op::slice,
                                             {made, importer.add_numbers(view.name + "_begin", begin),
                                              importer.add_numbers(view.name + "_size", size)},
                                             ir::NoAttributes{}));
    importer.set(
        view, 1,
        {last, {1, batches, units}, time_major ? std::vector<int>{0, 1, 2} : std::vector<int>{1, 0, 2}, {}});
  }
  return {};
}

/// ONNX lists the gates input, output, forget, cell; TFLite input, forget, cell, output.
Result<void> lstm(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value in, importer.activation(view, 0));
  TADPOLE_TRY(const Cell cell, cell_of(importer, view, in, 4));
  if (view.has_input(4) || view.has_input(7) || view.number("input_forget", 0) != 0)
    return view.unsupported("has sequence lengths, peepholes or a joined gate.");
  TADPOLE_TRY(const Sequence sequence, sequence_of(importer, view, in));
  constexpr int64_t kGates[4] = {0, 2, 3, 1};
  const int64_t units = cell.units, features = cell.features;
  std::vector<int> inputs(20, -1);
  inputs[0] = sequence.tensor;
  for (size_t g = 0; g < 4; ++g) {
    const std::string name = view.name + "_gate_" + std::to_string(g);
    const int64_t row = kGates[g] * units;
    inputs[1 + g] = importer.add_constant(name + "_weights", {cell.units, cell.features},
                                          part(cell.input->floats, row * features, units * features));
    inputs[5 + g] = importer.add_constant(name + "_recurrent", {cell.units, cell.units},
                                          part(cell.recurrent->floats, row * units, units * units));
    std::vector<float> bias(static_cast<size_t>(units), 0.0f);
    for (size_t u = 0; cell.bias && u < bias.size(); ++u) {
      const auto at = static_cast<size_t>(row) + u;
      bias[u] = cell.bias->floats[at] + cell.bias->floats[static_cast<size_t>(4 * units) + at];
    }
    inputs[12 + g] = importer.add_constant(name + "_bias", {cell.units}, std::move(bias));
  }
  const int32_t batches = in.shape[1];
  TADPOLE_TRY(inputs[18], add_state(importer, view, 5, "output", {batches, cell.units}));
  TADPOLE_TRY(inputs[19], add_state(importer, view, 6, "cell", {batches, cell.units}));
  ir::LstmAttributes attributes;
  attributes.time_major = sequence.time_major;
  TADPOLE_TRY(const int out, importer.add(view, ir::Op::unidirectional_sequence_lstm, inputs, attributes));
  return set_outputs(importer, view, out, sequence.time_major);
}

/// ONNX lists the gates update, reset, new, as ours.
Result<void> gru(Importer& importer, const NodeView& view) {
  TADPOLE_TRY(const Value in, importer.activation(view, 0));
  TADPOLE_TRY(const Cell cell, cell_of(importer, view, in, 3));
  if (view.has_input(4)) return view.unsupported("has sequence lengths.");
  TADPOLE_TRY(const Sequence sequence, sequence_of(importer, view, in));
  const int32_t rows = 3 * cell.units;
  std::vector<int> inputs = {
      sequence.tensor,
      importer.add_constant(view.name + "_weights", {rows, cell.features}, cell.input->floats),
      importer.add_constant(view.name + "_recurrent", {rows, cell.units}, cell.recurrent->floats),
      -1,
      -1,
      -1};
  if (cell.bias) {
    inputs[3] = importer.add_constant(view.name + "_bias", {rows}, part(cell.bias->floats, 0, rows));
    inputs[4] =
        importer.add_constant(view.name + "_recurrent_bias", {rows}, part(cell.bias->floats, rows, rows));
  }
  const Constant* first = importer.constant(view, 5);
  const bool starts_at_zero =
      !view.has_input(5) || (first && std::all_of(first->floats.begin(), first->floats.end(),
                                                  [](float value) { return value == 0; }));
  if (!starts_at_zero) {
    TADPOLE_TRY(inputs[5], add_state(importer, view, 5, "state", {in.shape[1], cell.units}));
  }
  ir::GruAttributes attributes;
  attributes.linear_before_reset = view.number("linear_before_reset", 0) != 0;
  attributes.time_major = sequence.time_major;
  TADPOLE_TRY(const int out, importer.add(view, ir::Op::gru, inputs, attributes));
  return set_outputs(importer, view, out, sequence.time_major);
}

constexpr Row kRows[] = {{"LSTM", lstm}, {"GRU", gru}};

}  // namespace

std::span<const Row> recurrent_layers() { return kRows; }

}  // namespace tadpole::onnx
