# How a folder under src/ becomes part of the build. Every .cc in a folder belongs to it; the ending says what it is:
# x.cc the code, x_test.cc its tests, x_bench.cc its micro-benchmarks, testing*.cc what tests of other folders share.

# How all of it is compiled.
add_library(siskin_flags INTERFACE)
target_compile_features(siskin_flags INTERFACE cxx_std_20)
target_compile_options(siskin_flags INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor $<$<BOOL:${SISKIN_WERROR}>:-Werror>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>  # GCC 12 warns about std::string concatenation itself (GCC bug 105651)
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>  # libstdc++ 12's std::stable_sort uses what it deprecates
  -ffp-contract=off  # the same source gives the same bits whatever the compiler would like to fuse
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)  # and the same program in whatever folder it is built
target_link_libraries(siskin_flags INTERFACE siskin_fmt nlohmann_json::nlohmann_json Threads::Threads)
# Highway compiles every kernel once for each of these instruction sets, of those that the processor family has:
# AVX-512, AVX2, SSE4; NEON, and, its next bit, NEON without AES; WASM; plain C++. Its other ones add compile time and
# nothing to fp32 (SSSE3, the later generations of AVX-512), or have vectors of unknown size, which cannot be members of
# a class (SVE, RVV). Named by what is wanted: a newer Highway's additions stay out until src/kernels/targets.h has them.
set(wide_targets "HWY_AVX3|HWY_SSE4")
if(SISKIN_SANITIZE STREQUAL "thread")  # a race does not depend on the width of vectors: AVX2 and scalar code will do
  set(wide_targets 0)
endif()
target_compile_definitions(siskin_flags INTERFACE
  "HWY_DISABLED_TARGETS=(~(${wide_targets}|HWY_AVX2|HWY_NEON|HWY_NEON<<1|HWY_WASM|HWY_EMU128|HWY_SCALAR))")
target_include_directories(siskin_flags INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
if(SISKIN_SANITIZE)
  target_compile_options(siskin_flags INTERFACE -fsanitize=${SISKIN_SANITIZE} -fno-sanitize-recover=all
                                                -fno-omit-frame-pointer
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)  # its checks confuse GCC 12 even in <regex>
  target_link_options(siskin_flags INTERFACE -fsanitize=${SISKIN_SANITIZE})
  if(SISKIN_SANITIZE MATCHES "undefined")
    # This check asks the kernel which memory is readable; the sandbox of siskin-import refuses, and it reports an error.
    # And checks of every pointer (is it null, does its arithmetic overflow, does its object end before?) are a third of the
    # compile time: AddressSanitizer reports the use of such a pointer anyway.
    target_compile_options(siskin_flags INTERFACE -fno-sanitize=vptr,null,pointer-overflow,object-size)
  endif()
endif()

# Compiles the files of a target twenty-four at a time, where SISKIN_UNITY says so: a third of the time from nothing, since
# headers and templates are most of it, but every change compiles all of them, and names in anonymous namespaces must
# differ within a target. Kernels include themselves once for each instruction set and stay alone.
function(siskin_unity target)
  if(NOT SISKIN_UNITY)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources EXCLUDE REGEX "/src/kernels/")
  set(count 0)
  foreach(source IN LISTS sources)
    math(EXPR group "${count} / 24")
    math(EXPR count "${count} + 1")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${target}_${group})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  # GCC takes the names of an included file's anonymous namespace for those of a header.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()

# The code of the named folders of src/, in `out`; tests, benchmarks and test helpers left out.
function(siskin_sources out)
  set(all)
  foreach(folder IN LISTS ARGN)
    file(GLOB_RECURSE files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*.cc)
    list(FILTER files EXCLUDE REGEX "(_test|_bench|/testing[a-z_]*)\\.cc$")
    list(APPEND all ${files})
  endforeach()
  set(${out} ${all} PARENT_SCOPE)
endfunction()

# The table of layers: of each layer LAYER_IN, LAYER_FILES, LAYER_USES and LAYER_LIBRARIES, and the names of all of them
# in `out`, in order.
function(siskin_read_layers out)
  set(table ${PROJECT_SOURCE_DIR}/cmake/layers.txt)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${table})
  file(STRINGS ${table} rows REGEX "^[a-z]")
  set(layers)
  foreach(row IN LISTS rows)
    string(REGEX REPLACE " +" ";" columns "${row}")
    list(POP_FRONT columns layer)
    foreach(column IN ITEMS IN FILES USES LIBRARIES)
      list(POP_FRONT columns value)
      string(REGEX REPLACE "^-$" "" value "${value}")
      string(REPLACE "," ";" value "${value}")
      set(${layer}_${column} ${value} PARENT_SCOPE)
      set(${layer}_${column} ${value})
    endforeach()
    foreach(used IN LISTS ${layer}_USES)
      if(NOT used IN_LIST layers OR (${layer}_IN STREQUAL "core" AND NOT ${used}_IN STREQUAL "core"))
        message(FATAL_ERROR "cmake/layers.txt: ${layer} uses ${used}, which does not stand below it or not in the core")
      endif()
    endforeach()
    list(APPEND layers ${layer})
  endforeach()
  set(${out} ${layers} PARENT_SCOPE)
endfunction()

# The code of a layer, in `out`: of its folders and files without what another layer has taken out of them.
function(siskin_layer_sources out layer)
  set(all)
  foreach(part IN LISTS ${layer}_FILES)
    if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/src/${part})
      siskin_sources(files ${part})
      foreach(other IN LISTS SISKIN_LAYERS)
        foreach(taken IN LISTS ${other}_FILES)
          if(taken MATCHES "^${part}/")
            list(FILTER files EXCLUDE REGEX "/src/${taken}(/.*)?\\.cc$")
          endif()
        endforeach()
      endforeach()
      list(APPEND all ${files})
    elseif(EXISTS ${PROJECT_SOURCE_DIR}/src/${part}.cc)  # else only a header
      list(APPEND all ${PROJECT_SOURCE_DIR}/src/${part}.cc)
    endif()
  endforeach()
  set(${out} ${all} PARENT_SCOPE)
endfunction()

# Compiles for size what does no arithmetic to speak of: half of the bytes and 60 % of the compile time of -O3.
set(SISKIN_COMPUTING_LAYERS base tensor kernels images photos data graph model train)
function(siskin_optimize target layer)
  if(NOT layer IN_LIST SISKIN_COMPUTING_LAYERS)
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-Os>)
  endif()
  # On ARM, GCC moves loads up before it counts registers: of the 24 sums of a tile (src/kernels/targets.h) five went to
  # the stack and back in every other step of K. On x86 it leaves that out by itself.
  if(layer STREQUAL "kernels" AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-schedule-insns>)
  endif()
endfunction()

# The target of a layer. Objects and no archive: each is compiled once, to be part of four libraries, and what these
# export is decided by SISKIN_API alone.
function(siskin_layer layer)
  siskin_layer_sources(sources ${layer})
  add_library(siskin_${layer} OBJECT ${sources})
  set_target_properties(siskin_${layer} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden
                                                   VISIBILITY_INLINES_HIDDEN ON)
  list(TRANSFORM ${layer}_USES PREPEND siskin_ OUTPUT_VARIABLE used)
  list(TRANSFORM ${layer}_LIBRARIES PREPEND siskin_with_ OUTPUT_VARIABLE libraries)
  target_link_libraries(siskin_${layer} PRIVATE siskin_flags ${used} ${libraries})
  target_compile_definitions(siskin_${layer} PRIVATE SISKIN_VERSION="${PROJECT_VERSION}")
  siskin_optimize(siskin_${layer} ${layer})
  siskin_unity(siskin_${layer})
endfunction()

# A library of the named layers, as NAME (shared) and NAME_static; for others siskin::EXPORT_NAME and, of the static
# one, siskin::STATIC_NAME.
function(siskin_library name)
  cmake_parse_arguments(arg "" "EXPORT_NAME;STATIC_NAME" "LAYERS" ${ARGN})
  set(objects)
  set(libraries)
  set(link_names)
  foreach(layer IN LISTS arg_LAYERS)
    list(APPEND objects $<TARGET_OBJECTS:siskin_${layer}>)
    foreach(library IN LISTS ${layer}_LIBRARIES)
      list(APPEND libraries $<BUILD_INTERFACE:siskin_with_${library}>)  # nobody's who uses the installed library
      list(APPEND link_names ${SISKIN_LINK_${library}})
    endforeach()
  endforeach()
  add_library(${name} SHARED ${objects})
  add_library(${name}_static STATIC ${objects})
  add_library(siskin::${arg_EXPORT_NAME} ALIAS ${name})
  add_library(siskin::${arg_STATIC_NAME} ALIAS ${name}_static)
  # Versions 0.x.y with the same x are compatible.
  set_target_properties(${name} PROPERTIES EXPORT_NAME ${arg_EXPORT_NAME} VERSION ${PROJECT_VERSION}
                                           SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  set_target_properties(${name}_static PROPERTIES EXPORT_NAME ${arg_STATIC_NAME} OUTPUT_NAME ${name})
  foreach(target IN ITEMS ${name} ${name}_static)
    set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX)
    target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                                $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(${target} PRIVATE ${libraries} $<BUILD_INTERFACE:Threads::Threads>)
    if(SISKIN_SANITIZE)
      target_link_options(${target} PUBLIC $<BUILD_INTERFACE:-fsanitize=${SISKIN_SANITIZE}>)
    endif()
  endforeach()
  target_link_options(${name} PRIVATE LINKER:--as-needed)
  set(${name}_LINK_NAMES ${link_names} PARENT_SCOPE)  # what its static form needs
endfunction()

# WITHOUT_MAIN: the name of a library of all its files but main.cc. LIBRARY: the library of layers under it.
function(siskin_program name)
  cmake_parse_arguments(arg "" "OUTPUT;LAYER;WITHOUT_MAIN;LIBRARY" "" ${ARGN})
  siskin_layer_sources(sources ${arg_LAYER})
  if(arg_WITHOUT_MAIN)
    set(rest ${sources})
    list(FILTER sources INCLUDE REGEX "/main\\.cc$")
    list(FILTER rest EXCLUDE REGEX "/main\\.cc$")
    add_library(${arg_WITHOUT_MAIN} STATIC ${rest})
  endif()
  add_executable(${name} ${sources})
  set_target_properties(${name} PROPERTIES OUTPUT_NAME ${arg_OUTPUT} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  target_link_libraries(${name} PRIVATE ${arg_WITHOUT_MAIN})
  target_link_options(${name} PRIVATE LINKER:--as-needed)  # no library that it does not call
  list(TRANSFORM ${arg_LAYER}_LIBRARIES PREPEND siskin_with_ OUTPUT_VARIABLE libraries)
  foreach(target IN ITEMS ${arg_WITHOUT_MAIN} ${name})
    target_compile_definitions(${target} PRIVATE SISKIN_VERSION="${PROJECT_VERSION}")
    target_link_libraries(${target} PRIVATE ${arg_LIBRARY} siskin_flags ${libraries})
    siskin_optimize(${target} ${arg_LAYER})
    siskin_unity(${target})
  endforeach()
endfunction()

# One test program per folder: src/x/**/*_test.cc -> x_test, its tests known to ctest one by one.
function(siskin_tests)
  include(GoogleTest)
  file(GLOB_RECURSE helpers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/testing*.cc)
  list(FILTER helpers EXCLUDE REGEX "_test\\.cc$")  # the helpers' own tests
  add_library(siskin_testing STATIC ${helpers})
  # Only for the file that needs it: a path in every command line would keep ccache from sharing objects between clones.
  set_source_files_properties(${PROJECT_SOURCE_DIR}/src/base/testing.cc PROPERTIES
    COMPILE_DEFINITIONS SISKIN_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(siskin_testing PUBLIC siskin_static siskin_flags GTest::gtest PkgConfig::hwy)
  siskin_unity(siskin_testing)
  # Test programs are built more often than run; the library, references and interpreters included, keeps its -O3.
  target_compile_options(siskin_testing INTERFACE $<$<CONFIG:Release>:-Og>)
  if(SISKIN_SANITIZE MATCHES "undefined")
    # What is tested is checked for undefined behavior, the tests themselves are not: a quarter of their compile time.
    target_compile_options(siskin_testing INTERFACE -fno-sanitize=undefined)
  endif()
  foreach(folder IN LISTS ARGN)
    file(GLOB_RECURSE files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*_test.cc)
    if(files)
      add_executable(${folder}_test ${files})
      target_link_libraries(${folder}_test PRIVATE siskin_testing GTest::gtest_main CURL::libcurl
        PkgConfig::archive PkgConfig::jpeg PkgConfig::png PkgConfig::webp CLI11::CLI11)
      target_compile_definitions(${folder}_test PRIVATE SISKIN_VERSION="${PROJECT_VERSION}")
      siskin_unity(${folder}_test)
      gtest_discover_tests(${folder}_test TEST_PREFIX ${folder}. DISCOVERY_TIMEOUT 120
        WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    endif()
  endforeach()
endfunction()

function(siskin_benchmarks)
  foreach(folder IN LISTS ARGN)
    file(GLOB_RECURSE files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*_bench.cc)
    if(files)
      add_executable(${folder}_bench ${files})
      target_link_libraries(${folder}_bench PRIVATE siskin_static siskin_flags benchmark::benchmark_main
                                                    PkgConfig::hwy)
    endif()
  endforeach()
endfunction()
