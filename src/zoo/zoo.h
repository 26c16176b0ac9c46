// Named architectures as float graphs, ready to train.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ir/graph.h"

namespace tadpole::zoo {

/// What the network's last layer answers with.
enum class Head : uint8_t {
  softmax,   ///< one class of several: probabilities that sum to 1
  logistic,  ///< several questions of yes or no
  plain,     ///< numbers
};

/// Counts that a paper gives for the example; 0 where it gives none.
struct Published {
  int64_t parameters = 0;  ///< trained numbers: without the running statistics of batch norms
  int64_t macs = 0;
  double within = 0;  ///< how far ours may be, as a share: papers round, and count biases differently
  std::string_view source = {};
};

/// A row of the table of architectures.
struct Architecture {
  std::string_view name;       ///< "mobilenet_v1"
  std::string_view summary;    ///< one line for --help
  std::string_view reference;  ///< the paper or model card that it follows
  std::string_view example;    ///< a name with its width, "mobilenet_v1_0.25", that `published` is about
  ir::Shape input;             ///< of the example
  int outputs = 0;             ///< of the example
  Head head = Head::softmax;   ///< of the example
  bool reconstructs = false;   ///< an autoencoder: answers with its input, whatever `outputs` and head
  Published published = {};
};

std::span<const Architecture> architectures();

/// Builds `name` for an input of `input` (1 first; dense networks take any rank, the others [1, height,
/// width, channels]) and `outputs` outputs. A name may end in a width: "mobilenet_v1_0.25" has a quarter of
/// the channels ("mobilenet_v1_025" says the same). Initial weights depend on `seed` only. Fails:
/// unknown_architecture (the nearest name, and those there are), bad_shape.
Result<ir::Graph> make(std::string_view name, const ir::Shape& input, int outputs, uint64_t seed,
                       Head head = Head::softmax);

/// The row of a name, its width left out. Fails: unknown_architecture.
Result<Architecture> find_architecture(std::string_view name);

/// Numbers that training changes: constants without the running statistics of batch norms.
int64_t trained_parameters(const ir::Graph& graph);

}  // namespace tadpole::zoo
