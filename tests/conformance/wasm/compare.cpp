// Runs under Node:
//   compare random: the kernels for vectors against the reference on random layers and graphs
//   compare run MODEL INPUTS OUTPUTS: raw bytes of all inferences one after the other
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "convert/tflite.h"
#include "plan/plan.h"
#include "tests/conformance/random_graph.h"

namespace {

using namespace tadpole;
using conformance::RandomGraph;

std::vector<uint8_t> read_bytes(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

int fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  return 1;
}

int run(const char* model, const char* inputs, const char* outputs) {
  const auto graph = convert::read_tflite(read_bytes(model));
  if (!graph.ok()) return fail(graph.error().message());
  const auto plan = plan::lower(*graph, {"host"});
  if (!plan.ok()) return fail(plan.error().message());
  if (plan->target().kernels != "wasm_simd") return fail("chose the kernels " + plan->target().kernels);
  const std::vector<uint8_t> in = read_bytes(inputs);
  const auto size = static_cast<size_t>(plan->input_bytes());
  std::vector<uint8_t> out(in.size() / size * static_cast<size_t>(plan->output_bytes()));
  plan::Runner runner(*plan);
  for (size_t i = 0; i < in.size() / size; ++i) {
    const auto width = static_cast<size_t>(plan->output_bytes());
    runner.run(std::span(in).subspan(i * size, size), std::span(out).subspan(i * width, width));
  }
  std::ofstream file(outputs, std::ios::binary);
  file.write(reinterpret_cast<const char*>(out.data()), static_cast<std::streamsize>(out.size()));
  return file ? 0 : fail(std::string("cannot write ") + outputs);
}

ir::Graph random_layer(RandomGraph& r, int kind) {
  const ir::Shape map = {r.range(1, 2), r.range(1, 14), r.range(1, 14), r.range(1, 40)};
  ir::Conv2dAttributes conv{r.padding(),   r.range(1, 3), r.range(1, 3),
                            r.range(1, 2), r.range(1, 2), r.activation_kind()};
  if (r.range(0, 1)) conv.dilation_h = conv.dilation_w = 1;
  switch (kind) {
    case 0:
      return r.make_conv(map, r.range(1, 20), r.range(1, 5), r.range(1, 5), conv);
    case 1:
      return r.make_conv(map, r.range(1, 40), 1, 1, {ir::Padding::same, 1, 1, 1, 1, r.activation_kind()});
    case 2:
      return r.make_depthwise(map, r.range(1, 4), r.range(1, 4),
                              {conv.padding, conv.stride_h, conv.stride_w, conv.dilation_h, conv.dilation_w,
                               r.range(1, 3), conv.activation});
    case 3:
      return r.make_dense(r.range(1, 3), r.range(1, 200), r.range(1, 40), r.activation_kind());
    case 4:
      return r.make_pool(r.range(0, 1) ? ir::Op::average_pool_2d : ir::Op::max_pool_2d, map,
                         {r.padding(), r.range(1, 4), r.range(1, 4), 1, r.range(1, 2), r.activation_kind()});
    case 5:
      return r.make_add(map, r.activation_kind());
    default:
      return r.make(r.range(1, 8));
  }
}

int compare_random() {
  Rng rng(1);
  int compared = 0;
  for (int i = 0; compared < 1000; ++i) {
    RandomGraph random(rng.fork(std::to_string(i)), i % 3 != 0);
    const ir::Graph graph = random_layer(random, i % 7);
    if (graph.nodes.empty()) continue;
    const auto in = conformance::random_input(graph, rng);
    if (!plan::lower(graph, {"ref"}).ok()) continue;  // the generator mixes types that an operator refuses
    std::vector<uint8_t> answers[2];
    const plan::Target targets[2] = {{"ref", false}, {"wasm_simd", true}};
    for (int k = 0; k < 2; ++k) {
      const auto plan = plan::lower(graph, targets[k]);
      if (!plan.ok()) return fail(plan.error().message());
      plan::Runner runner(*plan);
      answers[k].resize(static_cast<size_t>(plan->output_bytes()));
      runner.run(in, answers[k]);
    }
    if (answers[0] != answers[1]) return fail("graph " + std::to_string(i) + " differs");
    ++compared;
  }
  std::printf("%d equal\n", compared);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "random") == 0) return compare_random();
  if (argc == 5 && std::strcmp(argv[1], "run") == 0) return run(argv[2], argv[3], argv[4]);
  return fail("compare random | compare run MODEL INPUTS OUTPUTS");
}
