// Products with weights in any of their forms.
#include "../kernels.h"
#include "vec.h"

namespace bc {
namespace BC_ISA {

void linearF32(const LinearArgs&);
void linearInt8(const LinearArgs&);
void linearInt4(const LinearArgs&);

void linearWeight(const LinearArgs& p) {
  if (p.rows <= 0 || p.w.out <= 0) return;
  if (p.w.kind == kInt8) return linearInt8(p);
  if (p.w.kind == kInt4) return linearInt4(p);
  linearF32(p);
}

void weightRow(const Weight& w, int row, float* out) {
  Weight one = weightRows(w, row, 1);
  if (w.kind == kF32) {
    memcpy(out, one.values, w.in * sizeof(float));
  } else if (w.kind == kInt8) {
    const int8_t* q = static_cast<const int8_t*>(one.values);
    for (int i = 0; i < w.in; i++) out[i] = float(q[i]) * one.scales[0];
  } else {
    const uint8_t* q = static_cast<const uint8_t*>(one.values);
    for (int g = 0; g < w.in / kInt4Group; g++)
      for (int i = 0; i < 16; i++) {
        uint8_t pair = q[g * 16 + i];
        out[g * kInt4Group + i] = float((pair & 15) - 8) * one.scales[g];
        out[g * kInt4Group + 16 + i] = float((pair >> 4) - 8) * one.scales[g];
      }
  }
}

}  // namespace BC_ISA
}  // namespace bc
