// Several models in one library: each in a folder and a namespace of its own, all in one arena.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "codegen/device_sources.h"
#include "codegen/emit.h"
#include "codegen/text.h"

namespace tadpole::codegen {

namespace {

/// What a folder or a namespace of the library is called already, or what a compiler would not take.
constexpr std::string_view kTakenNames[] = {
    "asm",    "auto",    "bool",  "break", "case",    "char",   "class",   "const",   "default", "delete",
    "device", "do",      "else",  "enum",  "extern",  "false",  "float",   "for",     "goto",    "if",
    "inline", "int",     "long",  "main",  "model",   "models", "mutable", "new",     "private", "public",
    "return", "short",   "std",   "this",  "tadpole", "true",   "signed",  "sizeof",  "static",  "struct",
    "switch", "typedef", "union", "using", "virtual", "void",   "double",  "examples"};

Result<void> check_space(const std::string& space, std::set<std::string>& seen) {
  const bool letters = !space.empty() && space.size() <= 40 && space[0] >= 'a' && space[0] <= 'z' &&
                       std::all_of(space.begin(), space.end(), [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
                       });
  if (!letters || space.find("__") != std::string::npos ||
      std::find(std::begin(kTakenNames), std::end(kTakenNames), space) != std::end(kTakenNames)) {
    return Error{Code::config_bad_value,
                 "a model cannot be called '" + space +
                     "' in C++; a name needs lower-case letters, digits and '_', and begins with a letter."};
  }
  if (!seen.insert(space).second) {
    return Error{Code::config_bad_value, "two models are called '" + space + "'; each needs its own name."};
  }
  return {};
}

int64_t arena_of(std::span<const Member> members) {
  int64_t largest = 0;
  for (const Member& member : members) largest = std::max(largest, member.plan.arena_bytes());
  return largest;
}

std::string arena_header(std::span<const Member> members) {
  std::string text =
      "// Made by tadpole: the memory that all models of this library share, one at a time.\n#ifndef "
      "TADPOLE_ARENA_H_\n#define TADPOLE_ARENA_H_\n\n#include <stdint.h>\n\nnamespace models {\n\nenum {\n  "
      "kArenaBytes = " +
      literal(arena_of(members)) + "  // of the largest:";
  for (const Member& member : members)
    text += " " + member.options.space + " " + literal(member.plan.arena_bytes());
  return text + R"(
};

// 16-byte aligned. What a model has in it is lost when another one runs.
extern uint8_t arena_memory[kArenaBytes];

}  // namespace models

#endif  // TADPOLE_ARENA_H_
)";
}

std::string readme(std::span<const Member> members) {
  std::string text =
      "# Models in one arena\n\nTrained networks as plain C++14, made by tadpole. They run one at a time in "
      "the "
      "same " +
      base::with_commas(arena_of(members)) +
      " bytes; read a model's output before another one runs.\n\n| namespace | model | file's hash | alone "
      "it "
      "needs | weights in flash | multiply-accumulates |\n| --- | --- | --- | --- | --- | --- |\n";
  for (const Member& member : members) {
    text += "| `" + member.options.space + "` | " + member.options.name + " | " + member.options.hash +
            " | " + base::with_commas(member.plan.arena_bytes()) + " bytes | " +
            base::with_commas(member.plan.constant_bytes()) + " bytes | " +
            base::with_commas(member.plan.macs()) + " |\n";
  }
  const std::string& first = members.front().options.space;
  return text + "\n```cpp\n#include \"" + first + "/model.h\"\nmemcpy(" + first + "::input(), my_data, " +
         first + "::kInputBytes);\n" + first + "::invoke();\nuse(" + first +
         "::output());\n```\n\n`arena.h` has the memory itself, `device/app/cascade.h` what decides which "
         "model "
         "runs. Compile every `.cc` file with this folder on the include path.\n";
}

}  // namespace

Result<std::vector<File>> emit_models(std::span<const Member> members) {
  if (members.empty()) return Error{Code::config_bad_value, "there is no model to make a library of."};
  std::set<std::string> spaces, roots;
  std::vector<File> files = {
      {"arena.h", arena_header(members)},
      {"arena.cc",
       "// Made by tadpole: the arena.\n#include \"arena.h\"\n\nnamespace models {\n\nalignas(16) uint8_t "
       "arena_memory[kArenaBytes];\n\n}  // namespace models\n"},
      {"README.md", readme(members)}};
  for (const Member& member : members) {
    LibraryOptions options = member.options;
    options.shared_arena = options.session = true;
    options.form = Form::generated;
    TADPOLE_CHECK(check_space(options.space, spaces));
    TADPOLE_CHECK(check_application(member.plan, options));
    if (!member.plan.states().empty()) {
      return Error{
          Code::type_unsupported,
          "model '" + options.space +
              "' remembers what it has seen in its arena, which other models would overwrite. Give it "
              "a firmware of its own, or use a network without memory."};
    }
    const std::string folder = options.space + "/";
    files.push_back({folder + "model.h", emit_model_header(member.plan, options)});
    files.push_back({folder + "model.cc", emit_model_source(member.plan, options)});
    if (options.speech || options.signal)
      files.push_back({folder + "application.h", emit_application_header(options)});
    if (options.speech) {
      files.push_back({folder + "application.cc", emit_application_source(*options.speech, options.space)});
    } else if (options.signal) {
      files.push_back({folder + "application.cc", emit_signal_source(*options.signal, options.space)});
    }
    roots.merge(device_roots(member.plan, options));
  }
  for (const DeviceSource& source : device_source_closure(std::vector(roots.begin(), roots.end())))
    files.push_back({std::string(source.path), std::string(source.text)});
  return files;
}

}  // namespace tadpole::codegen
