// A feature block's constants as C++, for firmware that the tests put together themselves.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "codegen/device_sources.h"
#include "features/device_constants.h"

namespace tadpole::board {

/// `constexpr <type> <name> = {...};` with its tables before it.
inline std::string block_source(const features::DeviceConstants& constants, const std::string& name) {
  std::ostringstream tables, fields;
  tables.precision(9);
  fields.precision(9);
  for (const features::DeviceField& field : constants.fields) {
    const auto print = [&](const auto& value) {
      using T = std::decay_t<decltype(value)>;
      if constexpr (!std::is_same_v<T, features::DeviceTable>) {
        fields << value;
      } else {
        std::visit(
            [&](const auto& values) {
              if (values.empty()) {
                fields << "nullptr";
                return;
              }
              using Element = std::remove_const_t<typename std::decay_t<decltype(values)>::element_type>;
              tables << "const "
                     << (std::is_same_v<Element, float>     ? "float"
                         : std::is_same_v<Element, int32_t> ? "int32_t"
                         : std::is_same_v<Element, int16_t> ? "int16_t"
                                                            : "uint16_t")
                     << " " << name << "_" << field.name << "[] = {";
              for (const Element element : values) tables << element << ",";
              tables << "};\n";
              fields << name << "_" << field.name;
            },
            value);
      }
      fields << ",";
    };
    std::visit(print, field.value);
  }
  return tables.str() + "constexpr tadpole::dsp::" + constants.type + " " + name + " = {" + fields.str() +
         "};\n";
}

/// Writes the device sources that a block needs to a library.
inline void copy_block_sources(const features::DeviceConstants& constants, const std::string& library) {
  const std::vector<std::string> roots = {constants.header};
  for (const codegen::DeviceSource& file : codegen::device_source_closure(roots)) {
    const std::filesystem::path target = std::filesystem::path(library) / file.path;
    std::filesystem::create_directories(target.parent_path());
    std::ofstream(target) << file.text;
  }
}

}  // namespace tadpole::board
