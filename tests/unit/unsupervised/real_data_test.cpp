// Anomalies in real recordings: a ceiling fan's vibration and a machine's temperature.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include "clouds.h"
#include "metrics/roc.h"
#include "unsupervised/gate.h"
#include "unsupervised/isolation_forest.h"
#include "unsupervised/neighbours.h"
#include "unsupervised/threshold.h"

namespace tadpole::unsupervised {
namespace {

const std::filesystem::path kData = std::filesystem::path(TADPOLE_SOURCE_DIR) / "../shared/data";
constexpr int kCentres = 48;  // a dozen for each of the fan's speeds
const std::filesystem::path kFan = kData / "ceiling_fan_vibration";
const std::filesystem::path kNab = kData / "NAB";

/// Standard deviation of each of the three axes of a recording, in g.
std::vector<float> axis_deviations(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<std::array<double, 3>> rows;
  std::array<double, 3> row{};
  char comma;
  while (in >> row[0] >> comma >> row[1] >> comma >> row[2]) rows.push_back(row);
  std::vector<float> out;
  for (size_t axis = 0; axis < 3; ++axis) {
    double mean = 0, squares = 0;
    for (const auto& sample : rows) mean += sample[axis] / static_cast<double>(rows.size());
    for (const auto& sample : rows) squares += std::pow(sample[axis] - mean, 2);
    out.push_back(static_cast<float>(std::sqrt(squares / static_cast<double>(rows.size()))));
  }
  return out;
}

/// The usual folders, each in the order of recording: the first 70 % are learnt, the rest tests false alarms.
/// A training point's label is its folder: one of the fan's four speeds.
struct Fan {
  Cloud train, usual, anomalies;
};

Fan read_fan() {
  Fan fan;
  fan.train.width = fan.usual.width = fan.anomalies.width = 3;
  std::vector<std::filesystem::path> folders;
  for (const auto& folder : std::filesystem::directory_iterator(kFan / "ceiling-fan"))
    folders.push_back(folder.path());
  std::sort(folders.begin(), folders.end());
  for (size_t label = 0; label < folders.size(); ++label) {
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator(folders[label])) files.push_back(file.path());
    std::sort(files.begin(), files.end());
    const bool usual = folders[label].string().ends_with("_0_weight");
    for (size_t i = 0; i < files.size(); ++i) {
      Cloud& into = !usual ? fan.anomalies : 10 * i < 7 * files.size() ? fan.train : fan.usual;
      const std::vector<float> point = axis_deviations(files[i]);
      into.values.insert(into.values.end(), point.begin(), point.end());
      into.labels.push_back(static_cast<int>(label));
    }
  }
  return fan;
}

using Score = std::function<double(std::span<const float>)>;

std::vector<double> scores(const Points& points, const Score& score) {
  std::vector<double> out;
  for (int i = 0; i < points.count; ++i) out.push_back(score(points.row(i)));
  return out;
}

/// A Gaussian for each label of the cloud.
std::vector<Gaussian> gaussians_of(const Cloud& cloud) {
  std::vector<Gaussian> out;
  for (const int label : std::set<int>(cloud.labels.begin(), cloud.labels.end())) {
    Cloud part{{}, {}, cloud.width};
    for (int i = 0; i < cloud.points().count; ++i) {
      const auto row = cloud.points().row(i);
      if (cloud.labels[static_cast<size_t>(i)] == label)
        part.values.insert(part.values.end(), row.begin(), row.end());
    }
    out.push_back(*fit_gaussian(part.points()));
  }
  return out;
}

class CeilingFan : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kFan)) GTEST_SKIP() << "needs ../shared/data/ceiling_fan_vibration";
    fan_ = read_fan();
    ASSERT_EQ(fan_.train.points().count, 4 * 77);
    scale_ = *fit_standardiser(fan_.train.points());
    for (Cloud* cloud : {&fan_.train, &fan_.usual, &fan_.anomalies})
      cloud->values = scale_.apply(cloud->points());
  }

  double area(const Score& score) {
    return *metrics::roc_area(scores(fan_.usual.points(), score), scores(fan_.anomalies.points(), score));
  }

  Fan fan_;
  Standardiser scale_;
  Workers workers_{2};
  Silent silent_;
};

TEST_F(CeilingFan, unbalanced_and_moved_fans_are_found) {
  const auto neighbours = Neighbours::make(fan_.train.points());
  const auto centres = k_means(fan_.train.points(), {.centres = kCentres}, workers_, silent_);
  const auto forest = fit_forest(fan_.train.points(), {}, workers_, silent_);
  const auto one = fit_gaussian(fan_.train.points());
  const std::vector<Gaussian> of_speed = gaussians_of(fan_.train);
  // 0.999 is the figure of the published neighbours on the same statistics.
  EXPECT_GT(area([&](auto point) { return neighbours->distance(point, 5); }), 0.999);
  EXPECT_GT(area([&](auto point) { return centres->distance(point); }), 0.999);
  EXPECT_GT(area([&](auto point) {
              double nearest = INFINITY;
              for (const Gaussian& gaussian : of_speed) nearest = std::min(nearest, gaussian.distance(point));
              return nearest;
            }),
            0.999);
  // One bell curve around four speeds also covers what lies between them.
  EXPECT_GT(area([&](auto point) { return one->distance(point); }), 0.84);
  EXPECT_GT(area([&](auto point) { return forest->score(point); }), 0.93);
}

TEST_F(CeilingFan, the_boards_gate_finds_as_many_as_the_floating_point_model) {
  const auto centres = k_means(fan_.train.points(), {.centres = kCentres}, workers_, silent_);
  // Deviations in g stored as 1/4096 of it, as an accelerometer of +-8 g counts.
  const StoredFeature stored{1.0 / 4096, 0};
  const auto own = scores(fan_.train.points(), [&](auto point) { return centres->distance(point); });
  const auto threshold = percentile_threshold(own, 99);
  const auto gate = make_gate(*centres, scale_, stored, *threshold);
  ASSERT_TRUE(gate.ok()) << gate.error().message();
  const auto judged = [&](std::span<const float> point) {
    std::vector<int16_t> values;
    for (size_t i = 0; i < 3; ++i) {
      const double real = static_cast<double>(point[i]) * static_cast<double>(scale_.deviation[i]) +
                          static_cast<double>(scale_.mean[i]);
      values.push_back(static_cast<int16_t>(std::lround(real / stored.scale)));
    }
    return app::judge(gate->view(), values.data());
  };
  EXPECT_GT(area([&](auto point) { return Gate::distance(judged(point)); }), 0.999);
  const auto alarms = [&](const Cloud& cloud) {
    int count = 0;
    for (int i = 0; i < cloud.points().count; ++i) count += judged(cloud.points().row(i)).anomaly;
    return static_cast<double>(count) / cloud.points().count;
  };
  EXPECT_EQ(alarms(fan_.anomalies), 1);
  // Distances of what was learnt are a little short, and the fan's last minutes differ from its first: 14 %.
  EXPECT_LT(alarms(fan_.usual), 0.15);
}

struct Temperature {
  std::vector<float> values;
  std::vector<bool> failing;
};

Temperature read_temperature() {
  std::ifstream labels(kNab / "labels/combined_windows.json");
  std::stringstream text;
  text << labels.rdbuf();
  const std::string all = text.str();
  const size_t from = all.find("machine_temperature_system_failure.csv"), end = all.find("\n ]", from);
  std::vector<std::string> times;  // beginnings and ends of the windows
  const std::string part = all.substr(from, end - from);
  // "2013-12-15 17:50:00.000000": a time is what begins like this behind a quotation mark.
  for (size_t at = part.find('"'); at != std::string::npos; at = part.find('"', at + 1)) {
    const std::string time = part.substr(at + 1, 19);
    if (time.size() == 19 && time[4] == '-' && time[13] == ':') times.push_back(time);
  }
  Temperature out;
  std::ifstream in(kNab / "data/realKnownCause/machine_temperature_system_failure.csv");
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    const std::string at = line.substr(0, 19);
    bool failing = false;
    for (size_t i = 0; i + 1 < times.size(); i += 2)
      failing = failing || (times[i] <= at && at <= times[i + 1]);
    out.values.push_back(std::stof(line.substr(20)));
    out.failing.push_back(failing);
  }
  return out;
}

TEST(MachineTemperature, failures_stand_out) {
  if (!std::filesystem::exists(kNab)) GTEST_SKIP() << "needs ../shared/data/NAB";
  const Temperature series = read_temperature();
  // Every hour, of the twelve hours before: mean, deviation, least, and last minus first. The first 15 % of
  // the series are learnt, as the benchmark has it.
  Cloud train{{}, {}, 4}, usual = train, anomalies = train;
  const size_t window = 144;
  for (size_t end = window; end <= series.values.size(); end += 12) {
    const std::span<const float> part = std::span(series.values).subspan(end - window, window);
    float mean = 0, squares = 0;
    for (const float value : part) mean += value / static_cast<float>(window);
    for (const float value : part) squares += (value - mean) * (value - mean);
    const float least = *std::min_element(part.begin(), part.end());
    const std::vector<float> point = {mean, std::sqrt(squares / static_cast<float>(window)), least,
                                      part.back() - part.front()};
    bool any = false;
    for (size_t i = end - window; i < end; ++i) any = any || series.failing[i];
    const bool early = end < series.values.size() * 3 / 20;
    Cloud& into = any ? anomalies : early ? train : usual;
    into.values.insert(into.values.end(), point.begin(), point.end());
  }
  ASSERT_EQ(anomalies.points().count, 236);
  const auto scale = fit_standardiser(train.points());
  for (Cloud* cloud : {&train, &usual, &anomalies}) cloud->values = scale->apply(cloud->points());
  Workers workers(2);
  Silent silent;
  const auto area = [&](const Score& score) {
    return *metrics::roc_area(scores(usual.points(), score), scores(anomalies.points(), score));
  };
  const auto neighbours = Neighbours::make(train.points());
  const auto centres = k_means(train.points(), {.centres = 8}, workers, silent);
  const auto forest = fit_forest(train.points(), {}, workers, silent);
  const auto gaussian = fit_gaussian(train.points());
  // Nobody has published an area on these windows: the floors are two points below what was measured.
  EXPECT_GT(area([&](auto point) { return neighbours->distance(point, 5); }), 0.85);
  EXPECT_GT(area([&](auto point) { return centres->distance(point); }), 0.85);
  EXPECT_GT(area([&](auto point) { return gaussian->distance(point); }), 0.83);
  EXPECT_GT(area([&](auto point) { return forest->score(point); }), 0.84);
}

}  // namespace
}  // namespace tadpole::unsupervised
