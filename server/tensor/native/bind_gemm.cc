// Matrix products for JavaScript.
#include "kernels.h"
#include "napi.h"

namespace bc {
namespace {

// gemm(a, b, c, m, n, k, transposeA, transposeB, batch, strideA, strideB, alpha, accumulate, bias|null,
//      addend|null)
// Row-major, batch times; a stride of 0 repeats an operand.
napi_value gemm(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t sizeA, sizeB, sizeC, sizeAddend = 0;
  float* a = args.floats(0, &sizeA);
  float* b = args.floats(1, &sizeB);
  float* c = args.floats(2, &sizeC);
  GemmArgs g;
  g.m = args.integer(3);
  g.n = args.integer(4);
  g.k = args.integer(5);
  bool transposeA = args.flag(6), transposeB = args.flag(7);
  size_t batch = args.integer(8), strideA = args.integer(9), strideB = args.integer(10);
  g.alpha = static_cast<float>(args.number(11));
  g.accumulate = args.flag(12);
  g.bias = args.floatsOrNull(13);
  const float* addend = args.has(14) ? args.floats(14, &sizeAddend) : nullptr;
  if (!args.ok) return nullptr;
  size_t m = g.m, n = g.n, k = g.k;
  if (batch > 0 && ((batch - 1) * strideA + m * k > sizeA || (batch - 1) * strideB + k * n > sizeB ||
                    batch * m * n > sizeC || (addend && batch * m * n > sizeAddend))) {
    napi_throw_range_error(env, nullptr, "A matrix product would read or write outside its arrays.");
    return nullptr;
  }
  g.aRow = transposeA ? 1 : k;
  g.aDepth = transposeA ? m : 1;
  g.bDepth = transposeB ? 1 : n;
  g.bColumn = transposeB ? k : 1;
  g.cRow = n;
  for (size_t i = 0; i < batch; i++) {
    g.a = a + i * strideA;
    g.b = b + i * strideB;
    g.c = c + i * m * n;
    g.addend = addend ? addend + i * m * n : nullptr;
    kernels().gemm(g);
  }
  return nullptr;
}

}  // namespace

void exportGemm(napi_env env, napi_value exports) { exportFunction(env, exports, "gemm", gemm); }

}  // namespace bc
