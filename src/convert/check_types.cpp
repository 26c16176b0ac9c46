// Which number types belong together in one node. Shapes and order are ir::check_graph's.
#include <cmath>

#include "convert/import.h"

namespace tadpole::convert {

namespace {

using ir::DType;
using ir::Graph;
using ir::Node;
using ir::Op;
using ir::Tensor;

/// So many layers are shown in full in a message.
constexpr size_t kShownLayers = 20;

std::string typed(const Tensor& tensor) {
  return "'" + tensor.name + "' (" + std::string(ir::to_string(tensor.type)) + ")";
}

bool is_scaled_integer(DType type) { return type == DType::int8 || type == DType::int16; }

/// The rules of one node.
class Rules {
 public:
  Rules(const Graph& graph, const Node& node) : graph_(graph), node_(node) {}

  Result<void> check() const {
    switch (node_.op) {
      case Op::conv_2d:
      case Op::fully_connected:
        return weighted(0, 1, 2, 0);
      case Op::depthwise_conv_2d:
        return weighted(0, 1, 2, 3);
      case Op::transpose_conv:
        return weighted(2, 1, 3, 0);
      case Op::batch_matmul:
        return batch_matmul();
      case Op::unidirectional_sequence_lstm:
        return lstm();
      case Op::svdf:
        return svdf();
      case Op::quantize:
        return quantize();
      case Op::dequantize:
        return dequantize();
      case Op::cast:
        return plain(in()).ok() ? plain(out()) : plain(in());
      case Op::arg_max:
        TADPOLE_CHECK(number(in(), true));
        return out().type == DType::int32 || out().type == DType::int64 ? Result<void>{} : mixed(in(), out());
      case Op::softmax:
        return softmax();
      case Op::logistic:
        TADPOLE_CHECK(alike(1, false));
        return fixed_scale(1.0f / 256, -128);
      case Op::tanh:
        TADPOLE_CHECK(alike(1, false));
        return fixed_scale(1.0f / 128, 0);
      case Op::abs:
        return alike(1, true);
      case Op::leaky_relu:
        TADPOLE_CHECK(finite(as<ir::LeakyReluAttributes>().alpha, "alpha"));
        return alike(1, false);
      case Op::prelu:
        TADPOLE_CHECK(need(1));
        TADPOLE_CHECK(constant(in(1), "slopes"));
        return alike(2, false);
      case Op::add:
      case Op::sub:
      case Op::mul:
      case Op::maximum:
      case Op::minimum:
      case Op::squared_difference:
        TADPOLE_CHECK(need(1));
        return alike(2, true);
      case Op::mean:
      case Op::sum:
        return alike(1, true);
      case Op::relu:
      case Op::relu6:
      case Op::hard_swish:
      case Op::exp:
      case Op::rsqrt:
      case Op::average_pool_2d:
      case Op::max_pool_2d:
      case Op::resize_bilinear:
        return alike(1, false);
      case Op::read_variable:
      case Op::assign_variable:
        return variable();
      case Op::gru:
      case Op::batch_norm:
      case Op::dropout:
        return alike(1, false);
      default:
        return moves();
    }
  }

 private:
  const Tensor& in(int index = 0) const { return graph_.input_of(node_, index); }
  const Tensor& out(int index = 0) const { return graph_.output_of(node_, index); }
  bool has(int index) const { return Graph::has_input(node_, index); }
  template <class Attributes>
  const Attributes& as() const {
    return std::get<Attributes>(node_.attributes);
  }
  std::string where() const { return layer(node_); }

  Error unsupported(const std::string& what) const {
    return {Code::tflite_unsupported, where() + ": " + what};
  }
  Error mixed(const Tensor& a, const Tensor& b) const {
    return {Code::type_unsupported,
            where() + " mixes " + typed(a) + " and " + typed(b) +
                ", which no kernel takes together. Export the model as float32, or quantise it throughout."};
  }

  Result<void> need(int index) const {
    if (has(index)) return {};
    return Error{Code::tflite_damaged, where() + " has no input " + std::to_string(index) + "."};
  }

  Result<void> constant(const Tensor& tensor, const std::string& what) const {
    if (tensor.is_constant()) return {};
    return unsupported("computes its " + what + " '" + tensor.name + "' while it runs; needs a constant.");
  }

  Result<void> finite(float value, const std::string& what) const {
    if (std::isfinite(value)) return {};
    return Error{Code::tflite_damaged,
                 where() + " has " + what + " " + std::to_string(value) + "; needs a finite number."};
  }

  /// One scale and zero point; for constants and activations that are computed with.
  Result<void> one_scale(const Tensor& tensor) const {
    if (!tensor.quantisation) {
      return unsupported(
          typed(tensor) +
          " has no scale and zero point, so its values mean nothing. Convert the model again.");
    }
    if (!tensor.quantisation->per_channel()) return {};
    return unsupported("activation " + typed(tensor) + " has " +
                       std::to_string(tensor.quantisation->scales.size()) +
                       " scales; the int8 specification gives activations one.");
  }

  /// float32, int8 or int16 with one scale, and int32 where the specification has it.
  Result<void> number(const Tensor& tensor, bool int32_too) const {
    if (tensor.type == DType::float32 || (int32_too && tensor.type == DType::int32)) return {};
    if (is_scaled_integer(tensor.type)) return one_scale(tensor);
    if (tensor.type == DType::uint8) {
      return unsupported("computes with " + typed(tensor) +
                         " without a scale. Put a CAST or QUANTIZE before it, or convert the model again "
                         "with int8 throughout.");
    }
    return Error{Code::type_unsupported, where() + " computes with " + typed(tensor) +
                                             "; needs float32, int8" +
                                             (int32_too ? ", int16 or int32." : " or int16.")};
  }

  /// The first inputs and all outputs have one type.
  Result<void> alike(int inputs, bool int32_too) const {
    for (int i = 0; i < inputs; ++i) {
      TADPOLE_CHECK(number(in(i), int32_too));
      if (in(i).type != in().type) return mixed(in(), in(i));
    }
    TADPOLE_CHECK(number(out(), int32_too));
    return out().type == in().type ? Result<void>{} : mixed(in(), out());
  }

  /// Any type but packed weights.
  Result<void> plain(const Tensor& tensor) const {
    if (tensor.type != DType::int4) return {};
    return Error{Code::type_unsupported,
                 where() + " computes with " + typed(tensor) + "; int4 is for weights. Use int8."};
  }

  Result<void> weights(const Tensor& from, DType activations, int axis) const {
    TADPOLE_CHECK(constant(from, "weights"));
    const bool integer = from.type == DType::int8 || from.type == DType::int4;
    if (activations == DType::float32 && from.type == DType::float32) return {};
    if (!integer) return mixed(in(), from);
    if (!from.quantisation)
      return unsupported("weights '" + from.name + "' have no scale. Convert the model again.");
    for (const int32_t zero : from.quantisation->zero_points) {
      if (zero == 0) continue;
      return unsupported("weights '" + from.name + "' have zero point " + std::to_string(zero) +
                         "; the int8 specification wants 0 (128 in a uint8 model). Convert the float model "
                         "again with int8 weights.");
    }
    if (from.quantisation->per_channel() && from.quantisation->axis != axis) {
      return unsupported("weights '" + from.name + "' have scales along axis " +
                         std::to_string(from.quantisation->axis) + "; needs axis " + std::to_string(axis) +
                         ".");
    }
    return {};
  }

  Result<void> bias(int index, DType activations) const {
    if (!has(index)) return {};
    TADPOLE_CHECK(constant(in(index), "bias"));
    const DType type = in(index).type;
    const bool fits = activations == DType::float32 ? type == DType::float32
                      : activations == DType::int16 ? type == DType::int64 || type == DType::int32
                                                    : type == DType::int32;
    return fits ? Result<void>{} : mixed(in(), in(index));
  }

  Result<void> weighted(int input, int weight, int bias_index, int axis) const {
    const Tensor& from = in(input);
    TADPOLE_CHECK(number(from, false));
    TADPOLE_CHECK(number(out(), false));
    TADPOLE_CHECK(weights(in(weight), from.type, axis));
    TADPOLE_CHECK(bias(bias_index, from.type));
    return from.type == out().type ? Result<void>{} : mixed(from, out());
  }

  /// Float activations may meet int8 weights here too.
  Result<void> batch_matmul() const {
    TADPOLE_CHECK(number(in(), false));
    TADPOLE_CHECK(number(in(1), false));
    TADPOLE_CHECK(number(out(), false));
    if (in().type != out().type) return mixed(in(), out());
    const bool hybrid = in().type == DType::float32 && in(1).type == DType::int8 && in(1).is_constant();
    return hybrid || in(1).type == in().type ? Result<void>{} : mixed(in(), in(1));
  }

  Result<void> lstm() const {
    const DType type = in().type;
    TADPOLE_CHECK(alike(1, false));
    const auto& attributes = as<ir::LstmAttributes>();
    TADPOLE_CHECK(finite(attributes.cell_clip, "a cell clip of"));
    TADPOLE_CHECK(finite(attributes.projection_clip, "a projection clip of"));
    for (const int index : {1, 2, 3, 4, 5, 6, 7, 8, 16}) {
      if (has(index)) TADPOLE_CHECK(weights(in(index), type, 0));
    }
    for (const int index : {12, 13, 14, 15, 17}) TADPOLE_CHECK(bias(index, type));
    const DType peephole = type == DType::float32 ? DType::float32 : DType::int16;
    for (const int index : {9, 10, 11, 20, 21, 22, 23}) {
      if (!has(index)) continue;
      TADPOLE_CHECK(constant(in(index), "weights"));
      const bool hybrid = type == DType::float32 && in(index).type == DType::int8;
      if (in(index).type != peephole && !hybrid) return mixed(in(), in(index));
    }
    if (in(18).type != type) return mixed(in(), in(18));
    if (in(19).type != peephole) return mixed(in(), in(19));
    TADPOLE_CHECK(number(in(18), false));
    return number(in(19), false);
  }

  Result<void> svdf() const {
    const DType type = in().type;
    TADPOLE_CHECK(alike(1, false));
    if (type == DType::int16) return unsupported("has int16 input; SVDF takes float32 or int8.");
    TADPOLE_CHECK(weights(in(1), type, 0));
    TADPOLE_CHECK(constant(in(2), "weights"));
    const DType time = in(2).type, state = in(4).type;
    if (type == DType::float32) {
      if (time != DType::float32 && time != DType::int8) return mixed(in(), in(2));
      if (state != DType::float32) return mixed(in(), in(4));
    } else {
      if (time != DType::int8 && time != DType::int16) return mixed(in(), in(2));
      if (state != DType::int8 && state != DType::int16) return mixed(in(), in(4));
    }
    if (time != DType::float32) TADPOLE_CHECK(one_scale(in(2)));
    TADPOLE_CHECK(number(in(4), false));
    return bias(3, type);
  }

  Result<void> quantize() const {
    for (const Tensor* tensor : {&in(), &out()}) {
      const bool integer =
          is_scaled_integer(tensor->type) || tensor->type == DType::uint8 || tensor->type == DType::int32;
      if (tensor->type == DType::float32 && tensor == &in()) continue;
      if (!integer) return mixed(in(), out());
      TADPOLE_CHECK(one_scale(*tensor));
    }
    return {};
  }

  Result<void> dequantize() const {
    const bool integer =
        is_scaled_integer(in().type) || in().type == DType::uint8 || in().type == DType::int32;
    if (!integer || out().type != DType::float32) return mixed(in(), out());
    return one_scale(in());
  }

  Result<void> softmax() const {
    const float beta = as<ir::SoftmaxAttributes>().beta;
    if (!std::isfinite(beta) || beta <= 0) {
      return Error{Code::tflite_damaged,
                   where() + " has beta " + std::to_string(beta) + "; needs a positive number."};
    }
    if (in().type != DType::int8 || out().type != DType::int16) {
      TADPOLE_CHECK(alike(1, false));
      return fixed_scale(1.0f / 256, -128);
    }
    TADPOLE_CHECK(one_scale(in()));
    TADPOLE_CHECK(one_scale(out()));
    return scale_is(1.0f / 65536, -32768);
  }

  /// The int8 specification fixes the scale of outputs with a known range; int16 ones have 1/32768.
  Result<void> fixed_scale(float int8_scale, int32_t int8_zero) const {
    if (!is_scaled_integer(out().type)) return {};
    const bool wide = out().type == DType::int16;
    const float scale = wide ? 1.0f / 32768 : int8_scale;
    const int32_t zero = wide ? 0 : int8_zero;
    return scale_is(scale, zero);
  }

  Result<void> scale_is(float scale, int32_t zero) const {
    const ir::Quantisation& q = *out().quantisation;
    if (q.scales[0] == scale && q.zero_points[0] == zero) return {};
    return unsupported("its output has scale " + std::to_string(q.scales[0]) + " and zero point " +
                       std::to_string(q.zero_points[0]) + "; the " +
                       (out().type == DType::int16 ? "int16" : "int8") + " specification fixes 1/" +
                       std::to_string(static_cast<int>(1 / scale)) + " and " + std::to_string(zero) + ".");
  }

  /// A value is copied as it is stored.
  Result<void> variable() const {
    TADPOLE_CHECK(plain(in()));
    if (in().type != out().type) return mixed(in(), out());
    if (in().quantisation == out().quantisation) return {};
    return unsupported("'" + in().name + "' and '" + out().name +
                       "' have different scales, and a variable keeps its value as it is stored. Quantise "
                       "before assigning.");
  }

  /// Inputs and outputs that carry values have one type; numbers for the operator itself are ir's to check.
  Result<void> moves() const {
    const Tensor& from = node_.op == Op::split ? in(1) : in();
    TADPOLE_CHECK(plain(from));
    const bool joins = node_.op == Op::concatenation || node_.op == Op::pack;
    for (int i = 1; joins && i < static_cast<int>(node_.inputs.size()); ++i) {
      if (in(i).type != from.type) return mixed(from, in(i));
    }
    for (int i = 0; i < static_cast<int>(node_.outputs.size()); ++i) {
      if (out(i).type != from.type) return mixed(from, out(i));
    }
    if (node_.op == Op::gather && in(1).type != DType::int32) {
      return Error{Code::type_unsupported,
                   where() + " takes its indices from " + typed(in(1)) + "; needs int32. Add a CAST."};
    }
    if (node_.op == Op::pad_v2) {
      TADPOLE_CHECK(need(2));
      TADPOLE_CHECK(constant(in(2), "value"));
      if (in(2).type != from.type) return mixed(from, in(2));
      if (ir::element_count(in(2).shape) != 1)
        return unsupported("pads with '" + in(2).name + "', which holds " + ir::to_string(in(2).shape) +
                           " values; needs one.");
    }
    return {};
  }

  const Graph& graph_;
  const Node& node_;
};

}  // namespace

Result<void> check_types(const ir::Graph& graph) {
  std::string text;
  std::optional<Code> code;
  size_t count = 0;
  for (const Node& node : graph.nodes) {
    const auto checked = Rules(graph, node).check();
    if (checked.ok()) continue;
    if (!code) code = checked.error().code;
    if (++count <= kShownLayers) text += (text.empty() ? "" : " ") + checked.error().detail;
  }
  if (!code) return {};
  if (count > kShownLayers) text += " And " + std::to_string(count - kShownLayers) + " more layers.";
  return Error{*code, text};
}

}  // namespace tadpole::convert
