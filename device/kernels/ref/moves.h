// Values that only move: one strided copy serves transpose, pad, concatenation, split, slices, pack and
// unpack; beside it a fill and GATHER. Bytes are moved, so that one kernel serves every type.
#ifndef TADPOLE_DEVICE_KERNELS_REF_MOVES_H_
#define TADPOLE_DEVICE_KERNELS_REF_MOVES_H_

#include "device/kernels/params.h"

namespace tadpole {
namespace kernels {

/// Copies blocks of block_bytes: block (i0, ..., i5), i_d < dims[d], lies at in_offset + sum i_d *
/// in_stride[d] of in and at out_offset + sum i_d * out_stride[d] of out. All in bytes; strides may be
/// negative. plan/ sees to it that each block lies inside of its tensor.
struct CopyBlocksParams {
  int32_t dims[6];  // 1 where not used
  int32_t in_stride[6], out_stride[6];
  int32_t in_offset, out_offset;
  int32_t block_bytes;

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.numbers("dims", self.dims);
    visitor.numbers("in_stride", self.in_stride);
    visitor.numbers("out_stride", self.out_stride);
    visitor.number("in_offset", self.in_offset);
    visitor.number("out_offset", self.out_offset);
    visitor.number("block_bytes", self.block_bytes);
  }
};

/// `count` times the first `element_bytes` (1, 2, 4 or 8) bytes of `value`, a little-endian number.
struct FillParams {
  int32_t count, element_bytes;
  int32_t value[2];

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("count", self.count);
    visitor.number("element_bytes", self.element_bytes);
    visitor.numbers("value", self.value);
  }
};

/// in [batches, outer, size, block_bytes], indices [batches, count], out [batches, outer, count,
/// block_bytes].
struct GatherParams {
  int32_t batches, outer, size, count;
  int32_t block_bytes;
  int32_t index_words;  // of 32 bits each: 1 or 2, the low one first

  template <class Visitor, class Self>
  static void visit(Visitor& visitor, Self& self) {
    visitor.number("batches", self.batches);
    visitor.number("outer", self.outer);
    visitor.number("size", self.size);
    visitor.number("count", self.count);
    visitor.number("block_bytes", self.block_bytes);
    visitor.number("index_words", self.index_words);
  }
};

/// Blocks go in row-major order of their indices, and a block may overlap itself: out may lie over in where
/// no block is written over one that is still to be read.
void copy_blocks(const CopyBlocksParams& params, const int8_t* in, int8_t* out);
void fill(const FillParams& params, int8_t* out);
/// out[.., i] = in[.., indices[i]]. An index below 0 takes the first block and one beyond the end the last:
/// whatever the data, nothing outside of `in` is read. (TFLite Micro reads there; its result is undefined.)
void gather(const GatherParams& params, const int8_t* in, const int32_t* indices, int8_t* out);

}  // namespace kernels
}  // namespace tadpole

#endif  // TADPOLE_DEVICE_KERNELS_REF_MOVES_H_
