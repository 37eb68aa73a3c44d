// How a function that is compiled once per instruction set is called.
#pragma once

#include "hwy/highway.h"
#include "kernels/isa.h"

// HWY_DYNAMIC_DISPATCH, after SISKIN_ISA has been obeyed. kUsage if it names an instruction set that is not there.
#define SISKIN_DISPATCH(function) (siskin::ObeyEnvironment(), HWY_DYNAMIC_DISPATCH(function))
