# tadpole_precompile(TARGET headers...): compiles headers of others that most files of a target include once, beside those of every
# such target.
function(tadpole_precompile target)
  target_precompile_headers(${target} PRIVATE <filesystem> <functional> <map> <memory> <nlohmann/json.hpp> <optional> <span>
                            <string> <variant> <vector> ${ARGN})
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endfunction()

# tadpole_room(NAME DEPENDS rooms... LIBRARIES libs...): a library of all .cpp files in this folder.
# Targets are called room_<folder>; include paths are the repository's root (for device/) and src/.
function(tadpole_room name)
  cmake_parse_arguments(ROOM "" "" "DEPENDS;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(TRANSFORM ROOM_DEPENDS PREPEND room_)
  if(sources)
    add_library(room_${name} STATIC ${sources})
    target_include_directories(room_${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(room_${name} PUBLIC ${ROOM_DEPENDS} ${ROOM_LIBRARIES})
  else()
    add_library(room_${name} INTERFACE)
    target_include_directories(room_${name} INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(room_${name} INTERFACE ${ROOM_DEPENDS} ${ROOM_LIBRARIES})
  endif()
endfunction()

# tadpole_test(NAME LINKS targets...): one GoogleTest program of all .cpp files in this folder, run by ./dev test.
function(tadpole_test name)
  cmake_parse_arguments(TEST "" "" "LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  if(TADPOLE_SANITIZE)  # the sanitizers count the heap themselves
    list(FILTER sources EXCLUDE REGEX "/allocation_test.cpp$")
  endif()
  if(sources)
    add_executable(${name} ${sources})
    target_link_libraries(${name} PRIVATE ${TEST_LINKS} GTest::gtest_main GTest::gmock)
    target_compile_definitions(${name} PRIVATE TADPOLE_SOURCE_DIR="${PROJECT_SOURCE_DIR}" TADPOLE_BUILD_DIR="${CMAKE_BINARY_DIR}")
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test_programs)
    add_test(NAME ${name} COMMAND ${name})
    add_dependencies(test_programs ${name})
  endif()
endfunction()
