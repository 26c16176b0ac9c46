// From a list of layers to a graph.
#include "zoo/custom.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "zoo/blocks.h"

namespace tadpole::zoo {

namespace {

/// The layer that is put at the end.
constexpr const char* kAnswer = "answer";

Error bad_list(const std::string& what) { return {Code::config_bad_value, what}; }

class ListBuilder {
 public:
  ListBuilder(GraphBuilder& builder, Value input) : b_(builder), before_(input) {
    made_.emplace_back("input", input);
  }

  Result<void> append(const LayerSpec& spec, int number) {
    name_ = spec.name.empty() ? spec.kind + "_" + std::to_string(number) : spec.name;
    const LayerKind* kind = find_layer_kind(spec.kind);
    if (kind == nullptr) return unknown_kind(spec.kind);
    if (find(name_) != nullptr) return bad_list(where() + ": an earlier layer has that name too.");
    if (name_ == kAnswer) return bad_list(where() + ": the layer at the end has that name. Choose another.");
    TADPOLE_CHECK(check_required(spec, *kind));
    Value x = before_;
    if (!spec.input.empty()) {
      TADPOLE_TRY(x, layer(spec.input, "input"));
    }
    TADPOLE_TRY(before_, build(spec, x));
    made_.emplace_back(name_, before_);
    return {};
  }

  Value last() const { return before_; }

 private:
  std::string where() const { return "layer '" + name_ + "'"; }

  const Value* find(const std::string& name) const {
    for (const auto& [earlier, value] : made_) {
      if (earlier == name) return &value;
    }
    return nullptr;
  }

  Error unknown_kind(const std::string& kind) const {
    std::vector<std::string_view> names;
    for (const LayerKind& known : layer_kinds()) names.push_back(known.name);
    const std::string_view near = base::nearest(kind, names);
    return bad_list(where() + ": there is no kind '" + kind + "'. " +
                    (near.empty() ? "There are: " + base::join_words(names) + "."
                                  : "Did you mean '" + std::string(near) + "'?"));
  }

  Result<Value> layer(const std::string& name, const std::string& key) const {
    if (const Value* value = find(name)) return *value;
    std::vector<std::string_view> names;
    for (const auto& [earlier, value] : made_) names.push_back(earlier);
    const std::string_view near = base::nearest(name, names);
    return bad_list(where() + ": " + key + " = \"" + name + "\", and no earlier layer has that name. " +
                    (near.empty() ? "There are: " + base::join_words(names) + "."
                                  : "Did you mean '" + std::string(near) + "'?"));
  }

  Result<void> check_required(const LayerSpec& spec, const LayerKind& kind) const {
    for (const std::string_view key : kind.required) {
      const bool missing = (key == "filters" && spec.filters < 1) || (key == "units" && spec.units < 1) ||
                           (key == "with" && spec.with.empty()) ||
                           (key == "activation" && spec.activation == "none");
      if (missing) return bad_list(where() + " (" + spec.kind + ") needs '" + std::string(key) + "'.");
    }
    return {};
  }

  /// Rows and columns, or why there are none: windows and pools need a map.
  Result<ir::Shape> map_of(const LayerSpec& spec, Value x) const {
    const ir::Shape& shape = b_.shape(x);
    if (shape.size() == 4) return shape;
    return Error{Code::bad_shape, where() + " (" + spec.kind + "): its input is " + ir::to_string(shape) +
                                      "; needs 1 x height x width x channels."};
  }

  Result<Value> build(const LayerSpec& spec, Value x) {
    using Maker = Result<Value> (ListBuilder::*)(const LayerSpec&, Value);
    static const std::map<std::string_view, Maker> makers = {
        {"conv_2d", &ListBuilder::conv},
        {"depthwise_conv_2d", &ListBuilder::depthwise},
        {"separable_conv_2d", &ListBuilder::separable},
        {"inverted_residual", &ListBuilder::block},
        {"conv_1d", &ListBuilder::conv_over_time},
        {"dense", &ListBuilder::dense},
        {"gru", &ListBuilder::recurrent},
        {"last_row", &ListBuilder::last_row},
        {"max_pool", &ListBuilder::pool},
        {"average_pool", &ListBuilder::pool},
        {"global_average_pool", &ListBuilder::global_pool},
        {"upsample", &ListBuilder::upsample},
        {"flatten", &ListBuilder::flatten},
        {"dropout", &ListBuilder::dropout},
        {"batch_norm", &ListBuilder::normalise},
        {"activation", &ListBuilder::function},
        {"add", &ListBuilder::add},
        {"concatenate", &ListBuilder::concatenate},
    };
    return (this->*makers.at(spec.kind))(spec, x);
  }

  /// Batch norm and activation behind a layer.
  Value finish(const LayerSpec& spec, Value x) {
    if (spec.batch_norm) x = b_.named(name_ + "_norm").batch_norm(x);
    return activate(spec.activation, name_ + "_" + spec.activation, x);
  }

  Value activate(const std::string& activation, const std::string& name, Value x) {
    static const std::map<std::string_view, ir::Op> ops = {{"relu", ir::Op::relu},
                                                           {"relu6", ir::Op::relu6},
                                                           {"tanh", ir::Op::tanh},
                                                           {"logistic", ir::Op::logistic},
                                                           {"hard_swish", ir::Op::hard_swish},
                                                           {"leaky_relu", ir::Op::leaky_relu}};
    const auto op = ops.find(activation);
    if (op == ops.end()) return x;
    return b_.named(name).unary(op->second, x, ir::default_attributes(op->second));
  }

  template <class Attributes>
  static Attributes window(const LayerSpec& spec) {
    Attributes attributes;
    attributes.padding = spec.padding == "valid" ? ir::Padding::valid : ir::Padding::same;
    attributes.stride_h = spec.stride[0];
    attributes.stride_w = spec.stride[1];
    if constexpr (requires { attributes.dilation_h; }) {
      attributes.dilation_h = spec.dilation[0];
      attributes.dilation_w = spec.dilation[1];
    }
    return attributes;
  }

  Result<Value> conv(const LayerSpec& spec, Value x) {
    TADPOLE_CHECK(fits(spec, x));
    return finish(spec, b_.named(name_).conv_2d(x, spec.filters, spec.size[0], spec.size[1],
                                                window<ir::Conv2dAttributes>(spec), !spec.batch_norm));
  }

  Result<Value> depthwise(const LayerSpec& spec, Value x) {
    TADPOLE_CHECK(fits(spec, x));
    auto attributes = window<ir::DepthwiseConv2dAttributes>(spec);
    attributes.depth_multiplier = spec.multiplier;
    return finish(
        spec, b_.named(name_).depthwise_conv_2d(x, spec.size[0], spec.size[1], attributes, !spec.batch_norm));
  }

  Result<Value> separable(const LayerSpec& spec, Value x) {
    TADPOLE_CHECK(fits(spec, x));
    const std::string name = name_;
    name_ = name + "_depthwise";
    x = finish(spec, b_.named(name_).depthwise_conv_2d(x, spec.size[0], spec.size[1],
                                                       window<ir::DepthwiseConv2dAttributes>(spec),
                                                       !spec.batch_norm));
    name_ = name;
    return finish(spec, b_.named(name_).conv_2d(x, spec.filters, 1, 1, {}, !spec.batch_norm));
  }

  Result<Value> block(const LayerSpec& spec, Value x) {
    TADPOLE_CHECK(map_of(spec, x));
    if (spec.size[0] != spec.size[1] || spec.stride[0] != spec.stride[1])
      return bad_list(where() + " (inverted_residual) has a window or stride that is not square.");
    return inverted_residual(b_, x, spec.filters, spec.expansion, spec.size[0], spec.stride[0], name_);
  }

  Result<Value> conv_over_time(LayerSpec const& spec, Value x) {
    TADPOLE_TRY(const ir::Shape in, map_of(spec, x));
    LayerSpec over_rows = spec;
    over_rows.size[1] = over_rows.stride[1] = over_rows.dilation[1] = 1;
    if (in[2] != 1) x = b_.named(name_ + "_steps").reshape(x, {in[0], in[1], 1, in[2] * in[3]});
    return conv(over_rows, x);
  }

  Result<Value> dense(const LayerSpec& spec, Value x) {
    return finish(spec, b_.named(name_).fully_connected(flat(x), spec.units, {}, !spec.batch_norm));
  }

  /// [N, ...] -> [N, rest].
  Value flat(Value x) { return b_.shape(x).size() == 2 ? x : b_.named(name_ + "_flat").flatten(x); }

  Result<Value> recurrent(const LayerSpec& spec, Value x) {
    const ir::Shape in = b_.shape(x);
    if (in.size() == 4) x = b_.named(name_ + "_steps").reshape(x, {in[0], in[1], in[2] * in[3]});
    if (in.size() < 3) {
      return Error{Code::bad_shape,
                   where() + " (gru): its input is " + ir::to_string(in) + "; needs 1 x steps x features."};
    }
    return b_.named(name_).gru(x, spec.units);
  }

  Result<Value> last_row(const LayerSpec&, Value x) {
    if (b_.shape(x).size() != 3) {
      return Error{Code::bad_shape, where() + " (last_row): its input is " + ir::to_string(b_.shape(x)) +
                                        "; needs the rows of a gru."};
    }
    return b_.named(name_).last_step(x);
  }

  Result<Value> pool(const LayerSpec& spec, Value x) {
    TADPOLE_CHECK(fits(spec, x));
    LayerSpec whole = spec;
    for (size_t i = 0; i < 2; ++i) {
      if (whole.stride[i] == 0) whole.stride[i] = spec.size[i];
    }
    auto attributes = window<ir::Pool2dAttributes>(whole);
    attributes.filter_h = spec.size[0];
    attributes.filter_w = spec.size[1];
    b_.named(name_);
    return spec.kind == "max_pool" ? b_.max_pool_2d(x, attributes) : b_.average_pool_2d(x, attributes);
  }

  /// That the window, where nothing is padded, is not larger than the map.
  Result<void> fits(const LayerSpec& spec, Value x) const {
    TADPOLE_TRY(const ir::Shape in, map_of(spec, x));
    for (size_t i = 0; i < 2; ++i) {
      const int64_t reach = int64_t{spec.size[i] - 1} * spec.dilation[i] + 1;
      if (spec.padding != "valid" || reach <= in[i + 1]) continue;
      return Error{Code::bad_shape, where() + " (" + spec.kind + "): its window covers " +
                                        std::to_string(reach) + (i == 0 ? " rows" : " columns") +
                                        " of an input of " + ir::to_string(in) +
                                        ". Make the size smaller, or padding = \"same\"."};
    }
    return {};
  }

  Result<Value> global_pool(const LayerSpec& spec, Value x) {
    TADPOLE_CHECK(map_of(spec, x));
    return b_.named(name_).global_average_pool(x);
  }

  Result<Value> upsample(const LayerSpec& spec, Value x) {
    TADPOLE_TRY(const ir::Shape in, map_of(spec, x));
    const int64_t height = int64_t{in[1]} * spec.size[0], width = int64_t{in[2]} * spec.size[1];
    if (height * width > (1 << 24)) {
      return Error{Code::bad_shape, where() + " (upsample): an input of " + ir::to_string(in) +
                                        " would have " + std::to_string(height) + " x " +
                                        std::to_string(width) + " pixels; the most is 16 million."};
    }
    return b_.named(name_).resize_nearest(x, static_cast<int>(height), static_cast<int>(width));
  }

  Result<Value> flatten(const LayerSpec&, Value x) {
    return b_.shape(x).size() == 2 ? x : b_.named(name_).flatten(x);
  }
  Result<Value> dropout(const LayerSpec& spec, Value x) { return b_.named(name_).dropout(x, spec.rate); }
  Result<Value> normalise(const LayerSpec& spec, Value x) {
    return activate(spec.activation, name_ + "_" + spec.activation, b_.named(name_).batch_norm(x));
  }
  Result<Value> function(const LayerSpec& spec, Value x) { return activate(spec.activation, name_, x); }

  Result<Value> add(const LayerSpec& spec, Value x) {
    for (size_t i = 0; i < spec.with.size(); ++i) {
      TADPOLE_TRY(const Value other, layer(spec.with[i], "with"));
      if (b_.shape(other) != b_.shape(x)) {
        return Error{Code::bad_shape, where() + " (add): '" + spec.with[i] + "' is " +
                                          ir::to_string(b_.shape(other)) + " and its input is " +
                                          ir::to_string(b_.shape(x)) + "; needs equal shapes."};
      }
      x = b_.named(i + 1 == spec.with.size() ? name_ : name_ + "_" + spec.with[i]).add(x, other);
    }
    return activate(spec.activation, name_ + "_" + spec.activation, x);
  }

  Result<Value> concatenate(const LayerSpec& spec, Value x) {
    std::vector<Value> values = {x};
    for (const std::string& name : spec.with) {
      TADPOLE_TRY(const Value other, layer(name, "with"));
      ir::Shape shape = b_.shape(other), own = b_.shape(x);
      shape.back() = own.back() = 1;
      if (shape != own) {
        return Error{Code::bad_shape, where() + " (concatenate): '" + name + "' is " +
                                          ir::to_string(b_.shape(other)) + " and its input is " +
                                          ir::to_string(b_.shape(x)) +
                                          "; needs shapes that differ in channels alone."};
      }
      values.push_back(other);
    }
    return b_.named(name_).concatenation(values, static_cast<int>(b_.shape(x).size()) - 1);
  }

  GraphBuilder& b_;
  Value before_;
  std::string name_;
  std::vector<std::pair<std::string, Value>> made_;
};

}  // namespace

Result<ir::Graph> make_custom(std::span<const LayerSpec> layers, const ir::Shape& input, int outputs,
                              uint64_t seed, Head head, bool answers) {
  if (layers.empty())
    return bad_list(
        "the network has no layers. Write at least one [[model.layers]], or choose another arch.");
  for (const int32_t size : input) {
    if (size < 1) return Error{Code::bad_shape, "the network's input is " + ir::to_string(input) + "."};
  }
  if (answers && outputs < (head == Head::softmax ? 2 : 1)) {
    return Error{Code::bad_shape, "the network has " + std::to_string(outputs) + " outputs; needs at least " +
                                      (head == Head::softmax ? "2." : "1.")};
  }
  GraphBuilder builder("custom", Rng(seed).fork("weights"));
  ListBuilder list(builder, builder.input(input));
  int number = 0;
  for (const LayerSpec& layer : layers) {
    TADPOLE_CHECK(list.append(layer, ++number));
    if (!builder.failed().ok()) return builder.failed().error();
  }
  Value output = list.last();
  if (answers) {
    output = rows(builder, output);
    output = answer(builder.named(kAnswer), output, Wish{1, outputs, head});
  }
  return std::move(builder).finish(output);
}

}  // namespace tadpole::zoo
