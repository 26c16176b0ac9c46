// Varied copies of the training samples' features, made when they are first asked for and kept: a training of
// few passes draws few of them, and a thread that runs ahead of it makes them while the network learns.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "base/result.h"
#include "data/byte_stream.h"
#include "data/feature_cache.h"
#include "features/feature_block.h"
#include "samples/augment.h"
#include "samples/augment_image.h"
#include "samples/augment_motion.h"
#include "samples/dataset.h"

namespace tadpole::data {

/// How samples of each kind are varied; sound.variants and sound.seed count for every kind.
struct VariantOptions {
  samples::AugmentOptions sound{};
  samples::ImageAugment image{};
  samples::SeriesAugment series{};
  samples::StrokeAugment stroke{};

  std::string fingerprint(features::SignalKind kind) const;
};

class VariantMaker;

/// options.sound.variants variants of each training sample (silence: other cuts of the noise). Only noise of
/// the training side is mixed in. A variant depends on its sample, its number and the options, never on when
/// or where it is made.
class Variants {
 public:
  /// With those that an earlier training kept in cache_folder ("" = none); a damaged file is reported by
  /// `say` and left aside. `data`, whose features `features` are, must outlive the result.
  static std::unique_ptr<Variants> open(const samples::Dataset& data, const FeatureSet& features,
                                        const features::FeatureBlock& block, const VariantOptions& options,
                                        const std::string& cache_folder, Progress& progress);
  ~Variants();
  Variants(const Variants&) = delete;
  Variants& operator=(const Variants&) = delete;

  int count() const { return count_; }  ///< variants of each training sample
  int64_t made() const { return rows_; }

  /// The features of one variant of the training side's `place`-th sample: makes them, or waits for the
  /// thread that is making them. From any threads at once.
  std::span<const int16_t> row(int place, int variant);

  /// Writes what is made to the cache folder, in one file, if that holds less; the 8 latest files are kept.
  /// Not while row() runs. Fails: as write_file.
  Result<void> keep();

  /// Takes the rows of a file of `bytes` bytes: "TADPVARI", version, size, all rows there can be, rows in the
  /// file, CRC-32 of what follows, key; the number of each row as uint32, then the rows as int16; all is
  /// little-endian. Into an empty store only; empty again when it fails. Fails: cache_damaged, saying what is
  /// wrong, and as ByteStream::read.
  Result<void> read(ByteStream& stream, uint64_t bytes);

 private:
  Variants(const samples::Dataset& data, const FeatureSet& features, const features::FeatureBlock& block,
           const VariantOptions& options);
  std::span<int16_t> slot(uint32_t number);
  uint32_t store(std::span<const int16_t> features);
  Result<void> read_rows(ByteStream& stream, uint32_t rows, uint32_t checksum);

  // Of each row: 0 = not there, 1 = being made, n + 2 = in slot n.
  std::vector<std::atomic<uint32_t>> states_;
  std::mutex growing_;
  // Slots are filled in the order in which rows are made, so that memory holds no gaps.
  std::vector<std::unique_ptr<int16_t[]>> chunks_;
  std::atomic<uint32_t> rows_{0};
  uint32_t rows_kept_ = 0;
  int size_, count_;
  std::vector<int> samples_;  ///< the training side
  std::unique_ptr<const VariantMaker> maker_;
  std::string key_, path_;
};

/// The features of variants 0, 1, ... `count` - 1 of one sample, as training gets them: to be looked at.
std::vector<std::vector<int16_t>> varied_features(const samples::Dataset& data, size_t sample, int count,
                                                  const features::FeatureBlock& block,
                                                  const VariantOptions& options);

}  // namespace tadpole::data
