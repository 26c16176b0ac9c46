#include "ir/surgery.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"

namespace tadpole::ir {

namespace {

/// The graph of some nodes of another: tensors that they touch, renumbered in their old order.
Graph selection(const Graph& graph, const std::vector<bool>& wanted, const std::vector<int>& inputs,
                const std::vector<int>& outputs) {
  std::vector<bool> used(graph.tensors.size());
  const auto use = [&](const std::vector<int>& tensors) {
    for (const int tensor : tensors)
      if (tensor >= 0) used[static_cast<size_t>(tensor)] = true;
  };
  use(inputs);
  use(outputs);
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!wanted[i]) continue;
    use(graph.nodes[i].inputs);
    use(graph.nodes[i].outputs);
  }
  Graph part;
  part.name = graph.name;
  std::vector<int> place(graph.tensors.size(), -1);
  for (size_t i = 0; i < graph.tensors.size(); ++i) {
    if (!used[i]) continue;
    place[i] = static_cast<int>(part.tensors.size());
    part.tensors.push_back(graph.tensors[i]);
  }
  const auto renumbered = [&](std::vector<int> tensors) {
    for (int& tensor : tensors)
      if (tensor >= 0) tensor = place[static_cast<size_t>(tensor)];
    return tensors;
  };
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!wanted[i]) continue;
    part.nodes.push_back(graph.nodes[i]);
    part.nodes.back().inputs = renumbered(graph.nodes[i].inputs);
    part.nodes.back().outputs = renumbered(graph.nodes[i].outputs);
  }
  part.inputs = renumbered(inputs);
  part.outputs = renumbered(outputs);
  return part;
}

Result<size_t> find_layer(const Graph& graph, std::string_view layer) {
  std::vector<std::string_view> names;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (graph.nodes[i].name == layer) return i;
    names.push_back(graph.nodes[i].name);
  }
  const std::string near(base::nearest(layer, names));
  return Error{Code::unknown_layer, "model '" + graph.name + "' has no layer '" + std::string(layer) + "'" +
                                        (near.empty() ? "." : "; did you mean '" + near + "'?") +
                                        " tadpole inspect lists the layers of a model by name."};
}

/// Nodes that `tensor` depends on.
std::vector<bool> ancestors(const Graph& graph, int tensor) {
  std::vector<bool> wanted(graph.nodes.size()), needed(graph.tensors.size());
  needed[static_cast<size_t>(tensor)] = true;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    wanted[i] = std::any_of(node.outputs.begin(), node.outputs.end(),
                            [&](int out) { return needed[static_cast<size_t>(out)]; });
    if (!wanted[i]) continue;
    for (const int in : node.inputs)
      if (in >= 0) needed[static_cast<size_t>(in)] = true;
  }
  return wanted;
}

std::string describe(const Tensor& tensor) {
  return std::string(to_string(tensor.type)) + " " + to_string(tensor.shape);
}

}  // namespace

Result<Graph> part_up_to(const Graph& graph, std::string_view layer) {
  TADPOLE_TRY(const size_t at, find_layer(graph, layer));
  const int cut = graph.nodes[at].outputs[0];
  const std::vector<bool> wanted = ancestors(graph, cut);
  std::vector<int> inputs;
  for (const int input : graph.inputs) {
    const auto reads = [&](size_t i) {
      const auto& of = graph.nodes[i].inputs;
      return wanted[i] && std::find(of.begin(), of.end(), input) != of.end();
    };
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      if (!reads(i)) continue;
      inputs.push_back(input);
      break;
    }
  }
  return selection(graph, wanted, inputs, {cut});
}

Result<Graph> part_after(const Graph& graph, std::string_view layer) {
  TADPOLE_TRY(const size_t at, find_layer(graph, layer));
  const int cut = graph.nodes[at].outputs[0];
  // Backwards from the outputs, but not through the cut.
  std::vector<bool> wanted(graph.nodes.size()), needed(graph.tensors.size());
  for (const int output : graph.outputs) needed[static_cast<size_t>(output)] = output != cut;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    wanted[i] = std::any_of(node.outputs.begin(), node.outputs.end(),
                            [&](int out) { return needed[static_cast<size_t>(out)]; });
    if (!wanted[i]) continue;
    for (const int in : node.inputs)
      if (in >= 0 && in != cut) needed[static_cast<size_t>(in)] = true;
  }
  if (std::none_of(wanted.begin(), wanted.end(), [](bool is) { return is; })) {
    return Error{Code::bad_shape, "nothing comes after layer '" + std::string(layer) + "' of model '" +
                                      graph.name + "'; cut it at an earlier layer."};
  }
  // A value from before the cut that a layer behind it reads, other than the cut itself.
  const std::vector<bool> before = ancestors(graph, cut);
  std::vector<std::string_view> from_before(graph.tensors.size());
  for (const int input : graph.inputs) from_before[static_cast<size_t>(input)] = "the input";
  for (size_t i = 0; i < graph.nodes.size(); ++i)
    if (before[i])
      for (const int output : graph.nodes[i].outputs)
        from_before[static_cast<size_t>(output)] = graph.nodes[i].name;
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!wanted[i] || before[i]) continue;
    for (const int in : graph.nodes[i].inputs) {
      if (in < 0 || in == cut || from_before[static_cast<size_t>(in)].empty()) continue;
      return Error{Code::bad_shape,
                   "model '" + graph.name + "' cannot be cut at '" + std::string(layer) + "': layer '" +
                       graph.nodes[i].name + "' behind it also reads " +
                       std::string(from_before[static_cast<size_t>(in)]) +
                       ". Cut where everything goes through one layer, such as after an addition."};
    }
  }
  return selection(graph, wanted, {cut}, graph.outputs);
}

Result<Graph> join(const Graph& first, const Graph& second) {
  if (first.outputs.size() != 1 || second.inputs.size() != 1) {
    return Error{Code::bad_shape, "'" + first.name + "' has " + std::to_string(first.outputs.size()) +
                                      " outputs and '" + second.name + "' " +
                                      std::to_string(second.inputs.size()) +
                                      " inputs; one of each is needed to join them."};
  }
  const Tensor& gives = first.tensors[static_cast<size_t>(first.outputs[0])];
  const Tensor& takes = second.tensors[static_cast<size_t>(second.inputs[0])];
  if (gives.type != takes.type || gives.shape != takes.shape ||
      gives.quantisation.has_value() != takes.quantisation.has_value() ||
      (gives.quantisation && !(*gives.quantisation == *takes.quantisation))) {
    return Error{Code::bad_shape, "'" + first.name + "' gives " + describe(gives) + ", '" + second.name +
                                      "' takes " + describe(takes) + "; they must be the same."};
  }
  std::set<std::string> taken;
  for (const Tensor& tensor : first.tensors) taken.insert(tensor.name);
  for (const Node& node : first.nodes) taken.insert(node.name);
  const auto free_name = [&](const std::string& name) {
    std::string made = name;
    for (int i = 2; taken.count(made) != 0; ++i) made = name + "_" + std::to_string(i);
    return made;
  };
  Graph joined = first;
  std::vector<int> place;
  for (size_t i = 0; i < second.tensors.size(); ++i) {
    if (static_cast<int>(i) == second.inputs[0]) {
      place.push_back(first.outputs[0]);
      continue;
    }
    place.push_back(static_cast<int>(joined.tensors.size()));
    joined.tensors.push_back(second.tensors[i]);
    joined.tensors.back().name = free_name(second.tensors[i].name);
  }
  for (Node node : second.nodes) {
    node.name = free_name(node.name);
    for (std::vector<int>* list : {&node.inputs, &node.outputs})
      for (int& tensor : *list)
        if (tensor >= 0) tensor = place[static_cast<size_t>(tensor)];
    joined.nodes.push_back(std::move(node));
  }
  joined.outputs.clear();
  for (const int output : second.outputs) joined.outputs.push_back(place[static_cast<size_t>(output)]);
  return joined;
}

std::string_view layer_before_head(const Graph& graph) {
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    const Op op = graph.nodes[i].op;
    if (op != Op::fully_connected && op != Op::conv_2d) continue;
    for (const Node& node : graph.nodes)
      if (!node.outputs.empty() && node.outputs[0] == graph.nodes[i].inputs[0]) return node.name;
    return "";
  }
  return "";
}

}  // namespace tadpole::ir
