// Quantises and lowers the graph anew for each set of weights, and runs it.
#include "quantise/int8_arithmetic.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <optional>

#include "plan/plan.h"
#include "quantise/calibrate.h"
#include "quantise/int8_graph.h"
#include "quantise/scales.h"
#include "quantise/weights.h"
#include "train/layer.h"

namespace tadpole::quantise {

namespace {

using Bounds = train::Arithmetic::Bounds;

ir::Activation activation_of(const ir::Node& node) {
  if (node.op == ir::Op::relu) return ir::Activation::relu;
  if (node.op == ir::Op::relu6) return ir::Activation::relu6;
  return std::visit(
      [](const auto& attributes) {
        if constexpr (requires { attributes.activation; }) return attributes.activation;
        return ir::Activation::none;
      },
      node.attributes);
}

/// The grid's number that is nearest to a bound of an activation.
float on_grid(float bound, float scale) { return scale * std::round(bound / scale); }

Bounds narrowed(Bounds bounds, ir::Activation activation, float scale) {
  if (activation == ir::Activation::none) return bounds;
  const float least = activation == ir::Activation::relu_n1_to_1 ? -1.0f : 0.0f;
  bounds.low = std::max(bounds.low, on_grid(least, scale));
  if (activation == ir::Activation::relu6) bounds.high = std::min(bounds.high, on_grid(6, scale));
  if (activation == ir::Activation::relu_n1_to_1) bounds.high = std::min(bounds.high, on_grid(1, scale));
  return bounds;
}

/// Layers after which a number may still be outside of the bounds of the tensor before.
bool keeps_numbers(ir::Op op) {
  return op == ir::Op::relu || op == ir::Op::relu6 || op == ir::Op::reshape || op == ir::Op::squeeze ||
         op == ir::Op::expand_dims;
}

class Int8Arithmetic final : public train::Arithmetic {
 public:
  Int8Arithmetic(const ir::Graph& folded, std::vector<Range> ranges, std::vector<std::string> int4_layers)
      : ranges_(std::move(ranges)), int4_layers_(std::move(int4_layers)), bounds_(folded.tensors.size()) {
    const auto scales = activation_scales(folded, ranges_);
    if (!scales.ok()) return;  // load() says so
    for (size_t i = 0; i < bounds_.size(); ++i) {
      if (!(*scales)[i]) continue;
      const Range range = range_of(*(*scales)[i]);
      bounds_[i] = {range.low, range.high};
    }
    for (const ir::Node& node : folded.nodes) {
      for (const int output : node.outputs) {
        Bounds& bounds = bounds_[static_cast<size_t>(output)];
        bounds = narrowed(bounds, activation_of(node), (*scales)[static_cast<size_t>(output)]->scales[0]);
        if (!keeps_numbers(node.op)) continue;
        const Bounds& before = bounds_[static_cast<size_t>(node.inputs[0])];
        bounds = {std::max(bounds.low, before.low), std::min(bounds.high, before.high)};
      }
    }
  }

  Result<ir::Graph> load(const ir::Graph& graph) override {
    TADPOLE_TRY(const ir::Graph int8, int8_graph(graph, ranges_, int4_layers_));
    TADPOLE_TRY(plan_, plan::lower(int8, {.kernels = "host", .share_arena = false, .rewrite = false}));
    runners_.clear();
    for (int shard = 0; shard < train::kShards; ++shard) runners_.emplace_back(*plan_);
    ir::Graph rounded = graph;
    for (size_t i = 0; i < rounded.tensors.size(); ++i) {
      ir::Tensor& tensor = rounded.tensors[i];
      const ir::Tensor& stored = int8.tensors[i];
      if (!tensor.is_constant() || tensor.type != ir::DType::float32 || !stored.quantisation) continue;
      tensor.constant = ir::make_constant<float>(real_numbers(stored));
    }
    return rounded;
  }

  void run(int shard, std::span<const float> features) override {
    const ir::Graph& graph = plan_->graph();
    const std::vector<uint8_t> in =
        quantised_input(graph.tensors[static_cast<size_t>(graph.inputs[0])], features);
    std::vector<uint8_t> out(static_cast<size_t>(plan_->output_bytes()));
    plan::Runner& runner = runners_[static_cast<size_t>(shard)];
    runner.reset();
    runner.run(in, out);
  }

  void read(int shard, int tensor, std::span<float> values) const override {
    const ir::Quantisation& how = *plan_->graph().tensors[static_cast<size_t>(tensor)].quantisation;
    const float scale = how.scales[0];
    const int32_t zero = how.zero_points[0];
    const auto stored = runners_[static_cast<size_t>(shard)].tensor_as<int8_t>(tensor);
    assert(stored.size() == values.size());
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = scale * static_cast<float>(int32_t{stored[i]} - zero);
  }

  Bounds bounds(int tensor) const override { return bounds_[static_cast<size_t>(tensor)]; }

 private:
  std::vector<Range> ranges_;
  std::vector<std::string> int4_layers_;
  std::vector<Bounds> bounds_;  ///< of each tensor
  std::optional<plan::Plan> plan_;
  std::vector<plan::Runner> runners_;  ///< one a shard
};

}  // namespace

std::shared_ptr<train::Arithmetic> make_int8_arithmetic(const ir::Graph& folded, std::vector<Range> ranges,
                                                        std::vector<std::string> int4_layers) {
  return std::make_shared<Int8Arithmetic>(folded, std::move(ranges), std::move(int4_layers));
}

}  // namespace tadpole::quantise
