// Products with weights in any of their forms.
#include "int8.h"
#include "linear_panels.h"

namespace bc {
namespace BC_ISA {

void gemm(const GemmArgs&);
void linearF32(const LinearArgs&);
void linearInt4(const LinearArgs&);
void weightRow(const Weight&, int row, float* out);

namespace {

GemmArgs rowMajor(const float* a, const float* b, float* c, int m, int n, int k) {
  GemmArgs g = {};
  g.m = m;
  g.n = n;
  g.k = k;
  g.a = a;
  g.aRow = k;
  g.aDepth = 1;
  g.b = b;
  g.bDepth = n;
  g.bColumn = 1;
  g.c = c;
  g.cRow = n;
  g.alpha = 1;
  return g;
}

// dx = dy w by f32, pieces of the weights becoming floats one after another.
void gradByFloats(const Weight& w, int rows, const float* dy, float* dx, bool accumulate) {
  constexpr int PIECE = 256;
  for (int first = 0; first < w.out; first += PIECE) {
    int count = w.out - first < PIECE ? w.out - first : PIECE;
    float* values = scratch(18, size_t(PIECE) * w.in);
    parallelFor(count, [&](int row) { weightRow(w, first + row, values + size_t(row) * w.in); });
    GemmArgs g = rowMajor(dy + first, values, dx, rows, w.in, count);
    g.aRow = w.out;
    g.accumulate = accumulate || first > 0;
    gemm(g);
  }
}

}  // namespace

void linearWeight(const LinearArgs& p) {
  if (p.rows <= 0 || p.w.out <= 0) return;
  if (p.w.kind == kInt8) return linearInt8(&p, 1, nullptr);
  if (p.w.kind == kInt4) return linearInt4(p);
  if (p.w.packed) return linearPanels(&p, 1);
  linearF32(p);
}

void linearWeights(const LinearArgs* products, int count) {
  if (products->rows <= 0) return;
  bool int8 = true, panels = true;
  for (int i = 0; i < count; i++) {
    int8 = int8 && products[i].w.kind == kInt8;
    panels = panels && products[i].w.kind == kF32 && products[i].w.packed;
  }
  if (int8) return linearInt8(products, count, nullptr);
  if (panels) return linearPanels(products, count);
  for (int i = 0; i < count; i++) linearWeight(products[i]);
}

void linearWeightGrad(const Weight& w, int rows, const float* dy, float* dx, bool accumulate) {
  if (w.kind == kInt8) return linearInt8Grad(w, rows, dy, dx, accumulate, nullptr);
  if (w.kind == kInt4) return gradByFloats(w, rows, dy, dx, accumulate);
  GemmArgs g = rowMajor(dy, static_cast<const float*>(w.values), dx, rows, w.in, w.out);
  g.accumulate = accumulate;
  gemm(g);
}

// 0: products of this kind read their weights as they lie.
size_t packedBytes(const Weight& w) {
  return w.kind == kInt8 ? packedInt8Bytes(w) : w.kind == kF32 ? packedF32Bytes(w) : 0;
}

void packWeight(const Weight& w, void* to) {
  if (w.kind == kInt8) packInt8(w, static_cast<int8_t*>(to));
  if (w.kind == kF32) packF32(w, static_cast<float*>(to));
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
