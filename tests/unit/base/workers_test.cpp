// Every shard once, whatever the number of threads.
#include "base/workers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace tadpole::base {
namespace {

TEST(Workers, run_every_shard_once_for_any_number_of_threads) {
  for (const int threads : {1, 2, 3, 8}) {
    Workers workers(threads);
    EXPECT_EQ(workers.threads(), threads);
    for (int round = 0; round < 200; ++round) {
      std::vector<std::atomic<int>> seen(17);
      workers.run(17, [&](int shard) { ++seen[static_cast<size_t>(shard)]; });
      for (const auto& count : seen) ASSERT_EQ(count.load(), 1);
    }
  }
}

TEST(Workers, run_with_no_shards_returns) {
  Workers workers(2);
  workers.run(0, [](int) { FAIL(); });
}

}  // namespace
}  // namespace tadpole::base
