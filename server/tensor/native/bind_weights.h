// Arguments that are a weight matrix.
#pragma once
#include "kernels.h"
#include "napi.h"

namespace bc {

// Sums of more products of bytes could leave 32 bits.
constexpr int kMostDepth = 1 << 16;

// Throws that a kernel would leave its arrays; returns null.
napi_value outside(napi_env env);

// Reads kind, values, scales|null, out, in from the argument `first` on, and checks their sizes.
bool readWeight(Args& args, int first, Weight& w);

}  // namespace bc
