// Threads wait for a round of work; shards are handed out by an atomic counter.
#include "base/workers.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace tadpole::base {

struct Workers::Pool {
  std::mutex mutex;
  std::condition_variable work_ready, work_done;
  std::vector<std::thread> threads;
  const std::function<void(int)>* body = nullptr;
  int shards = 0;
  int busy = 0;
  uint64_t round = 0;
  bool stopping = false;
  std::atomic<int> next{0};

  void take_shards() {
    for (int shard = next.fetch_add(1); shard < shards; shard = next.fetch_add(1)) (*body)(shard);
  }

  void serve() {
    uint64_t seen = 0;
    std::unique_lock lock(mutex);
    while (true) {
      work_ready.wait(lock, [&] { return stopping || round != seen; });
      if (stopping) return;
      seen = round;
      lock.unlock();
      take_shards();
      lock.lock();
      if (--busy == 0) work_done.notify_one();
    }
  }
};

Workers::Workers(int threads) : pool_(std::make_unique<Pool>()) {
  for (int i = 1; i < threads; ++i) pool_->threads.emplace_back([this] { pool_->serve(); });
}

Workers::~Workers() {
  {
    const std::lock_guard lock(pool_->mutex);
    pool_->stopping = true;
  }
  pool_->work_ready.notify_all();
  for (std::thread& thread : pool_->threads) thread.join();
}

int Workers::threads() const { return static_cast<int>(pool_->threads.size()) + 1; }

void Workers::run(int shards, const std::function<void(int)>& body) {
  if (pool_->threads.empty() || shards <= 1) {
    for (int shard = 0; shard < shards; ++shard) body(shard);
    return;
  }
  {
    const std::lock_guard lock(pool_->mutex);
    pool_->body = &body;
    pool_->shards = shards;
    pool_->next = 0;
    pool_->busy = static_cast<int>(pool_->threads.size());
    ++pool_->round;
  }
  pool_->work_ready.notify_all();
  pool_->take_shards();
  std::unique_lock lock(pool_->mutex);
  pool_->work_done.wait(lock, [&] { return pool_->busy == 0; });
}

int processor_count() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }

}  // namespace tadpole::base
