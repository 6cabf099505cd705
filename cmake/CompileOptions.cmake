# How this project's own targets are compiled. Nothing here reaches the targets of a parent project
# or of a consumer.

if(PROJECT_IS_TOP_LEVEL AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(SPILLWAY_CCACHE ccache)
  if(SPILLWAY_CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER "${SPILLWAY_CCACHE}")
    set(CMAKE_CXX_COMPILER_LAUNCHER "${SPILLWAY_CCACHE}")
  endif()
endif()

if(SPILLWAY_SANITIZE)
  add_compile_options(
    -fsanitize=${SPILLWAY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SPILLWAY_SANITIZE})
endif()

if(SPILLWAY_BUILD_FUZZ)
  # The fuzzer is told which edges of all this code an input takes.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

set(SPILLWAY_WARNINGS
    -Wall
    -Wextra
    -Wpedantic
    -Wcast-qual
    -Wconversion
    -Wshadow
    -Wsign-conversion
    -Wundef
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
    $<$<COMPILE_LANGUAGE:CXX>:-Wextra-semi>
    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
    $<$<COMPILE_LANGUAGE:CXX>:-Woverloaded-virtual>
    $<$<BOOL:${SPILLWAY_WERROR}>:-Werror>)

function(spillway_compile_options target)
  target_compile_options(${target} PRIVATE ${SPILLWAY_WARNINGS})
  target_compile_features(${target} PRIVATE cxx_std_20)
  set_target_properties(
    ${target}
    PROPERTIES CXX_EXTENSIONS OFF
               POSITION_INDEPENDENT_CODE ON
               C_VISIBILITY_PRESET hidden
               CXX_VISIBILITY_PRESET hidden
               VISIBILITY_INLINES_HIDDEN ON)
endfunction()
