#include "project/lookahead.h"

#include <exception>
#include <string>

#include "train/trainer.h"

namespace tadpole::project {

Lookahead::~Lookahead() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Result<void> Lookahead::announce(int epoch, std::span<const int> indices, uint64_t seed) {
  const std::lock_guard lock(mutex_);
  TADPOLE_CHECK(failed_);
  epochs_.push_back({epoch, {indices.begin(), indices.end()}, seed});
  if (!thread_.joinable()) thread_ = std::thread([this] { serve(); });
  changed_.notify_all();
  return {};
}

void Lookahead::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !epochs_.empty(); });
    if (stopping_) return;
    const Epoch epoch = std::move(epochs_.front());
    epochs_.pop_front();
    lock.unlock();
    Result<void> made;
    try {
      made = make(epoch);
    } catch (const std::exception& exception) {
      made = Error{Code::internal, "making the variants of epoch " + std::to_string(epoch.number) +
                                       " ahead: " + exception.what()};
    }
    lock.lock();
    if (made.ok()) continue;
    failed_ = std::move(made);
    return;
  }
}

Result<void> Lookahead::make(const Epoch& epoch) {
  for (size_t i = epoch.indices.size(); i-- > 0;) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return {};
    }
    Rng rng = train::example_rng(epoch.seed, epoch.number, epoch.indices[i]);
    TADPOLE_CHECK(job_(epoch.indices[i], epoch.number, rng));
  }
  return {};
}

}  // namespace tadpole::project
