// Every layer that stands in the way of a model, in one message: a user learns all of it from one try.
#pragma once

#include <string>

#include "base/result.h"
#include "ir/graph.h"

namespace tadpole::ir {

/// Collects what was found of one layer after the other. Shows 50 of them in full.
class Refusals {
 public:
  /// `error` names the layer, what was found and what to do. The layer's options are added where it has any.
  void add(const Graph& graph, const Node& node, const Error& error);
  /// Done; or all errors, a line each, with the code of the first. `layers`: how many were looked at.
  Result<void> result(size_t layers) const;

 private:
  Code code_ = Code::op_unsupported;
  size_t count_ = 0;
  std::string text_;
};

}  // namespace tadpole::ir
