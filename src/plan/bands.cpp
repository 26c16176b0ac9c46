// Bands are cut with slice nodes and joined with a concatenation; views.h makes both free.
#include "plan/bands.h"

#include <algorithm>

#include "plan/rewrite/graph_edit.h"
#include "plan/step_names.h"

namespace tadpole::plan {

namespace {

using rewriting::add_tensor;
using rewriting::tensor_at;

/// A windowed layer along rows and columns.
struct Layer {
  ir::Windows windows;
  int filter_h = 1, stride_h = 1, dilation_h = 1;
};

std::optional<Layer> layer_of(const ir::Graph& graph, const ir::Node& node) {
  const auto conv = [&](const auto& a) {
    const ir::Shape& weights = graph.input_of(node, 1).shape;
    return Layer{ir::windows_of(graph.input_of(node, 0).shape, weights[1], weights[2], a), weights[1],
                 a.stride_h, a.dilation_h};
  };
  switch (node.op) {
    case ir::Op::conv_2d:
      return conv(std::get<ir::Conv2dAttributes>(node.attributes));
    case ir::Op::depthwise_conv_2d:
      return conv(std::get<ir::DepthwiseConv2dAttributes>(node.attributes));
    case ir::Op::average_pool_2d:
    case ir::Op::max_pool_2d: {
      const auto& a = std::get<ir::Pool2dAttributes>(node.attributes);
      return Layer{ir::windows_of(graph.input_of(node, 0).shape, a), a.filter_h, a.stride_h, 1};
    }
    default:
      return std::nullopt;
  }
}

struct Rows {
  int begin = 0, end = 0;
  int pad_top = 0, pad_bottom = 0;  // beyond the map
};

/// The input rows that some output rows need.
Rows needed(const Layer& layer, int in_h, int begin, int end) {
  const int reach = (layer.filter_h - 1) * layer.dilation_h + 1;
  const int first = begin * layer.stride_h - layer.windows.rows.pad_before;
  const int beyond = (end - 1) * layer.stride_h - layer.windows.rows.pad_before + reach;
  return {std::max(0, first), std::min(in_h, beyond), std::max(0, -first), std::max(0, beyond - in_h)};
}

void set_pads(ir::Node& node, const ir::Pads& pads) {
  const auto set = [&](auto& attributes) {
    attributes.padding = ir::Padding::given;
    attributes.pads = pads;
  };
  if (auto* conv = std::get_if<ir::Conv2dAttributes>(&node.attributes)) set(*conv);
  if (auto* depthwise = std::get_if<ir::DepthwiseConv2dAttributes>(&node.attributes)) set(*depthwise);
  if (auto* pool = std::get_if<ir::Pool2dAttributes>(&node.attributes)) set(*pool);
}

ir::Tensor rows_of(const ir::Tensor& whole, const Rows& rows) {
  ir::Tensor band = whole;
  band.name += std::string(kRowsOfBand) + std::to_string(rows.begin) + " to " + std::to_string(rows.end - 1);
  band.shape[1] = rows.end - rows.begin;
  return band;
}

int numbers(ir::Graph& graph, const std::string& name, const std::vector<int32_t>& values) {
  ir::Tensor tensor;
  tensor.name = name;
  tensor.type = ir::DType::int32;
  tensor.shape = {static_cast<int32_t>(values.size())};
  tensor.constant = ir::make_constant<int32_t>(values);
  return add_tensor(graph, std::move(tensor));
}

/// Appends the nodes of one band; returns its tensor.
int add_band(ir::Graph& graph, const std::vector<ir::Node>& chain, int begin, int end,
             std::vector<ir::Node>& to) {
  std::vector<Rows> rows(chain.size());  // that each layer reads
  int from = begin, until = end;
  for (size_t i = chain.size(); i-- > 0;) {
    rows[i] = needed(*layer_of(graph, chain[i]), graph.input_of(chain[i], 0).shape[1], from, until);
    from = rows[i].begin;
    until = rows[i].end;
  }
  const ir::Tensor& in = graph.input_of(chain[0], 0);
  const std::string suffix =
      std::string(kRowsOfBand) + std::to_string(begin) + " to " + std::to_string(end - 1);
  const ir::Shape shape = in.shape;
  const int whole = chain[0].inputs[0];
  const int offset = numbers(graph, chain[0].name + suffix + " begin", {0, rows[0].begin, 0, 0});
  const int size = numbers(graph, chain[0].name + suffix + " size",
                           {shape[0], rows[0].end - rows[0].begin, shape[2], shape[3]});
  int band = add_tensor(graph, rows_of(tensor_at(graph, whole), rows[0]));
  to.push_back({ir::Op::slice,
                chain[0].name + suffix + " of the input",
                {whole, offset, size},
                {band},
                ir::NoAttributes{}});
  for (size_t i = 0; i < chain.size(); ++i) {
    ir::Node node = chain[i];
    const Layer layer = *layer_of(graph, node);
    set_pads(node, {rows[i].pad_top, rows[i].pad_bottom, layer.windows.columns.pad_before,
                    layer.windows.columns.pad_after});
    const Rows out = i + 1 < chain.size() ? rows[i + 1] : Rows{begin, end};
    const ir::Tensor made = rows_of(graph.output_of(node), out);
    node.name += std::string(kRowsOfBand) + std::to_string(out.begin) + " to " + std::to_string(out.end - 1);
    node.inputs[0] = band;
    band = add_tensor(graph, made);
    node.outputs = {band};
    to.push_back(std::move(node));
  }
  return band;
}

bool is_chain(const ir::Graph& graph, int first, int last) {
  const rewriting::Uses uses(graph);
  for (int i = first; i <= last; ++i) {
    const ir::Node& node = graph.nodes[static_cast<size_t>(i)];
    if (!layer_of(graph, node) || graph.input_of(node, 0).shape[0] != 1) return false;
    const ir::Tensor& in = graph.input_of(node, 0);
    if (in.is_constant() || in.is_variable) return false;
    if (i < last && uses.only_consumer(node.outputs[0]) != i + 1) return false;
  }
  return true;
}

}  // namespace

Result<ir::Graph> split_into_bands(const ir::Graph& graph, int first, int last, int bands) {
  if (first < 0 || last >= static_cast<int>(graph.nodes.size()) || first > last ||
      !is_chain(graph, first, last))
    return Error{Code::op_unsupported, "these layers are no chain that bands of rows can be computed of."};
  ir::Graph split = graph;
  const std::vector<ir::Node> chain(graph.nodes.begin() + first, graph.nodes.begin() + last + 1);
  const int height = graph.output_of(chain.back()).shape[1];
  const int rows = (height + bands - 1) / bands;
  std::vector<ir::Node> nodes(graph.nodes.begin(), graph.nodes.begin() + first);
  std::vector<int> joined;
  for (int begin = 0; begin < height; begin += rows)
    joined.push_back(add_band(split, chain, begin, std::min(height, begin + rows), nodes));
  nodes.push_back({ir::Op::concatenation, chain.back().name + " bands", joined, chain.back().outputs,
                   ir::ConcatenationAttributes{1, ir::Activation::none}});
  nodes.insert(nodes.end(), graph.nodes.begin() + last + 1, graph.nodes.end());
  split.nodes = std::move(nodes);
  rewriting::sweep(split);
  TADPOLE_CHECK(ir::check_graph(split));
  return split;
}

Result<Plan> lower_in_bands(const ir::Graph& graph, const Plan& whole, int64_t ram_limit_bytes,
                            const std::function<Result<Plan>(const ir::Graph&)>& lower) {
  constexpr int kMostLayers = 5, kMostRounds = 4;
  ir::Graph current = graph;
  Plan best = whole;
  for (int round = 0; round < kMostRounds && best.arena_bytes() > ram_limit_bytes; ++round) {
    const int peak = best.steps()[static_cast<size_t>(best.peak_step())].node;
    std::optional<std::pair<ir::Graph, Plan>> found;
    for (int first = std::max(0, peak - kMostLayers + 1); first <= peak + 1; ++first) {
      for (int last = std::max(first, peak - 1); last < first + kMostLayers; ++last) {
        for (const int bands : {2, 4, 8, 16}) {
          auto split = split_into_bands(current, first, last, bands);
          if (!split.ok()) continue;
          const bool fits_already = found && found->second.arena_bytes() <= ram_limit_bytes;
          if (fits_already && ir::multiply_accumulates(*split) >= found->second.macs()) break;
          auto plan = lower(*split);
          if (!plan.ok()) continue;
          const auto rank = [&](const Plan& of) {  // within the limit: least work; else least arena
            const bool fits = of.arena_bytes() <= ram_limit_bytes;
            return std::pair(fits ? int64_t{0} : of.arena_bytes(), of.macs());
          };
          if (found && rank(found->second) <= rank(*plan)) continue;
          found.emplace(std::move(*split), *plan);
          if (plan->arena_bytes() <= ram_limit_bytes) break;  // more bands only cost more
        }
      }
    }
    if (!found || found->second.arena_bytes() >= best.arena_bytes()) break;
    current = std::move(found->first);
    best = found->second;
  }
  return best;
}

}  // namespace tadpole::plan
