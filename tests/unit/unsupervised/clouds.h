// Seeded points for the tests of this room.
#pragma once

#include <vector>

#include "base/rng.h"
#include "unsupervised/points.h"

namespace tadpole::unsupervised {

struct Cloud {
  std::vector<float> values;
  std::vector<int> labels;
  int width = 0;

  Points points() const { return {values, static_cast<int>(values.size()) / width, width}; }
};

/// `each` points around every centre (rows of `centres`), each axis with that deviation.
inline Cloud clouds(const std::vector<std::vector<float>>& centres, int each, float deviation,
                    uint64_t seed) {
  Cloud out;
  out.width = static_cast<int>(centres[0].size());
  Rng rng(seed);
  for (int i = 0; i < each; ++i) {
    for (size_t c = 0; c < centres.size(); ++c) {
      for (const float middle : centres[c]) out.values.push_back(middle + deviation * rng.normal());
      out.labels.push_back(static_cast<int>(c));
    }
  }
  return out;
}

}  // namespace tadpole::unsupervised
