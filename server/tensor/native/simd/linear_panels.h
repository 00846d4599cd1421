// Products with float weights in panels; see linear_panels.cc.
#pragma once
#include "../kernels.h"
#include "vec.h"

namespace bc {
namespace BC_ISA {

// A matrix in panels: [out / panel][in][panel], padded with zeros.
size_t packedF32Bytes(const Weight&);
void packF32(const Weight&, float* to);

// Products of the same rows with packed matrices.
void linearPanels(const LinearArgs* products, int count);

}  // namespace BC_ISA
}  // namespace bc
