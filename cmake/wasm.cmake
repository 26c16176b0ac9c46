# tadpole_wasm_program(test target definition): builds `target` of tests/conformance/wasm with em++ beside the test program
# `test`, and gives it the path of the JavaScript as the macro `definition`. Where em++, Node or node-acorn is missing, and in
# sanitizer builds, the macro stays undefined and the test skips. Debian's emscripten finds its own needs with this NODE_PATH only.
function(tadpole_wasm_program test target definition)
  find_program(TADPOLE_EMCMAKE emcmake)
  find_program(TADPOLE_NODE node)
  if(NOT TADPOLE_EMCMAKE OR NOT TADPOLE_NODE OR TADPOLE_SANITIZE)
    return()
  endif()
  set(emscripten ${CMAKE_COMMAND} -E env NODE_PATH=/usr/share/nodejs)
  execute_process(COMMAND ${emscripten} ${TADPOLE_NODE} -e "require('acorn')" RESULT_VARIABLE no_acorn OUTPUT_QUIET ERROR_QUIET)
  if(no_acorn)
    return()
  endif()
  set(source ${PROJECT_SOURCE_DIR}/tests/conformance/wasm)
  set(build ${CMAKE_BINARY_DIR}/wasm_${target})
  add_custom_command(OUTPUT ${build}/build.ninja VERBATIM DEPENDS ${source}/CMakeLists.txt
    COMMAND ${emscripten} ${TADPOLE_EMCMAKE} ${CMAKE_COMMAND} -S ${source} -B ${build} -G Ninja
            "-DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}")
  add_custom_target(wasm_${target} ALL VERBATIM DEPENDS ${build}/build.ninja
    COMMAND ${emscripten} ${CMAKE_COMMAND} --build ${build} --target ${target} -- -j2)
  add_dependencies(test_programs wasm_${target})
  target_compile_definitions(${test} PRIVATE ${definition}="${build}/${target}.js")
endfunction()
