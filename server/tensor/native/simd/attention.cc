// Causal attention over packed segments with a shared prefix, forward: blocks of queries against
// blocks of keys with a running softmax (Dao et al., 2022), so that no score matrix is ever whole.
#include <math.h>

#include "../kernels.h"
#include "attention_tile.h"
#include "exp.h"
#include "transpose.h"
#include "vec.h"

namespace bc {
namespace BC_ISA {
namespace {

constexpr int BQ = 48, BK = 64;
constexpr int CHUNK = 4 * BQ;  // queries of one task; the keys are transposed once for each

BC_INLINE int minOf(int a, int b) { return a < b ? a : b; }

// Softmax of one row of scores joined to what came before; returns the factor for the old output.
float joinRow(float* score, int seen, float scale, float* top, float* total) {
  for (int j = seen; j < BK; j++) score[j] = -INFINITY;
  vf tops = splat(*top);
  for (int j = 0; j < BK; j += kLanes) {
    vf v = load(score + j) * scale;
    store(score + j, v);
    tops = vmax(tops, v);
  }
  float rowTop = maxLanes(tops);
  vf sums = {};
  for (int j = 0; j < BK; j += kLanes) {
    vf e = expDown(load(score + j) - rowTop);
    sums += e;
    store(score + j, e);
  }
  float shrink = expf(*top - rowTop);
  *total = *total * shrink + sumLanes(sums);
  *top = rowTop;
  return shrink;
}

struct ForwardTask {
  int segment, kvHead, first;  // first query, from the segment's start
};

void forward(const AttentionArgs& p, const ForwardTask& task) {
  const Segment& s = p.segment[task.segment];
  int size = p.headSize, padded = (size + kLanes - 1) / kLanes * kLanes;
  int group = p.heads / p.kvHeads;
  size_t qRow = size_t(p.heads) * size, kvRow = size_t(p.kvHeads) * size;
  int last = minOf(task.first + CHUNK, s.end - s.start);
  int queries = last - task.first;
  float scale = 1.0f / sqrtf(float(size));

  float* keyBlock = scratch(7, size_t(size) * BK);
  float* valueCopy = scratch(8, size_t(BK) * padded);
  float* scores = scratch(9, BQ * BK);
  float* out = scratch(10, size_t(group) * CHUNK * padded);
  float* state = scratch(11, size_t(group) * CHUNK * 2);  // top and total of each row
  memset(out, 0, size_t(group) * queries * padded * sizeof(float));
  for (int i = 0; i < group * queries; i++) {
    state[2 * i] = -INFINITY;
    state[2 * i + 1] = 0;
  }

  auto visit = [&](int keyStart, int keys, int ownStart) {
    const float* k = p.k + keyStart * kvRow + size_t(task.kvHead) * size;
    const float* v = p.v + keyStart * kvRow + size_t(task.kvHead) * size;
    transposePadded(k, kvRow, keys, size, keyBlock, BK, BK);
    tile::Rows values = tile::wholeVectors(v, kvRow, keys, size, padded, valueCopy);
    for (int h = 0; h < group; h++) {
      for (int q0 = task.first; q0 < last; q0 += BQ) {
        int rows = minOf(BQ, last - q0);
        if (ownStart >= 0 && q0 + rows <= ownStart) continue;
        const float* q = p.q + (s.start + q0) * qRow + size_t(task.kvHead * group + h) * size;
        tile::multiply<false>(rows, BK, size, q, qRow, 1, keyBlock, BK, scores, BK);
        float* rowsOut = out + (size_t(h) * queries + q0 - task.first) * padded;
        for (int r = 0; r < rows; r++) {
          // A prefix is seen whole; of the own keys, those up to the query itself.
          int seen = ownStart < 0 ? keys : minOf(keys, q0 + r - ownStart + 1);
          if (seen <= 0) {
            memset(scores + r * BK, 0, BK * sizeof(float));
            continue;
          }
          float* row = state + 2 * (size_t(h) * queries + q0 - task.first + r);
          float shrink = joinRow(scores + r * BK, seen, scale, row, row + 1);
          for (int d = 0; d < padded; d += kLanes)
            store(rowsOut + size_t(r) * padded + d, load(rowsOut + size_t(r) * padded + d) * shrink);
        }
        tile::multiply<true>(rows, padded, keys, scores, BK, 1, values.data, values.stride, rowsOut, padded);
      }
    }
  };
  for (int k = s.prefixStart; k < s.prefixEnd; k += BK) visit(k, minOf(BK, s.prefixEnd - k), -1);
  for (int k = 0; k < last; k += BK) visit(s.start + k, minOf(BK, last - k), k);

  for (int h = 0; h < group; h++) {
    int head = task.kvHead * group + h;
    for (int r = 0; r < queries; r++) {
      const float* row = state + 2 * (size_t(h) * queries + r);
      const float* from = out + (size_t(h) * queries + r) * padded;
      size_t token = s.start + task.first + r;
      float* to = p.output + token * qRow + size_t(head) * size;
      float inverse = 1.0f / row[1];
      lanes(size, [&](size_t i, auto part) { put(to + i, get(from + i, part) * inverse, part); });
      p.logSum[token * p.heads + head] = row[0] + logf(row[1]);
    }
  }
}

}  // namespace

void attention(const AttentionArgs& p) {
  int chunks = 0;
  for (int s = 0; s < p.segments; s++)
    chunks += (p.segment[s].end - p.segment[s].start + CHUNK - 1) / CHUNK;
  int count = chunks * p.kvHeads;
  ForwardTask* tasks = reinterpret_cast<ForwardTask*>(scratch(2, size_t(count) * 3 + 1));
  int next = 0;
  for (int s = 0; s < p.segments; s++)
    for (int h = 0; h < p.kvHeads; h++)
      for (int first = 0; first < p.segment[s].end - p.segment[s].start; first += CHUNK)
        tasks[next++] = {s, h, first};
  parallelFor(count, [&](int task) { forward(p, tasks[task]); });
}

// Decoding: one query against the cached keys and values of its row.
void cacheAttend(const CacheArgs& p) {
  int group = p.heads / p.kvHeads;
  float scale = 1.0f / sqrtf(float(p.headSize));
  parallelFor(p.count * p.kvHeads, [&](int task) {
    int i = task / p.kvHeads, kvHead = task % p.kvHeads;
    int seen = p.positions[i] + 1, size = p.headSize;
    size_t base = (size_t(p.rows[i]) * p.kvHeads + kvHead) * p.capacity * size;
    const float *keys = p.keys + base, *values = p.values + base;
    float* weights = scratch(7, size_t(seen) + kLanes);
    for (int h = kvHead * group; h < (kvHead + 1) * group; h++) {
      const float* q = p.q + (size_t(i) * p.heads + h) * size;
      float* out = p.output + (size_t(i) * p.heads + h) * size;
      float top = -INFINITY;
      for (int t = 0; t < seen; t++) {
        vf dots = {};
        lanes(size, [&](size_t d, auto part) { dots += get(q + d, part) * get(keys + size_t(t) * size + d, part); });
        weights[t] = sumLanes(dots) * scale;
        top = weights[t] > top ? weights[t] : top;
      }
      for (int t = seen; t < seen + kLanes; t++) weights[t] = -INFINITY;
      vf sums = {};
      for (int t = 0; t < seen; t += kLanes) {
        vf e = vexp(load(weights + t) - top);
        sums += e;
        store(weights + t, e);
      }
      float inverse = 1.0f / sumLanes(sums);
      lanes(size, [&](size_t d, auto part) {
        vf sum = {};
        for (int t = 0; t < seen; t++) sum += get(values + size_t(t) * size + d, part) * weights[t];
        put(out + d, sum * inverse, part);
      });
    }
  });
}

}  // namespace BC_ISA
}  // namespace bc
