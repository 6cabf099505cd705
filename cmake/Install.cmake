# Installing: each component is one row of find_package(spillway COMPONENTS ...).
#
#   component   targets                              finds
#   core        spillway::core                       nothing
#   cpp         spillway::spillway, spillway::core   Abseil
#   c           spillway::c                          nothing
#   prometheus  spillway::prometheus, spillway::core prometheus-cpp

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(SPILLWAY_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/spillway")

# Installs a target as the given component, with its public headers.
function(spillway_install_target target component)
  if(NOT SPILLWAY_INSTALL)
    return()
  endif()
  install(
    TARGETS ${target}
    EXPORT spillway_${component}_targets
    COMPONENT ${component}
    FILE_SET HEADERS COMPONENT ${component})
  install(
    EXPORT spillway_${component}_targets
    NAMESPACE spillway::
    DESTINATION "${SPILLWAY_PACKAGE_DIR}"
    COMPONENT ${component})
  set_property(GLOBAL APPEND PROPERTY SPILLWAY_COMPONENTS ${component})
endfunction()

# Installs <name>.pc, made from <name>.pc.in of this folder. The file finds its prefix from where it
# lies, so the installed tree can be moved; absolute install folders are kept as they are.
function(spillway_install_pkgconfig name component)
  if(NOT SPILLWAY_INSTALL)
    return()
  endif()
  set(folder "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
  file(RELATIVE_PATH PC_PREFIX "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
  set(PC_LIBDIR "\${prefix}")
  cmake_path(APPEND PC_LIBDIR "${CMAKE_INSTALL_LIBDIR}")
  set(PC_INCLUDEDIR "\${prefix}")
  cmake_path(APPEND PC_INCLUDEDIR "${CMAKE_INSTALL_INCLUDEDIR}")
  configure_file(${name}.pc.in ${name}.pc @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/${name}.pc" DESTINATION "${folder}"
          COMPONENT ${component})
endfunction()

# Installs the package files once every component has been declared.
function(spillway_install_package)
  if(NOT SPILLWAY_INSTALL)
    return()
  endif()
  get_property(SPILLWAY_COMPONENTS GLOBAL PROPERTY SPILLWAY_COMPONENTS)
  configure_package_config_file(
    cmake/spillwayConfig.cmake.in spillwayConfig.cmake
    INSTALL_DESTINATION "${SPILLWAY_PACKAGE_DIR}")
  write_basic_package_version_file(spillwayConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES "${PROJECT_BINARY_DIR}/spillwayConfig.cmake"
                "${PROJECT_BINARY_DIR}/spillwayConfigVersion.cmake"
          DESTINATION "${SPILLWAY_PACKAGE_DIR}" COMPONENT core)
endfunction()
