// Products with weights in any of their forms, for JavaScript.
#include "kernels.h"
#include "napi.h"

namespace bc {
namespace {

// Reads kind, values, scales|null, out, in from five arguments on.
bool readWeight(Args& args, int first, Weight& w) {
  int kind = args.integer(first);
  w.kind = kind == kInt8 ? kInt8 : kind == kInt4 ? kInt4 : kF32;
  size_t values = 0, scales = 0;
  w.values = w.kind == kF32    ? static_cast<void*>(args.floats(first + 1, &values))
             : w.kind == kInt8 ? static_cast<void*>(args.int8s(first + 1, &values))
                               : static_cast<void*>(args.bytes(first + 1, &values));
  w.scales = w.kind == kF32 ? nullptr : args.floats(first + 2, &scales);
  w.out = args.integer(first + 3);
  w.in = args.integer(first + 4);
  if (!args.ok) return false;
  bool fits = w.out >= 0 && w.in > 0 && (w.kind != kInt4 || w.in % kInt4Group == 0) && values >= weightValues(w) &&
              scales >= weightScales(w);
  if (!fits) napi_throw_range_error(args.env, nullptr, "A weight matrix is larger than its arrays.");
  return fits;
}

// linearWeight(kind, values, scales|null, out, in, x, y, bias|null, accumulate)
napi_value linearWeight(napi_env env, napi_callback_info info) {
  Args args(env, info);
  LinearArgs p;
  if (!readWeight(args, 0, p.w)) return nullptr;
  size_t nx = 0, ny = 0, nb = 0;
  p.x = args.floats(5, &nx);
  p.y = args.floats(6, &ny);
  p.bias = args.has(7) ? args.floats(7, &nb) : nullptr;
  p.accumulate = args.flag(8);
  if (!args.ok) return nullptr;
  p.rows = int(nx / p.w.in);
  if (nx % p.w.in != 0 || ny < size_t(p.rows) * p.w.out || (p.bias && nb < size_t(p.w.out))) {
    napi_throw_range_error(env, nullptr, "A product with weights would read or write outside its arrays.");
    return nullptr;
  }
  kernels().linearWeight(p);
  return nullptr;
}

// weightRows(kind, values, scales|null, out, in, ids, y): the rows `ids` as floats
napi_value weightRows(napi_env env, napi_callback_info info) {
  Args args(env, info);
  Weight w;
  if (!readWeight(args, 0, w)) return nullptr;
  size_t count = 0, ny = 0;
  int32_t* ids = args.ints(5, &count);
  float* y = args.floats(6, &ny);
  if (!args.ok) return nullptr;
  bool fits = ny >= count * w.in;
  for (size_t i = 0; fits && i < count; i++) fits = ids[i] >= 0 && ids[i] < w.out;
  if (!fits) {
    napi_throw_range_error(env, nullptr, "A lookup of rows would read or write outside its arrays.");
    return nullptr;
  }
  for (size_t i = 0; i < count; i++) kernels().weightRow(w, ids[i], y + i * w.in);
  return nullptr;
}

}  // namespace

void exportWeights(napi_env env, napi_value exports) {
  exportFunction(env, exports, "linearWeight", linearWeight);
  exportFunction(env, exports, "weightRows", weightRows);
}

}  // namespace bc
