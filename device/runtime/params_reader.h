// From the words of a step to a kernel's parameter struct, by the list of members that every struct has.
#ifndef TADPOLE_DEVICE_RUNTIME_PARAMS_READER_H_
#define TADPOLE_DEVICE_RUNTIME_PARAMS_READER_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace tadpole {
namespace runtime {

/// A visitor that fills in what it visits. Never reads outside of the words and of the blob; what does not
/// fit makes intact() false and leaves zeros.
class ParamsReader {
 public:
  ParamsReader(const uint8_t* blob, uint32_t blob_bytes, const uint8_t* words, uint32_t count)
      : blob_(blob), blob_bytes_(blob_bytes), words_(words), count_(count) {}

  /// Reads all of a struct. `check`: whether arrays have the sizes that the numbers ask for, which takes a
  /// first reading of the numbers.
  template <class Params>
  void read(Params& params, bool check) {
    Params::visit(*this, params);
    if (!check) return;
    checks_sizes_ = true;
    next_ = 0;
    Params::visit(*this, params);
  }

  /// True when all words were read, all there were, and every array lies in the blob with the size it should
  /// have.
  bool intact() const { return intact_ && next_ == count_; }

  void number(const char*, int32_t& value) { value = static_cast<int32_t>(next()); }
  void number(const char*, float& value) {
    const uint32_t word = next();
    memcpy(&value, &word, sizeof value);
  }
  template <size_t kCount>
  void numbers(const char*, int32_t (&values)[kCount]) {
    for (size_t i = 0; i < kCount; ++i) values[i] = static_cast<int32_t>(next());
  }
  template <class Group>
  void group(const char*, Group& group) {
    Group::visit(*this, group);
  }
  template <class T>
  void array(const char*, const T*& values, size_t count) {
    values = reinterpret_cast<const T*>(bytes(count, sizeof(T)));
  }

 private:
  uint32_t next() {
    if (next_ == count_) {
      intact_ = false;
      return 0;
    }
    uint32_t word;
    memcpy(&word, words_ + next_ * sizeof word, sizeof word);
    ++next_;
    return word;
  }

  const uint8_t* bytes(size_t count, size_t size) {
    const uint32_t offset = next(), stored = next();
    const bool inside = offset <= blob_bytes_ && stored <= blob_bytes_ - offset && offset % 4 == 0;
    const bool fits = !checks_sizes_ || (stored % size == 0 && stored / size == count);
    if (inside && fits) return blob_ + offset;
    intact_ = false;
    return blob_;
  }

  const uint8_t* blob_;
  uint32_t blob_bytes_;
  const uint8_t* words_;
  uint32_t count_;
  uint32_t next_ = 0;
  bool intact_ = true, checks_sizes_ = false;
};

/// One kernel that a runner knows.
struct KernelEntry {
  uint32_t id;
  /// How many operands it takes.
  uint32_t operands;
  /// Reads the parameters; with `operands` not null, runs the kernel when they are intact. Returns whether
  /// they were.
  bool (*run)(ParamsReader& reader, uint8_t* const* operands);
};

template <class Function, Function kFunction>
struct KernelAdapter;

template <class Params, class... Operands, void (*kFunction)(const Params&, Operands*...)>
struct KernelAdapter<void (*)(const Params&, Operands*...), kFunction> {
  template <size_t... kIndex>
  struct Indices {};
  template <size_t kCount, size_t... kRest>
  struct Count : Count<kCount - 1, kCount - 1, kRest...> {};
  template <size_t... kIndex>
  struct Count<0, kIndex...> {
    using Type = Indices<kIndex...>;
  };

  template <size_t... kIndex>
  static void call(const Params& params, uint8_t* const* operands, Indices<kIndex...>) {
    kFunction(params, reinterpret_cast<Operands*>(operands[kIndex])...);
  }

  static bool run(ParamsReader& reader, uint8_t* const* operands) {
    Params params = {};
    reader.read(params, operands == nullptr);
    if (!reader.intact()) return false;
    if (operands != nullptr) call(params, operands, typename Count<sizeof...(Operands)>::Type());
    return true;
  }

  static constexpr KernelEntry entry(uint32_t id) { return {id, sizeof...(Operands), &run}; }
};

/// The entry of a function in namespace tadpole::kernels.
#define TADPOLE_KERNEL_ENTRY(function)                                                              \
  ::tadpole::runtime::                                                                              \
      KernelAdapter<decltype(&::tadpole::kernels::function), &::tadpole::kernels::function>::entry( \
          ::tadpole::runtime::kernel_id(#function))

}  // namespace runtime
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_RUNTIME_PARAMS_READER_H_
