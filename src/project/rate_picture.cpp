// From the trials of the range test to a picture and a sentence.
#include "project/rate_picture.h"

#include <cmath>

#include "data/files.h"
#include "evaluate/chart_file.h"

namespace tadpole::project {

std::string draw_rates(const train::RateFound& found) {
  evaluate::LineChart chart;
  chart.description = found.words;
  chart.x_label = "learning rate, as a power of ten";
  chart.y_label = "loss";
  evaluate::Series smooth{.name = "loss, smoothed", .colour = 1, .dashed = false, .points = {}};
  for (const train::RateTrial& trial : found.trials) {
    const double x = std::log10(static_cast<double>(trial.rate));
    smooth.points.emplace_back(x, trial.smooth_loss);
    if (trial.rate == found.proposal) {
      chart.marks.push_back({.name = "proposal", .colour = 2, .x = x, .y = trial.smooth_loss});
    }
  }
  chart.series.push_back(std::move(smooth));
  return evaluate::draw_file(chart);
}

Result<RateSummary> test_rates(const ir::Graph& graph, const train::Examples& training,
                               const train::TrainOptions& options, const std::string& folder, Tools tools) {
  TADPOLE_TRY(const train::RateFound found,
              train::find_rate(graph, training, options, {}, tools.workers, tools.progress));
  RateSummary summary{.proposal = static_cast<double>(found.proposal),
                      .largest = static_cast<double>(found.best),
                      .words = found.words,
                      .picture = folder + "/learning_rate.svg"};
  TADPOLE_CHECK(data::write_text(summary.picture, draw_rates(found)));
  return summary;
}

}  // namespace tadpole::project
