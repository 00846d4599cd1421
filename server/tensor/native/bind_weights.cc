// Products with weights in any of their forms, for JavaScript.
#include "bind_weights.h"

namespace bc {
namespace {

WeightKind kindOf(int number) { return number == kInt8 ? kInt8 : number == kInt4 ? kInt4 : kF32; }

// packedBytes(kind, out, in)
napi_value packedBytes(napi_env env, napi_callback_info info) {
  Args args(env, info);
  Weight w = {kindOf(args.integer(0)), args.integer(1), args.integer(2), nullptr, nullptr};
  if (!args.ok) return nullptr;
  if (w.out <= 0 || w.in <= 0) return outside(env);
  return makeNumber(env, double(kernels().packedBytes(w)));
}

// packWeight(kind, values, scales|null, out, in, to): where packedBytes is not 0
napi_value packWeight(napi_env env, napi_callback_info info) {
  Args args(env, info);
  Weight w;
  if (!readWeight(args, 0, w)) return nullptr;
  size_t room = 0, wanted = kernels().packedBytes(w);
  uint8_t* to = args.bytes(5, &room);
  if (!args.ok) return nullptr;
  if (wanted == 0 || room < wanted) return outside(env);
  kernels().packWeight(w, to);
  return nullptr;
}

// The packed form in argument `index`, where it is given.
bool readPacked(Args& args, int index, Weight& w) {
  if (!args.has(index)) return true;
  size_t bytes = 0, wanted = kernels().packedBytes(w);
  w.packed = args.bytes(index, &bytes);
  if (!args.ok) return false;
  if (wanted > 0 && bytes >= wanted) return true;
  outside(args.env);
  return false;
}

// linearWeight(kind, values, scales|null, out, in, x, y, bias|null, accumulate, packed|null)
napi_value linearWeight(napi_env env, napi_callback_info info) {
  Args args(env, info);
  LinearArgs p;
  if (!readWeight(args, 0, p.w)) return nullptr;
  size_t nx = 0, ny = 0, nb = 0;
  p.x = args.floats(5, &nx);
  p.y = args.floats(6, &ny);
  p.bias = args.has(7) ? args.floats(7, &nb) : nullptr;
  p.accumulate = args.flag(8);
  if (!args.ok || !readPacked(args, 9, p.w)) return nullptr;
  p.rows = int(nx / p.w.in);
  if (nx % p.w.in != 0 || ny < size_t(p.rows) * p.w.out || (p.bias && nb < size_t(p.w.out))) return outside(env);
  kernels().linearWeight(p);
  return nullptr;
}

// linearWeightGrad(kind, values, scales|null, out, in, dy, dx, accumulate): adds to dx
napi_value linearWeightGrad(napi_env env, napi_callback_info info) {
  Args args(env, info);
  Weight w;
  if (!readWeight(args, 0, w)) return nullptr;
  size_t ndy = 0, ndx = 0;
  float *dy = args.floats(5, &ndy), *dx = args.floats(6, &ndx);
  bool accumulate = args.flag(7);
  if (!args.ok) return nullptr;
  size_t rows = ndy / w.out;
  if (ndy % w.out != 0 || ndx < rows * w.in || w.out > kMostDepth) return outside(env);
  kernels().linearWeightGrad(w, int(rows), dy, dx, accumulate);
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
  if (!fits) return outside(env);
  for (size_t i = 0; i < count; i++) kernels().weightRow(w, ids[i], y + i * w.in);
  return nullptr;
}

// lora(kind, values, scales|null, out, in, x, bias|null, a, b, scale, low, y, addend|null)
napi_value lora(napi_env env, napi_callback_info info) {
  Args args(env, info);
  LoraArgs p = {};
  if (!readWeight(args, 0, p.w)) return nullptr;
  size_t nx = 0, nbias = 0, na = 0, nb = 0, nl = 0, ny = 0, nd = 0, in = p.w.in, out = p.w.out;
  p.x = args.floats(5, &nx);
  p.bias = args.has(6) ? args.floats(6, &nbias) : nullptr;
  p.a = args.floats(7, &na);
  p.b = args.floats(8, &nb);
  p.scale = float(args.number(9));
  p.low = args.floats(10, &nl);
  p.y = args.floats(11, &ny);
  p.addend = args.has(12) ? args.floats(12, &nd) : nullptr;
  if (!args.ok) return nullptr;
  p.rows = int(nx / in);
  p.rank = int(na / in);
  if (nx % in != 0 || na % in != 0 || nb != out * p.rank || nl < size_t(p.rows) * p.rank || ny < p.rows * out ||
      (p.bias && nbias < out) || (p.addend && nd < p.rows * out))
    return outside(env);
  kernels().lora(p);
  return nullptr;
}

// loraGrad(dy, x, low, b, scale, rank, da, db, g)
napi_value loraGrad(napi_env env, napi_callback_info info) {
  Args args(env, info);
  LoraArgs p = {};
  size_t ndy = 0, nx = 0, nl = 0, nb = 0, nda = 0, ndb = 0, ng = 0;
  p.dy = args.floats(0, &ndy);
  p.x = args.floats(1, &nx);
  p.low = args.floats(2, &nl);
  p.b = args.floats(3, &nb);
  p.scale = float(args.number(4));
  p.rank = args.integer(5);
  p.da = args.floats(6, &nda);
  p.db = args.floats(7, &ndb);
  p.g = args.floats(8, &ng);
  if (!args.ok) return nullptr;
  if (p.rank <= 0 || nl == 0 || nl % p.rank != 0 || nb % p.rank != 0) return outside(env);
  p.rows = int(nl / p.rank);
  p.w.out = int(nb / p.rank);
  p.w.in = int(nx / p.rows);
  if (nx % p.rows != 0 || ndy != size_t(p.rows) * p.w.out || nda < size_t(p.rank) * p.w.in || ndb < nb || ng < nl)
    return outside(env);
  kernels().loraGrad(p);
  return nullptr;
}

// loraInputGrad(kind, values, scales|null, out, in, dy, g, a, dx, accumulate): adds to dx
napi_value loraInputGrad(napi_env env, napi_callback_info info) {
  Args args(env, info);
  LoraArgs p = {};
  if (!readWeight(args, 0, p.w)) return nullptr;
  size_t ndy = 0, ng = 0, na = 0, ndx = 0, in = p.w.in, out = p.w.out;
  p.dy = args.floats(5, &ndy);
  p.g = args.floats(6, &ng);
  p.a = args.floats(7, &na);
  p.dx = args.floats(8, &ndx);
  p.accumulate = args.flag(9);
  if (!args.ok) return nullptr;
  p.rows = int(ndy / out);
  p.rank = int(na / in);
  if (ndy % out != 0 || na % in != 0 || ng < size_t(p.rows) * p.rank || ndx < p.rows * in || out > kMostDepth)
    return outside(env);
  kernels().loraInputGrad(p);
  return nullptr;
}

}  // namespace

napi_value outside(napi_env env) {
  napi_throw_range_error(env, nullptr, "A native kernel would read or write outside its arrays.");
  return nullptr;
}

bool readWeight(Args& args, int first, Weight& w) {
  w.kind = kindOf(args.integer(first));
  size_t values = 0, scales = 0;
  w.values = w.kind == kF32    ? static_cast<void*>(args.floats(first + 1, &values))
             : w.kind == kInt8 ? static_cast<void*>(args.int8s(first + 1, &values))
                               : static_cast<void*>(args.bytes(first + 1, &values));
  w.scales = w.kind == kF32 ? nullptr : args.floats(first + 2, &scales);
  w.out = args.integer(first + 3);
  w.in = args.integer(first + 4);
  if (!args.ok) return false;
  bool fits = w.out > 0 && w.in > 0 && (w.kind != kInt4 || w.in % kInt4Group == 0) && values >= weightValues(w) &&
              scales >= weightScales(w) && (w.kind == kF32 || w.in <= kMostDepth);
  if (!fits) outside(args.env);
  return fits;
}

void exportWeights(napi_env env, napi_value exports) {
  exportFunction(env, exports, "packedBytes", packedBytes);
  exportFunction(env, exports, "packWeight", packWeight);
  exportFunction(env, exports, "linearWeight", linearWeight);
  exportFunction(env, exports, "linearWeightGrad", linearWeightGrad);
  exportFunction(env, exports, "weightRows", weightRows);
  exportFunction(env, exports, "lora", lora);
  exportFunction(env, exports, "loraGrad", loraGrad);
  exportFunction(env, exports, "loraInputGrad", loraInputGrad);
}

}  // namespace bc
