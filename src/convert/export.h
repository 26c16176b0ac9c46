// What a graph says in our own way is brought to the format's. Inside this room only.
#pragma once

#include <string>
#include <vector>

#include "convert/schema.h"

namespace tadpole::convert {

/// A graph of the same outputs that the format can hold: explicit padding becomes SAME or VALID where these
/// say the same, else a PAD before the layer (a SLICE behind a transposed convolution). Fails:
/// op_unsupported, tflite_unsupported, and whatever check_types finds; the message names every layer.
Result<ir::Graph> writable_graph(const ir::Graph& graph);

/// Which tensors are written as resources: variables that are read and assigned by nodes. Other variables are
/// states that a layer keeps by itself, as LSTM and SVDF do.
std::vector<bool> resource_variables(const ir::Graph& graph);

}  // namespace tadpole::convert
