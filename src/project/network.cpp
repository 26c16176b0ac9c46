// Chooses between the zoo and the project's own layers.
#include "project/network.h"

#include "zoo/custom.h"

namespace tadpole::project {

Result<ir::Graph> make_network(const ProjectConfig& config, const ir::Shape& input, int outputs,
                               zoo::Head head) {
  if (config.architecture != kCustomArchitecture)
    return zoo::make(config.architecture, input, outputs, config.train.seed, head);
  return zoo::make_custom(config.layers, input, outputs, config.train.seed, head);
}

}  // namespace tadpole::project
