// Log-probabilities of chosen tokens under softmax(hidden w'), their entropy, and the gradients. The
// vocabulary goes by in chunks with a running maximum and sum, so the logits are never there as a
// whole; the backward pass computes each chunk again. Tokens without a target take no part.
#include <math.h>

#include "../kernels.h"
#include "vec.h"

namespace bc {
namespace BC_ISA {

void gemm(const GemmArgs&);

namespace {

constexpr size_t CHUNK_FLOATS = 2 << 20;

// Indices of the tokens that take part, and their rows of `hidden` one after another.
struct Active {
  int count;
  const int32_t* index;
  const float* hidden;
};

template <typename Keep>
Active gather(const LogProbsArgs& p, Keep&& keep) {
  int32_t* index = reinterpret_cast<int32_t*>(scratch(3, p.tokens + 1));
  int count = 0;
  for (int t = 0; t < p.tokens; t++)
    if (keep(t)) index[count++] = t;
  if (count == p.tokens) return {count, index, p.hidden};
  float* rows = scratch(4, size_t(count) * p.width + 1);
  for (int i = 0; i < count; i++)
    memcpy(rows + size_t(i) * p.width, p.hidden + size_t(index[i]) * p.width, p.width * sizeof(float));
  return {count, index, rows};
}

int chunkWidth(int rows, int vocab) {
  size_t width = CHUNK_FLOATS / (rows > 0 ? rows : 1) / 96 * 96;
  width = width < 480 ? 480 : width;
  return width < size_t(vocab) ? int(width) : vocab;
}

void chunkLogits(const LogProbsArgs& p, const Active& active, int first, int width, float* logits) {
  GemmArgs g;
  g.m = active.count;
  g.n = width;
  g.k = p.width;
  g.a = active.hidden;
  g.aRow = p.width;
  g.aDepth = 1;
  g.b = p.w + size_t(first) * p.width;
  g.bDepth = 1;
  g.bColumn = p.width;
  g.c = logits;
  g.cRow = width;
  gemm(g);
}

// Of one row so far: the maximum, the sum of e^(z - top), that of e^(z - top) z, and the target's z.
struct Running {
  float top, sum, weighted, chosen;
};

void update(Running& row, const float* z, int width, int target) {
  vf tops = splat(-INFINITY);
  int i = 0;
  for (; i + kLanes <= width; i += kLanes) tops = vmax(load(z + i), tops);
  float top = maxLanes(tops);
  for (; i < width; i++) top = z[i] > top ? z[i] : top;
  top = top > row.top ? top : row.top;
  vf sums = {}, weighted = {};
  for (i = 0; i + kLanes <= width; i += kLanes) {
    vf v = load(z + i), e = vexp(v - top);
    sums += e;
    weighted += e * v;
  }
  float scale = expf(row.top - top);
  row.sum = row.sum * scale + sumLanes(sums);
  row.weighted = row.weighted * scale + sumLanes(weighted);
  for (; i < width; i++) {
    float e = expf(z[i] - top);
    row.sum += e;
    row.weighted += e * z[i];
  }
  row.top = top;
  if (target >= 0 && target < width) row.chosen = z[target];
}

}  // namespace

void logProbs(const LogProbsArgs& p) {
  Active active = gather(p, [&](int t) { return p.targets[t] >= 0; });
  for (int t = 0; t < p.tokens; t++) p.logProbs[t] = p.entropy[t] = p.logSum[t] = 0;
  if (active.count == 0) return;
  Running* running = reinterpret_cast<Running*>(scratch(5, size_t(active.count) * 4));
  for (int i = 0; i < active.count; i++) running[i] = {-INFINITY, 0, 0, 0};
  int chunk = chunkWidth(active.count, p.vocab);
  float* logits = scratch(6, size_t(active.count) * chunk);
  for (int first = 0; first < p.vocab; first += chunk) {
    int width = p.vocab - first < chunk ? p.vocab - first : chunk;
    chunkLogits(p, active, first, width, logits);
    parallelRanges(active.count, 1 + 8192 / width, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; i++)
        update(running[i], logits + i * width, width, p.targets[active.index[i]] - first);
    });
  }
  for (int i = 0; i < active.count; i++) {
    const Running& row = running[i];
    int t = active.index[i];
    p.logSum[t] = row.top + logf(row.sum);
    p.logProbs[t] = row.chosen - p.logSum[t];
    p.entropy[t] = p.logSum[t] - row.weighted / row.sum;
  }
}

void logProbsGrad(const LogProbsArgs& p) {
  Active active = gather(p, [&](int t) { return p.targets[t] >= 0 && p.dLogProbs[t] != 0; });
  memset(p.dHidden, 0, size_t(p.tokens) * p.width * sizeof(float));
  if (active.count == 0) {
    if (p.dw) memset(p.dw, 0, size_t(p.vocab) * p.width * sizeof(float));
    return;
  }
  bool all = active.count == p.tokens;
  float* dHidden = all ? p.dHidden : scratch(5, size_t(active.count) * p.width);
  int chunk = chunkWidth(active.count, p.vocab);
  float* logits = scratch(6, size_t(active.count) * chunk);
  for (int first = 0; first < p.vocab; first += chunk) {
    int width = p.vocab - first < chunk ? p.vocab - first : chunk;
    chunkLogits(p, active, first, width, logits);
    parallelRanges(active.count, 1 + 8192 / width, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; i++) {
        int t = active.index[i];
        float* z = logits + i * width;
        float shift = p.logSum[t], scale = -p.dLogProbs[t];
        lanes(width, [&](size_t k, auto part) { put(z + k, vexp(get(z + k, part) - shift) * scale, part); });
        int target = p.targets[t] - first;
        if (target >= 0 && target < width) z[target] -= scale;
      }
    });
    GemmArgs g;
    g.m = active.count;
    g.n = p.width;
    g.k = width;
    g.a = logits;
    g.aRow = width;
    g.aDepth = 1;
    g.b = p.w + size_t(first) * p.width;
    g.bDepth = p.width;
    g.bColumn = 1;
    g.c = dHidden;
    g.cRow = p.width;
    g.accumulate = first > 0;
    gemm(g);
    if (!p.dw) continue;
    g.m = width;
    g.k = active.count;
    g.aRow = 1;
    g.aDepth = width;
    g.b = active.hidden;
    g.c = p.dw + size_t(first) * p.width;
    g.accumulate = false;
    gemm(g);
  }
  if (all) return;
  for (int i = 0; i < active.count; i++)
    memcpy(p.dHidden + size_t(active.index[i]) * p.width, dHidden + size_t(i) * p.width,
           p.width * sizeof(float));
}

}  // namespace BC_ISA
}  // namespace bc
