// Readable, unique names for layers, from the names that converters give to tensors.
#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>

#include "convert/schema.h"

namespace tadpole::convert {

namespace {

constexpr size_t kLongestName = 60;

/// Path ends that say which primitive made a tensor, not which layer it belongs to.
constexpr std::array<std::string_view, 18> kPrimitiveEnds = {"BiasAdd",   "Conv2D",
                                                             "MatMul",    "Relu",
                                                             "Relu6",     "ReadVariableOp",
                                                             "resource",  "FusedBatchNormV3",
                                                             "Softmax",   "AvgPool",
                                                             "MaxPool",   "Reshape",
                                                             "add",       "Add",
                                                             "AddV2",     "Mean",
                                                             "depthwise", "Tensordot"};

std::string_view without_digits(std::string_view text) {
  while (!text.empty() && std::isdigit(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

bool is_primitive(std::string_view part) {
  const auto is = [&](std::string_view name) {
    return std::find(kPrimitiveEnds.begin(), kPrimitiveEnds.end(), name) != kPrimitiveEnds.end();
  };
  return is(part) || is(without_digits(part));
}

std::string_view hint_of(ir::Op op) {
  switch (op) {
    case ir::Op::conv_2d:
      return "conv";
    case ir::Op::depthwise_conv_2d:
      return "depthwise";
    case ir::Op::fully_connected:
      return "dense";
    default:
      return "";
  }
}

/// Fused layers list all their parts with ';' between them; the one that names the operator tells most.
std::string_view telling_segment(ir::Op op, std::string_view name) {
  const std::string_view hint = hint_of(op);
  const std::string_view first = name.substr(0, name.find(';'));
  if (hint.empty()) return first;
  for (size_t start = 0; start < name.size();) {
    const size_t end = std::min(name.find(';', start), name.size());
    const std::string_view segment = name.substr(start, end - start);
    if (segment.find(hint) != std::string_view::npos) return segment;
    start = end + 1;
  }
  return first;
}

/// Length of the UTF-8 sequence that starts at `at`, 0 when there is none.
size_t utf8_length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return at + i < text.size() ? static_cast<uint8_t>(text[at + i]) : 0u; };
  const auto tail = [&](size_t i) { return (byte(i) & 0xc0u) == 0x80u; };
  const unsigned head = byte(0);
  if (head < 0x80) return 1;
  if (head >= 0xc2 && head <= 0xdf) return tail(1) ? 2 : 0;
  if ((head & 0xf0) == 0xe0) {
    const bool overlong = head == 0xe0 && byte(1) < 0xa0;
    const bool surrogate = head == 0xed && byte(1) > 0x9f;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (head >= 0xf0 && head <= 0xf4) {
    const bool overlong = head == 0xf0 && byte(1) < 0x90;
    const bool too_large = head == 0xf4 && byte(1) > 0x8f;
    return tail(1) && tail(2) && tail(3) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string clean_text(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const size_t length = utf8_length(text, i);
    const auto byte = static_cast<uint8_t>(text[i]);
    const bool readable = length > 1 || (length == 1 && byte >= 0x20 && byte != 0x7f);
    if (readable) clean.append(text.substr(i, length));
    if (!readable) clean.push_back('?');
    i += std::max<size_t>(length, 1);
  }
  return clean;
}

std::string short_layer_name(ir::Op op, std::string_view tensor_name) {
  std::string_view name = telling_segment(op, tensor_name);
  size_t slash = name.rfind('/');
  while (slash != std::string_view::npos && is_primitive(name.substr(slash + 1))) {
    name = name.substr(0, slash);
    slash = name.rfind('/');
  }
  if (slash != std::string_view::npos) name = name.substr(slash + 1);
  if (name.size() > 4 && name.ends_with("_out")) name.remove_suffix(4);
  size_t length = std::min(name.size(), kLongestName);
  while (length > 0 && length < name.size() && (static_cast<uint8_t>(name[length]) & 0xc0u) == 0x80u) {
    --length;
  }
  return std::string(name.substr(0, length));
}

void make_unique(std::vector<std::string>& names, const std::vector<std::string>& fallbacks) {
  std::set<std::string> taken;
  std::map<std::string, int> next;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string base = names[i].empty() ? fallbacks[i] : names[i];
    std::string name = base;
    int& number = next.try_emplace(base, 2).first->second;
    while (!taken.insert(name).second) name = base + "_" + std::to_string(number++);
    names[i] = name;
  }
}

std::vector<std::string> derived_layer_names(const std::vector<ir::Op>& ops,
                                             const std::vector<std::string>& output_names) {
  std::vector<std::string> names, fallbacks;
  for (size_t i = 0; i < ops.size(); ++i) {
    names.push_back(short_layer_name(ops[i], output_names[i]));
    fallbacks.push_back(std::string(ir::op_name(ops[i])) + "_" + std::to_string(i));
  }
  make_unique(names, fallbacks);
  return names;
}

}  // namespace tadpole::convert
