// 8-bit weights times rows quantised to 8 bits.
#include "../kernels.h"
#include "quantize.h"

namespace bc {
namespace BC_ISA {

void linearInt8(const LinearArgs& p) {
  int in = p.w.in, out = p.w.out;
  int8_t* q = reinterpret_cast<int8_t*>(scratch(16, (size_t(p.rows) * in + 3) / 4));
  float* scales = scratch(17, p.rows);
  parallelRanges(p.rows, 1 + 32768 / (in + 1), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) scales[i] = quantizeRow(p.x + i * in, in, q + i * in);
  });
  parallelRanges(out, 1 + 65536 / (size_t(in) * p.rows), [&](size_t begin, size_t end) {
    for (size_t o = begin; o < end; o++) {
      const int8_t* w = static_cast<const int8_t*>(p.w.values) + o * in;
      for (int i = 0; i < p.rows; i++) {
        const int8_t* x = q + size_t(i) * in;
        int32_t sum = 0;
        for (int k = 0; k < in; k++) sum += int(x[k]) * int(w[k]);
        float& y = p.y[size_t(i) * out + o];
        float value = float(sum) * (scales[i] * p.w.scales[o]);
        if (p.bias) value += p.bias[o];
        y = p.accumulate ? y + value : value;
      }
    }
  });
}

}  // namespace BC_ISA
}  // namespace bc
