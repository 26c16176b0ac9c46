// One list of fields serves writing and reading, so that the two cannot disagree.
#include "train/checkpoint.h"

#include <cstring>

#include "base/bit_cast.h"
#include "base/hash.h"

namespace tadpole::train {

namespace {

constexpr uint32_t kMagic = 0x4b435054;  // "TPCK"
constexpr uint32_t kVersion = 2;
constexpr size_t kHeaderBytes = 20;

class Writer {
 public:
  void number(uint64_t value) {
    for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }
  void short_number(uint32_t value) {
    for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }
  void field(const uint64_t& value) { number(value); }
  void field(const double& value) { number(bit_cast<uint64_t>(value)); }
  void field(const std::string& text) {
    number(text.size());
    bytes.insert(bytes.end(), text.begin(), text.end());
  }
  void field(const std::vector<uint64_t>& values) {
    number(values.size());
    for (const uint64_t value : values) number(value);
  }
  void field(const std::vector<float>& values) {
    number(values.size());
    for (const float value : values) short_number(bit_cast<uint32_t>(value));
  }
  void field(const std::vector<EpochMetrics>& history) {
    number(history.size());
    for (const EpochMetrics& m : history) {
      number(static_cast<uint64_t>(m.epoch));
      number(static_cast<uint64_t>(m.update));
      for (const float value : {m.learning_rate, m.train_loss, m.train_accuracy, m.validation_loss,
                                m.validation_accuracy, m.train_error, m.validation_error}) {
        short_number(bit_cast<uint32_t>(value));
      }
      field(m.seconds);
      field(m.samples_per_second);
    }
  }

  std::vector<uint8_t> bytes;
};

/// Every read is checked against what is left; after the first failure all further reads give zeros.
class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : left_(bytes) {}

  uint64_t number(size_t size = 8) {
    if (left_.size() < size) return fail();
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) value |= static_cast<uint64_t>(left_[i]) << (8 * i);
    left_ = left_.subspan(size);
    return value;
  }
  float real() { return bit_cast<float>(static_cast<uint32_t>(number(4))); }
  /// A count of elements that can really follow.
  size_t count(size_t element_bytes) {
    const uint64_t value = number();
    if (value > left_.size() / element_bytes) return fail();
    return static_cast<size_t>(value);
  }
  void field(uint64_t& value) { value = number(); }
  void field(double& value) { value = bit_cast<double>(number()); }
  void field(std::string& text) {
    text.resize(count(1));
    for (char& c : text) c = static_cast<char>(number(1));
  }
  void field(std::vector<uint64_t>& values) {
    values.resize(count(8));
    for (uint64_t& value : values) value = number();
  }
  void field(std::vector<float>& values) {
    values.resize(count(4));
    for (float& value : values) value = real();
  }
  void field(std::vector<EpochMetrics>& history) {
    history.resize(count(60));
    for (EpochMetrics& m : history) {
      m.epoch = static_cast<int>(number() & 0x7fffffff);
      m.update = static_cast<int>(number() & 0x7fffffff);
      for (float* value : {&m.learning_rate, &m.train_loss, &m.train_accuracy, &m.validation_loss,
                           &m.validation_accuracy, &m.train_error, &m.validation_error}) {
        *value = real();
      }
      field(m.seconds);
      field(m.samples_per_second);
    }
  }
  bool whole() const { return ok_ && left_.empty(); }

 private:
  size_t fail() {
    ok_ = false;
    left_ = {};
    return 0;
  }

  std::span<const uint8_t> left_;
  bool ok_ = true;
};

template <class Stream, class Fields>
void each_field(Stream& stream, Fields& c) {
  stream.field(c.graph);
  stream.field(c.training_examples);
  stream.field(c.options);
  stream.field(c.instruction_set);
  stream.field(c.epoch);
  stream.field(c.update);
  stream.field(c.best_epoch);
  stream.field(c.epochs_since_best);
  stream.field(c.best_loss);
  stream.field(c.seconds);
  stream.field(c.training_seconds);
  stream.field(c.weights);
  stream.field(c.state);
  stream.field(c.first);
  stream.field(c.second);
  stream.field(c.best_weights);
  stream.field(c.best_state);
  stream.field(c.average_weights);
  stream.field(c.average_state);
  stream.field(c.history);
}

Error damaged(const std::string& what) { return {Code::checkpoint_damaged, "the checkpoint " + what}; }

}  // namespace

namespace {

uint64_t class_weights(const TrainOptions& options) {
  uint64_t hash = options.balance_classes ? 1 : 0;
  for (const float weight : options.loss.class_weights) {
    hash = base::fnv1a(std::to_string(bit_cast<uint32_t>(weight)) + ",", hash);
  }
  return hash;
}

}  // namespace

std::vector<OptionNumber> option_numbers(const TrainOptions& o) {
  const auto whole = [](auto value) { return static_cast<uint64_t>(value); };
  const auto real = [](float value) { return uint64_t{bit_cast<uint32_t>(value)}; };
  return {{"updates", whole(o.updates)},
          {"batch", whole(o.batch)},
          {"optimiser", whole(o.optimiser)},
          {"learning_rate", real(o.learning_rate)},
          {"momentum", real(o.momentum)},
          {"rms_decay", real(o.rms_decay)},
          {"weight_decay", real(o.weight_decay)},
          {"clip_norm", real(o.clip_norm)},
          {"average", real(o.average)},
          {"schedule", whole(o.schedule)},
          {"step_every", whole(o.step_every)},
          {"step_factor", real(o.step_factor)},
          {"warmup_updates", whole(o.warmup_updates)},
          {"loss", whole(o.loss.kind)},
          {"label_smoothing", real(o.loss.label_smoothing)},
          {"huber_delta", real(o.loss.huber_delta)},
          {"focal_gamma", real(o.loss.focal_gamma)},
          {"class_weights", class_weights(o)},
          {"teacher_share", real(o.loss.teacher_share)},
          {"temperature", real(o.loss.temperature)},
          {"teacher", o.teacher == nullptr ? 0 : fingerprint(*o.teacher, true)},
          {"keep_zeros", whole(o.keep_zeros)},
          {"patience", whole(o.patience)},
          {"seed", o.seed}};
}

uint64_t fingerprint(const ir::Graph& graph, bool with_constants) {
  uint64_t hash = base::fnv1a(graph.name);
  const auto number = [&](double value) { hash = base::fnv1a(std::to_string(value) + ",", hash); };
  for (const ir::Tensor& tensor : graph.tensors) {
    hash = base::fnv1a(tensor.name + ir::to_string(tensor.shape), hash);
    number(tensor.is_constant() ? 1 : 0);
    if (with_constants && tensor.is_constant()) number(base::crc32(*tensor.constant));
  }
  for (const ir::Node& node : graph.nodes) {
    hash = base::fnv1a(node.name + std::string(ir::op_name(node.op)), hash);
    for (const int tensor : node.inputs) number(tensor);
    for (const int tensor : node.outputs) number(tensor);
    std::visit(
        [&](const auto& a) {
          if constexpr (requires { a.activation; }) number(static_cast<double>(a.activation));
          if constexpr (requires { a.padding; }) number(static_cast<double>(a.padding));
          if constexpr (requires { a.stride_h; }) number(a.stride_h), number(a.stride_w);
          if constexpr (requires { a.dilation_h; }) number(a.dilation_h), number(a.dilation_w);
          if constexpr (requires { a.filter_h; }) number(a.filter_h), number(a.filter_w);
          if constexpr (requires { a.depth_multiplier; }) number(a.depth_multiplier);
          if constexpr (requires { a.epsilon; }) number(bit_cast<uint32_t>(a.epsilon));
          if constexpr (requires { a.momentum; }) number(bit_cast<uint32_t>(a.momentum));
          if constexpr (requires { a.rate; }) number(bit_cast<uint32_t>(a.rate));
          if constexpr (requires { a.alpha; }) number(bit_cast<uint32_t>(a.alpha));
          if constexpr (requires { a.axis; }) number(a.axis);
          if constexpr (requires { a.keep_dims; }) number(a.keep_dims);
          if constexpr (requires { a.half_pixel_centers; }) number(a.half_pixel_centers);
          if constexpr (requires { a.linear_before_reset; }) number(a.linear_before_reset);
          if constexpr (requires { a.beta; }) number(bit_cast<uint32_t>(a.beta));
        },
        node.attributes);
  }
  return hash;
}

std::vector<uint8_t> write_checkpoint(const Checkpoint& checkpoint) {
  Writer body;
  body.bytes.reserve(4 * (checkpoint.weights.size() * 4 + checkpoint.state.size() * 2) +
                     64 * checkpoint.history.size() + 1024);
  each_field(body, checkpoint);
  Writer file;
  file.bytes.reserve(kHeaderBytes + body.bytes.size());
  file.short_number(kMagic);
  file.short_number(kVersion);
  file.short_number(base::crc32(body.bytes));
  file.number(body.bytes.size());
  file.bytes.insert(file.bytes.end(), body.bytes.begin(), body.bytes.end());
  return std::move(file.bytes);
}

Result<Checkpoint> read_checkpoint(std::span<const uint8_t> bytes) {
  Reader header(bytes.first(std::min(bytes.size(), kHeaderBytes)));
  const uint64_t magic = header.number(4), version = header.number(4), crc = header.number(4);
  const uint64_t length = header.number();
  if (!header.whole() || magic != kMagic) return damaged("is not one: it does not start with TPCK.");
  if (version != kVersion) {
    return damaged("is of version " + std::to_string(version) + "; this Tadpole reads version " +
                   std::to_string(kVersion) + ". Train again without --resume.");
  }
  const std::span<const uint8_t> body = bytes.subspan(kHeaderBytes);
  if (length != body.size()) {
    return damaged("has " + std::to_string(body.size()) + " bytes after its header; it needs " +
                   std::to_string(length) + ". It was cut off or grew.");
  }
  if (crc != base::crc32(body)) return damaged("does not match its checksum.");
  Checkpoint checkpoint;
  Reader reader(body);
  each_field(reader, checkpoint);
  if (!reader.whole()) return damaged("has fields that do not fit its size.");
  return checkpoint;
}

}  // namespace tadpole::train
