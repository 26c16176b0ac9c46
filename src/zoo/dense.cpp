// Networks of dense layers: for rows of tables, and for whatever is small enough to be one.
#include "zoo/blocks.h"

namespace tadpole::zoo {

Value single_fc(GraphBuilder& b, Value x, const Wish& wish) { return answer(b, x, wish); }

Value mlp(GraphBuilder& b, Value x, const Wish& wish) {
  x = b.relu(b.fully_connected(rows(b, x), wish.channels(16)));
  return answer(b, b.relu(b.fully_connected(x, wish.channels(16))), wish);
}

/// MLPerf Tiny's anomaly detector: four layers of 128 down to 8 numbers, four up.
Value dense_autoencoder(GraphBuilder& b, Value x, const Wish& wish) {
  const ir::Shape in = b.shape(x);
  const int values = static_cast<int>(ir::element_count(in));
  x = rows(b, x);
  for (const int units : {128, 128, 128, 128, 8, 128, 128, 128, 128})
    x = dense_norm_relu(b, x, wish.channels(units));
  x = b.fully_connected(x, values);
  return in.size() == 2 ? x : b.reshape(x, in);
}

}  // namespace tadpole::zoo
