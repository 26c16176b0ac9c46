// Trains under Node and prints the losses, a line each.
#include "tests/conformance/wasm/train_losses.h"

#include <cstdio>
#include <cstdlib>

int main(int count, char** arguments) {
  const int updates = count > 1 ? std::atoi(arguments[1]) : 20;
  const std::vector<double> losses = tadpole::train::training_losses(tadpole::train::best_kernels(), updates);
  for (const double loss : losses) std::printf("%.17g\n", loss);
  return losses.empty() ? 1 : 0;
}
