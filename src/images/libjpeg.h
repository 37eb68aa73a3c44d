// libjpeg's headers, which do not include what they use themselves; private to images/.
#pragma once

// clang-format off
#include <cstdio>
#include <jpeglib.h>
#include <jerror.h>
// clang-format on
