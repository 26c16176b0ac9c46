// The network that a project asks for: one of the zoo, or its own list of layers.
#pragma once

#include "base/result.h"
#include "ir/graph.h"
#include "project/config.h"
#include "zoo/zoo.h"

namespace tadpole::project {

/// [model] as a float graph with `outputs` outputs behind `head`; initial weights by [train] seed. An
/// autoencoder of the zoo answers with its input, whatever `outputs` and `head`. Fails: as zoo::make and
/// zoo::make_custom.
Result<ir::Graph> make_network(const ProjectConfig& config, const ir::Shape& input, int outputs,
                               zoo::Head head = zoo::Head::softmax);

}  // namespace tadpole::project
