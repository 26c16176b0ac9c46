// A training into a checkpoint and out of it again.
#include "train/training.h"

namespace tadpole::train {

Result<void> Training::save(const ir::Graph& graph) {
  const auto plain = [&](std::span<const float> arena, std::vector<float>& to) {
    to.resize(arena.empty() ? 0 : network_.plain_size());
    if (!arena.empty()) network_.to_plain(arena, to);
  };
  saved_.graph = fingerprint(graph);
  saved_.training_examples = static_cast<uint64_t>(training_.size());
  saved_.options.clear();
  for (const OptionNumber& option : option_numbers(options_)) saved_.options.push_back(option.bits);
  saved_.instruction_set = network_.kernels().name;
  plain(network_.weights(), saved_.weights);
  plain(optimiser_.first(), saved_.first);
  plain(optimiser_.second(), saved_.second);
  plain(best_weights_.span(), saved_.best_weights);
  plain(average_ ? average_->weights() : std::span<const float>(), saved_.average_weights);
  if (average_) saved_.average_state.assign(average_->state().begin(), average_->state().end());
  saved_.state.assign(network_.state().begin(), network_.state().end());
  saved_.best_state.assign(best_state_.span().begin(), best_state_.span().end());
  return options_.save_checkpoint(write_checkpoint(saved_));
}

Result<void> Training::resume(const ir::Graph& graph) {
  TADPOLE_TRY(saved_, read_checkpoint(options_.resume_from));
  const auto refuse = [](const std::string& what) {
    return Error{Code::checkpoint_damaged, "the checkpoint " + what + " Train again without --resume."};
  };
  if (saved_.graph != fingerprint(graph))
    return refuse("is of another architecture than '" + graph.name + "'.");
  if (saved_.training_examples != static_cast<uint64_t>(training_.size())) {
    return refuse("was made with " + std::to_string(saved_.training_examples) +
                  " training examples; there are " + std::to_string(training_.size()) + ".");
  }
  const std::vector<OptionNumber> options = option_numbers(options_);
  if (saved_.options.size() != options.size()) return refuse("has other options.");
  for (size_t i = 0; i < options.size(); ++i) {
    if (saved_.options[i] != options[i].bits) {
      return refuse("was made with another value of '" + std::string(options[i].name) + "'.");
    }
  }
  if (saved_.instruction_set != network_.kernels().name) {
    return refuse("was made on another kind of processor ('" + saved_.instruction_set + "', here '" +
                  network_.kernels().name + "').");
  }
  const size_t plain = network_.plain_size(), state = network_.state().size();
  const bool validates = validation_ != nullptr;
  if (saved_.weights.size() != plain || saved_.state.size() != state || saved_.first.size() != plain ||
      saved_.second.size() != (optimiser_.second().empty() ? 0 : plain)) {
    return refuse("has as many weights as another architecture.");
  }
  if (saved_.average_weights.size() != (average_ ? plain : 0) ||
      saved_.average_state.size() != (average_ ? state : 0)) {
    return refuse("has averages of another size.");
  }
  if (saved_.best_weights.size() != (validates ? plain : 0) ||
      saved_.best_state.size() != (validates ? state : 0)) {
    return refuse(validates ? "was made without validation examples." : "was made with validation examples.");
  }
  if (saved_.update > static_cast<uint64_t>(options_.updates) || saved_.epoch > saved_.update ||
      saved_.best_epoch > saved_.epoch || saved_.epochs_since_best > saved_.epoch) {
    return refuse("has counters that do not fit together.");
  }
  network_.from_plain(saved_.weights, network_.weights());
  network_.from_plain(saved_.first, optimiser_.first());
  if (!optimiser_.second().empty()) network_.from_plain(saved_.second, optimiser_.second());
  if (validates) network_.from_plain(saved_.best_weights, best_weights_.span());
  if (average_) {
    network_.from_plain(saved_.average_weights, average_->weights());
    std::copy(saved_.average_state.begin(), saved_.average_state.end(), average_->state().begin());
  }
  std::copy(saved_.state.begin(), saved_.state.end(), network_.state().begin());
  std::copy(saved_.best_state.begin(), saved_.best_state.end(), best_state_.data());
  network_.set_steps(static_cast<int64_t>(saved_.update));
  return {};
}

}  // namespace tadpole::train
