// y = x wᵀ with float weights that are packed into panels once: each lane has an output of its own, and adds its
// products in the order of the inputs. So a row's result is the same, bit for bit, alone and in any company.
#include "linear_panels.h"

#include "gemm_tile.h"

namespace bc {
namespace BC_ISA {

using namespace panel;

static_assert(kPanelOutputs % NR == 0, "a packed matrix is cut between panels");

namespace {

constexpr int KC = 384;  // depth of a pass

// The rows of one panel of outputs.
void onePanel(const LinearArgs& p, int panel) {
  int in = p.w.in, j = panel * NR, passes = ceilDiv(in, KC), step = ceilDiv(in, passes);
  const float* w = static_cast<const float*>(p.w.packed) + size_t(j) * in;
  for (int k = 0; k < in; k += step) {
    Target t = {p.y + j, size_t(p.w.out), nullptr, size_t(p.w.out), nullptr, 1};
    if (p.accumulate || k > 0) t.addend = t.c;
    if (p.bias && k == 0) t.bias = p.bias + j;
    multiplyPanels(p.rows, minOf(NR, p.w.out - j), minOf(step, in - k), {p.x + k, size_t(in), 1}, false,
                   w + size_t(k) * NR, t);
  }
}

}  // namespace

size_t packedF32Bytes(const Weight& w) { return size_t(ceilDiv(w.out, NR)) * NR * w.in * sizeof(float); }

void packF32(const Weight& w, float* to) {
  const float* values = static_cast<const float*>(w.values);
  parallelFor(ceilDiv(w.out, NR), [&](int panel) {
    size_t j = size_t(panel) * NR;
    packPanel(values + j * w.in, 1, w.in, minOf(NR, w.out - int(j)), w.in, to + j * w.in);
  });
}

void linearPanels(const LinearArgs* products, int count) {
  int panels = 0;
  for (int i = 0; i < count; i++) panels += ceilDiv(products[i].w.out, NR);
  parallelFor(panels, [&](int at) {
    const LinearArgs* product = products;
    for (; at >= ceilDiv(product->w.out, NR); product++) at -= ceilDiv(product->w.out, NR);
    onePanel(*product, at);
  });
}

}  // namespace BC_ISA
}  // namespace bc
