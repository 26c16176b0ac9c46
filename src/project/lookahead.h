// A thread that makes what coming epochs will need while the network learns from this one. Private to this
// room.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/rng.h"

namespace tadpole::project {

class Lookahead {
 public:
  /// Makes what example `index` needs in `epoch`; `rng` is the one that the trainer will draw with then.
  using Job = std::function<Result<void>(int index, int epoch, Rng& rng)>;

  /// `job` is called from the thread, which starts with the first announcement.
  explicit Lookahead(Job job) : job_(std::move(job)) {}
  /// Stops after the example at hand.
  ~Lookahead();
  Lookahead(const Lookahead&) = delete;
  Lookahead& operator=(const Lookahead&) = delete;

  /// Epoch `epoch` will draw `indices`, in this order. They are done from the last to the first, so that a
  /// trainer that makes for itself what it does not find meets the thread in the middle. Fails: as the job
  /// did in an earlier epoch; an exception in it is `internal` with its words.
  Result<void> announce(int epoch, std::span<const int> indices, uint64_t seed);

 private:
  struct Epoch {
    int number;
    std::vector<int> indices;
    uint64_t seed;
  };
  void serve();
  Result<void> make(const Epoch& epoch);

  Job job_;
  std::mutex mutex_;  // of all that follows but the thread
  std::condition_variable changed_;
  std::deque<Epoch> epochs_;
  Result<void> failed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tadpole::project
