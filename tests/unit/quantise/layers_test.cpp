// Networks beyond plain image classifiers to int8: they run on the plan, answer near the float network, and
// survive a way through a .tflite file.
#include <gtest/gtest.h>

#include "convert/tflite.h"
#include "ir/builder.h"
#include "nets.h"
#include "plan/plan.h"
#include "quantise/quantise.h"

namespace tadpole::quantise {
namespace {

using ir::GraphBuilder;
using ir::Op;
using ir::Value;

struct Net {
  const char* name;
  double signal_to_noise_db;  ///< of the answers, at least; int8 activations carry some 30 to 45 dB
  Value (*make)(GraphBuilder&);
};

const Net kNets[] = {
    {"lstm", 20,
     [](GraphBuilder& b) {
       return b.fully_connected(b.last_step(b.lstm(b.input({1, 8, 5}), 12)), 4);
     }},
    {"gru", 20,
     [](GraphBuilder& b) {
       return b.fully_connected(b.last_step(b.gru(b.input({1, 6, 5}), 10)), 4);
     }},
    {"gru that resets first", 20,
     [](GraphBuilder& b) {
       return b.fully_connected(b.flatten(b.gru(b.input({1, 5, 4}), 7, false)), 4);
     }},
    {"convolutional autoencoder", 25,
     [](GraphBuilder& b) {
       Value x = b.relu(
           b.batch_norm(b.conv_2d(b.input({1, 8, 8, 2}), 6, 3, 3, {.stride_h = 2, .stride_w = 2}, false)));
       x = b.transpose_conv_2d(x, 4, 3, 3, {.stride_h = 2, .stride_w = 2});
       return b.conv_2d(b.upsample_2d(b.relu(x), 2, 1), 1, 3, 3);
     }},
    {"squeeze and excite, with a join", 25,
     [](GraphBuilder& b) {
       const Value x = b.relu(b.conv_2d(b.input({1, 6, 6, 3}), 8, 3, 3));
       const Value gate = b.logistic(b.conv_2d(b.mean(x, {1, 2}), 8, 1, 1));
       const Value y = b.concatenation({b.binary(Op::mul, x, gate), b.conv_2d(x, 5, 1, 1)}, 3);
       return b.fully_connected(b.flatten(b.transpose(y, {0, 3, 1, 2})), 5);
     }},
    {"sums, differences and functions", 20,
     [](GraphBuilder& b) {
       const Value x = b.fully_connected(b.input({1, 12}), 16);
       const std::vector<Value> parts = b.split(b.unary(Op::hard_swish, x), 1, 2);
       const Value shift = b.constant("shift", {8}, {0.1f, -0.2f, 0.3f, 0, 0.5f, -1, 0.2f, 0.1f});
       const Value y = b.binary(Op::add, b.binary(Op::sub, parts[0], parts[1]), shift);
       const Value z =
           b.binary(Op::maximum, y, b.unary(Op::leaky_relu, parts[1], ir::LeakyReluAttributes{0.1f}));
       return b.fully_connected(b.unary(Op::tanh, z), 3);
     }},
    {"layer norm", 15,
     [](GraphBuilder& b) {
       const Value x = b.fully_connected(b.input({1, 4, 10}), 12, {.keep_dims = true});
       return b.fully_connected(b.flatten(b.layer_norm(x)), 3);
     }},
    {"conv 1d", 25,
     [](GraphBuilder& b) {
       const Value x = b.relu(b.batch_norm(b.conv_1d(b.input({1, 20, 3}), 8, 5, {.stride_w = 2}, false)));
       return b.fully_connected(b.mean(x, {1}, false), 4);
     }},
};

TEST(Quantise, layers_beyond_image_classifiers_answer_near_float_and_survive_a_file) {
  for (const Net& net : kNets) {
    SCOPED_TRACE(net.name);
    GraphBuilder builder(net.name, Rng(7));
    const Value answers = net.make(builder);
    const auto graph = std::move(builder).finish(answers);
    ASSERT_TRUE(graph.ok()) << graph.error().message();
    const auto folded = fold_for_inference(*graph);
    ASSERT_TRUE(folded.ok()) << folded.error().message();
    const int64_t values = ir::element_count(folded->tensors[static_cast<size_t>(folded->inputs[0])].shape);
    const CalibrationSet calibration{60, [=](int index) {
                                       Rng rng(1000 + static_cast<uint64_t>(index));
                                       return random_values(rng, values, -2, 2);
                                     }};
    Silent silent;
    const auto quantised = quantise_int8(*folded, calibration, silent);
    ASSERT_TRUE(quantised.ok()) << quantised.error().message();
    EXPECT_GT(quantised->layers.back().signal_to_noise_db, net.signal_to_noise_db);

    const auto bytes = convert::write_tflite(quantised->graph.graph, "test");
    ASSERT_TRUE(bytes.ok()) << bytes.error().message();
    const auto again = convert::read_tflite(*bytes);
    ASSERT_TRUE(again.ok()) << again.error().message();
    const auto plan = plan::lower(quantised->graph.graph, {.kernels = "ref"});
    const auto plan_again = plan::lower(*again, {.kernels = "ref"});
    ASSERT_TRUE(plan.ok()) << plan.error().message();
    ASSERT_TRUE(plan_again.ok()) << plan_again.error().message();
    plan::Runner runner(*plan), runner_again(*plan_again);
    std::vector<uint8_t> in(static_cast<size_t>(plan->input_bytes())),
        out(static_cast<size_t>(plan->output_bytes()));
    std::vector<uint8_t> out_again(out.size());
    for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<uint8_t>(37 * i);
    runner.run(in, out);
    runner_again.run(in, out_again);
    EXPECT_EQ(out, out_again);
  }
}

TEST(Fold, a_gru_becomes_operators_that_answer_alike_and_share_their_weights) {
  for (const bool reset_after : {true, false}) {
    GraphBuilder b("gru", Rng(3));
    const Value states = b.gru(b.input({1, 7, 4}), 6, reset_after);
    auto graph = std::move(b).finish(states);
    ASSERT_TRUE(graph.ok());
    Rng rng(4);
    for (ir::Tensor& tensor : graph->tensors) {
      if (tensor.is_constant())
        tensor.constant =
            ir::make_constant<float>(random_values(rng, ir::element_count(tensor.shape), -1, 1));
    }
    const auto folded = fold_for_inference(*graph);
    ASSERT_TRUE(folded.ok()) << folded.error().message();
    // Slices of weights are the whole matrices, once; the first step's biases beside them.
    EXPECT_LE(ir::parameter_count(*folded), ir::parameter_count(*graph) + 3 * 6);
    const std::vector<float> in = random_values(rng, 28, -2, 2);
    std::vector<float> wanted(42), found(42);
    const auto run = [&](const ir::Graph& of, std::vector<float>& out) {
      const auto plan = plan::lower(of, {.kernels = "ref"});
      ASSERT_TRUE(plan.ok()) << plan.error().message();
      plan::Runner runner(*plan);
      runner.run({reinterpret_cast<const uint8_t*>(in.data()), 112},
                 {reinterpret_cast<uint8_t*>(out.data()), 168});
    };
    run(*graph, wanted);
    run(*folded, found);
    for (size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(found[i], wanted[i], 1e-5f) << i;
  }
}

TEST(Quantise, the_steps_of_a_gru_store_their_weights_once) {
  constexpr int kUnits = 64;
  const auto constant_bytes = [](int steps) -> int64_t {
    GraphBuilder b("gru", Rng(7));
    const auto graph =
        std::move(b).finish(b.fully_connected(b.last_step(b.gru(b.input({1, steps, 5}), kUnits)), 4));
    const auto folded = fold_for_inference(*graph);
    const CalibrationSet calibration{10, [=](int index) {
                                       Rng rng(static_cast<uint64_t>(index));
                                       return random_values(rng, steps * 5, -2, 2);
                                     }};
    Silent silent;
    const auto quantised = quantise_int8(*folded, calibration, silent);
    EXPECT_TRUE(quantised.ok());
    const auto plan = plan::lower(quantised->graph.graph, {.kernels = "cortex_m_dsp"});
    EXPECT_TRUE(plan.ok());
    return plan->constant_bytes();
  };
  const int64_t of_eight = constant_bytes(8), of_twelve = constant_bytes(12);
  EXPECT_LT(of_twelve - of_eight,
            3 * kUnits * kUnits);  // four steps more, without a second copy of the weights
  EXPECT_GT(of_eight, 3 * kUnits * kUnits);
}

TEST(Quantise, a_join_of_fixed_and_free_scales_is_refused_by_name) {
  GraphBuilder b("join", Rng(7));
  const Value x = b.fully_connected(b.input({1, 6}), 4);
  const Value joined = b.concatenation({b.logistic(x), x}, 1);
  const auto graph = std::move(b).finish(joined);
  ASSERT_TRUE(graph.ok());
  const CalibrationSet calibration{
      4, [](int index) { return std::vector<float>(6, 0.1f * static_cast<float>(index)); }};
  Silent silent;
  const auto quantised = quantise_int8(*graph, calibration, silent);
  ASSERT_FALSE(quantised.ok());
  EXPECT_EQ(quantised.error().code, Code::quantise_bad_range);
  EXPECT_NE(quantised.error().detail.find("'concatenation_2' joins"), std::string::npos)
      << quantised.error().detail;
}

}  // namespace
}  // namespace tadpole::quantise
