# cmake -DFOLDER= -DOUTPUT= -P: the bytes of FOLDER/*.tflite as arrays of one C++ source.
file(GLOB models LIST_DIRECTORIES false ${FOLDER}/*.tflite)
set(arrays "")
set(rows "")
foreach(model IN LISTS models)
  get_filename_component(name ${model} NAME_WE)
  file(READ ${model} bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
  string(APPEND arrays "constexpr uint8_t k_${name}[] = {\n${bytes}};\n")
  string(APPEND rows "    {\"${name}\", k_${name}},\n")
endforeach()
file(WRITE ${OUTPUT} "// Made from src/project/pretrained at build time.
#include \"project/pretrained.h\"

namespace tadpole::project {
namespace {
${arrays}constexpr PretrainedBytes kModels[] = {
${rows}};
}  // namespace

std::span<const PretrainedBytes> pretrained_bytes() { return kModels; }

}  // namespace tadpole::project
")
