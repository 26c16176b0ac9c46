#include "train/transfer.h"

#include <algorithm>
#include <cstring>

#include "ir/builder.h"
#include "ir/surgery.h"

namespace tadpole::train {

namespace {

constexpr int64_t kMostFloats = int64_t{64} << 20;

Result<ir::Graph> make_head(const ir::Shape& takes, int classes, float dropout, uint64_t seed) {
  ir::GraphBuilder builder("head", Rng(seed).fork("head"));
  ir::Value x = builder.input(takes, "kept");
  if (takes.size() == 4) {
    if (takes[1] * takes[2] > 1) x = builder.global_average_pool(x);
    x = builder.flatten(x);
  }
  if (dropout > 0) x = builder.dropout(x, dropout);
  return std::move(builder).finish(builder.softmax(builder.fully_connected(x, classes)));
}

/// The layer whose first output `layer` reads first, "" when that is the graph's input.
std::string layer_before(const ir::Graph& graph, std::string_view layer) {
  for (const ir::Node& node : graph.nodes) {
    if (node.name != layer) continue;
    for (const ir::Node& other : graph.nodes)
      if (!other.outputs.empty() && other.outputs[0] == node.inputs[0]) return other.name;
  }
  return "";
}

bool has_layer(const ir::Graph& graph, std::string_view layer) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(),
                     [&](const ir::Node& node) { return node.name == layer; });
}

/// Every draw of every example in a row, for predict().
class AllDraws final : public Examples {
 public:
  AllDraws(const Examples& source, int draws, uint64_t seed)
      : source_(source), draws_(draws), rng_(Rng(seed).fork("frozen")) {}

  int size() const override { return source_.size() * draws_; }
  int get(int index, int, Rng&, std::span<float> features) const override {
    const int draw = index % draws_;
    Rng own = rng_.fork(std::to_string(index));
    return source_.get(index / draws_, draw, own, features);
  }

 private:
  const Examples& source_;
  int draws_;
  Rng rng_;
};

}  // namespace

Result<TransferNetwork> make_transfer_network(const ir::Graph& base, const ir::Shape& input, int classes,
                                              const TransferOptions& options, uint64_t seed) {
  if (base.inputs.size() != 1 || base.tensors[static_cast<size_t>(base.inputs[0])].shape != input) {
    return Error{
        Code::bad_shape,
        "'" + base.name + "' takes " +
            (base.inputs.size() == 1 ? ir::to_string(base.tensors[static_cast<size_t>(base.inputs[0])].shape)
                                     : std::to_string(base.inputs.size()) + " inputs") +
            ", the features give " + ir::to_string(input) +
            ". Set [features] to what the network was trained with."};
  }
  const std::string cut = options.cut.empty() ? std::string(ir::layer_before_head(base)) : options.cut;
  TADPOLE_TRY(const ir::Graph kept, ir::part_up_to(base, cut));
  const ir::Shape gives = kept.tensors[static_cast<size_t>(kept.outputs[0])].shape;
  TADPOLE_TRY(ir::Graph head, make_head(gives, classes, options.dropout, seed));
  if (options.train_from.empty()) return TransferNetwork{kept, std::move(head)};
  if (!has_layer(kept, options.train_from)) {
    TADPOLE_TRY(const ir::Graph behind, ir::part_up_to(base, options.train_from));
    return Error{Code::train_bad_setting, "[transfer] train_from = \"" + behind.nodes.back().name +
                                              "\" lies behind the cut at '" + cut +
                                              "'; name a layer before it."};
  }
  const std::string last_frozen = layer_before(kept, options.train_from);
  if (last_frozen.empty()) {
    TADPOLE_TRY(ir::Graph all, ir::join(kept, head));
    return TransferNetwork{std::nullopt, std::move(all)};
  }
  TADPOLE_TRY(ir::Graph frozen, ir::part_up_to(kept, last_frozen));
  TADPOLE_TRY(const ir::Graph rest, ir::part_after(kept, last_frozen));
  TADPOLE_TRY(ir::Graph trained, ir::join(rest, head));
  return TransferNetwork{std::move(frozen), std::move(trained)};
}

Result<FrozenExamples> FrozenExamples::make(const ir::Graph& frozen, const Examples& source, int draws,
                                            uint64_t seed, Workers& workers, Progress& progress) {
  FrozenExamples made;
  made.source_ = &source;
  made.width_ =
      static_cast<int>(ir::element_count(frozen.tensors[static_cast<size_t>(frozen.outputs[0])].shape));
  const int64_t one_draw = std::max<int64_t>(1, int64_t{source.size()} * made.width_);
  made.draws_ = static_cast<int>(std::clamp<int64_t>(kMostFloats / one_draw, 1, std::max(1, draws)));
  if (made.draws_ < draws) {
    progress.say("Note: " + std::to_string(made.draws_) + " variants of each example instead of " +
                 std::to_string(draws) + ", so that the frozen layers' answers stay within 256 MB.");
  }
  const AllDraws all(source, made.draws_, seed);
  TADPOLE_TRY(made.answers_, predict(frozen, all, workers));
  if (progress.cancelled()) return Error{Code::cancelled, ""};
  std::vector<float> unused(
      static_cast<size_t>(ir::element_count(frozen.tensors[static_cast<size_t>(frozen.inputs[0])].shape)));
  Rng rng(seed);
  for (int i = 0; i < source.size(); ++i) made.labels_.push_back(source.get(i, kLook, rng, unused));
  return made;
}

int FrozenExamples::get(int index, int, Rng& rng, std::span<float> features) const {
  const auto draw = static_cast<int>(rng.below(static_cast<uint32_t>(draws_)));
  const float* from = answers_.data() + (static_cast<ptrdiff_t>(index) * draws_ + draw) * width_;
  std::memcpy(features.data(), from, features.size_bytes());
  return labels_[static_cast<size_t>(index)];
}

}  // namespace tadpole::train
