// Attention over keys and values in pages: pages that several queries share are read once for all of
// them. A query's sums go by place in its sequence, whatever the pages and the other queries are, so
// that its result is the same, bit for bit, alone and in any company.
#include <math.h>

#include "../kernels.h"
#include "vec.h"

namespace bc {
namespace BC_ISA {
namespace {

constexpr int kTogether = 6;  // queries that share a load

BC_INLINE size_t pageHead(const PagedArgs& p, int kvHead) {
  return (size_t(p.layer) * p.kvHeads + kvHead) * headFloats(p.headSize);
}

// to[r][0 .. 2 vectors) = q[r] times two vectors of places of a page.
template <int Q>
void scoreTile(const float* q, int size, const float* keys, float* to, size_t toStride) {
  vf acc[Q][2] = {};
  for (int d = 0; d < size; d++) {
    vf a = load(keys + d * kPage), b = load(keys + d * kPage + kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < Q; r++) {
      float x = q[r * size + d];
      acc[r][0] += a * x;
      acc[r][1] += b * x;
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < Q; r++) {
    store(to + r * toStride, acc[r][0]);
    store(to + r * toStride + kLanes, acc[r][1]);
  }
}

// out[r][0 .. 2 vectors) += weights[r][count] times the values of `count` places.
template <int Q>
void valueTile(const float* weights, size_t weightStride, const float* values, int stride, int count,
               float* out) {
  vf acc[Q][2];
#pragma GCC unroll 8
  for (int r = 0; r < Q; r++) {
    acc[r][0] = load(out + r * stride);
    acc[r][1] = load(out + r * stride + kLanes);
  }
  for (int t = 0; t < count; t++) {
    vf a = load(values + t * stride), b = load(values + t * stride + kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < Q; r++) {
      float x = weights[r * weightStride + t];
      acc[r][0] += a * x;
      acc[r][1] += b * x;
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < Q; r++) {
    store(out + r * stride, acc[r][0]);
    store(out + r * stride + kLanes, acc[r][1]);
  }
}

// Calls tile(count as a constant, first) over [0, queries) in groups of up to kTogether.
template <int N>
struct Count {
  static constexpr int value = N;
};
template <typename F>
BC_INLINE void inGroups(int queries, F&& tile) {
  int r = 0;
  for (; r + kTogether <= queries; r += kTogether) tile(Count<kTogether>{}, r);
  switch (queries - r) {
    case 1: tile(Count<1>{}, r); break;
    case 2: tile(Count<2>{}, r); break;
    case 3: tile(Count<3>{}, r); break;
    case 4: tile(Count<4>{}, r); break;
    case 5: tile(Count<5>{}, r); break;
  }
}

// One block's queries of the heads that share a key-value head; query r * group + h is row r's.
struct Work {
  int size, stride;
  size_t scoreStride;
  float *q, *scores, *out;
};

void scorePage(const Work& w, const PageSpan& span, size_t head, int first, int queries) {
  const float* keys = span.data + head;
  for (int t = 0; t < span.count; t += 2 * kLanes)
    inGroups(queries, [&](auto n, int r) {
      scoreTile<decltype(n)::value>(w.q + size_t(first + r) * w.size, w.size, keys + t,
                                    w.scores + (first + r) * w.scoreStride + span.start + t, w.scoreStride);
    });
}

void weighPage(const Work& w, const PageSpan& span, size_t head, int first, int queries) {
  const float* values = span.data + head + size_t(w.size) * kPage;
  for (int d = 0; d < w.stride; d += 2 * kLanes)
    inGroups(queries, [&](auto n, int r) {
      valueTile<decltype(n)::value>(w.scores + (first + r) * w.scoreStride + span.start, w.scoreStride,
                                    values + d, w.stride, span.count, w.out + size_t(first + r) * w.stride + d);
    });
}

// Scores to unnormalised weights, zero from `seen` on; returns their sum.
float weigh(float* score, int seen, int end) {
  for (int t = seen; t < end; t++) score[t] = -INFINITY;
  vf tops = splat(-INFINITY);
  for (int t = 0; t < end; t += kLanes) tops = vmax(load(score + t), tops);
  float top = maxLanes(tops);
  vf sums = {};
  for (int t = 0; t < end; t += kLanes) {
    vf e = vexp(load(score + t) - top);
    sums += e;
    store(score + t, e);
  }
  return sumLanes(sums);
}

void attendBlock(const PagedArgs& p, const QueryBlock& block, int kvHead) {
  int group = p.heads / p.kvHeads, size = p.headSize, queries = block.count * group;
  const QueryRow* rows = p.row + block.first;
  int longest = 0;
  for (int i = 0; i < block.count; i++) {
    const PageSpan& last = rows[i].spans[rows[i].spanCount - 1];
    longest = last.start + last.count > longest ? last.start + last.count : longest;
  }
  int end = (longest + kPage - 1) / kPage * kPage;
  Work w;
  w.size = size;
  w.stride = valueStride(size);
  w.scoreStride = size_t(end) + kPage;
  w.q = scratch(7, size_t(queries) * size);
  w.scores = scratch(9, queries * w.scoreStride);
  w.out = scratch(10, size_t(queries) * w.stride);
  memset(w.out, 0, size_t(queries) * w.stride * sizeof(float));
  float scale = 1.0f / sqrtf(float(size));
  for (int i = 0; i < block.count; i++) {
    const float* from = p.q + (size_t(block.first + i) * p.heads + kvHead * group) * size;
    float* to = w.q + size_t(i) * group * size;
    lanes(size_t(group) * size, [&](size_t d, auto part) { put(to + d, get(from + d, part) * scale, part); });
  }
  size_t head = pageHead(p, kvHead);
  auto eachPage = [&](auto visit) {
    for (int s = 0; s < block.shared; s++) visit(w, rows[0].spans[s], head, 0, queries);
    for (int i = 0; i < block.count; i++)
      for (int s = block.shared; s < rows[i].spanCount; s++)
        visit(w, rows[i].spans[s], head, i * group, group);
  };
  eachPage(scorePage);
  float* sums = scratch(11, queries);
  for (int r = 0; r < queries; r++) sums[r] = weigh(w.scores + r * w.scoreStride, rows[r / group].seen, end);
  eachPage(weighPage);
  for (int i = 0; i < block.count; i++)
    for (int h = 0; h < group; h++) {
      int r = i * group + h;
      const float* from = w.out + size_t(r) * w.stride;
      float* to = p.output + (size_t(block.first + i) * p.heads + kvHead * group + h) * size;
      float inverse = 1.0f / sums[r];
      lanes(size, [&](size_t d, auto part) { put(to + d, get(from + d, part) * inverse, part); });
    }
}

BC_INLINE void rotate(const float* from, float* to, const float* cosines, int half) {
  const float* sines = cosines + half;
  lanes(half, [&](size_t i, auto part) {
    vf a = get(from + i, part), b = get(from + half + i, part), c = get(cosines + i, part), s = get(sines + i, part);
    put(to + i, a * c - b * s, part);
    put(to + half + i, b * c + a * s, part);
  });
}

}  // namespace

// Rotates the queries in place, and puts the rotated keys and the values into the last place of each
// row's sight.
void appendPaged(const PagedArgs& p) {
  int size = p.headSize, half = size / 2;
  parallelRanges(p.rows, 16, [&](size_t begin, size_t end) {
    float* key = scratch(7, size);
    for (size_t r = begin; r < end; r++) {
      const float* turn = p.rotaryTable + size_t(p.positions[r]) * size;
      for (int h = 0; h < p.heads; h++) {
        float* q = p.q + (r * p.heads + h) * size;
        rotate(q, q, turn, half);
      }
      const QueryRow& row = p.row[r];
      const PageSpan* span = row.spans + row.spanCount - 1;
      while (span->start >= row.seen) span--;
      int place = row.seen - 1 - span->start;
      for (int h = 0; h < p.kvHeads; h++) {
        float* keys = span->data + pageHead(p, h);
        float* values = keys + size_t(size) * kPage + size_t(place) * valueStride(size);
        rotate(p.k + (r * p.kvHeads + h) * size, key, turn, half);
        for (int d = 0; d < size; d++) keys[d * kPage + place] = key[d];
        memcpy(values, p.v + (r * p.kvHeads + h) * size, size * sizeof(float));
      }
    }
  });
}

void attendPaged(const PagedArgs& p) {
  parallelFor(p.blocks * p.kvHeads,
              [&](int task) { attendBlock(p, p.block[task / p.kvHeads], task % p.kvHeads); });
}

}  // namespace BC_ISA
}  // namespace bc
