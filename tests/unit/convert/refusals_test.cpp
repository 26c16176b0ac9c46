// Models that cannot be read are refused with what was found and what to do.
#include <gmock/gmock.h>

#include <functional>

#include "convert/model_generated.h"
#include "convert/tflite.h"
#include "test_graphs.h"

namespace tadpole::convert {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::vector<uint8_t> int8_model() { return *write_tflite(small_int8_graph(), "x"); }

/// Changes fields of a verified model in place, as damage or another tool would.
Error refusal(const std::function<void(schema::Model&)>& change,
              const std::function<std::vector<uint8_t>()>& make = int8_model) {
  std::vector<uint8_t> bytes = make();
  change(*flatbuffers::GetMutableRoot<schema::Model>(bytes.data()));
  const auto graph = read_tflite(bytes);
  EXPECT_FALSE(graph.ok());
  return graph.ok() ? Error{Code::internal, "was read"} : graph.error();
}

template <class T>
void set_field(const flatbuffers::Table& table, flatbuffers::voffset_t field, T value) {
  auto& mutable_table = const_cast<flatbuffers::Table&>(table);
  ASSERT_NE(mutable_table.GetAddressOf(field), nullptr);
  flatbuffers::WriteScalar(mutable_table.GetAddressOf(field), value);
}

const flatbuffers::Table& table(const void* pointer) {
  return *static_cast<const flatbuffers::Table*>(pointer);
}

const schema::Tensor& tensor_named(schema::Model& model, const std::string& name) {
  for (const schema::Tensor* tensor : *model.subgraphs()->Get(0)->tensors()) {
    if (tensor->name()->str() == name) return *tensor;
  }
  ADD_FAILURE() << "no tensor " << name;
  return *model.subgraphs()->Get(0)->tensors()->Get(0);
}

TEST(TfliteRefusal, text_is_not_a_model) {
  const std::string text = "<html><body>404</body></html>";
  const auto graph = read_tflite({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, Code::tflite_damaged);
  EXPECT_THAT(graph.error().detail, HasSubstr("3C 68 74 6D"));
}

TEST(TfliteRefusal, an_empty_file_is_not_a_model) {
  const auto graph = read_tflite({});
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, Code::tflite_damaged);
}

TEST(TfliteRefusal, an_old_schema_version_is_named) {
  const Error error =
      refusal([](schema::Model& m) { set_field<uint32_t>(table(&m), schema::Model::VT_VERSION, 2); });
  EXPECT_EQ(error.code, Code::tflite_unsupported);
  EXPECT_THAT(error.detail, HasSubstr("version 2"));
}

TEST(TfliteRefusal, every_unsupported_operator_is_named_with_its_options) {
  const Error error = refusal([](schema::Model& model) {
    const auto& codes = *model.operator_codes();
    for (uint32_t i = 0; i < codes.size(); ++i) {
      const int code = codes.Get(i)->one_byte_code();
      const int other = code == 3 ? 42 /* DIV */ : code == 40 ? 48 /* TOPK_V2 */ : code;
      if (other == code) continue;
      set_field<int8_t>(table(codes.Get(i)), schema::OperatorCode::VT_ONE_BYTE_CODE,
                        static_cast<int8_t>(other));
      set_field<int32_t>(table(codes.Get(i)), schema::OperatorCode::VT_BUILTIN_CODE, other);
    }
  });
  EXPECT_EQ(error.code, Code::op_unsupported);
  EXPECT_THAT(error.detail, HasSubstr("2 of 10 layers"));
  EXPECT_THAT(error.detail, HasSubstr("'conv_1' (DIV: "));
  EXPECT_THAT(error.detail, HasSubstr("stride_w: 1"));
  EXPECT_THAT(error.detail, HasSubstr("activation: RELU"));
  EXPECT_THAT(error.detail, HasSubstr("'mean' (TOPK_V2"));
}

TEST(TfliteRefusal, operators_options_and_types_are_named_together) {
  const Error error = refusal([](schema::Model& model) {
    for (const auto* op : *model.subgraphs()->Get(0)->operators()) {
      if (const auto* conv = op->options_as_Conv2D())
        set_field(table(conv), schema::Conv2D::VT_ACTIVATION, schema::Activation::TANH);
    }
    set_field(table(&tensor_named(model, "add_2_out")), schema::Tensor::VT_TYPE, schema::TensorType::STRING);
    set_field(table(&tensor_named(model, "conv_1_out")), schema::Tensor::VT_TYPE,
              schema::TensorType::COMPLEX64);
  });
  EXPECT_EQ(error.code, Code::op_unsupported);
  EXPECT_THAT(error.detail, AllOf(HasSubstr("'conv_1'"), HasSubstr("TANH"), HasSubstr("'add_2_out'"),
                                  HasSubstr("STRING"), HasSubstr("COMPLEX64")));
}

TEST(TfliteRefusal, asymmetric_weights_of_a_uint8_model_are_named) {
  const Error error = refusal([](schema::Model& model) {
    set_field(table(&tensor_named(model, "dense_3_weights")), schema::Tensor::VT_TYPE,
              schema::TensorType::UINT8);
    auto* zeros = tensor_named(model, "dense_3_weights").quantisation()->zero_point();
    const_cast<flatbuffers::Vector<int64_t>*>(zeros)->Mutate(0, 131);
  });
  EXPECT_EQ(error.code, Code::tflite_unsupported);
  EXPECT_THAT(error.detail, AllOf(HasSubstr("'dense_3'"), HasSubstr("'dense_3_weights'"),
                                  HasSubstr("zero point 3"), HasSubstr("128 in a uint8 model")));
}

TEST(TfliteRefusal, a_computed_float16_tensor_is_named) {
  const Error error = refusal([](schema::Model& model) {
    set_field(table(&tensor_named(model, "conv_1_out")), schema::Tensor::VT_TYPE,
              schema::TensorType::FLOAT16);
  });
  EXPECT_EQ(error.code, Code::type_unsupported);
  EXPECT_THAT(error.detail, AllOf(HasSubstr("'conv_1_out'"), HasSubstr("FLOAT16")));
}

TEST(TfliteRefusal, every_layer_whose_types_do_not_fit_is_named) {
  const Error error = refusal([](schema::Model& model) {
    for (const char* name : {"conv_1_weights", "dense_3_weights"}) {
      auto* zeros = tensor_named(model, name).quantisation()->zero_point();
      const_cast<flatbuffers::Vector<int64_t>*>(zeros)->Mutate(0, 5);
    }
  });
  EXPECT_EQ(error.code, Code::tflite_unsupported);
  EXPECT_THAT(error.detail, AllOf(HasSubstr("'conv_1_weights'"), HasSubstr("'dense_3_weights'")));
}

void set_dimension(const schema::Tensor& tensor, uint32_t index, int32_t value) {
  const_cast<flatbuffers::Vector<int32_t>*>(tensor.shape())->Mutate(index, value);
}

TEST(TfliteRefusal, shapes_without_values_or_with_open_sizes_are_named) {
  const Error empty =
      refusal([](schema::Model& model) { set_dimension(tensor_named(model, "add_2_out"), 1, 0); });
  EXPECT_EQ(empty.code, Code::tflite_unsupported);
  EXPECT_THAT(empty.detail, AllOf(HasSubstr("'add_2_out'"), HasSubstr("1x0x4x2")));
  const Error open =
      refusal([](schema::Model& model) { set_dimension(tensor_named(model, "add_2_out"), 0, -1); });
  EXPECT_EQ(open.code, Code::tflite_unsupported);
  EXPECT_THAT(open.detail, HasSubstr("fixed sizes"));
  const Error huge =
      refusal([](schema::Model& model) { set_dimension(tensor_named(model, "add_2_out"), 0, 0x7fffffff); });
  EXPECT_EQ(huge.code, Code::tflite_unsupported);
  EXPECT_THAT(huge.detail, HasSubstr("256 MB"));
}

TEST(TfliteRefusal, a_constant_of_the_wrong_size_is_damage) {
  const Error error =
      refusal([](schema::Model& model) { set_dimension(tensor_named(model, "conv_1_weights"), 1, 3); });
  EXPECT_EQ(error.code, Code::tflite_damaged);
  EXPECT_THAT(error.detail, HasSubstr("'conv_1_weights'"));
}

TEST(TfliteRefusal, a_reshape_that_contradicts_its_output_is_damage) {
  const Error error = refusal([](schema::Model& model) {
    const auto* data = model.buffers()->Get(tensor_named(model, "shape").buffer())->data();
    const_cast<flatbuffers::Vector<uint8_t>*>(data)->Mutate(0, 2);
  });
  EXPECT_EQ(error.code, Code::tflite_damaged);
  EXPECT_THAT(error.detail, AllOf(HasSubstr("'reshape'"), HasSubstr("2x-1")));
}

TEST(TfliteRefusal, weights_with_a_zero_point_are_named) {
  const Error error = refusal([](schema::Model& model) {
    const auto* zeros = tensor_named(model, "dense_3_weights").quantisation()->zero_point();
    const_cast<flatbuffers::Vector<int64_t>*>(zeros)->Mutate(0, 5);
  });
  EXPECT_EQ(error.code, Code::tflite_unsupported);
  EXPECT_THAT(error.detail, AllOf(HasSubstr("'dense_3_weights'"), HasSubstr("zero point 5")));
}

TEST(TfliteRefusal, a_fused_tanh_is_named) {
  const Error error = refusal([](schema::Model& model) {
    for (const auto* op : *model.subgraphs()->Get(0)->operators()) {
      if (const auto* conv = op->options_as_Conv2D())
        set_field(table(conv), schema::Conv2D::VT_ACTIVATION, schema::Activation::TANH);
    }
  });
  EXPECT_EQ(error.code, Code::op_unsupported);
  EXPECT_THAT(error.detail, AllOf(HasSubstr("'conv_1'"), HasSubstr("TANH")));
}

TEST(TfliteRefusal, an_index_outside_of_the_lists_is_damage) {
  const Error tensor = refusal([](schema::Model& model) {
    const auto* inputs = model.subgraphs()->Get(0)->operators()->Get(0)->inputs();
    const_cast<flatbuffers::Vector<int32_t>*>(inputs)->Mutate(0, 1000);
  });
  EXPECT_EQ(tensor.code, Code::tflite_damaged);
  EXPECT_THAT(tensor.detail, HasSubstr("tensor 1000 of"));
  const Error buffer = refusal([](schema::Model& model) {
    set_field<uint32_t>(table(&tensor_named(model, "dw")), schema::Tensor::VT_BUFFER, 1000);
  });
  EXPECT_EQ(buffer.code, Code::tflite_damaged);
  EXPECT_THAT(buffer.detail, HasSubstr("buffer 1000 of"));
}

/// Tables may share one vector, so a file of some kB can ask for gigabytes of copies.
TEST(TfliteRefusal, a_small_file_cannot_ask_for_endless_copies) {
  flatbuffers::FlatBufferBuilder b;
  const auto name = b.CreateString(std::string(60'000, 'n'));
  std::vector<flatbuffers::Offset<schema::Tensor>> tensors;
  for (int i = 0; i < 20'000; ++i) {
    schema::TensorBuilder tensor(b);
    tensor.add_name(name);
    tensors.push_back(tensor.Finish());
  }
  const auto list = b.CreateVector(tensors);
  const std::vector<int32_t> zero = {0};
  const auto in = b.CreateVector(zero), out = b.CreateVector(zero);
  const std::vector<flatbuffers::Offset<schema::OperatorCode>> codes = {
      schema::CreateOperatorCode(b, 19, 0, 1, schema::BuiltinOperator::RELU)};
  const std::vector<flatbuffers::Offset<schema::Operator>> operators = {
      schema::CreateOperator(b, 0, in, out)};
  const std::vector<flatbuffers::Offset<schema::SubGraph>> graphs = {
      schema::CreateSubGraph(b, list, in, out, b.CreateVector(operators))};
  const auto code_list = b.CreateVector(codes);
  const auto graph_list = b.CreateVector(graphs);
  schema::FinishModelBuffer(b, schema::CreateModel(b, 3, code_list, graph_list));
  const auto graph = read_tflite({b.GetBufferPointer(), b.GetSize()});
  ASSERT_FALSE(graph.ok());
  EXPECT_EQ(graph.error().code, Code::tflite_damaged);
  EXPECT_THAT(graph.error().detail, HasSubstr("again and again"));
}

}  // namespace
}  // namespace tadpole::convert
