// Offsets are counted as numbers and become pointers only where something lies.
#include "device/kernels/ref/moves.h"

#include <string.h>

namespace tadpole {
namespace kernels {

namespace {

constexpr int32_t kDims = 6;

/// The blocks along the innermost dimension. Sizes of single elements have their own loops: a call of memmove
/// costs more than they do.
void copy_row(const CopyBlocksParams& params, const int8_t* in, int8_t* out) {
  const ptrdiff_t in_stride = params.in_stride[kDims - 1], out_stride = params.out_stride[kDims - 1];
  const ptrdiff_t count = params.dims[kDims - 1];
  if (params.block_bytes == 1) {
    for (ptrdiff_t i = 0; i < count; ++i) out[i * out_stride] = in[i * in_stride];
  } else if (params.block_bytes == 4) {
    for (ptrdiff_t i = 0; i < count; ++i) {
      int8_t block[4];
      memcpy(block, in + i * in_stride, 4);
      memcpy(out + i * out_stride, block, 4);
    }
  } else {
    for (ptrdiff_t i = 0; i < count; ++i)
      memmove(out + i * out_stride, in + i * in_stride, size_t(params.block_bytes));
  }
}

}  // namespace

void copy_blocks(const CopyBlocksParams& params, const int8_t* in, int8_t* out) {
  ptrdiff_t from = params.in_offset, to = params.out_offset;
  int32_t at[kDims - 1] = {0, 0, 0, 0, 0};
  for (;;) {
    copy_row(params, in + from, out + to);
    int32_t d = kDims - 2;
    for (; d >= 0; --d) {
      from += params.in_stride[d];
      to += params.out_stride[d];
      if (++at[d] < params.dims[d]) break;
      from -= ptrdiff_t(params.dims[d]) * params.in_stride[d];
      to -= ptrdiff_t(params.dims[d]) * params.out_stride[d];
      at[d] = 0;
    }
    if (d < 0) return;
  }
}

void fill(const FillParams& params, int8_t* out) {
  const size_t size = size_t(params.element_bytes);
  if (size == 1) {
    memset(out, params.value[0] & 0xff, size_t(params.count));
    return;
  }
  for (int32_t i = 0; i < params.count; ++i) memcpy(out + size_t(i) * size, params.value, size);
}

void gather(const GatherParams& params, const int8_t* in, const int32_t* indices, int8_t* out) {
  const size_t block = size_t(params.block_bytes);
  for (int32_t n = 0; n < params.batches; ++n) {
    for (int32_t o = 0; o < params.outer; ++o) {
      for (int32_t i = 0; i < params.count; ++i, out += block) {
        const int32_t* words = indices + ptrdiff_t(i) * params.index_words;
        int32_t index = words[0];
        // A second word that is no sign extension of the first: far outside, on the side that its sign says.
        if (params.index_words == 2 && words[1] != (index < 0 ? -1 : 0))
          index = words[1] < 0 ? -1 : INT32_MAX;
        if (index < 0) index = 0;
        if (index >= params.size) index = params.size - 1;
        memcpy(out, in + size_t(index) * block, block);
      }
      in += size_t(params.size) * block;
    }
    indices += ptrdiff_t(params.count) * params.index_words;
  }
}

}  // namespace kernels
}  // namespace tadpole
