# 64-bit ARM on Debian: g++-aarch64-linux-gnu with the arm64 packages of the libraries (multiarch); what is built runs
# under qemu-user. SISKIN_ARM_ROOT: a folder into which those packages were unpacked, where they are not installed.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES SISKIN_ARM_ROOT)

set(packages "${SISKIN_ARM_ROOT}/usr/lib/aarch64-linux-gnu/pkgconfig")
set(ENV{PKG_CONFIG_LIBDIR} "${packages}:${SISKIN_ARM_ROOT}/usr/share/pkgconfig:/usr/share/pkgconfig")
if(SISKIN_ARM_ROOT)
  set(ENV{PKG_CONFIG_SYSROOT_DIR} "${SISKIN_ARM_ROOT}")
  list(PREPEND CMAKE_FIND_ROOT_PATH "${SISKIN_ARM_ROOT}")
  list(APPEND CMAKE_CROSSCOMPILING_EMULATOR -E "LD_LIBRARY_PATH=${SISKIN_ARM_ROOT}/usr/lib/aarch64-linux-gnu" -L
              /usr/aarch64-linux-gnu)
endif()
