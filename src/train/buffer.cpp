// Memory of the training network.
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "train/layer.h"

namespace tadpole::train {

namespace {

constexpr std::align_val_t kCacheLine{64};
constexpr size_t kHugePage = size_t{2} << 20;

}  // namespace

// The passes stream through tens of megabytes, thousands of small pages: more than a processor remembers the
// addresses of. Large buffers therefore ask for huge pages, which Linux gives where it has them.
Buffer::Buffer(size_t count) : count_(count) {
  const size_t bytes = std::max<size_t>(count, 1) * sizeof(float);
  const bool huge = bytes >= 2 * kHugePage;
  const std::align_val_t border = huge ? std::align_val_t{kHugePage} : kCacheLine;
  data_ = {static_cast<float*>(::operator new(bytes, border)), Release{border}};
#if defined(__linux__)
  // Only advice: where it is refused the memory is the same, with small pages.
  if (huge) (void)::madvise(data_.get(), bytes, MADV_HUGEPAGE);
#endif
  std::memset(data_.get(), 0, count * sizeof(float));
}

}  // namespace tadpole::train
