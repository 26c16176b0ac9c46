#include "project/feature_map.h"

#include <algorithm>

#include "data/files.h"
#include "project/prepare.h"
#include "unsupervised/pca.h"
#include "unsupervised/scatter.h"
#include "unsupervised/t_sne.h"

namespace tadpole::project {

namespace {

/// The share of points whose nearest other point has their label.
double neighbours_alike(const unsupervised::Points& points, std::span<const int> labels, Workers& workers) {
  std::vector<uint8_t> alike(labels.size());
  unsupervised::for_stretches(workers, points.count, [&](int, int begin, int end) {
    for (int i = begin; i < end; ++i) {
      double best = -1;
      for (int j = 0; j < points.count; ++j) {
        if (j == i) continue;
        const double distance = unsupervised::squared_distance(points.row(i), points.row(j));
        if (best >= 0 && distance >= best) continue;
        best = distance;
        alike[static_cast<size_t>(i)] = labels[static_cast<size_t>(i)] == labels[static_cast<size_t>(j)];
      }
    }
  });
  return static_cast<double>(std::count(alike.begin(), alike.end(), 1)) /
         static_cast<double>(std::max<size_t>(1, alike.size()));
}

}  // namespace

Result<FeatureMap> draw_feature_map(const Project& project, const MapOptions& options, Tools tools) {
  TADPOLE_TRY(const Prepared prepared, prepare(project, tools));
  const samples::Dataset& data = prepared.data();
  const auto all = static_cast<int64_t>(data.samples.size());
  const int count = static_cast<int>(std::min<int64_t>(all, options.samples)), width = prepared.block.size();
  std::vector<float> values(static_cast<size_t>(count) * static_cast<size_t>(width));
  unsupervised::ScatterPicture picture;
  for (int i = 0; i < count; ++i) {
    const auto sample = static_cast<int>(i * all / count);
    to_floats(prepared.features.plain_row(sample), prepared.block.scale(),
              std::span(values).subspan(static_cast<size_t>(i) * static_cast<size_t>(width),
                                        static_cast<size_t>(width)));
    picture.labels.push_back(data.classes.empty() ? -1 : data.target[static_cast<size_t>(sample)]);
    picture.names.push_back(data.samples[static_cast<size_t>(sample)].id);
  }
  TADPOLE_TRY(const auto standard, unsupervised::fit_standardiser({values, count, width}));
  values = standard.apply({values, count, width});
  const unsupervised::Points points{values, count, width};

  FeatureMap map{options.method, options.svg_file, count, 0,
                 neighbours_alike(points, picture.labels, tools.workers)};
  picture.classes = data.classes;
  picture.title = project.config().name + ": features of " + std::to_string(count) + " samples";
  if (options.method == "tsne") {
    TADPOLE_TRY(unsupervised::Embedding plane,
                unsupervised::t_sne(points, {}, tools.workers, tools.progress));
    picture.positions = std::move(plane.positions);
  } else {
    TADPOLE_TRY(const unsupervised::Pca pca, unsupervised::fit_pca(points, 2, tools.workers));
    map.share = pca.share(0) + (pca.kept > 1 ? pca.share(1) : 0);
    picture.positions = pca.project(points);
    if (pca.kept == 1) {  // one value only: along a line
      for (int i = count - 1; i >= 0; --i) {
        const float along = picture.positions[static_cast<size_t>(i)];
        picture.positions.resize(static_cast<size_t>(2 * count));
        picture.positions[static_cast<size_t>(2 * i)] = along;
        picture.positions[static_cast<size_t>(2 * i + 1)] = 0;
      }
    }
    picture.x_label = "first principal component";
    picture.y_label = "second principal component";
  }
  TADPOLE_TRY(const std::string svg, unsupervised::draw_scatter(picture));
  TADPOLE_CHECK(data::write_text(options.svg_file, svg));
  return map;
}

}  // namespace tadpole::project
