// The plain tfjs kernels for JavaScript. Shapes come as Int32Arrays, collapsed by the caller.
#include <string.h>

#include "kernels.h"
#include "napi.h"
#include "pool.h"

namespace bc {
namespace {

napi_value outside(napi_env env) {
  napi_throw_range_error(env, nullptr, "A native kernel would read or write outside its arrays.");
  return nullptr;
}

// Elements that the strides reach, or 0 for an empty shape.
size_t reach(int rank, const size_t* dims, const size_t* strides) {
  size_t last = 0;
  for (int d = 0; d < rank; d++) {
    if (dims[d] == 0) return 0;
    last += (dims[d] - 1) * strides[d];
  }
  return last + 1;
}

size_t product(int rank, const size_t* dims) {
  size_t size = 1;
  for (int d = 0; d < rank; d++) size *= dims[d];
  return size;
}

// dims, strides of a, strides of b, one after another
bool readBroadcast(Args& args, int index, Broadcast& s) {
  size_t length = 0;
  int32_t* numbers = args.ints(index, &length);
  if (!args.ok || length % 3 || length == 0 || length / 3 > kMaxRank) return false;
  s.rank = int(length / 3);
  for (int d = 0; d < s.rank; d++) {
    s.dims[d] = numbers[d];
    s.a[d] = numbers[s.rank + d];
    s.b[d] = numbers[2 * s.rank + d];
  }
  return true;
}

bool broadcastFits(const Broadcast& s, size_t na, size_t nb, size_t ny) {
  return reach(s.rank, s.dims, s.a) <= na && reach(s.rank, s.dims, s.b) <= nb && product(s.rank, s.dims) <= ny;
}

// binary(op, shape, a, b, y)
napi_value binary(napi_env env, napi_callback_info info) {
  Args args(env, info);
  int op = args.integer(0);
  Broadcast s;
  bool shape = readBroadcast(args, 1, s);
  size_t na = 0, nb = 0, ny = 0;
  float *a = args.floats(2, &na), *b = args.floats(3, &nb), *y = args.floats(4, &ny);
  if (!args.ok) return nullptr;
  if (!shape || op < 0 || op >= kBinaryOps || !broadcastFits(s, na, nb, ny)) return outside(env);
  kernels().binary(BinaryOp(op), s, a, b, y);
  return nullptr;
}

// compare(op, shape, a, b, y: Uint8Array)
napi_value compare(napi_env env, napi_callback_info info) {
  Args args(env, info);
  int op = args.integer(0);
  Broadcast s;
  bool shape = readBroadcast(args, 1, s);
  size_t na = 0, nb = 0, ny = 0;
  float *a = args.floats(2, &na), *b = args.floats(3, &nb);
  uint8_t* y = args.bytes(4, &ny);
  if (!args.ok) return nullptr;
  if (!shape || op < 0 || op >= kCompareOps || !broadcastFits(s, na, nb, ny)) return outside(env);
  kernels().compare(CompareOp(op), s, a, b, y);
  return nullptr;
}

// unary(op, x, y, p, q)
napi_value unary(napi_env env, napi_callback_info info) {
  Args args(env, info);
  int op = args.integer(0);
  size_t nx = 0, ny = 0;
  float *x = args.floats(1, &nx), *y = args.floats(2, &ny);
  float p = float(args.number(3)), q = float(args.number(4));
  if (!args.ok) return nullptr;
  if (op < 0 || op >= kUnaryOps || ny < nx) return outside(env);
  kernels().unary(UnaryOp(op), x, y, nx, p, q);
  return nullptr;
}

// reduce(op, x, y, outer, count, inner, scale)
napi_value reduce(napi_env env, napi_callback_info info) {
  Args args(env, info);
  int op = args.integer(0);
  size_t nx = 0, ny = 0;
  float *x = args.floats(1, &nx), *y = args.floats(2, &ny);
  size_t outer = args.integer(3), count = args.integer(4), inner = args.integer(5);
  float scale = float(args.number(6));
  if (!args.ok) return nullptr;
  if (op < 0 || op >= kReduceOps || outer * count * inner > nx || outer * inner > ny) return outside(env);
  kernels().reduce(ReduceOp(op), x, y, outer, count, inner, scale);
  return nullptr;
}

// copy(in, inOffset, out, outOffset, shape: dims, in strides, out strides)
napi_value copy(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t nin = 0, nout = 0;
  float* in = args.floats(0, &nin);
  size_t inOffset = args.integer(1);
  float* out = args.floats(2, &nout);
  size_t outOffset = args.integer(3);
  Broadcast s;
  bool shape = readBroadcast(args, 4, s);
  if (!args.ok) return nullptr;
  if (!shape || inOffset + reach(s.rank, s.dims, s.a) > nin || outOffset + reach(s.rank, s.dims, s.b) > nout)
    return outside(env);
  CopyArgs p;
  p.rank = s.rank;
  p.in = in + inOffset;
  p.out = out + outOffset;
  for (int d = 0; d < s.rank; d++) {
    p.dims[d] = s.dims[d];
    p.inStride[d] = s.a[d];
    p.outStride[d] = s.b[d];
  }
  kernels().copy(p);
  return nullptr;
}

// softmax(x, y, width, logarithm)
napi_value softmax(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t nx = 0, ny = 0;
  float *x = args.floats(0, &nx), *y = args.floats(1, &ny);
  int width = args.integer(2);
  bool logarithm = args.flag(3);
  if (!args.ok) return nullptr;
  if (width <= 0 || nx % width || ny < nx) return outside(env);
  kernels().softmax(x, y, int(nx / width), width, logarithm);
  return nullptr;
}

// select(condition: Uint8Array, a, b, y)
napi_value select(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t count = 0, na = 0, nb = 0, ny = 0;
  uint8_t* condition = args.bytes(0, &count);
  float *a = args.floats(1, &na), *b = args.floats(2, &nb), *y = args.floats(3, &ny);
  if (!args.ok) return nullptr;
  if (na < count || nb < count || ny < count) return outside(env);
  for (size_t i = 0; i < count; i++) y[i] = condition[i] ? a[i] : b[i];
  return nullptr;
}

// logicalAnd(a, b, y), all Uint8Array
napi_value logicalAnd(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t na = 0, nb = 0, ny = 0;
  uint8_t *a = args.bytes(0, &na), *b = args.bytes(1, &nb), *y = args.bytes(2, &ny);
  if (!args.ok) return nullptr;
  if (nb < na || ny < na) return outside(env);
  for (size_t i = 0; i < na; i++) y[i] = a[i] && b[i];
  return nullptr;
}

// logicalNot(x, y), both Uint8Array
napi_value logicalNot(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t nx = 0, ny = 0;
  uint8_t *x = args.bytes(0, &nx), *y = args.bytes(1, &ny);
  if (!args.ok) return nullptr;
  if (ny < nx) return outside(env);
  for (size_t i = 0; i < nx; i++) y[i] = !x[i];
  return nullptr;
}

// bytesToFloats(x: Uint8Array, y)
napi_value bytesToFloats(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t nx = 0, ny = 0;
  uint8_t* x = args.bytes(0, &nx);
  float* y = args.floats(1, &ny);
  if (!args.ok) return nullptr;
  if (ny < nx) return outside(env);
  for (size_t i = 0; i < nx; i++) y[i] = x[i];
  return nullptr;
}

// intsToFloats(x: Int32Array, y)
napi_value intsToFloats(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t nx = 0, ny = 0;
  int32_t* x = args.ints(0, &nx);
  float* y = args.floats(1, &ny);
  if (!args.ok) return nullptr;
  if (ny < nx) return outside(env);
  for (size_t i = 0; i < nx; i++) y[i] = float(x[i]);
  return nullptr;
}

// bfloatsToFloats(x: Uint8Array, y): two bytes each, the upper half of the float's
napi_value bfloatsToFloats(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t nx = 0, ny = 0;
  const uint8_t* x = args.bytes(0, &nx);
  float* y = args.floats(1, &ny);
  if (!args.ok) return nullptr;
  if (nx % 2 || ny < nx / 2) return outside(env);
  parallelRanges(nx / 2, 65536, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
      uint16_t half;
      memcpy(&half, x + 2 * i, sizeof half);
      uint32_t word = uint32_t(half) << 16;
      memcpy(y + i, &word, sizeof word);
    }
  });
  return nullptr;
}

// alignment(x): how many floats after the array's start the next multiple of 64 bytes lies
napi_value alignment(napi_env env, napi_callback_info info) {
  Args args(env, info);
  float* x = args.floats(0);
  return args.ok ? makeNumber(env, double((64 - reinterpret_cast<uintptr_t>(x) % 64) % 64 / sizeof(float))) : nullptr;
}

}  // namespace

void exportPlain(napi_env env, napi_value exports) {
  exportFunction(env, exports, "binary", binary);
  exportFunction(env, exports, "compare", compare);
  exportFunction(env, exports, "unary", unary);
  exportFunction(env, exports, "reduce", reduce);
  exportFunction(env, exports, "copy", copy);
  exportFunction(env, exports, "softmax", softmax);
  exportFunction(env, exports, "select", select);
  exportFunction(env, exports, "logicalAnd", logicalAnd);
  exportFunction(env, exports, "logicalNot", logicalNot);
  exportFunction(env, exports, "bytesToFloats", bytesToFloats);
  exportFunction(env, exports, "intsToFloats", intsToFloats);
  exportFunction(env, exports, "bfloatsToFloats", bfloatsToFloats);
  exportFunction(env, exports, "alignment", alignment);
}

}  // namespace bc
