// 4-bit weights in groups times rows quantised to 8 bits.
#include "../kernels.h"
#include "quantize.h"

namespace bc {
namespace BC_ISA {

void linearInt4(const LinearArgs& p) {
  int in = p.w.in, out = p.w.out, groups = in / kInt4Group;
  Int8Rows rows = quantizeRows(p.x, nullptr, p.rows, in);
  parallelRanges(out, 1 + 65536 / (size_t(in) * p.rows), [&](size_t begin, size_t end) {
    for (size_t o = begin; o < end; o++) {
      const uint8_t* w = static_cast<const uint8_t*>(p.w.values) + o * in / 2;
      for (int i = 0; i < p.rows; i++) {
        const int8_t* x = rows.q + i * rows.stride;
        float value = 0;
        for (int g = 0; g < groups; g++) {
          int32_t sum = 0;
          for (int k = 0; k < 16; k++) {
            uint8_t pair = w[g * 16 + k];
            sum += ((pair & 15) - 8) * x[g * kInt4Group + k] + ((pair >> 4) - 8) * x[g * kInt4Group + 16 + k];
          }
          value += float(sum) * p.w.scales[o * groups + g];
        }
        value *= rows.scale[i];
        float& y = p.y[size_t(i) * out + o];
        if (p.bias) value += p.bias[o];
        y = p.accumulate ? y + value : value;
      }
    }
  });
}

}  // namespace BC_ISA
}  // namespace bc
