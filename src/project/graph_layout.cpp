// Ranks, order, positions, columns.
#include "project/graph_layout.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tadpole::project {
namespace {

constexpr double kGapX = 26, kGapY = 30, kGutter = 54, kBendWidth = 18;
constexpr double kWantedAspect = 1.35;  ///< width to height of the whole picture
constexpr int kSweeps = 12;

/// A box, or a bend of an arrow that passes a rank.
struct Point {
  int box = -1;
  int rank = 0;
  double width = 0, height = 0, x = 0;  ///< x: of the centre
  std::vector<int> above, below;
};

class Layout {
 public:
  Layout(std::vector<PictureBox>& boxes, std::vector<PictureArrow>& arrows)
      : boxes_(boxes), arrows_(arrows) {}

  PictureSize run() {
    make_points();
    order();
    position();
    return place_columns();
  }

 private:
  void make_points() {
    for (const PictureBox& box : boxes_)
      points_.push_back({static_cast<int>(points_.size()), 0, box.width, box.height, 0, {}, {}});
    std::vector<const PictureArrow*> by_target;  // in this order a source has its rank before it is used
    for (const PictureArrow& arrow : arrows_) by_target.push_back(&arrow);
    std::stable_sort(by_target.begin(), by_target.end(),
                     [](const PictureArrow* a, const PictureArrow* b) { return a->to < b->to; });
    for (const PictureArrow* arrow : by_target)
      at(arrow->to).rank = std::max(at(arrow->to).rank, at(arrow->from).rank + 1);
    int last = 0;
    for (const Point& point : points_) last = std::max(last, point.rank);
    for (const PictureArrow& arrow : arrows_) {
      std::vector<int> chain;
      int previous = arrow.from;
      for (int rank = at(arrow.from).rank + 1; rank < at(arrow.to).rank; ++rank) {
        const int bend = static_cast<int>(points_.size());
        points_.push_back({-1, rank, kBendWidth, 0, 0, {}, {}});
        connect(previous, bend);
        chain.push_back(bend);
        previous = bend;
      }
      connect(previous, arrow.to);
      chains_.push_back(std::move(chain));
    }
    ranks_.resize(static_cast<size_t>(last) + 1);
    for (size_t i = 0; i < points_.size(); ++i)
      ranks_[static_cast<size_t>(points_[i].rank)].push_back(static_cast<int>(i));
  }

  void connect(int from, int to) {
    at(from).below.push_back(to);
    at(to).above.push_back(from);
  }

  /// Barycentres, down and up in turn.
  void order() {
    std::vector<double> place(points_.size());
    const auto number = [&](const std::vector<int>& rank) {
      for (size_t i = 0; i < rank.size(); ++i) place[static_cast<size_t>(rank[i])] = static_cast<double>(i);
    };
    for (const auto& rank : ranks_) number(rank);
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      const bool down = sweep % 2 == 0;
      for (size_t i = 0; i < ranks_.size(); ++i) {
        auto& rank = ranks_[down ? i : ranks_.size() - 1 - i];
        std::vector<std::pair<double, int>> keys;
        for (const int p : rank) keys.emplace_back(mean(down ? at(p).above : at(p).below, place, p), p);
        std::stable_sort(keys.begin(), keys.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
        for (size_t k = 0; k < keys.size(); ++k) rank[k] = keys[k].second;
        number(rank);
      }
    }
  }

  static double mean(const std::vector<int>& neighbours, const std::vector<double>& place, int self) {
    if (neighbours.empty()) return place[static_cast<size_t>(self)];
    double sum = 0;
    for (const int n : neighbours) sum += place[static_cast<size_t>(n)];
    return sum / static_cast<double>(neighbours.size());
  }

  /// Draws each point towards its neighbours; the mean of pushing apart from the left and from the right
  /// keeps order and gaps.
  void position() {
    for (auto& rank : ranks_) settle(rank);
    for (int sweep = 0; sweep < 2 * kSweeps; ++sweep) {
      for (size_t i = 0; i < ranks_.size(); ++i) {
        auto& rank = ranks_[sweep % 2 == 0 ? i : ranks_.size() - 1 - i];
        std::vector<double> wanted;
        for (const int p : rank) wanted.push_back(centre_of_neighbours(p, sweep % 2 == 0));
        for (size_t k = 0; k < rank.size(); ++k) at(rank[k]).x = wanted[k];
        settle(rank);
      }
    }
  }

  double centre_of_neighbours(int p, bool down) const {
    const Point& point = points_[static_cast<size_t>(p)];
    const auto& first = down ? point.above : point.below;
    const auto& neighbours = first.empty() ? (down ? point.below : point.above) : first;
    if (neighbours.empty()) return point.x;
    double sum = 0;
    for (const int n : neighbours) sum += points_[static_cast<size_t>(n)].x;
    return sum / static_cast<double>(neighbours.size());
  }

  void settle(const std::vector<int>& rank) {
    std::vector<double> from_left, from_right(rank.size());
    for (size_t i = 0; i < rank.size(); ++i)
      from_left.push_back(i == 0 ? at(rank[0]).x
                                 : std::max(at(rank[i]).x, from_left[i - 1] + apart(rank, i)));
    for (size_t i = rank.size(); i-- > 0;)
      from_right[i] = i + 1 == rank.size() ? at(rank[i]).x
                                           : std::min(at(rank[i]).x, from_right[i + 1] - apart(rank, i + 1));
    for (size_t i = 0; i < rank.size(); ++i) at(rank[i]).x = (from_left[i] + from_right[i]) / 2;
  }

  double apart(const std::vector<int>& rank, size_t i) {
    return (at(rank[i - 1]).width + at(rank[i]).width) / 2 + kGapX;
  }

  double height_of(const std::vector<int>& rank) const {
    double height = 0;
    for (const int p : rank) height = std::max(height, points_[static_cast<size_t>(p)].height);
    return height;
  }

  /// A column may end behind a box that stands alone, with no arrow beside it.
  bool may_end_after(size_t rank) const {
    return ranks_[rank].size() == 1 && points_[static_cast<size_t>(ranks_[rank][0])].box >= 0;
  }

  std::vector<size_t> column_starts() const {
    double area = 0;
    for (const auto& rank : ranks_) {
      double width = kGutter;
      for (const int p : rank) width += points_[static_cast<size_t>(p)].width;
      area += width * (height_of(rank) + kGapY);
    }
    const double wanted = std::sqrt(area / kWantedAspect);
    std::vector<size_t> starts = {0};
    double height = 0;
    for (size_t rank = 0; rank + 1 < ranks_.size(); ++rank) {
      height += height_of(ranks_[rank]) + kGapY;
      if (height + height_of(ranks_[rank + 1]) <= std::max(wanted, 420.0) || !may_end_after(rank)) continue;
      starts.push_back(rank + 1);
      height = 0;
    }
    return starts;
  }

  PictureSize place_columns() {
    std::vector<double> centre_y(points_.size());
    std::vector<size_t> starts = column_starts();
    starts.push_back(ranks_.size());
    PictureSize size;
    double left = 0;
    for (size_t column = 0; column + 1 < starts.size(); ++column) {
      double low = 1e30, high = -1e30, y = 0;
      for (size_t r = starts[column]; r < starts[column + 1]; ++r) {
        for (const int p : ranks_[r]) {
          low = std::min(low, at(p).x - at(p).width / 2);
          high = std::max(high, at(p).x + at(p).width / 2);
        }
      }
      for (size_t r = starts[column]; r < starts[column + 1]; ++r) {
        const double height = height_of(ranks_[r]);
        for (const int p : ranks_[r]) {
          at(p).x += left - low;
          centre_y[static_cast<size_t>(p)] = y + height / 2;
        }
        y += height + kGapY;
      }
      size.width = left + high - low;
      size.height = std::max(size.height, y - kGapY);
      left = size.width + kGutter;
      ends_.push_back({starts[column + 1], size.width + kGutter / 2});
    }
    write_back(centre_y);
    return size;
  }

  void write_back(const std::vector<double>& centre_y) {
    for (size_t i = 0; i < boxes_.size(); ++i) {
      boxes_[i].x = points_[i].x - boxes_[i].width / 2;
      boxes_[i].y = centre_y[i] - boxes_[i].height / 2;
    }
    for (size_t a = 0; a < arrows_.size(); ++a) {
      for (const int bend : chains_[a]) {  // straight beside the boxes of the rank
        const double half = height_of(ranks_[static_cast<size_t>(at(bend).rank)]) / 2;
        arrows_[a].bends.emplace_back(at(bend).x, centre_y[static_cast<size_t>(bend)] - half);
        arrows_[a].bends.emplace_back(at(bend).x, centre_y[static_cast<size_t>(bend)] + half);
      }
      for (const auto& [end, gutter] : ends_) {
        const bool over = static_cast<size_t>(at(arrows_[a].from).rank) < end &&
                          static_cast<size_t>(at(arrows_[a].to).rank) >= end;
        if (!over) continue;
        arrows_[a].next_column = true;
        arrows_[a].gutter_x = gutter;
      }
    }
  }

  Point& at(int index) { return points_[static_cast<size_t>(index)]; }

  std::vector<PictureBox>& boxes_;
  std::vector<PictureArrow>& arrows_;
  std::vector<Point> points_;
  std::vector<std::vector<int>> chains_;  ///< bends of each arrow
  std::vector<std::vector<int>> ranks_;
  std::vector<std::pair<size_t, double>> ends_;  ///< of columns: first rank behind, x of the gutter
};

}  // namespace

PictureSize lay_out_picture(std::vector<PictureBox>& boxes, std::vector<PictureArrow>& arrows) {
  if (boxes.empty()) return {};
  return Layout(boxes, arrows).run();
}

}  // namespace tadpole::project
