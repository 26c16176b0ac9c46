// The reference models and their exact outputs in ../shared/reference, as its README describes them.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "convert/tflite.h"
#include "ir/graph.h"

namespace tadpole::conformance {

struct GoldenLayer {
  int node = 0;
  uint32_t crc32 = 0;
};

struct GoldenCase {
  std::string name;
  std::vector<uint8_t> input, output;
  std::vector<GoldenLayer> layers;  ///< may be empty
};

struct ReferenceModel {
  std::string name;
  ir::Graph graph;
  std::vector<GoldenCase> cases;
};

inline std::filesystem::path reference_folder() {
  return std::filesystem::path(TADPOLE_SOURCE_DIR) / ".." / "shared" / "reference";
}

inline std::vector<uint8_t> read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline std::vector<uint8_t> golden_input(const nlohmann::json& json, size_t count) {
  std::vector<uint8_t> bytes;
  if (json["kind"] == "lcg") {
    auto state = json["seed"].get<uint32_t>();
    for (size_t i = 0; i < count; ++i) {
      state = state * 1664525u + 1013904223u;
      bytes.push_back(static_cast<uint8_t>(state >> 24));
    }
  } else if (json["kind"] == "const") {
    bytes.assign(count, static_cast<uint8_t>(json["value"].get<int>()));
  } else {
    const auto repeat = json.value("repeat", 1);
    for (const uint8_t byte : read_bytes(reference_folder() / json["file"].get<std::string>())) {
      bytes.insert(bytes.end(), static_cast<size_t>(repeat), byte);
    }
  }
  return bytes;
}

inline std::filesystem::path reference_file(const std::string& name) {
  return reference_folder() / (name + (name == "vww" ? "_96" : "") + "_int8.tflite");
}

/// "kws", "vww", "ic", "ad", "hello" or "micro_speech"; nothing when ../shared is absent or does not load.
inline std::optional<ReferenceModel> load_reference(const std::string& name) {
  std::ifstream file(reference_folder() / (name + ".golden.json"));
  if (!file) return std::nullopt;
  const auto json = nlohmann::json::parse(file);
  const auto bytes = read_bytes(reference_file(name));
  auto graph = convert::read_tflite(bytes);
  if (!graph.ok()) throw std::runtime_error(name + ": " + graph.error().message());
  ReferenceModel model{name, std::move(graph).value(), {}};
  const auto count =
      static_cast<size_t>(model.graph.tensors[static_cast<size_t>(model.graph.inputs[0])].bytes());
  for (const auto& entry : json["cases"]) {
    GoldenCase golden{entry["name"].get<std::string>(), golden_input(entry, count), {}, {}};
    for (const int value : entry["output"]) golden.output.push_back(static_cast<uint8_t>(value));
    if (entry.contains("layers")) {
      for (const auto& layer : entry["layers"]) {
        const auto crc = std::stoul(layer["crc32"].get<std::string>(), nullptr, 16);
        golden.layers.push_back({layer["op"].get<int>(), static_cast<uint32_t>(crc)});
      }
    }
    model.cases.push_back(std::move(golden));
  }
  return model;
}

}  // namespace tadpole::conformance
