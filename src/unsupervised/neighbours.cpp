// Nearest neighbours by comparing with every point.
#include "unsupervised/neighbours.h"

#include <algorithm>
#include <cmath>

namespace tadpole::unsupervised {

namespace {

double mean_distance(std::span<const Neighbour> neighbours) {
  double sum = 0;
  for (const Neighbour& neighbour : neighbours) sum += neighbour.distance;
  return neighbours.empty() ? 0 : sum / static_cast<double>(neighbours.size());
}

}  // namespace

Result<Neighbours> Neighbours::make(const Points& points) {
  TADPOLE_CHECK(check_points(points, 1));
  Neighbours made;
  made.values_.assign(points.values.begin(), points.values.end());
  made.count_ = points.count;
  made.width_ = points.width;
  return made;
}

std::vector<Neighbour> Neighbours::nearest_but(std::span<const float> point, int k, int left_out) const {
  std::vector<Neighbour> all;
  all.reserve(static_cast<size_t>(count_));
  for (int i = 0; i < count_; ++i) {
    if (i != left_out) all.push_back({i, squared_distance(point, points().row(i))});
  }
  const size_t kept = std::min(static_cast<size_t>(std::max(k, 1)), all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<ptrdiff_t>(kept), all.end(),
                    [](const Neighbour& a, const Neighbour& b) {
                      return a.distance != b.distance ? a.distance < b.distance : a.index < b.index;
                    });
  all.resize(kept);
  for (Neighbour& neighbour : all) neighbour.distance = std::sqrt(neighbour.distance);
  return all;
}

std::vector<Neighbour> Neighbours::nearest(std::span<const float> point, int k) const {
  return nearest_but(point, k, -1);
}

double Neighbours::distance(std::span<const float> point, int k) const {
  return mean_distance(nearest(point, k));
}

std::vector<double> Neighbours::own_distances(int k, Workers& workers) const {
  std::vector<double> out(static_cast<size_t>(count_));
  for_stretches(workers, count_, [&](int, int begin, int end) {
    for (int i = begin; i < end; ++i)
      out[static_cast<size_t>(i)] = mean_distance(nearest_but(points().row(i), k, i));
  });
  return out;
}

int Neighbours::classify(std::span<const float> point, int k, std::span<const int> labels) const {
  struct Votes {
    int label, count;
  };
  std::vector<Votes> votes;  // in the order of their nearest members
  for (const Neighbour& neighbour : nearest(point, k)) {
    const int label = labels[static_cast<size_t>(neighbour.index)];
    const auto found =
        std::find_if(votes.begin(), votes.end(), [&](const Votes& vote) { return vote.label == label; });
    if (found == votes.end()) {
      votes.push_back({label, 1});
    } else {
      ++found->count;
    }
  }
  return std::max_element(votes.begin(), votes.end(),
                          [](const Votes& a, const Votes& b) { return a.count < b.count; })
      ->label;
}

}  // namespace tadpole::unsupervised
