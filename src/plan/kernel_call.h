// A device kernel with its parameters, whatever its type: can be run on the host and lists its parameters, so
// that generated code is made from the same facts that the host executes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tadpole::plan {

/// Sees each member of a parameter struct in the order of declaration.
class ParamVisitor {
 public:
  virtual ~ParamVisitor() = default;
  virtual void number(std::string_view name, int32_t value) = 0;
  virtual void number(std::string_view name, float value) = 0;
  virtual void numbers(std::string_view name, std::span<const int32_t> values) = 0;
  virtual void begin_group(std::string_view name) = 0;
  virtual void end_group() = 0;
  virtual void array(std::string_view name, std::span<const int8_t> values) = 0;
  virtual void array(std::string_view name, std::span<const int16_t> values) = 0;
  virtual void array(std::string_view name, std::span<const int32_t> values) = 0;
  virtual void array(std::string_view name, std::span<const float> values) = 0;
};

/// Names of a kernel as generated code needs them; all in namespace tadpole::kernels.
struct KernelName {
  std::string_view header;    ///< "device/kernels/ref/add.h"
  std::string_view params;    ///< "AddInt8Params"
  std::string_view function;  ///< "add_int8"
};

/// TADPOLE_KERNEL("ref/add.h", AddInt8Params, add_int8): the first two arguments of make_call.
#define TADPOLE_KERNEL(header, params, function) \
  ::tadpole::plan::KernelName{"device/kernels/" header, #params, #function}, &::tadpole::kernels::function

/// Keeps the arrays alive that a parameter struct points to.
class Constants {
 public:
  /// A copy or the moved values, at an address that stays.
  template <class T>
  const T* keep(std::vector<T> values) {
    auto kept = std::make_shared<const std::vector<T>>(std::move(values));
    kept_.push_back(kept);
    return kept->data();
  }

 private:
  std::vector<std::shared_ptr<const void>> kept_;
};

/// Immutable.
class KernelCall {
 public:
  explicit KernelCall(const KernelName& name) : name_(name) {}
  virtual ~KernelCall() = default;
  KernelCall(const KernelCall&) = delete;
  KernelCall& operator=(const KernelCall&) = delete;

  const KernelName& name() const { return name_; }
  /// Calls the kernel. One pointer for each of operand_types().
  virtual void run(uint8_t* const* operands) const = 0;
  virtual void visit(ParamVisitor& visitor) const = 0;
  /// "const int8_t*", "float*", ... : the kernel's arguments after the parameters.
  virtual std::vector<std::string_view> operand_types() const = 0;
  /// Parameters and the arrays they point to, as on a 32-bit chip.
  int64_t constant_bytes() const;

 private:
  KernelName name_;
};

namespace detail {

/// Turns a struct's visit() into calls of a ParamVisitor.
struct VisitAdapter {
  ParamVisitor& visitor;

  void number(std::string_view name, int32_t value) { visitor.number(name, value); }
  void number(std::string_view name, float value) { visitor.number(name, value); }
  template <size_t kCount>
  void numbers(std::string_view name, const int32_t (&values)[kCount]) {
    visitor.numbers(name, values);
  }
  template <class Group>
  void group(std::string_view name, const Group& group) {
    visitor.begin_group(name);
    Group::visit(*this, group);
    visitor.end_group();
  }
  template <class T>
  void array(std::string_view name, const T* values, size_t count) {
    visitor.array(name, std::span<const T>(values, count));
  }
};

template <class T>
constexpr std::string_view type_name() {
  using Plain = std::remove_const_t<T>;
  constexpr bool is_const = std::is_const_v<T>;
  if constexpr (std::is_same_v<Plain, int8_t>) return is_const ? "const int8_t*" : "int8_t*";
  if constexpr (std::is_same_v<Plain, uint8_t>) return is_const ? "const uint8_t*" : "uint8_t*";
  if constexpr (std::is_same_v<Plain, int16_t>) return is_const ? "const int16_t*" : "int16_t*";
  if constexpr (std::is_same_v<Plain, int32_t>) return is_const ? "const int32_t*" : "int32_t*";
  if constexpr (std::is_same_v<Plain, float>) return is_const ? "const float*" : "float*";
}

template <class Params, class... Operands>
class TypedCall final : public KernelCall {
 public:
  using Kernel = void (*)(const Params&, Operands*...);
  TypedCall(const KernelName& name, Kernel kernel, const Params& params, Constants constants)
      : KernelCall(name), kernel_(kernel), params_(params), constants_(std::move(constants)) {}

  void run(uint8_t* const* operands) const override { run(operands, std::index_sequence_for<Operands...>{}); }
  void visit(ParamVisitor& visitor) const override {
    VisitAdapter adapter{visitor};
    Params::visit(adapter, params_);
  }
  std::vector<std::string_view> operand_types() const override { return {type_name<Operands>()...}; }

 private:
  template <size_t... kIndex>
  void run(uint8_t* const* operands, std::index_sequence<kIndex...>) const {
    kernel_(params_, reinterpret_cast<Operands*>(operands[kIndex])...);
  }

  Kernel kernel_;
  Params params_;
  Constants constants_;
};

}  // namespace detail

/// make_call(TADPOLE_KERNEL(...), params, constants).
template <class Params, class... Operands>
std::shared_ptr<const KernelCall> make_call(const KernelName& name,
                                            void (*kernel)(const Params&, Operands*...), const Params& params,
                                            Constants constants = {}) {
  return std::make_shared<detail::TypedCall<Params, Operands...>>(name, kernel, params, std::move(constants));
}

}  // namespace tadpole::plan
