// Seeding by k-means++, then Lloyd's iteration with sums over fixed stretches.
#include "unsupervised/k_means.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "base/rng.h"

namespace tadpole::unsupervised {

namespace {

struct Nearest {
  int index = 0;
  double squared = std::numeric_limits<double>::infinity();
};

Nearest nearest_of(const KMeans& model, std::span<const float> point) {
  Nearest best;
  for (int i = 0; i < model.count; ++i) {
    const double squared = squared_distance(model.centre(i), point);
    if (squared < best.squared) best = {i, squared};
  }
  return best;
}

void append(KMeans& model, std::span<const float> point) {
  model.centres.insert(model.centres.end(), point.begin(), point.end());
  ++model.count;
}

/// A place in [0, sum of weights) chosen by 53 random bits.
int draw(std::span<const double> weights, Rng& rng) {
  double total = 0;
  for (const double weight : weights) total += weight;
  const uint64_t bits = (uint64_t{rng.next()} << 21) ^ (rng.next() >> 11);
  double at = total * static_cast<double>(bits) / 9007199254740992.0;
  for (size_t i = 0; i < weights.size(); ++i) {
    at -= weights[i];
    if (at < 0) return static_cast<int>(i);
  }
  // Rounding, or no weight anywhere: the last point that may be chosen, else any.
  for (size_t i = weights.size(); i-- > 0;) {
    if (weights[i] > 0) return static_cast<int>(i);
  }
  return static_cast<int>(rng.below(static_cast<uint32_t>(weights.size())));
}

KMeans seeded_centres(const Points& points, int centres, Rng rng, Workers& workers) {
  KMeans model;
  model.width = points.width;
  append(model, points.row(static_cast<int>(rng.below(static_cast<uint32_t>(points.count)))));
  std::vector<double> squared(static_cast<size_t>(points.count), std::numeric_limits<double>::infinity());
  while (model.count < centres) {
    const auto newest = model.centre(model.count - 1);
    for_stretches(workers, points.count, [&](int, int begin, int end) {
      for (int i = begin; i < end; ++i) {
        double& least = squared[static_cast<size_t>(i)];
        least = std::min(least, squared_distance(newest, points.row(i)));
      }
    });
    append(model, points.row(draw(squared, rng)));
  }
  return model;
}

/// One stretch's part of an iteration.
struct Part {
  std::vector<double> sums;
  std::vector<int64_t> members;
  double inertia = 0;
  int changed = 0;
};

class Lloyd {
 public:
  Lloyd(const Points& points, KMeans start, Workers& workers)
      : points_(points), model_(std::move(start)), workers_(workers) {
    model_.assignment.assign(static_cast<size_t>(points.count), -1);
    squared_.assign(static_cast<size_t>(points.count), 0);
  }

  /// Assigns each point to its nearest centre; true when a point changed its centre.
  bool assign() {
    for_stretches(workers_, points_.count, [&](int stretch, int begin, int end) {
      Part& part = parts_[static_cast<size_t>(stretch)];
      part = {std::vector<double>(model_.centres.size(), 0),
              std::vector<int64_t>(static_cast<size_t>(model_.count), 0)};
      for (int i = begin; i < end; ++i) take(part, i);
    });
    model_.inertia = 0;
    int changed = 0;
    for (const Part& part : parts_) {
      model_.inertia += part.inertia;
      changed += part.changed;
    }
    return changed > 0;
  }

  void move_centres() {
    for (int centre = 0; centre < model_.count; ++centre) {
      int64_t members = 0;
      for (const Part& part : parts_) members += part.members[static_cast<size_t>(centre)];
      if (members == 0) {
        give_farthest_point(centre);
        continue;
      }
      for (int axis = 0; axis < model_.width; ++axis) {
        const size_t at = place(centre, axis);
        double sum = 0;
        for (const Part& part : parts_) sum += part.sums[at];
        model_.centres[at] = static_cast<float>(sum / static_cast<double>(members));
      }
    }
  }

  KMeans& model() { return model_; }

 private:
  size_t place(int centre, int axis) const {
    return static_cast<size_t>(centre) * static_cast<size_t>(model_.width) + static_cast<size_t>(axis);
  }

  void take(Part& part, int index) {
    const auto point = points_.row(index);
    const Nearest nearest = nearest_of(model_, point);
    int& mine = model_.assignment[static_cast<size_t>(index)];
    part.changed += mine != nearest.index;
    mine = nearest.index;
    squared_[static_cast<size_t>(index)] = nearest.squared;
    part.inertia += nearest.squared;
    ++part.members[static_cast<size_t>(mine)];
    for (int axis = 0; axis < model_.width; ++axis)
      part.sums[place(mine, axis)] += static_cast<double>(point[static_cast<size_t>(axis)]);
  }

  void give_farthest_point(int centre) {
    const auto farthest = std::max_element(squared_.begin(), squared_.end());
    const auto point = points_.row(static_cast<int>(farthest - squared_.begin()));
    *farthest = 0;  // the next centre without points takes another one
    std::copy(point.begin(), point.end(), model_.centres.begin() + static_cast<ptrdiff_t>(place(centre, 0)));
  }

  const Points& points_;
  KMeans model_;
  Workers& workers_;
  std::vector<double> squared_;
  std::array<Part, kStretches> parts_;
};

Result<void> check(const Points& points, const KMeansOptions& options) {
  if (options.centres < 1 || options.iterations < 1 || options.starts < 1) {
    return Error{Code::unsupervised_bad_setting, "k-means got " + std::to_string(options.centres) +
                                                     " centres, " + std::to_string(options.iterations) +
                                                     " iterations and " + std::to_string(options.starts) +
                                                     " starts; needs at least 1 of each."};
  }
  return check_points(points, options.centres);
}

}  // namespace

int KMeans::nearest(std::span<const float> point) const { return nearest_of(*this, point).index; }

double KMeans::distance(std::span<const float> point) const {
  return std::sqrt(nearest_of(*this, point).squared);
}

Result<KMeans> k_means(const Points& points, const KMeansOptions& options, Workers& workers,
                       Progress& progress) {
  TADPOLE_CHECK(check(points, options));
  KMeans best;
  for (int start = 0; start < options.starts; ++start) {
    const Rng rng = Rng(options.seed).fork("k-means " + std::to_string(start));
    Lloyd lloyd(points, seeded_centres(points, options.centres, rng, workers), workers);
    for (int i = 1; i <= options.iterations; ++i) {
      if (progress.cancelled()) return Error{Code::cancelled, "k-means was stopped."};
      progress.report("find centres", int64_t{start} * options.iterations + i,
                      int64_t{options.starts} * options.iterations, "");
      lloyd.model().iterations = i;
      if (!lloyd.assign()) break;
      lloyd.move_centres();
    }
    lloyd.assign();  // after the last move, when the iterations ran out
    if (start == 0 || lloyd.model().inertia < best.inertia) best = std::move(lloyd.model());
  }
  return best;
}

}  // namespace tadpole::unsupervised
