// A training step must not touch the heap: everything is allocated when the network is compiled.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "toy.h"
#include "train/network.h"
#include "train/optimiser.h"

namespace {
std::atomic<long> allocations{0};
}

void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace tadpole::train {
namespace {

TEST(Network, allocates_nothing_after_the_first_step) {
  auto network = Network::compile(spot_graph(), 24);
  ASSERT_TRUE(network.ok());
  for (float& value : (*network)->example(3)) value = 1;
  Workers workers(2);
  const TrainOptions options;
  OptimiserState optimiser(**network, options.optimiser);
  const auto step = [&](int number) {
    (*network)->train_step(workers, 1);
    optimiser.update(**network, workers, options, number);
    (*network)->evaluate(workers, 24);
  };
  step(0);
  const long before = allocations;
  for (int i = 1; i < 5; ++i) step(i);
  EXPECT_EQ(allocations - before, 0);
  const std::vector<int> counted(5);
  EXPECT_GT(allocations - before, 0) << "the count itself must work";
}

}  // namespace
}  // namespace tadpole::train
