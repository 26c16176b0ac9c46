// From graph to network: which layer each node becomes, what waits on which value, who needs a gradient, and
// where everything lies in memory.
#include <algorithm>
#include <map>

#include "train/network.h"
#include "train/trainable.h"

namespace tadpole::train {

namespace {

void set_clamp(Value& value, ir::Activation activation) {
  if (activation == ir::Activation::none) return;
  value.low = activation == ir::Activation::relu_n1_to_1 ? -1.0f : 0.0f;
  if (activation == ir::Activation::relu6) value.high = 6;
  if (activation == ir::Activation::relu_n1_to_1) value.high = 1;
}

std::string layer_text(const ir::Node& node) {
  return "layer '" + node.name + "' (" + std::string(ir::op_name(node.op)) + ")";
}

}  // namespace

/// One compilation; the members are the tables it fills.
class NetworkCompiler {
 public:
  NetworkCompiler(const ir::Graph& graph, int batch, const Kernels& kernels, const LossOptions& loss)
      : network_(new Network), loss_(loss) {
    network_->graph_ = graph;
    network_->batch_ = batch;
    network_->kernels_ = &kernels;
  }

  Result<std::unique_ptr<Network>> run() {
    TADPOLE_CHECK(check_ends());
    count_uses();
    find_head();
    ++uses_[static_cast<size_t>(graph().outputs[0])];
    TADPOLE_CHECK(check_nodes());
    value_of_.assign(graph().tensors.size(), nullptr);
    network_->input_ = new_value("input", graph().inputs[0]);
    for (const ir::Node& node : graph().nodes) add_node(node);
    if (network_->logits_.value == nullptr) network_->logits_.value = value_of(graph().outputs[0]);
    if (!network_->logits_.value->needs_gradient) {
      return Error{Code::op_unsupported, "the graph has no layer to train before its output."};
    }
    TADPOLE_TRY(network_->loss_,
                LossFunction::make(loss_, head_, softmax_beta_, network_->logits_.value->size));
    order_gradients();
    find_groups();
    allocate();
    load_weights();
    return std::move(network_);
  }

 private:
  const ir::Graph& graph() const { return network_->graph_; }

  Result<void> check_ends() const {
    if (network_->batch_ < 1) {
      return Error{Code::train_bad_setting,
                   "batch is " + std::to_string(network_->batch_) + "; needs at least 1."};
    }
    if (graph().inputs.size() != 1 || graph().outputs.size() != 1) {
      return Error{Code::bad_shape, "the graph has " + std::to_string(graph().inputs.size()) +
                                        " inputs and " + std::to_string(graph().outputs.size()) +
                                        " outputs; training needs one of each."};
    }
    const ir::Tensor& input = graph().tensors[static_cast<size_t>(graph().inputs[0])];
    if (input.shape.empty() || input.shape[0] != 1) {
      return Error{Code::bad_shape, "the graph's input '" + input.name + "' is " +
                                        ir::to_string(input.shape) +
                                        "; training needs a first dimension of 1 and makes batches itself."};
    }
    return {};
  }

  /// A softmax or logistic at the end belongs to the loss.
  void find_head() {
    for (const ir::Node& node : graph().nodes) {
      if (node.outputs[0] != graph().outputs[0] || uses_[static_cast<size_t>(node.outputs[0])] > 0) continue;
      const ir::Shape& shape = graph().output_of(node).shape;
      if (node.op == ir::Op::logistic) head_ = Head::logistic;
      if (node.op == ir::Op::softmax && ir::element_count(shape) == shape.back()) {
        head_ = Head::softmax;
        softmax_beta_ = std::get<ir::SoftmaxAttributes>(node.attributes).beta;
      }
      if (head_ != Head::plain) head_node_ = &node;
    }
  }

  /// Names every layer that cannot be trained, not only the first.
  Result<void> check_nodes() const {
    std::string refused;
    std::vector<bool> trained(graph().tensors.size(), false);
    for (size_t i = 0; i < graph().nodes.size(); ++i) {
      const ir::Node& node = graph().nodes[i];
      if (&node == head_node_) continue;
      std::string why = why_not_trainable(graph(), node);
      for (size_t position = 0; why.empty() && position < node.inputs.size(); ++position) {
        if (!parameter_layout(graph(), node, position)) continue;
        const size_t tensor = static_cast<size_t>(node.inputs[position]);
        if (trained[tensor]) why = "shares '" + graph().tensors[tensor].name + "' with another layer";
        trained[tensor] = true;
      }
      if (!why.empty()) refused += (refused.empty() ? "" : "; ") + layer_text(node) + " " + why;
    }
    if (refused.empty()) return {};
    return Error{Code::op_unsupported, "cannot train: " + refused + "."};
  }

  void count_uses() {
    uses_.assign(graph().tensors.size(), 0);
    for (const ir::Node& node : graph().nodes) {
      for (const int input : node.inputs) {
        if (input >= 0) ++uses_[static_cast<size_t>(input)];
      }
    }
  }

  Value* new_value(const std::string& name, int tensor) {
    network_->values_.push_back(std::make_unique<Value>());
    Value* value = network_->values_.back().get();
    const ir::Shape& shape = graph().tensors[static_cast<size_t>(tensor)].shape;
    value->name = name;
    value->tensor = tensor;
    value->size = static_cast<int>(ir::element_count(shape));
    value->channels = shape.empty() ? 1 : shape.back();
    value_of_[static_cast<size_t>(tensor)] = value;
    return value;
  }

  Value*& value_of(int tensor) { return value_of_[static_cast<size_t>(tensor)]; }

  const Parameter* new_parameter(int tensor, const ParameterLayout& layout) {
    const int stride = round_up(layout.columns, network_->kernels_->lanes);
    network_->parameters_.push_back({tensor, layout.rows, layout.columns, stride, layout.transposed,
                                     layout.decays, weights_size_, layout.overwritten});
    const Parameter& parameter = network_->parameters_.back();
    weights_size_ += static_cast<size_t>(round_up(static_cast<int>(parameter.size()), 16));
    return &parameter;
  }

  /// Whether a norm or activation can wait on this tensor's value: nobody else reads it, and nothing that
  /// must come after it waits already.
  bool can_wait(const ir::Node& node) {
    const Value* value = value_of(node.inputs[0]);
    if (value == network_->input_ || shared_.contains(value) ||
        uses_[static_cast<size_t>(node.inputs[0])] > 1) {
      return false;
    }
    if (value->clamps()) return false;
    if (node.op != ir::Op::batch_norm) return true;
    return value->norm == nullptr && value->channels == graph().output_of(node).shape.back();
  }

  void add_node(const ir::Node& node) {
    if (&node == head_node_) {
      network_->logits_ = {value_of(node.inputs[0]), true, true};
      return;
    }
    const OpColumn& column = *column_of(node.op);
    if (column.role == Role::reshape) {
      if (uses_[static_cast<size_t>(node.inputs[0])] > 1) shared_[value_of(node.inputs[0])] = true;
      value_of(node.outputs[0]) = value_of(node.inputs[0]);
      value_of(node.outputs[0])->tensor = node.outputs[0];
      return;
    }
    if (column.role == Role::layer || !can_wait(node)) {
      for (size_t i = 0; i < node.outputs.size(); ++i) add_layer(node, column, static_cast<int>(i));
    } else {
      value_of(node.outputs[0]) = value_of(node.inputs[0]);
      value_of(node.outputs[0])->tensor = node.outputs[0];
    }
    Value& value = *value_of(node.outputs[0]);
    if (column.role == Role::norm) add_norm(node, value);
    set_clamp(value, activation_of(node));
  }

  /// One layer for each output of a node.
  void add_layer(const ir::Node& node, const OpColumn& column, int output) {
    // Room for optional inputs that a node leaves out at its end.
    constexpr size_t kMostInputs = 24;
    std::vector<const Parameter*> parameters, by_position(std::max(node.inputs.size(), kMostInputs), nullptr);
    for (size_t i = 0; i < node.inputs.size() && column.role == Role::layer; ++i) {
      const auto layout = parameter_layout(graph(), node, i);
      if (!layout) continue;
      by_position[i] = new_parameter(node.inputs[i], *layout);
      parameters.push_back(by_position[i]);
    }
    network_->layers_.push_back(column.make(
        {graph(), node, parameters, by_position, network_->batch_, network_->kernels_->lanes, output}));
    Layer& layer = *network_->layers_.back();
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (is_value(graph(), node, i)) layer.in.push_back({value_of(node.inputs[i]), true, true});
    }
    layer.out = new_value(node.name, node.outputs[static_cast<size_t>(output)]);
    layer.out->needs_gradient = !parameters.empty();
    for (const Edge& edge : layer.in) layer.out->needs_gradient |= edge.value->needs_gradient;
  }

  void add_norm(const ir::Node& node, Value& value) {
    const auto& attributes = std::get<ir::BatchNormAttributes>(node.attributes);
    value.norm = std::make_unique<BatchNorm>();
    BatchNorm& norm = *value.norm;
    norm.name = node.name;
    norm.epsilon = attributes.epsilon;
    norm.momentum = attributes.momentum;
    norm.gamma = static_cast<int>(network_->parameters_.size());
    new_parameter(node.inputs[1], {.columns = value.channels});
    norm.beta = static_cast<int>(network_->parameters_.size());
    new_parameter(node.inputs[2], {.columns = value.channels});
    norm.mean_tensor = node.inputs[3];
    norm.variance_tensor = node.inputs[4];
    norm.state_offset = state_size_;
    state_size_ += 2 * static_cast<size_t>(value.channels);
    value.needs_gradient = true;
  }

  /// Marks, for each value, which of its consumers is first and last in the backward pass.
  void order_gradients() {
    std::map<const Value*, Edge*> last;
    const auto visit = [&](Edge& edge) {
      const auto [entry, is_first] = last.try_emplace(edge.value, &edge);
      edge.first = is_first;
      if (!is_first) entry->second->last = false;
      entry->second = &edge;
    };
    visit(network_->logits_);
    for (size_t i = network_->layers_.size(); i-- > 0;) {
      Layer& layer = *network_->layers_[i];
      // Nobody reads what this layer makes: the branch of the output is the only one that is trained.
      if (!last.contains(layer.out)) layer.out->needs_gradient = false;
      if (!layer.out->needs_gradient) continue;
      for (Edge& edge : layer.in) visit(edge);
    }
  }

  /// Shards meet only where a batch norm needs the sums of all of them.
  void find_groups() {
    const int count = static_cast<int>(network_->layers_.size());
    int begin = 0;
    for (int i = 0; i < count; ++i) {
      const bool meets = network_->layers_[static_cast<size_t>(i)]->out->norm != nullptr;
      if (!meets && i + 1 < count) continue;
      network_->forward_groups_.push_back({begin, i + 1});
      begin = i + 1;
    }
    int end = count;
    for (int i = count - 1; i >= 0; --i) {
      const bool next_meets = i == 0 || network_->layers_[static_cast<size_t>(i - 1)]->out->norm != nullptr;
      if (!next_meets) continue;
      network_->backward_groups_.push_back({i, end});
      end = i;
    }
  }

  size_t batch_floats(const Value& value) const {
    const size_t floats = static_cast<size_t>(value.size) * static_cast<size_t>(network_->batch_);
    return (floats + 15) / 16 * 16;
  }

  void allocate() {
    size_t total = 0;
    std::map<Value*, size_t> offset;
    for (const auto& value : network_->values_) {
      if (value->pending()) set_up_pending(*value, network_->kernels_->lanes);
      offset[value.get()] = total;
      total += batch_floats(*value);
    }
    network_->data_ = Buffer(total);
    for (auto& [value, at] : offset) value->data = network_->data_.data() + at;
    allocate_gradients();
    size_t scratch = 2 * static_cast<size_t>(network_->outputs());
    for (const auto& layer : network_->layers_) scratch = std::max(scratch, layer->scratch_floats());
    for (Buffer& buffer : network_->scratch_) buffer = Buffer(scratch);
    network_->weights_ = Buffer(weights_size_);
    network_->gradients_ = Buffer(weights_size_ * kShards);
    network_->state_ = Buffer(state_size_);
    const size_t answers = static_cast<size_t>(network_->batch_) * static_cast<size_t>(network_->outputs());
    network_->answers_ = Buffer(answers);
    if (!network_->loss_.uses_labels()) network_->targets_ = Buffer(answers);
    if (network_->loss_.uses_teacher()) network_->teacher_ = Buffer(answers);
    network_->labels_.assign(static_cast<size_t>(network_->batch_), 0);
  }

  /// A gradient lives from its first consumer's backward to its producer's; memory is handed on, so that it
  /// stays in cache. First fit over a list of free stretches.
  void allocate_gradients() {
    struct Stretch {
      size_t begin, end;
    };
    std::vector<Stretch> used;
    std::map<Value*, size_t> offset;
    size_t peak = 0;
    const auto take = [&](Value* value) {
      const size_t size = batch_floats(*value);
      size_t at = 0, place = 0;
      while (place < used.size() && at + size > used[place].begin) at = used[place++].end;
      used.insert(used.begin() + static_cast<ptrdiff_t>(place), {at, at + size});
      offset[value] = at;
      peak = std::max(peak, at + size);
    };
    if (network_->logits_.value->needs_gradient) take(network_->logits_.value);
    for (const Network::Group& group : network_->backward_groups_) {
      const auto layers =
          std::span(network_->layers_)
              .subspan(static_cast<size_t>(group.begin), static_cast<size_t>(group.end - group.begin));
      for (size_t i = layers.size(); i-- > 0;) {
        if (!layers[i]->out->needs_gradient) continue;
        for (const Edge& edge : layers[i]->in) {
          if (edge.value->needs_gradient && edge.first) take(edge.value);
        }
      }
      // Within a group one shard may be ahead of another, so memory is handed on only at its end.
      for (const auto& layer : layers) {
        if (!layer->out->needs_gradient) continue;
        std::erase_if(used, [&](const Stretch& stretch) { return stretch.begin == offset[layer->out]; });
      }
    }
    network_->value_gradients_ = Buffer(peak);
    for (auto& [value, at] : offset) value->gradient = network_->value_gradients_.data() + at;
  }

  void load_weights() {
    std::vector<float> plain;
    for (const Parameter& parameter : network_->parameters_) {
      const auto values = graph().tensors[static_cast<size_t>(parameter.tensor)].values<float>();
      plain.insert(plain.end(), values.begin(), values.end());
    }
    network_->from_plain(plain, network_->weights_.span());
    for (const auto& value : network_->values_) {
      if (value->norm == nullptr) continue;
      float* mean = network_->state_.data() + value->norm->state_offset;
      const auto from_mean = graph().tensors[static_cast<size_t>(value->norm->mean_tensor)].values<float>();
      const auto variance =
          graph().tensors[static_cast<size_t>(value->norm->variance_tensor)].values<float>();
      std::copy(from_mean.begin(), from_mean.end(), mean);
      std::copy(variance.begin(), variance.end(), mean + value->norm->channels);
    }
  }

  std::unique_ptr<Network> network_;
  const LossOptions& loss_;
  Head head_ = Head::plain;
  const ir::Node* head_node_ = nullptr;
  float softmax_beta_ = 1;
  std::vector<Value*> value_of_;
  std::vector<int> uses_;
  std::map<const Value*, bool> shared_;
  size_t weights_size_ = 0, state_size_ = 0;
};

Result<std::unique_ptr<Network>> Network::compile(const ir::Graph& graph, int batch, const Kernels& kernels,
                                                  const LossOptions& loss) {
  TADPOLE_CHECK(ir::check_graph(graph));
  return NetworkCompiler(graph, batch, kernels, loss).run();
}

}  // namespace tadpole::train
