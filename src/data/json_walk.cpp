#include "data/json_walk.h"

#include <algorithm>
#include <array>
#include <istream>
#include <nlohmann/json.hpp>
#include <optional>
#include <streambuf>

namespace tadpole::data {
namespace {

using Json = nlohmann::json;
using Visit = std::function<Result<void>(const JsonPath&, const JsonEvent&)>;

// nlohmann's binary reader calls itself for each level; this keeps its stack small.
constexpr size_t kDeepest = 32;

// A ByteStream as the library wants to read it. What goes wrong is kept for later: streams cannot carry it.
class StreamBuffer final : public std::streambuf {
 public:
  explicit StreamBuffer(ByteStream& stream) : stream_(stream) {}
  const std::optional<Error>& failure() const { return failure_; }

 protected:
  int_type underflow() override {
    const auto count = stream_.read(std::span(reinterpret_cast<uint8_t*>(block_.data()), block_.size()));
    if (!count.ok()) failure_ = count.error();
    if (!count.ok() || *count == 0) return traits_type::eof();
    setg(block_.data(), block_.data(), block_.data() + *count);
    return traits_type::to_int_type(*gptr());
  }

 private:
  ByteStream& stream_;
  std::array<char, 1 << 16> block_{};
  std::optional<Error> failure_;
};

class Handler final : public nlohmann::json_sax<Json> {
 public:
  Handler(const std::string& name, const Visit& visit) : name_(name), visit_(visit) {}
  const std::optional<Error>& failure() const { return failure_; }

  bool null() override { return scalar({JsonEvent::Kind::other, 0, {}}); }
  bool boolean(bool) override { return scalar({JsonEvent::Kind::other, 0, {}}); }
  bool number_integer(number_integer_t value) override { return number(static_cast<double>(value)); }
  bool number_unsigned(number_unsigned_t value) override { return number(static_cast<double>(value)); }
  bool number_float(number_float_t value, const string_t&) override { return number(value); }
  bool string(string_t& value) override { return scalar({JsonEvent::Kind::text, 0, value}); }
  bool binary(binary_t&) override { return scalar({JsonEvent::Kind::other, 0, {}}); }
  bool start_object(size_t) override { return begin(JsonEvent::Kind::begin_object, false); }
  bool start_array(size_t) override { return begin(JsonEvent::Kind::begin_array, true); }
  bool end_object() override { return end(JsonEvent::Kind::end_object); }
  bool end_array() override { return end(JsonEvent::Kind::end_array); }
  bool key(string_t& name) override {
    path_.back() = name;
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    std::string why = error.what();
    if (const size_t bracket = why.find("] "); bracket != std::string::npos) why.erase(0, bracket + 2);
    failure_ = Error{Code::data_malformed, name_ + ": byte " + std::to_string(position) + ": " + why +
                                               ". Correct the file, or leave it out with --skip-bad."};
    return false;
  }

 private:
  bool number(double value) { return scalar({JsonEvent::Kind::number, value, {}}); }
  bool scalar(const JsonEvent& event) { return keep(visit_(path_, event)); }
  bool keep(const Result<void>& result) {
    if (!result.ok()) failure_ = result.error();
    return result.ok();
  }

  // path_ holds one more element than there are open objects and arrays around the current value: the key of
  // what comes next inside the innermost one.
  bool begin(JsonEvent::Kind kind, bool) {
    if (path_.size() >= kDeepest) {
      failure_ = Error{Code::data_malformed, name_ + ": is nested more than " + std::to_string(kDeepest) +
                                                 " deep: this is no recording."};
      return false;
    }
    if (!keep(visit_(path_, {kind, 0, {}}))) return false;
    path_.emplace_back();
    return true;
  }
  bool end(JsonEvent::Kind kind) {
    path_.pop_back();
    return keep(visit_(path_, {kind, 0, {}}));
  }

  const std::string& name_;
  const Visit& visit_;
  JsonPath path_;
  std::optional<Error> failure_;
};

}  // namespace

bool is_path(const JsonPath& path, std::initializer_list<std::string_view> keys) {
  return path.size() == keys.size() && std::equal(path.begin(), path.end(), keys.begin(),
                                                  [](const std::string& have, std::string_view want) {
                                                    return want == "*" || have == want;
                                                  });
}

Result<void> walk_json(ByteStream& stream, const std::string& name, JsonForm form, const Visit& visit) {
  StreamBuffer buffer(stream);
  std::istream input(&buffer);
  Handler handler(name, visit);
  bool whole = false;
  try {
    whole = Json::sax_parse(input, &handler,
                            form == JsonForm::cbor ? Json::input_format_t::cbor : Json::input_format_t::json);
  } catch (const Json::exception& error) {
    return Error{Code::data_malformed, name + ": " + error.what()};
  }
  if (buffer.failure()) return *buffer.failure();
  if (handler.failure()) return *handler.failure();
  if (!whole) return Error{Code::data_malformed, name + ": is not a whole document."};
  return {};
}

}  // namespace tadpole::data
