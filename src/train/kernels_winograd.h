// The transforms of Winograd's convolution F(4x4, 3x3) (Lavin and Gray 2016), a vector of channels at a time.
// Part of kernels_impl.h: it is compiled once per instruction set, inside that file's unnamed namespace.

/// Rows of B^T: what a 6-long stretch of the input contributes to each of 6 products.
inline void input_transform(const Vec* d, ptrdiff_t step, Vec* to, ptrdiff_t to_step) {
  const Vec d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step];
  const Vec four = broadcast(4), minus_four = broadcast(-4), minus_five = broadcast(-5), two = broadcast(2);
  const Vec even = multiply_add(minus_four, d2, d4), odd = multiply_add(minus_four, d1, d3);
  const Vec even_near = d4 - d2, odd_near = two * (d3 - d1);
  to[0] = multiply_add(four, d[0], multiply_add(minus_five, d2, d4));
  to[to_step] = even + odd;
  to[2 * to_step] = even - odd;
  to[3 * to_step] = even_near + odd_near;
  to[4 * to_step] = even_near - odd_near;
  to[5 * to_step] = multiply_add(four, d1, multiply_add(minus_five, d3, d[5 * step]));
}

/// Its transpose B: 6 gradients of products back to the 6 places of the input.
inline void input_transform_back(const Vec* v, ptrdiff_t step, Vec* to, ptrdiff_t to_step) {
  const Vec first = v[0], last = v[5 * step];
  const Vec sum12 = v[step] + v[2 * step], difference12 = v[step] - v[2 * step];
  const Vec sum34 = v[3 * step] + v[4 * step], difference34 = v[3 * step] - v[4 * step];
  const Vec four = broadcast(4), minus_four = broadcast(-4), minus_five = broadcast(-5);
  to[0] = four * first;
  to[to_step] = multiply_add(broadcast(-2), difference34, four * (last - difference12));
  to[2 * to_step] = multiply_add(minus_five, first, multiply_add(minus_four, sum12, Vec{} - sum34));
  to[3 * to_step] = multiply_add(minus_five, last, multiply_add(broadcast(2), difference34, difference12));
  to[4 * to_step] = first + sum12 + sum34;
  to[5 * to_step] = last;
}

/// Rows of A^T: 6 products to 4 neighbouring outputs.
inline void output_transform(const Vec* m, ptrdiff_t step, Vec* to, ptrdiff_t to_step) {
  const Vec sum12 = m[step] + m[2 * step], difference12 = m[step] - m[2 * step];
  const Vec sum34 = m[3 * step] + m[4 * step], difference34 = m[3 * step] - m[4 * step];
  to[0] = m[0] + sum12 + sum34;
  to[to_step] = multiply_add(broadcast(2), difference34, difference12);
  to[2 * to_step] = multiply_add(broadcast(4), sum34, sum12);
  to[3 * to_step] = multiply_add(broadcast(8), difference34, difference12) + m[5 * step];
}

/// Its transpose A: gradients of 4 outputs to those of 6 products.
inline void output_transform_back(const Vec* y, ptrdiff_t step, Vec* to, ptrdiff_t to_step) {
  const Vec even = y[0] + y[2 * step], odd = y[step] + y[3 * step];
  const Vec even_far = multiply_add(broadcast(4), y[2 * step], y[0]);
  const Vec odd_far = multiply_add(broadcast(8), y[3 * step], broadcast(2) * y[step]);
  to[0] = y[0];
  to[to_step] = even + odd;
  to[2 * to_step] = even - odd;
  to[3 * to_step] = even_far + odd_far;
  to[4 * to_step] = even_far - odd_far;
  to[5 * to_step] = y[3 * step];
}

/// body(row of tiles, column of tiles, first channel, the number of the tile) for each tile and vector.
template <class Body>
inline void each_tile(const Winograd& w, Body&& body) {
  for (int y = 0; y < w.tile_rows; ++y) {
    for (int x = 0; x < w.tile_columns; ++x) {
      for (int c = 0; c < w.channels; c += kLanes) body(y, x, c, y * w.tile_columns + x);
    }
  }
}

void winograd_input(const Winograd& w, const float* image, float* planes) {
  each_tile(w, [&](int y, int x, int c, int number) {
    const float* from = image + ptrdiff_t{4} * y * w.row + ptrdiff_t{4} * x * w.channels + c;
    float* to = planes + ptrdiff_t{number} * w.channels + c;
    Vec half[36], column[6], line[6];
    for (int j = 0; j < 6; ++j) {
      TADPOLE_UNROLL for (int i = 0; i < 6; ++i) column[i] =
          load(from + i * w.row + ptrdiff_t{j} * w.channels);
      input_transform(column, 1, half + j, 6);
    }
    for (int i = 0; i < 6; ++i) {
      input_transform(half + ptrdiff_t{6} * i, 1, line, 1);
      TADPOLE_UNROLL for (int j = 0; j < 6; ++j) store(to + (6 * i + j) * w.plane, line[j]);
    }
  });
}

void winograd_input_gradient(const Winograd& w, const float* planes, float* image) {
  each_tile(w, [&](int y, int x, int c, int number) {
    const float* from = planes + ptrdiff_t{number} * w.channels + c;
    float* to = image + ptrdiff_t{4} * y * w.row + ptrdiff_t{4} * x * w.channels + c;
    Vec half[36], column[6], line[6];
    for (int j = 0; j < 6; ++j) {
      TADPOLE_UNROLL for (int i = 0; i < 6; ++i) column[i] = load(from + (6 * i + j) * w.plane);
      input_transform_back(column, 1, half + j, 6);
    }
    for (int i = 0; i < 6; ++i) {
      input_transform_back(half + ptrdiff_t{6} * i, 1, line, 1);
      TADPOLE_UNROLL for (int j = 0; j < 6; ++j) {
        float* at = to + i * w.row + ptrdiff_t{j} * w.channels;
        store(at, load(at) + line[j]);
      }
    }
  });
}

void winograd_output(const Winograd& w, const float* planes, const float* bias, float* out) {
  each_tile(w, [&](int y, int x, int c, int number) {
    const float* from = planes + ptrdiff_t{number} * w.channels + c;
    float* to = out + ptrdiff_t{4} * y * w.row + ptrdiff_t{4} * x * w.channels + c;
    const int rows = w.out_h - 4 * y < 4 ? w.out_h - 4 * y : 4;
    const int columns = w.out_w - 4 * x < 4 ? w.out_w - 4 * x : 4;
    const Vec start = bias != nullptr ? load(bias + c) : Vec{};
    Vec half[24], column[6], line[4];
    for (int j = 0; j < 6; ++j) {
      TADPOLE_UNROLL for (int i = 0; i < 6; ++i) column[i] = load(from + (6 * i + j) * w.plane);
      output_transform(column, 1, half + j, 6);
    }
    for (int i = 0; i < rows; ++i) {
      output_transform(half + ptrdiff_t{6} * i, 1, line, 1);
      for (int j = 0; j < columns; ++j) store(to + i * w.row + ptrdiff_t{j} * w.channels, line[j] + start);
    }
  });
}

void winograd_output_gradient(const Winograd& w, const float* out_gradient, float* planes) {
  each_tile(w, [&](int y, int x, int c, int number) {
    const float* from = out_gradient + ptrdiff_t{4} * y * w.row + ptrdiff_t{4} * x * w.channels + c;
    float* to = planes + ptrdiff_t{number} * w.channels + c;
    const int rows = w.out_h - 4 * y < 4 ? w.out_h - 4 * y : 4;
    const int columns = w.out_w - 4 * x < 4 ? w.out_w - 4 * x : 4;
    Vec half[24], column[4], line[6];
    for (int j = 0; j < 4; ++j) {
      for (int i = 0; i < 4; ++i) {
        column[i] = i < rows && j < columns ? load(from + i * w.row + ptrdiff_t{j} * w.channels) : Vec{};
      }
      output_transform_back(column, 1, half + j, 4);
    }
    for (int i = 0; i < 6; ++i) {
      output_transform_back(half + ptrdiff_t{4} * i, 1, line, 1);
      TADPOLE_UNROLL for (int j = 0; j < 6; ++j) store(to + (6 * i + j) * w.plane, line[j]);
    }
  });
}
