// RMSNorm, rotary embedding, SwiGLU, softmax by row, embedding rows.
#include <math.h>

#include "../kernels.h"
#include "vec.h"

namespace bc {
namespace BC_ISA {
namespace {

// Rows in one range, so that a range is some tens of kilobytes.
size_t rowGrain(int width) { return 1 + 8192 / (width > 0 ? width : 1); }

float inverseRms(const float* x, int width, float eps) {
  vf squares = {};
  lanes(width, [&](size_t i, auto part) {
    vf v = get(x + i, part);
    squares += v * v;
  });
  return 1.0f / sqrtf(sumLanes(squares) / width + eps);
}

}  // namespace

void rmsNorm(const float* x, const float* gain, float* y, int rows, int width, float eps) {
  parallelRanges(rows, rowGrain(width), [&](size_t begin, size_t end) {
    for (size_t r = begin; r < end; r++) {
      const float* from = x + r * width;
      float* to = y + r * width;
      float scale = inverseRms(from, width, eps);
      lanes(width, [&](size_t i, auto part) {
        put(to + i, get(from + i, part) * scale * get(gain + i, part), part);
      });
    }
  });
}

void rmsNormGrad(const float* dy, const float* x, const float* gain, float* dx, float* dgain,
                 int rows, int width, float eps, bool accumulate) {
  // The gain's gradient is summed by a fixed number of ranges, then over these in order.
  int pieces = rows < 16 ? 1 : 16;
  float* partial = scratch(2, size_t(pieces) * width);
  parallelFor(pieces, [&](int piece) {
    float* sum = partial + size_t(piece) * width;
    memset(sum, 0, width * sizeof(float));
    for (size_t r = size_t(rows) * piece / pieces; r < size_t(rows) * (piece + 1) / pieces; r++) {
      const float *g = dy + r * width, *in = x + r * width;
      float* out = dx + r * width;
      float scale = inverseRms(in, width, eps);
      vf dots = {};
      lanes(width, [&](size_t i, auto part) {
        dots += get(g + i, part) * get(gain + i, part) * get(in + i, part);
      });
      float pull = sumLanes(dots) * scale * scale * scale / width;
      lanes(width, [&](size_t i, auto part) {
        vf up = get(g + i, part), v = get(in + i, part);
        vf slope = up * get(gain + i, part) * scale - v * pull;
        put(out + i, accumulate ? get(out + i, part) + slope : slope, part);
        put(sum + i, get(sum + i, part) + up * v * scale, part);
      });
    }
  });
  memcpy(dgain, partial, width * sizeof(float));
  for (int piece = 1; piece < pieces; piece++)
    lanes(width, [&](size_t i, auto part) {
      put(dgain + i, get(dgain + i, part) + get(partial + size_t(piece) * width + i, part), part);
    });
}

void rotary(const float* x, float* y, const int32_t* positions, int rows, int heads, int headSize,
            const float* table, bool inverse) {
  int half = headSize / 2;
  float sign = inverse ? -1.0f : 1.0f;
  parallelRanges(rows, rowGrain(heads * headSize), [&](size_t begin, size_t end) {
    for (size_t r = begin; r < end; r++) {
      const float* cosines = table + size_t(positions[r]) * headSize;
      const float* sines = cosines + half;
      for (int h = 0; h < heads; h++) {
        const float* from = x + (r * heads + h) * headSize;
        float* to = y + (r * heads + h) * headSize;
        lanes(half, [&](size_t i, auto part) {
          vf a = get(from + i, part), b = get(from + half + i, part);
          vf c = get(cosines + i, part), s = get(sines + i, part) * sign;
          put(to + i, a * c - b * s, part);
          put(to + half + i, b * c + a * s, part);
        });
      }
    }
  });
}

void swiglu(const float* gate, const float* up, float* y, size_t count) {
  parallelRanges(count, 16384, [&](size_t begin, size_t end) {
    lanes(end - begin, [&](size_t k, auto part) {
      size_t i = begin + k;
      vf g = get(gate + i, part);
      put(y + i, g * vsigmoid(g) * get(up + i, part), part);
    });
  });
}

void swigluGrad(const float* dy, const float* gate, const float* up, float* dgate, float* dup,
                size_t count) {
  parallelRanges(count, 16384, [&](size_t begin, size_t end) {
    lanes(end - begin, [&](size_t k, auto part) {
      size_t i = begin + k;
      vf g = get(gate + i, part), d = get(dy + i, part);
      vf s = vsigmoid(g);
      put(dgate + i, d * get(up + i, part) * s * (1.0f + g * (1.0f - s)), part);
      put(dup + i, d * g * s, part);
    });
  });
}

void softmax(const float* x, float* y, int rows, int width, bool logarithm) {
  parallelRanges(rows, rowGrain(width), [&](size_t begin, size_t end) {
    for (size_t r = begin; r < end; r++) {
      const float* from = x + r * width;
      float* to = y + r * width;
      float top = from[0];
      for (int i = 1; i < width; i++) top = from[i] > top ? from[i] : top;
      vf sums = {};
      int i = 0;
      for (; i + kLanes <= width; i += kLanes) {
        vf e = vexp(load(from + i) - top);
        sums += e;
        if (!logarithm) store(to + i, e);
      }
      float total = sumLanes(sums);
      for (; i < width; i++) {
        float e = expf(from[i] - top);
        total += e;
        if (!logarithm) to[i] = e;
      }
      float shift = top + logf(total), scale = 1.0f / total;
      lanes(width, [&](size_t k, auto part) {
        put(to + k, logarithm ? get(from + k, part) - shift : get(to + k, part) * scale, part);
      });
    }
  });
}

void embedding(const float* table, const int32_t* ids, float* y, int rows, int width) {
  parallelRanges(rows, rowGrain(width), [&](size_t begin, size_t end) {
    for (size_t r = begin; r < end; r++)
      memcpy(y + r * width, table + size_t(ids[r]) * width, width * sizeof(float));
  });
}

// Adds the rows of dy into the rows of the table. A task owns some columns and goes through all
// tokens in order, so that tokens of the same id are added in one order.
void embeddingGrad(const float* dy, const int32_t* ids, float* dtable, int rows, int width) {
  constexpr int COLUMNS = 128;
  parallelFor((width + COLUMNS - 1) / COLUMNS, [&](int task) {
    int first = task * COLUMNS;
    int count = width - first < COLUMNS ? width - first : COLUMNS;
    for (int r = 0; r < rows; r++) {
      const float* from = dy + size_t(r) * width + first;
      float* to = dtable + size_t(ids[r]) * width + first;
      lanes(count, [&](size_t i, auto part) { put(to + i, get(to + i, part) + get(from + i, part), part); });
    }
  });
}

}  // namespace BC_ISA
}  // namespace bc
