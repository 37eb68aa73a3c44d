include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
install(TARGETS siskin EXPORT siskinTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS siskin-cli siskin-import RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY include/siskin DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT siskinTargets NAMESPACE siskin:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/siskin)
configure_package_config_file(cmake/siskinConfig.cmake.in ${PROJECT_BINARY_DIR}/siskinConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/siskin)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/siskinConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/siskinConfig.cmake ${PROJECT_BINARY_DIR}/siskinConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/siskin)
