#!/usr/bin/env bash
# A room includes only itself and what is above it in src/CMakeLists.txt; device/ includes only device/ and three C headers,
# and for vector units the compiler's header of that instruction set in its own folder (no exported library holds such a
# file unless its plan uses it);
# portable rooms open no files and start no processes (<sys/mman.h> only advises about memory). Prints each breach; exit code 1 when there is one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

rooms=$(sed -n 's/^foreach(room \(.*\))$/\1/p' src/CMakeLists.txt)
device_rooms="dsp kernels runtime app port"
portable="base samples features ir plan metrics unsupervised train zoo quantise convert codegen"

{
  git ls-files --cached --others --exclude-standard 'src/*.h' 'src/*.cpp' 'src/*.def' 'device/*.h' 'device/*.cc'
} | while read -r file; do
  [ -f "$file" ] && awk -v file="$file" -v rooms="$rooms" -v device_rooms="$device_rooms" -v portable="$portable" '
    BEGIN {
      count = split(rooms, names, " "); for (i = 1; i <= count; ++i) depth[names[i]] = i
      count = split(device_rooms, names, " "); for (i = 1; i <= count; ++i) device_depth[names[i]] = i
      count = split(portable, names, " "); for (i = 1; i <= count; ++i) is_portable[names[i]] = 1
      split(file, parts, "/"); top = parts[1]; room = parts[2]
    }
    function breach(why) { printf "%s:%d: %s\n", file, FNR, why }
    /^#include "/ {
      split($2, quoted, "\""); path = quoted[2]; split(path, target, "/")
      if (target[1] == "device") {
        if (top == "device" && device_depth[target[2]] > device_depth[room]) breach("device/" room " includes device/" target[2] ", which is below it")
      } else if (top == "device") {
        if (room != "port" || (path != "model.h" && path != "application.h")) breach("device/ includes " path)
      } else if (target[1] in depth) {
        if (depth[target[1]] > depth[room]) breach("src/" room " includes " target[1] "/, which is below it")
      }
    }
    /^#include </ {
      split($2, angled, /[<>]/); name = angled[2]
      if (top == "device" && room != "port" && name !~ /^(stdint|stddef|string)\.h$/ && name !~ /^(arm_acle|arm_mve)\.h$/ && \
          !(file ~ /^device\/kernels\/x86_avx2\// && name == "immintrin.h") && \
          !(file ~ /^device\/kernels\/wasm_simd\// && name == "wasm_simd128.h")) breach("device/ includes <" name ">")
      if (is_portable[room] && top == "src" && name != "sys/mman.h" && name ~ /^(fstream|filesystem|unistd\.h|spawn\.h|sys\/.*)$/)
        breach("the portable room " room " includes <" name ">: it opens no files and starts no processes")
    }
    top == "src" && is_portable[room] && /(^|[^a-z_])(fopen|popen|system) *\(/ { breach("the portable room " room " opens files or starts processes") }
    top == "src" && room != "cli" && room != "codegen" && /(std::cout|std::cerr|std::exit|std::f?printf|[^a-z_:]f?printf *\()/ { breach("only src/cli prints and exits") }
    ' "$file"
done | { breaches=$(cat); [ -z "$breaches" ] || { printf '%s\n' "$breaches"; exit 1; }; }
