// The fused operations for JavaScript. Every array's size is checked here, the kernels trust it.
#include <string.h>

#include "bind_weights.h"

namespace bc {
namespace {

bool idsWithin(const int32_t* ids, size_t count, int limit) {
  for (size_t i = 0; i < count; i++)
    if (ids[i] < 0 || ids[i] >= limit) return false;
  return true;
}

// rmsNorm(x, gain, y, eps)
napi_value rmsNorm(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t nx = 0, width = 0, ny = 0;
  float *x = args.floats(0, &nx), *gain = args.floats(1, &width), *y = args.floats(2, &ny);
  float eps = float(args.number(3));
  if (!args.ok) return nullptr;
  if (width == 0 || nx % width != 0 || ny < nx) return outside(env);
  kernels().rmsNorm(x, gain, y, int(nx / width), int(width), eps);
  return nullptr;
}

// rmsNormGrad(dy, x, gain, dx, dgain, eps, accumulate): adds to dx
napi_value rmsNormGrad(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t ndy = 0, nx = 0, width = 0, ndx = 0, ndgain = 0;
  float *dy = args.floats(0, &ndy), *x = args.floats(1, &nx), *gain = args.floats(2, &width);
  float *dx = args.floats(3, &ndx), *dgain = args.floats(4, &ndgain);
  float eps = float(args.number(5));
  bool accumulate = args.flag(6);
  if (!args.ok) return nullptr;
  if (width == 0 || nx % width != 0 || ndy < nx || ndx < nx || ndgain < width) return outside(env);
  kernels().rmsNormGrad(dy, x, gain, dx, dgain, int(nx / width), int(width), eps, accumulate);
  return nullptr;
}

// rotary(x, positions, y, headSize, theta, inverse)
napi_value rotary(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t nx = 0, rows = 0, ny = 0;
  float* x = args.floats(0, &nx);
  int32_t* positions = args.ints(1, &rows);
  float* y = args.floats(2, &ny);
  int headSize = args.integer(3);
  double theta = args.number(4);
  bool inverse = args.flag(5);
  if (!args.ok) return nullptr;
  if (rows == 0) return nullptr;
  constexpr int kMostPositions = 1 << 22;
  if (headSize < 2 || headSize % 2 || nx % (rows * headSize) || ny < nx ||
      !idsWithin(positions, rows, kMostPositions))
    return outside(env);
  int32_t last = 0;
  for (size_t i = 0; i < rows; i++) last = positions[i] > last ? positions[i] : last;
  kernels().rotary(x, y, positions, int(rows), int(nx / rows / headSize), headSize,
                   rotaryTable(theta, headSize, last + 1), inverse);
  return nullptr;
}

// swiglu(gate, up, y)
napi_value swiglu(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t n = 0, nu = 0, ny = 0;
  float *gate = args.floats(0, &n), *up = args.floats(1, &nu), *y = args.floats(2, &ny);
  if (!args.ok) return nullptr;
  if (nu < n || ny < n) return outside(env);
  kernels().swiglu(gate, up, y, n);
  return nullptr;
}

// swigluGrad(dy, gate, up, dgate, dup)
napi_value swigluGrad(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t n[5] = {};
  float* p[5];
  for (int i = 0; i < 5; i++) p[i] = args.floats(i, &n[i]);
  if (!args.ok) return nullptr;
  for (size_t size : n)
    if (size < n[0]) return outside(env);
  kernels().swigluGrad(p[0], p[1], p[2], p[3], p[4], n[0]);
  return nullptr;
}

bool segmentsWithin(const AttentionArgs& p) {
  for (int i = 0; i < p.segments; i++) {
    const Segment& s = p.segment[i];
    if (s.start < 0 || s.end < s.start || s.end > p.tokens || s.prefixStart < 0 || s.prefixEnd > s.start ||
        s.prefixEnd < s.prefixStart)
      return false;
  }
  return true;
}

// Reads q, k, v, segments, heads, kvHeads, output, logSum from the arguments 0 to 7.
bool readAttention(Args& args, AttentionArgs& p) {
  size_t nq = 0, nk = 0, nv = 0, ns = 0, no = 0, nl = 0;
  p.q = args.floats(0, &nq);
  p.k = args.floats(1, &nk);
  p.v = args.floats(2, &nv);
  int32_t* segments = args.ints(3, &ns);
  p.heads = args.integer(4);
  p.kvHeads = args.integer(5);
  p.output = args.floats(6, &no);
  p.logSum = args.floats(7, &nl);
  if (!args.ok) return false;
  p.segment = reinterpret_cast<const Segment*>(segments);
  p.segments = int(ns / 4);
  p.tokens = p.heads > 0 ? int(nl / p.heads) : 0;
  size_t cells = size_t(p.tokens) * (p.heads > 0 ? p.heads : 1);
  p.headSize = cells > 0 ? int(nq / cells) : 0;
  bool fits = p.heads > 0 && p.kvHeads > 0 && p.heads % p.kvHeads == 0 && cells * p.headSize == nq && no >= nq &&
              nk >= size_t(p.tokens) * p.kvHeads * p.headSize && nv >= nk && p.headSize > 0 && segmentsWithin(p);
  if (!fits) outside(args.env);
  return fits;
}

// attention(q, k, v, segments, heads, kvHeads, output, logSum)
napi_value attention(napi_env env, napi_callback_info info) {
  Args args(env, info);
  AttentionArgs p;
  if (readAttention(args, p)) kernels().attention(p);
  return nullptr;
}

// attentionGrad(q, k, v, segments, heads, kvHeads, output, logSum, dOutput, dq, dk, dv)
napi_value attentionGrad(napi_env env, napi_callback_info info) {
  Args args(env, info);
  AttentionArgs p;
  if (!readAttention(args, p)) return nullptr;
  size_t n[4] = {}, nq = size_t(p.tokens) * p.heads * p.headSize, nk = size_t(p.tokens) * p.kvHeads * p.headSize;
  p.dOutput = args.floats(8, &n[0]);
  p.dq = args.floats(9, &n[1]);
  p.dk = args.floats(10, &n[2]);
  p.dv = args.floats(11, &n[3]);
  if (!args.ok) return nullptr;
  if (n[0] < nq || n[1] < nq || n[2] < nk || n[3] < nk) return outside(env);
  kernels().attentionGrad(p);
  return nullptr;
}

bool cachePlaces(const int32_t* rows, const int32_t* positions, size_t count, size_t store, int kvHeads, int capacity,
                 int headSize) {
  if (kvHeads <= 0 || capacity <= 0 || headSize <= 0) return false;
  int cacheRows = int(store / (size_t(kvHeads) * capacity * headSize));
  return idsWithin(rows, count, cacheRows) && idsWithin(positions, count, capacity);
}

// cacheAppend(store, tokens, rows, positions, kvHeads, capacity, headSize)
napi_value cacheAppend(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t ns = 0, nt = 0, count = 0, np = 0;
  float *store = args.floats(0, &ns), *tokens = args.floats(1, &nt);
  int32_t *rows = args.ints(2, &count), *positions = args.ints(3, &np);
  int kvHeads = args.integer(4), capacity = args.integer(5), headSize = args.integer(6);
  if (!args.ok) return nullptr;
  if (np < count || !cachePlaces(rows, positions, count, ns, kvHeads, capacity, headSize) ||
      nt < count * kvHeads * headSize)
    return outside(env);
  for (size_t i = 0; i < count; i++)
    for (int h = 0; h < kvHeads; h++)
      memcpy(store + ((size_t(rows[i]) * kvHeads + h) * capacity + positions[i]) * headSize,
                  tokens + (i * kvHeads + h) * headSize, headSize * sizeof(float));
  return nullptr;
}

// cacheAttend(q, keys, values, rows, positions, output, heads, kvHeads, capacity, headSize)
napi_value cacheAttend(napi_env env, napi_callback_info info) {
  Args args(env, info);
  CacheArgs p;
  size_t nq = 0, nk = 0, nv = 0, count = 0, np = 0, no = 0;
  p.q = args.floats(0, &nq);
  p.keys = args.floats(1, &nk);
  p.values = args.floats(2, &nv);
  p.rows = args.ints(3, &count);
  p.positions = args.ints(4, &np);
  p.output = args.floats(5, &no);
  p.heads = args.integer(6);
  p.kvHeads = args.integer(7);
  p.capacity = args.integer(8);
  p.headSize = args.integer(9);
  if (!args.ok) return nullptr;
  p.count = int(count);
  size_t width = size_t(p.heads) * p.headSize;
  if (np < count || nv < nk || !cachePlaces(p.rows, p.positions, count, nk, p.kvHeads, p.capacity, p.headSize) ||
      p.heads % p.kvHeads || nq < count * width || no < count * width)
    return outside(env);
  kernels().cacheAttend(p);
  return nullptr;
}

// Reads the weight from the arguments 0 to 4, then hidden, targets, logSum.
bool readLogProbs(Args& args, LogProbsArgs& p) {
  if (!readWeight(args, 0, p.w)) return false;
  size_t nh = 0, count = 0, nl = 0;
  p.hidden = args.floats(5, &nh);
  p.targets = args.ints(6, &count);
  p.logSum = args.floats(7, &nl);
  if (!args.ok) return false;
  p.tokens = int(count);
  p.width = p.w.in;
  p.vocab = p.w.out;
  bool fits = nh >= count * p.width && nl >= count;
  for (size_t i = 0; fits && i < count; i++) fits = p.targets[i] < p.vocab;
  if (!fits) outside(args.env);
  return fits;
}

// Reads dLogProbs, dHidden, dw|null, accumulate from the argument `first` on.
bool readLogProbsGrad(Args& args, int first, LogProbsArgs& p) {
  size_t n[3] = {};
  p.dLogProbs = args.floats(first, &n[0]);
  p.dHidden = args.floats(first + 1, &n[1]);
  p.dw = args.has(first + 2) ? args.floats(first + 2, &n[2]) : nullptr;
  p.accumulate = args.flag(first + 3);
  if (!args.ok) return false;
  bool fits = n[0] >= size_t(p.tokens) && n[1] >= size_t(p.tokens) * p.width &&
              (!p.dw || n[2] >= size_t(p.vocab) * p.width);
  if (!fits) outside(args.env);
  return fits;
}

// logProbs(kind, values, scales|null, vocab, width, hidden, targets, logSum, logProbs, entropy, dLogProbs|null, dHidden,
// dw|null, accumulate, shift|null)
napi_value logProbs(napi_env env, napi_callback_info info) {
  Args args(env, info);
  LogProbsArgs p;
  if (!readLogProbs(args, p)) return nullptr;
  size_t n[2] = {}, shifts = p.vocab;
  p.logProbs = args.floats(8, &n[0]);
  p.entropy = args.floats(9, &n[1]);
  if (args.has(14)) p.shift = args.floats(14, &shifts);
  if (!args.ok) return nullptr;
  if (n[0] < size_t(p.tokens) || n[1] < size_t(p.tokens) || shifts < size_t(p.vocab)) return outside(env);
  if (args.has(10) && !readLogProbsGrad(args, 10, p)) return nullptr;
  kernels().logProbs(p);
  return nullptr;
}

// logProbsGrad(kind, values, scales|null, vocab, width, hidden, targets, logSum, dLogProbs, dHidden, dw|null, accumulate)
napi_value logProbsGrad(napi_env env, napi_callback_info info) {
  Args args(env, info);
  LogProbsArgs p;
  if (readLogProbs(args, p) && readLogProbsGrad(args, 8, p)) kernels().logProbsGrad(p);
  return nullptr;
}

// embedding(table, ids, y, width)
napi_value embedding(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t nt = 0, count = 0, ny = 0;
  float* table = args.floats(0, &nt);
  int32_t* ids = args.ints(1, &count);
  float* y = args.floats(2, &ny);
  int width = args.integer(3);
  if (!args.ok) return nullptr;
  if (width <= 0 || ny < count * width || !idsWithin(ids, count, int(nt / width))) return outside(env);
  kernels().embedding(table, ids, y, int(count), width);
  return nullptr;
}

// embeddingGrad(dy, ids, dtable, width): adds to dtable
napi_value embeddingGrad(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t ny = 0, count = 0, nt = 0;
  float* dy = args.floats(0, &ny);
  int32_t* ids = args.ints(1, &count);
  float* dtable = args.floats(2, &nt);
  int width = args.integer(3);
  if (!args.ok) return nullptr;
  if (width <= 0 || ny < count * width || !idsWithin(ids, count, int(nt / width))) return outside(env);
  kernels().embeddingGrad(dy, ids, dtable, int(count), width);
  return nullptr;
}

// adamw(values, grad, m, v, clip, beta1, beta2, rate, rootCorrection, eps, shrink)
napi_value adamw(napi_env env, napi_callback_info info) {
  Args args(env, info);
  AdamWArgs o;
  size_t n[4] = {};
  o.values = args.floats(0, &n[0]);
  o.grad = args.floats(1, &n[1]);
  o.m = args.floats(2, &n[2]);
  o.v = args.floats(3, &n[3]);
  float* settings[] = {&o.clip, &o.beta1, &o.beta2, &o.rate, &o.rootCorrection, &o.eps, &o.shrink};
  for (int i = 0; i < 7; i++) *settings[i] = float(args.number(4 + i));
  if (!args.ok) return nullptr;
  for (size_t size : n)
    if (size != n[0]) return outside(env);
  o.count = n[0];
  kernels().adamw(o);
  return nullptr;
}

// sumOfSquares(x)
napi_value sumOfSquares(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t count = 0;
  float* x = args.floats(0, &count);
  return args.ok ? makeNumber(env, kernels().sumOfSquares(x, count)) : nullptr;
}

}  // namespace

void exportFused(napi_env env, napi_value exports) {
  exportFunction(env, exports, "rmsNorm", rmsNorm);
  exportFunction(env, exports, "rmsNormGrad", rmsNormGrad);
  exportFunction(env, exports, "rotary", rotary);
  exportFunction(env, exports, "swiglu", swiglu);
  exportFunction(env, exports, "swigluGrad", swigluGrad);
  exportFunction(env, exports, "attention", attention);
  exportFunction(env, exports, "attentionGrad", attentionGrad);
  exportFunction(env, exports, "cacheAppend", cacheAppend);
  exportFunction(env, exports, "cacheAttend", cacheAttend);
  exportFunction(env, exports, "logProbs", logProbs);
  exportFunction(env, exports, "logProbsGrad", logProbsGrad);
  exportFunction(env, exports, "embedding", embedding);
  exportFunction(env, exports, "embeddingGrad", embeddingGrad);
  exportFunction(env, exports, "adamw", adamw);
  exportFunction(env, exports, "sumOfSquares", sumOfSquares);
}

}  // namespace bc
