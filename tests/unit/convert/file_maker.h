// .tflite files by hand, as other and older writers make them.
#pragma once

#include <string>
#include <vector>

#include "convert/schema.h"

namespace tadpole::convert {

/// Scales and zero points of a tensor; none when empty.
struct Scale {
  std::vector<float> scales;
  std::vector<int64_t> zero_points;
  int axis = 0;
};

/// One subgraph under construction, and after next_subgraph() another.
class FileMaker {
 public:
  using Options = std::pair<schema::Options, flatbuffers::Offset<void>>;

  flatbuffers::FlatBufferBuilder b;
  bool old_codes = false;   ///< one-byte codes only, as before schema 3a
  bool has_buffers = true;  ///< false: no list of buffers at all

  FileMaker() { buffers_.push_back(schema::CreateBuffer(b)); }

  int tensor(const std::string& name, schema::TensorType type, const std::vector<int32_t>& shape,
             const Scale& scale = {}, const std::vector<uint8_t>& constant = {}) {
    uint32_t buffer = 0;
    if (!constant.empty()) {
      b.ForceVectorAlignment(constant.size(), 1, 16);
      buffers_.push_back(schema::CreateBuffer(b, b.CreateVector(constant)));
      buffer = static_cast<uint32_t>(buffers_.size() - 1);
    }
    flatbuffers::Offset<schema::QuantisationParameters> quantisation;
    if (!scale.scales.empty()) {
      const auto scales = b.CreateVector(scale.scales);
      const auto zeros = b.CreateVector(scale.zero_points);
      schema::QuantisationParametersBuilder to(b);
      to.add_scale(scales);
      if (!scale.zero_points.empty()) to.add_zero_point(zeros);
      to.add_quantised_dimension(scale.axis);
      quantisation = to.Finish();
    }
    tensors_.push_back(
        schema::CreateTensor(b, b.CreateVector(shape), type, buffer, b.CreateString(name), quantisation));
    return static_cast<int>(tensors_.size()) - 1;
  }
  template <class T>
  int constant(const std::string& name, schema::TensorType type, const std::vector<int32_t>& shape,
               const std::vector<T>& values, const Scale& scale = {}) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(values.data());
    return tensor(name, type, shape, scale, {bytes, bytes + values.size() * sizeof(T)});
  }

  void op(schema::BuiltinOperator code, const std::vector<int>& inputs, const std::vector<int>& outputs,
          const Options& options = {schema::Options::NONE, 0}) {
    const int number = static_cast<int>(code);
    const auto wide = old_codes ? schema::BuiltinOperator::ADD : code;
    codes_.push_back(schema::CreateOperatorCode(b, static_cast<int8_t>(std::min(number, 127)), 0, 1, wide));
    operators_.push_back(schema::CreateOperator(b, static_cast<uint32_t>(codes_.size() - 1),
                                                b.CreateVector(inputs), b.CreateVector(outputs),
                                                options.first, options.second));
  }
  void next_subgraph(const std::vector<int>& inputs, const std::vector<int>& outputs) {
    subgraphs_.push_back(schema::CreateSubGraph(b, b.CreateVector(tensors_), b.CreateVector(inputs),
                                                b.CreateVector(outputs), b.CreateVector(operators_)));
    tensors_.clear();
    operators_.clear();
  }
  std::vector<uint8_t> finish() {
    const auto codes = b.CreateVector(codes_);
    const auto subgraphs = b.CreateVector(subgraphs_);
    flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<schema::Buffer>>> buffers;
    if (has_buffers) buffers = b.CreateVector(buffers_);
    schema::FinishModelBuffer(b, schema::CreateModel(b, 3, codes, subgraphs, 0, buffers));
    return {b.GetBufferPointer(), b.GetBufferPointer() + b.GetSize()};
  }
  std::vector<uint8_t> finish(const std::vector<int>& inputs, const std::vector<int>& outputs) {
    next_subgraph(inputs, outputs);
    return finish();
  }

 private:
  std::vector<flatbuffers::Offset<schema::Buffer>> buffers_;
  std::vector<flatbuffers::Offset<schema::Tensor>> tensors_;
  std::vector<flatbuffers::Offset<schema::OperatorCode>> codes_;
  std::vector<flatbuffers::Offset<schema::Operator>> operators_;
  std::vector<flatbuffers::Offset<schema::SubGraph>> subgraphs_;
};

}  // namespace tadpole::convert
