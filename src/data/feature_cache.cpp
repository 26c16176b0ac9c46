#include "data/feature_cache.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>

#include "base/hash.h"
#include "data/cache_files.h"
#include "data/files.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;
using samples::Dataset;

constexpr std::string_view kMagic = "TADPFEAT";
constexpr uint32_t kVersion = 2;
constexpr size_t kHeaderBytes = 8 + 4 * 4 + kCacheKeyBytes;  // magic; version, size, samples, CRC-32; key
constexpr int kShards = 128;

template <class T>
std::string hash_of(const std::vector<T>& values) {
  return sha256_hex({reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(T)});
}

// Everything that the features depend on, hashed.
std::string key_of(const std::vector<std::string>& hashes, const features::FeatureBlock& block) {
  std::string text = block.fingerprint() + "\n";
  for (const std::string& hash : hashes) text += hash + "\n";
  return sha256_hex({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

Result<void> check_signals(const Dataset& data, const features::FeatureBlock& block) {
  for (const samples::Sample& sample : data.samples) {
    const auto accepted = block.accepts(*sample.signal);
    if (!accepted) return Error{accepted.error().code, sample.id + ": " + accepted.error().detail};
  }
  return {};
}

Result<FeatureSet> make_features(const Dataset& data, const features::FeatureBlock& block, Workers& workers,
                                 Progress& progress) {
  FeatureSet set;
  set.size = block.size();
  const auto size = static_cast<size_t>(set.size);
  set.plain.resize(data.samples.size() * size);
  std::atomic<long> done{0};
  const auto total = static_cast<long>(data.samples.size());
  workers.run(kShards, [&](int shard) {
    for (size_t i = static_cast<size_t>(shard); i < data.samples.size() && !progress.cancelled();
         i += kShards) {
      const std::vector<int16_t> features = block.extract(*data.samples[i].signal);
      std::copy(features.begin(), features.end(), set.plain.begin() + static_cast<ptrdiff_t>(i * size));
      progress.report("extract features", done.fetch_add(1) + 1, total, "");
    }
  });
  if (progress.cancelled()) return Error{Code::cancelled, "making the features was stopped"};
  return set;
}

}  // namespace

std::string signal_hash(const samples::Sample& sample) {
  struct Hash {
    std::string operator()(const samples::Audio& audio) const { return hash_of(audio.pcm); }
    std::string operator()(const samples::Image& image) const {
      return hash_of(image.pixels) + " " + std::to_string(image.width) + " " + std::to_string(image.channels);
    }
    std::string operator()(const samples::Series& series) const {
      std::string text = hash_of(series.values) + " " + std::to_string(series.rate_hz);
      for (const std::string& axis : series.axes) text += " " + axis;
      return text;
    }
    std::string operator()(const samples::Stroke& stroke) const { return hash_of(stroke.points); }
  };
  return std::visit(Hash{}, *sample.signal);
}

std::span<const int16_t> FeatureSet::plain_row(int sample) const {
  const auto width = static_cast<size_t>(size);
  return std::span(plain).subspan(static_cast<size_t>(sample) * width, width);
}

std::vector<uint8_t> features_header(const FeatureSet& set, const std::string& key) {
  const size_t samples = set.size > 0 ? set.plain.size() / static_cast<size_t>(set.size) : 0;
  const uint32_t header[4] = {kVersion, static_cast<uint32_t>(set.size), static_cast<uint32_t>(samples),
                              base::crc32(cache_bytes(std::span(set.plain)))};
  std::vector<uint8_t> bytes(kHeaderBytes);
  std::memcpy(bytes.data(), kMagic.data(), kMagic.size());
  std::memcpy(bytes.data() + 8, header, sizeof header);
  std::memcpy(bytes.data() + 8 + sizeof header, key.data(), std::min(kCacheKeyBytes, key.size()));
  return bytes;
}

Result<FeatureSet> decode_features(ByteStream& stream, uint64_t bytes, const std::string& key,
                                   size_t samples) {
  uint8_t begin[kHeaderBytes];
  TADPOLE_TRY(const size_t got, stream.read(begin));
  if (got < kHeaderBytes) return cache_damage("it ends within its header");
  if (std::memcmp(begin, kMagic.data(), kMagic.size()) != 0) return cache_damage("it is not a feature cache");
  uint32_t header[4];
  std::memcpy(header, begin + 8, sizeof header);
  const auto [version, size, stored_samples, checksum] = header;
  if (version != kVersion) {
    return cache_damage("it is of version " + std::to_string(version) + ", this Tadpole reads " +
                        std::to_string(kVersion));
  }
  std::string padded = key;
  padded.resize(kCacheKeyBytes, '\0');
  if (std::memcmp(begin + 8 + sizeof header, padded.data(), kCacheKeyBytes) != 0)
    return cache_damage("it is of other data or settings");
  if (stored_samples != samples) return cache_damage("it holds another number of samples");
  const uint64_t values = uint64_t{stored_samples} * size;  // both are below 2^32
  if (bytes < kHeaderBytes || values > (bytes - kHeaderBytes) / 2 || values * 2 != bytes - kHeaderBytes)
    return cache_damage("its size does not fit its header");
  FeatureSet set;
  set.size = static_cast<int>(size);
  set.plain.resize(static_cast<size_t>(values));
  TADPOLE_TRY(const size_t read, stream.read(cache_bytes(std::span(set.plain))));
  if (read != 2 * set.plain.size()) return cache_damage("it ends too early");
  if (base::crc32(cache_bytes(std::span(std::as_const(set.plain)))) != checksum)
    return cache_damage("its checksum is wrong");
  set.from_cache = true;
  return set;
}

namespace {

Result<FeatureSet> read_features(const std::string& path, const std::string& key, const Dataset& data) {
  std::error_code failed;
  const uint64_t bytes = fs::file_size(path, failed);
  if (failed) return Error{Code::file_unreadable, path + ": cannot be read: " + failed.message() + "."};
  TADPOLE_TRY(const std::unique_ptr<ByteStream> stream, open_stream(path));
  return decode_features(*stream, bytes, key, data.samples.size());
}

/// From the cache, or made and kept there.
Result<FeatureSet> cached_features(const Dataset& data, const features::FeatureBlock& block,
                                   const std::string& key, const std::string& cache_folder, Workers& workers,
                                   Progress& progress) {
  if (cache_folder.empty()) return make_features(data, block, workers, progress);
  const std::string path = cache_path(cache_folder, key, ".features");
  std::error_code ignored;
  if (fs::exists(path, ignored)) {
    auto set = read_features(path, key, data);
    if (set.ok() && set->size == block.size()) return set;
    progress.say(path + ": " + (set.ok() ? cache_damage("its header is wrong").detail : set.error().detail) +
                 ". The features are made anew.");
  }
  TADPOLE_TRY(FeatureSet set, make_features(data, block, workers, progress));
  const std::vector<uint8_t> header = features_header(set, key);
  const Result<void> kept = write_cache(path, {{header, cache_bytes(std::span(std::as_const(set.plain)))}});
  if (!kept.ok()) progress.say("The features could not be kept for the next time: " + kept.error().detail);
  return set;
}

}  // namespace

Result<FeatureSet> features_of(const samples::Dataset& data, const features::FeatureBlock& block,
                               const std::string& cache_folder, Workers& workers, Progress& progress) {
  TADPOLE_CHECK(check_signals(data, block));
  std::vector<std::string> hashes(data.samples.size());
  workers.run(kShards, [&](int shard) {
    for (size_t i = static_cast<size_t>(shard); i < hashes.size(); i += kShards)
      hashes[i] = signal_hash(data.samples[i]);
  });
  TADPOLE_TRY(FeatureSet set,
              cached_features(data, block, key_of(hashes, block), cache_folder, workers, progress));
  set.signal_hashes = std::move(hashes);
  return set;
}

}  // namespace tadpole::data
