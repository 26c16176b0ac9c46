// Element-wise kernels and those per channel: up to four vectors of channels side by side.
// Part of kernels_impl.h: it is compiled once per instruction set, inside that file's unnamed namespace.

template <int Vectors>
void affine_group(float* out, const float* in, ptrdiff_t whole, int period, const float* scale,
                  const float* shift, Vec low, Vec high) {
  Vec scales[Vectors], shifts[Vectors];
  TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
    scales[v] = load(scale + v * kLanes);
    shifts[v] = load(shift + v * kLanes);
  }
  for (ptrdiff_t at = 0; at < whole; at += period) {
    TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
      const Vec value = multiply_add(load(in + at + v * kLanes), scales[v], shifts[v]);
      store(out + at + v * kLanes, clamp(value, low, high));
    }
  }
}

void affine(float* out, const float* in, ptrdiff_t count, int period, const float* scale, const float* shift,
            float low, float high) {
  const Vec lows = broadcast(low), highs = broadcast(high);
  const ptrdiff_t whole = count - count % period;
  int j = 0;
  for (; j + 4 * kLanes <= period; j += 4 * kLanes) {
    affine_group<4>(out + j, in + j, whole, period, scale + j, shift + j, lows, highs);
  }
  for (; j < period; j += kLanes) {
    affine_group<1>(out + j, in + j, whole, period, scale + j, shift + j, lows, highs);
  }
  ptrdiff_t at = whole;
  for (; at + kLanes <= count; at += kLanes) {
    affine_group<1>(out + at, in + at, 1, 1, scale + at - whole, shift + at - whole, lows, highs);
  }
  for (; at < count; ++at) {
    const float value = in[at] * scale[at - whole] + shift[at - whole];
    out[at] = clamp(value, low, high);
  }
}

template <int Vectors>
void moments_group(const float* in, ptrdiff_t whole, int period, const float* origin, double* sum,
                   double* squares) {
  Vec first[Vectors] = {}, second[Vectors] = {}, zero[Vectors];
  TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) zero[v] = load(origin + v * kLanes);
  for (ptrdiff_t at = 0; at < whole; at += period) {
    TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
      const Vec value = load(in + at + v * kLanes) - zero[v];
      first[v] += value;
      second[v] = multiply_add(value, value, second[v]);
    }
  }
  for (int v = 0; v < Vectors; ++v) {
    for (int i = 0; i < kLanes; ++i) {
      sum[v * kLanes + i] += static_cast<double>(first[v][i]);
      squares[v * kLanes + i] += static_cast<double>(second[v][i]);
    }
  }
}

void moments(const float* in, ptrdiff_t count, int period, const float* origin, double* sum,
             double* squares) {
  const ptrdiff_t whole = count - count % period;
  int j = 0;
  for (; j + 4 * kLanes <= period; j += 4 * kLanes) {
    moments_group<4>(in + j, whole, period, origin + j, sum + j, squares + j);
  }
  for (; j < period; j += kLanes) {
    moments_group<1>(in + j, whole, period, origin + j, sum + j, squares + j);
  }
  ptrdiff_t at = whole;
  for (; at + kLanes <= count; at += kLanes) {
    moments_group<1>(in + at, 1, 1, origin + at - whole, sum + at - whole, squares + at - whole);
  }
  for (; at < count; ++at) {
    const float value = in[at] - origin[at - whole];
    sum[at - whole] += static_cast<double>(value);
    squares[at - whole] += static_cast<double>(value * value);
  }
}

template <int Vectors>
void affine_backward_group(float* gradient, const float* in, ptrdiff_t whole, int period, const float* scale,
                           const float* shift, Vec low, Vec high, const float* mean, double* sum,
                           double* product) {
  Vec first[Vectors] = {}, second[Vectors] = {}, scales[Vectors], shifts[Vectors], means[Vectors] = {};
  TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
    scales[v] = load(scale + v * kLanes);
    shifts[v] = load(shift + v * kLanes);
    if (sum != nullptr) means[v] = load(mean + v * kLanes);
  }
  for (ptrdiff_t at = 0; at < whole; at += period) {
    TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
      const Vec value = load(in + at + v * kLanes);
      const Vec before = multiply_add(value, scales[v], shifts[v]);
      Vec passed = load(gradient + at + v * kLanes);
      passed = before > low ? passed : Vec{};
      passed = before < high ? passed : Vec{};
      store(gradient + at + v * kLanes, passed);
      first[v] += passed;
      second[v] = multiply_add(passed, value - means[v], second[v]);
    }
  }
  if (sum == nullptr) return;
  for (int v = 0; v < Vectors; ++v) {
    for (int i = 0; i < kLanes; ++i) {
      sum[v * kLanes + i] += static_cast<double>(first[v][i]);
      product[v * kLanes + i] += static_cast<double>(second[v][i]);
    }
  }
}

void affine_backward(float* gradient, const float* in, ptrdiff_t count, int period, const float* scale,
                     const float* shift, float low, float high, const float* mean, double* sum,
                     double* product) {
  const ptrdiff_t whole = count - count % period;
  const Vec lows = broadcast(low), highs = broadcast(high);
  int j = 0;
  const auto offset = [](auto* pointer, int by) { return pointer != nullptr ? pointer + by : nullptr; };
  for (; j + 4 * kLanes <= period; j += 4 * kLanes) {
    affine_backward_group<4>(gradient + j, in + j, whole, period, scale + j, shift + j, lows, highs,
                             offset(mean, j), offset(sum, j), offset(product, j));
  }
  for (; j < period; j += kLanes) {
    affine_backward_group<1>(gradient + j, in + j, whole, period, scale + j, shift + j, lows, highs,
                             offset(mean, j), offset(sum, j), offset(product, j));
  }
  ptrdiff_t at = whole;
  for (; at + kLanes <= count; at += kLanes) {
    const int by = static_cast<int>(at - whole);
    affine_backward_group<1>(gradient + at, in + at, 1, 1, scale + by, shift + by, lows, highs,
                             offset(mean, by), offset(sum, by), offset(product, by));
  }
  for (; at < count; ++at) {
    const ptrdiff_t channel = at - whole;
    const float before = in[at] * scale[channel] + shift[channel];
    if (!(before > low && before < high)) gradient[at] = 0;
    if (sum == nullptr) continue;
    sum[channel] += static_cast<double>(gradient[at]);
    product[channel] += static_cast<double>(gradient[at] * (in[at] - mean[channel]));
  }
}

template <int Vectors>
void combine_group(float* out, const float* gradient, const float* in, ptrdiff_t whole, int period,
                   const float* a, const float* b, const float* c) {
  Vec as[Vectors], bs[Vectors], cs[Vectors];
  TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
    as[v] = load(a + v * kLanes);
    bs[v] = load(b + v * kLanes);
    cs[v] = load(c + v * kLanes);
  }
  for (ptrdiff_t at = 0; at < whole; at += period) {
    TADPOLE_UNROLL for (int v = 0; v < Vectors; ++v) {
      const Vec linear = multiply_add(load(in + at + v * kLanes), bs[v], cs[v]);
      store(out + at + v * kLanes, multiply_add(load(gradient + at + v * kLanes), as[v], linear));
    }
  }
}

void combine(float* out, const float* gradient, const float* in, ptrdiff_t count, int period, const float* a,
             const float* b, const float* c) {
  const ptrdiff_t whole = count - count % period;
  int j = 0;
  for (; j + 4 * kLanes <= period; j += 4 * kLanes) {
    combine_group<4>(out + j, gradient + j, in + j, whole, period, a + j, b + j, c + j);
  }
  for (; j < period; j += kLanes) {
    combine_group<1>(out + j, gradient + j, in + j, whole, period, a + j, b + j, c + j);
  }
  ptrdiff_t at = whole;
  for (; at + kLanes <= count; at += kLanes) {
    const ptrdiff_t by = at - whole;
    combine_group<1>(out + at, gradient + at, in + at, 1, 1, a + by, b + by, c + by);
  }
  for (; at < count; ++at) {
    const ptrdiff_t channel = at - whole;
    out[at] = gradient[at] * a[channel] + (in[at] * b[channel] + c[channel]);
  }
}

void add(float* out, const float* in, ptrdiff_t count) {
  ptrdiff_t at = 0;
  for (; at + kLanes <= count; at += kLanes) store(out + at, load(out + at) + load(in + at));
  for (; at < count; ++at) out[at] += in[at];
}

void sgd(float* weight, const float* gradient, float* velocity, ptrdiff_t count, float rate, float momentum) {
  for (ptrdiff_t i = 0; i < count; ++i) {
    velocity[i] = momentum * velocity[i] + gradient[i];
    weight[i] -= rate * velocity[i];
  }
}

void adam(float* weight, const float* gradient, float* first, float* second, ptrdiff_t count, float rate,
          float beta1, float beta2, float epsilon, float decay) {
  for (ptrdiff_t i = 0; i < count; ++i) {
    first[i] = beta1 * first[i] + (1.0f - beta1) * gradient[i];
    second[i] = beta2 * second[i] + (1.0f - beta2) * gradient[i] * gradient[i];
    weight[i] -= decay * weight[i] + rate * first[i] / (__builtin_sqrtf(second[i]) + epsilon);
  }
}
