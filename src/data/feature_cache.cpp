#include "data/feature_cache.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <filesystem>

#include "base/hash.h"
#include "data/files.h"

namespace tadpole::data {
namespace {

namespace fs = std::filesystem;
using samples::Dataset;
using samples::Side;

static_assert(std::endian::native == std::endian::little, "features are stored as they lie in memory");

constexpr std::string_view kMagic = "TADPFEAT";
constexpr uint32_t kVersion = 1;
constexpr size_t kKeyBytes = 64;  // SHA-256 in hexadecimal
constexpr size_t kHeaderBytes =
    8 + 6 * 4 + kKeyBytes;  // magic; version, size, samples, variants, train samples, CRC-32; key
constexpr size_t kFilesKept = 8;
constexpr int kShards = 128;

std::span<const uint8_t> bytes_of(std::span<const int16_t> values) {
  return {reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes()};
}

std::span<uint8_t> bytes_of(std::vector<int16_t>& values) {
  return {reinterpret_cast<uint8_t*>(values.data()), 2 * values.size()};
}

uint32_t checksum_of(const FeatureSet& set) {
  return base::crc32(bytes_of(std::span(set.augmented)), base::crc32(bytes_of(std::span(set.plain))));
}

template <class T>
std::string hash_of(const std::vector<T>& values) {
  return sha256_hex({reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(T)});
}

// Of what the sensor gave; sizes and names only where the values do not say enough.
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

bool is_silence(const Dataset& data, size_t index) {
  const auto target = static_cast<size_t>(data.target[index]);
  return target < data.classes.size() && data.classes[target] == samples::kSilenceName;
}

// Everything that the features depend on, hashed.
std::string key_of(const Dataset& data, const std::vector<std::string>& hashes,
                   const features::FeatureBlock& block, const VariantOptions& options) {
  std::string text = block.fingerprint() + "\n" + options.fingerprint(block.kind()) + "\n";
  for (size_t i = 0; i < data.samples.size(); ++i) {
    text += hashes[i] + (data.side[i] == Side::train ? " train" : "") +
            (is_silence(data, i) ? " silence\n" : "\n");
  }
  for (size_t i = 0; i < data.noise.size(); ++i) {
    if (data.noise_side[i] == Side::train) text += "noise " + signal_hash(data.noise[i]) + "\n";
  }
  return sha256_hex({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

// The middle of a clip's length, with zeros where there is nothing, as FeatureBlock::extract sees it.
std::vector<int16_t> fitted(std::span<const int16_t> pcm, size_t length) {
  std::vector<int16_t> out(length, 0);
  if (pcm.size() >= length) {
    const auto from = pcm.subspan((pcm.size() - length) / 2, length);
    std::copy(from.begin(), from.end(), out.begin());
  } else {
    std::copy(pcm.begin(), pcm.end(), out.begin() + static_cast<long>((length - pcm.size()) / 2));
  }
  return out;
}

Result<void> check_signals(const Dataset& data, const features::FeatureBlock& block) {
  for (const samples::Sample& sample : data.samples) {
    const auto accepted = block.accepts(*sample.signal);
    if (!accepted) return Error{accepted.error().code, sample.id + ": " + accepted.error().detail};
  }
  return {};
}

int variants_of(const VariantOptions& options) { return std::max(0, options.sound.variants); }

class Maker {
 public:
  Maker(const Dataset& data, const std::vector<std::string>& hashes, const features::FeatureBlock& block,
        const VariantOptions& options)
      : data_(data), hashes_(hashes), block_(block), options_(options) {
    for (size_t i = 0; i < data.noise.size(); ++i) {
      if (data.noise_side[i] == Side::train) noise_.emplace_back(data.noise[i].audio().pcm);
    }
    if (options.sound.mix_probability <= 0 || block.kind() != features::SignalKind::audio) return;
    for (const int i : data.indices(Side::train))
      others_.emplace_back(data.samples[static_cast<size_t>(i)].audio().pcm);
  }

  Result<FeatureSet> run(Workers& workers, Progress& progress) {
    FeatureSet set;
    set.size = block_.size();
    set.variants = variants_of(options_);
    set.train_indices = data_.indices(Side::train);
    const auto size = static_cast<size_t>(set.size);
    set.plain.resize(data_.samples.size() * size);
    set.augmented.resize(set.train_indices.size() * static_cast<size_t>(set.variants) * size);
    std::vector<long> train_row(data_.samples.size(), -1);
    for (size_t i = 0; i < set.train_indices.size(); ++i)
      train_row[static_cast<size_t>(set.train_indices[i])] = static_cast<long>(i);

    std::atomic<long> done{0};
    const auto total = static_cast<long>(data_.samples.size());
    workers.run(kShards, [&](int shard) {
      for (size_t i = static_cast<size_t>(shard); i < data_.samples.size(); i += kShards) {
        make_plain(i, std::span(set.plain).subspan(i * size, size));
        for (int variant = 0; variant < set.variants && train_row[i] >= 0; ++variant) {
          if (progress.cancelled()) return;
          const size_t row = static_cast<size_t>(train_row[i]) * static_cast<size_t>(set.variants) +
                             static_cast<size_t>(variant);
          make_variant(i, variant, std::span(set.augmented).subspan(row * size, size));
        }
        if (progress.cancelled()) return;
        progress.report("extract features", done.fetch_add(1) + 1, total, "");
      }
    });
    if (progress.cancelled()) return Error{Code::cancelled, "making the features was stopped"};
    return set;
  }

  void make_variant(size_t index, int variant, std::span<int16_t> row) const {
    // Seeded by the signal itself, so that adding a recording does not change the variants of the others.
    Rng rng = Rng(options_.sound.seed).fork(hashes_[index] + "/" + std::to_string(variant));
    const samples::Signal& signal = *data_.samples[index].signal;
    std::vector<int16_t> features;
    if (const auto* image = std::get_if<samples::Image>(&signal)) {
      features = block_.extract(samples::Signal(samples::augment(*image, options_.image, rng)));
    } else if (const auto* series = std::get_if<samples::Series>(&signal)) {
      features = block_.extract(samples::Signal(samples::augment(*series, options_.series, rng)));
    } else if (const auto* stroke = std::get_if<samples::Stroke>(&signal)) {
      features = block_.extract(samples::Signal(samples::augment(*stroke, options_.stroke, rng)));
    } else {
      features = block_.extract(varied_sound(index, rng));
    }
    std::copy(features.begin(), features.end(), row.begin());
  }

 private:
  void make_plain(size_t index, std::span<int16_t> row) const {
    const std::vector<int16_t> features = block_.extract(*data_.samples[index].signal);
    std::copy(features.begin(), features.end(), row.begin());
  }

  std::vector<int16_t> varied_sound(size_t index, Rng& rng) const {
    const samples::AugmentOptions& options = options_.sound;
    const auto length = static_cast<size_t>(block_.clip_samples());
    if (is_silence(data_, index) && !noise_.empty()) {
      const float volume = rng.uniform(0, options.silence_volume_max);
      return samples::noise_clip(noise_, static_cast<int>(length), volume, rng);
    }
    return samples::augment(fitted(data_.samples[index].audio().pcm, length), block_.config().sample_rate_hz,
                            noise_, options, rng, others_);
  }

  const Dataset& data_;
  const std::vector<std::string>& hashes_;
  const features::FeatureBlock& block_;
  const VariantOptions& options_;
  samples::NoiseBank noise_, others_;
};

// Removes all but the latest files; caches are made anew, so trouble is ignored.
void remove_old(const std::string& folder) {
  std::error_code ignored;
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  for (fs::directory_iterator entry(folder, ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    if (entry->path().extension() == ".features")
      files.emplace_back(entry->last_write_time(ignored), entry->path());
  }
  std::sort(files.rbegin(), files.rend());
  for (size_t i = kFilesKept; i < files.size(); ++i) fs::remove(files[i].second, ignored);
}

Error damaged(const std::string& what) {
  return {Code::cache_damaged, "the feature cache is damaged: " + what};
}

}  // namespace

std::string VariantOptions::fingerprint(features::SignalKind kind) const {
  const std::string base =
      "variants=" + std::to_string(sound.variants) + " seed=" + std::to_string(sound.seed) + " ";
  switch (kind) {
    case features::SignalKind::image:
      return base + image.fingerprint();
    case features::SignalKind::series:
      return base + series.fingerprint();
    case features::SignalKind::stroke:
      return base + stroke.fingerprint();
    case features::SignalKind::audio:
      break;
  }
  return sound.fingerprint();
}

std::span<const int16_t> FeatureSet::plain_row(int sample) const {
  const auto width = static_cast<size_t>(size);
  return std::span(plain).subspan(static_cast<size_t>(sample) * width, width);
}

std::span<const int16_t> FeatureSet::augmented_row(int train_sample, int variant) const {
  const auto width = static_cast<size_t>(size);
  const size_t row =
      static_cast<size_t>(train_sample) * static_cast<size_t>(variants) + static_cast<size_t>(variant);
  return std::span(augmented).subspan(row * width, width);
}

std::vector<std::vector<int16_t>> varied_features(const Dataset& data, size_t sample, int count,
                                                  const features::FeatureBlock& block,
                                                  const VariantOptions& options) {
  std::vector<std::string> hashes(data.samples.size());
  hashes[sample] = signal_hash(data.samples[sample]);
  const Maker maker(data, hashes, block, options);
  std::vector<std::vector<int16_t>> rows(static_cast<size_t>(count),
                                         std::vector<int16_t>(static_cast<size_t>(block.size())));
  for (size_t i = 0; i < rows.size(); ++i) maker.make_variant(sample, static_cast<int>(i), rows[i]);
  return rows;
}

std::vector<uint8_t> features_header(const FeatureSet& set, const std::string& key) {
  const size_t samples = set.size > 0 ? set.plain.size() / static_cast<size_t>(set.size) : 0;
  const uint32_t header[6] = {kVersion,
                              static_cast<uint32_t>(set.size),
                              static_cast<uint32_t>(samples),
                              static_cast<uint32_t>(set.variants),
                              static_cast<uint32_t>(set.train_indices.size()),
                              checksum_of(set)};
  std::vector<uint8_t> bytes(kHeaderBytes);
  std::memcpy(bytes.data(), kMagic.data(), kMagic.size());
  std::memcpy(bytes.data() + 8, header, sizeof header);
  std::memcpy(bytes.data() + 8 + sizeof header, key.data(), std::min(kKeyBytes, key.size()));
  return bytes;
}

Result<FeatureSet> decode_features(ByteStream& stream, uint64_t bytes, const std::string& key, size_t samples,
                                   std::vector<int> train_indices) {
  uint8_t begin[kHeaderBytes];
  TADPOLE_TRY(const size_t got, stream.read(begin));
  if (got < kHeaderBytes) return damaged("it ends within its header");
  if (std::memcmp(begin, kMagic.data(), kMagic.size()) != 0) return damaged("it is not a feature cache");
  uint32_t header[6];
  std::memcpy(header, begin + 8, sizeof header);
  const auto [version, size, stored_samples, variants, stored_train, checksum] = header;
  if (version != kVersion)
    return damaged("it is of version " + std::to_string(version) + ", this Tadpole reads " +
                   std::to_string(kVersion));
  std::string padded = key;
  padded.resize(kKeyBytes, '\0');
  if (std::memcmp(begin + 8 + sizeof header, padded.data(), kKeyBytes) != 0)
    return damaged("it is of other data or settings");
  if (stored_samples != samples || stored_train != train_indices.size())
    return damaged("it holds another number of samples");
  // All factors are below 2^32, so products of two fit; the third is checked.
  uint64_t rows = 0, values = 0;
  if (__builtin_add_overflow(uint64_t{stored_samples}, uint64_t{stored_train} * variants, &rows) ||
      __builtin_mul_overflow(rows, uint64_t{size}, &values) || values > (bytes - kHeaderBytes) / 2 ||
      values * 2 != bytes - kHeaderBytes) {
    return damaged("its size does not fit its header");
  }
  FeatureSet set;
  set.size = static_cast<int>(size);
  set.variants = static_cast<int>(variants);
  set.train_indices = std::move(train_indices);
  set.plain.resize(static_cast<size_t>(stored_samples) * size);
  set.augmented.resize(values - set.plain.size());
  for (std::vector<int16_t>* part : {&set.plain, &set.augmented}) {
    TADPOLE_TRY(const size_t read, stream.read(bytes_of(*part)));
    if (read != 2 * part->size()) return damaged("it ends too early");
  }
  if (checksum_of(set) != checksum) return damaged("its checksum is wrong");
  set.from_cache = true;
  return set;
}

namespace {

Result<FeatureSet> read_features(const std::string& path, const std::string& key, const Dataset& data) {
  std::error_code failed;
  const uint64_t bytes = fs::file_size(path, failed);
  if (failed) return Error{Code::file_unreadable, path + ": cannot be read: " + failed.message() + "."};
  TADPOLE_TRY(const std::unique_ptr<ByteStream> stream, open_stream(path));
  return decode_features(*stream, bytes, key, data.samples.size(), data.indices(Side::train));
}

}  // namespace

Result<FeatureSet> features_of(const samples::Dataset& data, const features::FeatureBlock& block,
                               const VariantOptions& options, const std::string& cache_folder,
                               Workers& workers, Progress& progress) {
  TADPOLE_CHECK(check_signals(data, block));
  std::vector<std::string> hashes(data.samples.size());
  workers.run(kShards, [&](int shard) {
    for (size_t i = static_cast<size_t>(shard); i < hashes.size(); i += kShards)
      hashes[i] = signal_hash(data.samples[i]);
  });
  const std::string key = key_of(data, hashes, block, options);
  const std::string path = cache_folder + "/" + key.substr(0, 24) + ".features";
  std::error_code ignored;
  if (!cache_folder.empty() && fs::exists(path, ignored)) {
    auto set = read_features(path, key, data);
    if (set.ok() && (set->size == block.size() && set->variants == variants_of(options))) return set;
    progress.say(path + ": " +
                 (set.ok() ? "the feature cache is damaged: its header is wrong" : set.error().detail) +
                 ". The features are made anew.");
  }
  TADPOLE_TRY(FeatureSet set, Maker(data, hashes, block, options).run(workers, progress));
  if (cache_folder.empty()) return set;
  Result<void> kept = make_folders(cache_folder);
  if (kept.ok()) {
    const std::vector<uint8_t> header = features_header(set, key);
    kept = write_file(path, {{header, bytes_of(std::span(set.plain)), bytes_of(std::span(set.augmented))}});
  }
  if (!kept.ok()) progress.say("The features could not be kept for the next time: " + kept.error().detail);
  remove_old(cache_folder);
  return set;
}

}  // namespace tadpole::data
