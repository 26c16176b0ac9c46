// Products of two values, or of a value and a trained matrix: c[.., i, j] = sum over k of a[.., i, k] *
// b[.., k, j], with outer dimensions that are broadcast.
#include "train/layer.h"
#include "train/taps.h"

namespace tadpole::train {

namespace {

struct Matrix {
  int edge = -1;                         ///< a value, or
  const Parameter* parameter = nullptr;  ///< a trained constant
  int size = 0, row = 0, column = 0;     ///< steps to the next row and column
  std::vector<int> start;                ///< of each product's matrix
};

class BatchMatMul final : public Layer {
 public:
  BatchMatMul(const LayerInputs& from) : Layer(from.node.name) {
    const auto& attributes = std::get<ir::BatchMatMulAttributes>(from.node.attributes);
    const ir::Shape& out = from.graph.output_of(from.node).shape;
    rows_ = out[out.size() - 2];
    columns_ = out[out.size() - 1];
    const ir::Shape outer(out.begin(), out.end() - 2);
    int edges = 0;
    for (size_t i = 0; i < 2; ++i) {
      const ir::Tensor& tensor = from.graph.input_of(from.node, static_cast<int>(i));
      const ir::Shape& shape = tensor.shape;
      const bool adjoint = i == 0 ? attributes.adjoint_a : attributes.adjoint_b;
      Matrix& matrix = matrices_[i];
      matrix.parameter = from.by_position[i];
      if (!tensor.is_constant()) matrix.edge = edges++;
      matrix.size = static_cast<int>(ir::element_count(shape));
      const int width = shape[shape.size() - 1];
      matrix.row = adjoint ? 1 : width;
      matrix.column = adjoint ? width : 1;
      if (i == 0) depth_ = adjoint ? shape[shape.size() - 2] : width;
      matrix.start = starts(shape, outer);
    }
  }
  size_t scratch_floats() const override {
    return 2 * static_cast<size_t>(matrices_[0].size + matrices_[1].size) +
           matrices_[0].start.size() * static_cast<size_t>(rows_ * columns_);
  }

  void forward(const Shard& shard) override {
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      const float* a = numbers(0, shard, sample);
      const float* b = numbers(1, shard, sample);
      float* to = out->sample(sample);
      std::memset(to, 0, static_cast<size_t>(out->size) * sizeof(float));
      each_product([&](int a_at, int b_at, int c_at) { to[c_at] += a[a_at] * b[b_at]; });
      finish_output(*out, shard, sample, 1);
    }
  }

  void backward(const Shard& shard) override {
    float* spare = shard.scratch + matrices_[0].size + matrices_[1].size;
    float* target = spare + out->size;
    for (int sample = shard.begin; sample < shard.end; ++sample) {
      const float* a = numbers(0, shard, sample);
      const float* b = numbers(1, shard, sample);
      const float* from = read_gradient(*out, sample, 1, *shard.kernels, spare);
      side_backward(0, shard, sample, target, [&](float* to) {
        each_product([&](int a_at, int b_at, int c_at) { to[a_at] += from[c_at] * b[b_at]; });
      });
      side_backward(1, shard, sample, target, [&](float* to) {
        each_product([&](int a_at, int b_at, int c_at) { to[b_at] += from[c_at] * a[a_at]; });
      });
    }
  }

 private:
  static std::vector<int> starts(const ir::Shape& shape, const ir::Shape& outer) {
    const ir::Shape own(shape.begin(), shape.end() - 2);
    const int matrix = shape[shape.size() - 2] * shape[shape.size() - 1];
    const std::vector<int> stride = strides_of(own);
    const size_t missing = outer.size() - own.size();
    std::vector<int> places;
    each_index(outer, [&](const std::vector<int>& index) {
      int at = 0;
      for (size_t d = 0; d < own.size(); ++d) at += own[d] == 1 ? 0 : index[d + missing] * stride[d];
      places.push_back(at * matrix);
    });
    return places;
  }

  template <class Body>
  void each_product(Body&& body) const {
    const Matrix &a = matrices_[0], &b = matrices_[1];
    int c_row = 0;
    for (size_t m = 0; m < a.start.size(); ++m) {
      for (int i = 0; i < rows_; ++i, c_row += columns_) {
        for (int k = 0; k < depth_; ++k) {
          const int a_at = a.start[m] + i * a.row + k * a.column, b_at = b.start[m] + k * b.row;
          for (int j = 0; j < columns_; ++j) body(a_at, b_at + j * b.column, c_row + j);
        }
      }
    }
  }

  const float* numbers(size_t which, const Shard& shard, int sample) const {
    const Matrix& matrix = matrices_[which];
    if (matrix.parameter != nullptr) return shard.weights + matrix.parameter->offset;
    return read_value(*in[static_cast<size_t>(matrix.edge)].value, sample, 1, *shard.kernels,
                      shard.scratch + (which == 0 ? 0 : matrices_[0].size));
  }

  template <class Add>
  void side_backward(size_t which, const Shard& shard, int sample, float* spare, Add&& add) {
    const Matrix& matrix = matrices_[which];
    if (matrix.parameter != nullptr) return add(shard.gradients + matrix.parameter->offset);
    const Edge& edge = in[static_cast<size_t>(matrix.edge)];
    if (!edge.value->needs_gradient) return;
    float* target = gradient_target(edge, sample, spare);
    std::memset(target, 0, static_cast<size_t>(matrix.size) * sizeof(float));
    add(target);
    finish_gradient(edge, shard, sample, 1, target);
  }

  std::array<Matrix, 2> matrices_;
  int rows_ = 1, columns_ = 1, depth_ = 1;
};

}  // namespace

std::unique_ptr<Layer> make_batch_matmul(const LayerInputs& from) {
  return std::make_unique<BatchMatMul>(from);
}

}  // namespace tadpole::train
