# What the enabled parts need from elsewhere, and nothing else. A target that the parent project
# already defines wins; otherwise the installed package is used. Nothing is downloaded.
#
#   part         needs
#   core         nothing
#   C            nothing
#   C++          Abseil (status, statusor, time)
#   Prometheus   prometheus-cpp
#   Python       the interpreter's headers, pybind11 3
#   tests        the C++ face, GoogleTest, nlohmann_json, cJSON
#   bench        the C++ face, Google Benchmark

# A macro, because a package may set variables that its user needs.
macro(spillway_find target)
  if(NOT TARGET ${target})
    find_package(${ARGN} REQUIRED)
  endif()
endmacro()

if(SPILLWAY_BUILD_CPP)
  spillway_find(absl::statusor absl CONFIG)
elseif(SPILLWAY_BUILD_TESTS OR SPILLWAY_BUILD_BENCH)
  message(FATAL_ERROR "SPILLWAY_BUILD_TESTS and SPILLWAY_BUILD_BENCH need SPILLWAY_BUILD_CPP=ON")
endif()

if(SPILLWAY_WITH_PROMETHEUS)
  spillway_find(prometheus-cpp::core prometheus-cpp CONFIG)
endif()

if(SPILLWAY_BUILD_PYTHON)
  set(PYBIND11_FINDPYTHON ON)
  spillway_find(pybind11::module pybind11 3.0 CONFIG)
endif()

if(SPILLWAY_BUILD_TESTS)
  spillway_find(GTest::gmock_main GTest CONFIG)
  spillway_find(nlohmann_json::nlohmann_json nlohmann_json CONFIG)
  if(SPILLWAY_BUILD_C)
    spillway_find(cjson cJSON CONFIG)
  endif()
endif()

if(SPILLWAY_BUILD_BENCH)
  spillway_find(benchmark::benchmark benchmark CONFIG)
endif()
