// Gradients of causal attention over packed segments. The probabilities are computed again from
// the stored logarithms of the softmax sums, block by block. A task is one key-value head of a
// group of segments that share a prefix, so that every gradient has one writer and one order of sums.
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

BC_INLINE int minOf(int a, int b) { return a < b ? a : b; }

// What one task needs of one segment.
struct Backward {
  const AttentionArgs& p;
  const Segment& s;
  int kvHead, size, padded, group, queries;
  size_t qRow, kvRow;
  float* delta;  // [group][queries]: dOutput . output
  float* dq;     // [group][queries][padded]
};

void addRows(const float* from, int padded, float* to, size_t toRow, int rows, int size) {
  for (int r = 0; r < rows; r++)
    lanes(size, [&](size_t i, auto part) {
      float* at = to + r * toRow + i;
      put(at, get(at, part) + get(from + size_t(r) * padded + i, part), part);
    });
}

// From scores and dP to P and dS, in place, zero where the query does not see the key.
void blockGradients(const Backward& b, int h, int q0, int rows, int keys, int ownStart, float* probs,
                    float* ds) {
  float scale = 1.0f / sqrtf(float(b.size));
  int head = b.kvHead * b.group + h;
  for (int r = 0; r < rows; r++) {
    int seen = ownStart < 0 ? keys : minOf(keys, q0 + r - ownStart + 1);
    float *p = probs + r * BK, *d = ds + r * BK;
    if (seen < 0) seen = 0;
    for (int j = seen; j < BK; j++) p[j] = -INFINITY;
    float logSum = b.p.logSum[size_t(b.s.start + q0 + r) * b.p.heads + head];
    float delta = b.delta[h * b.queries + q0 + r];
    for (int j = 0; j < BK; j += kLanes) {
      vf e = expDown(load(p + j) * scale - logSum);
      store(p + j, e);
      store(d + j, e * (load(d + j) - delta) * scale);
    }
  }
}

void visitKeys(const Backward& b, int keyStart, int keys, int ownStart) {
  const AttentionArgs& p = b.p;
  size_t kvOffset = keyStart * b.kvRow + size_t(b.kvHead) * b.size;
  float* keyBlock = scratch(7, size_t(b.size) * BK);
  float* valueBlock = scratch(8, size_t(b.size) * BK);
  float* probs = scratch(9, 2 * BQ * BK);
  float* ds = probs + BQ * BK;
  float* copies = scratch(10, size_t(BK + 2 * BQ) * b.padded);
  float* sums = scratch(12, size_t(2 * BK) * b.padded);
  memset(sums, 0, size_t(2 * BK) * b.padded * sizeof(float));
  float *dk = sums, *dv = sums + size_t(BK) * b.padded;
  transposePadded(p.k + kvOffset, b.kvRow, keys, b.size, keyBlock, BK, BK);
  transposePadded(p.v + kvOffset, b.kvRow, keys, b.size, valueBlock, BK, BK);
  tile::Rows keyRows = tile::wholeVectors(p.k + kvOffset, b.kvRow, keys, b.size, b.padded, copies);
  for (int h = 0; h < b.group; h++) {
    // The first query that sees any of these keys begins the first block.
    for (int q0 = ownStart < 0 ? 0 : ownStart; q0 < b.queries; q0 += BQ) {
      int rows = minOf(BQ, b.queries - q0);
      size_t offset = (b.s.start + q0) * b.qRow + size_t(b.kvHead * b.group + h) * b.size;
      float* at = copies + size_t(BK) * b.padded;
      tile::Rows q = tile::wholeVectors(p.q + offset, b.qRow, rows, b.size, b.padded, at);
      at += size_t(BQ) * b.padded;
      tile::Rows dOut = tile::wholeVectors(p.dOutput + offset, b.qRow, rows, b.size, b.padded, at);
      tile::multiply<false>(rows, BK, b.size, q.data, q.stride, 1, keyBlock, BK, probs, BK);
      tile::multiply<false>(rows, BK, b.size, dOut.data, dOut.stride, 1, valueBlock, BK, ds, BK);
      blockGradients(b, h, q0, rows, keys, ownStart, probs, ds);
      tile::multiply<true>(keys, b.padded, rows, probs, 1, BK, dOut.data, dOut.stride, dv, b.padded);
      tile::multiply<true>(keys, b.padded, rows, ds, 1, BK, q.data, q.stride, dk, b.padded);
      tile::multiply<true>(rows, b.padded, keys, ds, BK, 1, keyRows.data, keyRows.stride,
                           b.dq + (size_t(h) * b.queries + q0) * b.padded, b.padded);
    }
  }
  addRows(dk, b.padded, p.dk + kvOffset, b.kvRow, keys, b.size);
  addRows(dv, b.padded, p.dv + kvOffset, b.kvRow, keys, b.size);
}

void segmentGrad(const AttentionArgs& p, const Segment& s, int kvHead) {
  int size = p.headSize, padded = (size + kLanes - 1) / kLanes * kLanes;
  int group = p.heads / p.kvHeads, queries = s.end - s.start;
  float* dq = scratch(11, size_t(group) * queries * (padded + 1));
  Backward b{p,     s,       kvHead, size, padded, group, queries, size_t(p.heads) * size, size_t(p.kvHeads) * size,
             dq + size_t(group) * queries * padded, dq};
  memset(dq, 0, size_t(group) * queries * padded * sizeof(float));
  for (int h = 0; h < group; h++)
    for (int q = 0; q < queries; q++) {
      size_t offset = (s.start + q) * b.qRow + size_t(kvHead * group + h) * size;
      vf dots = {};
      lanes(size, [&](size_t i, auto part) {
        dots += get(p.dOutput + offset + i, part) * get(p.output + offset + i, part);
      });
      b.delta[h * queries + q] = sumLanes(dots);
    }
  for (int k = s.prefixStart; k < s.prefixEnd; k += BK) visitKeys(b, k, minOf(BK, s.prefixEnd - k), -1);
  for (int k = 0; k < queries; k += BK) visitKeys(b, s.start + k, minOf(BK, queries - k), k);
  for (int h = 0; h < group; h++)
    for (int q = 0; q < queries; q++)
      memcpy(p.dq + (s.start + q) * b.qRow + size_t(kvHead * group + h) * size,
             dq + (size_t(h) * queries + q) * padded, size * sizeof(float));
}

bool hasPrefix(const Segment& s) { return s.prefixEnd > s.prefixStart; }

}  // namespace

void attentionGrad(const AttentionArgs& p) {
  // Segments with a prefix belong to the task of the segment that holds it.
  int32_t* owners = reinterpret_cast<int32_t*>(scratch(2, p.segments + 1));
  int count = 0;
  for (int s = 0; s < p.segments; s++)
    if (!hasPrefix(p.segment[s])) owners[count++] = s;
  parallelFor(count * p.kvHeads, [&](int task) {
    const Segment& owner = p.segment[owners[task / p.kvHeads]];
    int kvHead = task % p.kvHeads, size = p.headSize;
    auto member = [&](const Segment& s) {
      return &s == &owner || (hasPrefix(s) && s.prefixStart >= owner.start && s.prefixStart < owner.end);
    };
    for (int i = 0; i < p.segments; i++) {
      const Segment& s = p.segment[i];
      if (!member(s)) continue;
      for (int t = s.start; t < s.end; t++) {
        size_t offset = (size_t(t) * p.kvHeads + kvHead) * size;
        memset(p.dk + offset, 0, size * sizeof(float));
        memset(p.dv + offset, 0, size * sizeof(float));
      }
    }
    for (int i = 0; i < p.segments; i++)
      if (member(p.segment[i])) segmentGrad(p, p.segment[i], kvHead);
  });
}

}  // namespace BC_ISA
}  // namespace bc
