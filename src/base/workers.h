// A pool of threads that runs numbered shards. The shard count never depends on the thread count, and callers
// combine results in shard order, so one thread and eight give the same bits.
#pragma once

#include <functional>
#include <memory>

namespace tadpole::base {

/// Thread-safe to construct anywhere; run() is called from one thread at a time.
class Workers {
 public:
  /// `threads` >= 1, the calling thread included. 1 starts none.
  explicit Workers(int threads);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  int threads() const;

  /// Calls body(0) ... body(shards - 1), each once, in any order, and returns when all are done. No heap.
  void run(int shards, const std::function<void(int shard)>& body);

 private:
  struct Pool;
  std::unique_ptr<Pool> pool_;
};

/// The number of processors this process may use, at least 1.
int processor_count();

}  // namespace tadpole::base

namespace tadpole {
using base::Workers;
}  // namespace tadpole
