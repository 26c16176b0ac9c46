// What stands behind a FeatureBlock: one class for each family of blocks, each in its own file.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "features/device_constants.h"
#include "features/feature_config.h"

namespace tadpole::features {

/// Immutable and thread-safe. The promises are those of FeatureBlock.
class Extractor {
 public:
  virtual ~Extractor() = default;
  virtual std::array<int, 3> shape() const = 0;
  virtual float scale() const = 0;
  /// Whether `signal`, which is of the right kind, has what the block needs.
  virtual Result<void> accepts(const samples::Signal& signal) const = 0;
  virtual std::vector<uint8_t> sensor_bytes(const samples::Signal& signal) const = 0;
  virtual std::vector<int16_t> extract(const samples::Signal& signal) const = 0;
  virtual std::vector<float> reference(const samples::Signal& signal) const = 0;
  virtual DeviceConstants device_constants() const = 0;
  virtual std::string fingerprint() const = 0;
};

/// "[features] name = found: needs needed"
Error bad_setting(const std::string& name, const std::string& found, const std::string& needed);

/// Whether a number of [features] lies in its range, both ends included. unit: " ms". why: appended in
/// brackets.
Result<void> check_range(const char* name, double found, double low, double high, const char* unit,
                         const std::string& why = "");

/// Whether a text of [features] is one of the choices.
Result<void> check_choice(const char* name, const std::string& found,
                          const std::vector<std::string_view>& choices);

/// Nine digits: a float is read back as it was.
std::string number_text(double value);

/// " name=value" for fingerprints.
std::string fingerprint_field(const char* name, double value);

}  // namespace tadpole::features
