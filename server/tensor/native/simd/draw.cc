// Drawing a token from logits: greedy, by temperature, from the nucleus, among allowed ids.
#include <math.h>

#include "../kernels.h"
#include "vec.h"

namespace bc {
namespace BC_ISA {
namespace {

constexpr int kChunk = 256;  // probabilities whose sum is kept

float largest(const float* x, int count) {
  vf tops = splat(-INFINITY);
  int i = 0;
  for (; i + kLanes <= count; i += kLanes) tops = vmax(load(x + i), tops);
  float top = maxLanes(tops);
  for (; i < count; i++) top = x[i] > top ? x[i] : top;
  return top;
}

// p[i] = e^((x[i] - top) * slope), their sums by chunk, and the sum of all.
double exponentials(const float* x, int count, float top, float slope, float* p, double* chunkSums) {
  double total = 0;
  for (int c = 0; c * kChunk < count; c++) {
    int end = (c + 1) * kChunk < count ? (c + 1) * kChunk : count;
    vf sums = {};
    lanes(end - c * kChunk, [&](size_t k, auto part) {
      size_t i = size_t(c) * kChunk + k;
      vf e = vexp((get(x + i, part) - top) * slope);
      put(p + i, e, part);
      // A partial vector's other lanes hold no tokens.
      sums += get(p + i, part);
    });
    chunkSums[c] = sumLanes(sums);
    total += chunkSums[c];
  }
  return total;
}

int firstLargest(const float* x, int count) {
  float top = largest(x, count);
  int i = 0;
  while (i < count - 1 && x[i] != top) i++;
  return i;
}

int drawFromAll(const float* p, int count, const double* chunkSums, double left) {
  int c = 0, chunks = (count + kChunk - 1) / kChunk;
  while (c < chunks - 1 && left >= chunkSums[c]) left -= chunkSums[c++];
  int end = (c + 1) * kChunk < count ? (c + 1) * kChunk : count;
  int last = c * kChunk;
  for (int i = last; i < end; i++) {
    if (p[i] <= 0) continue;
    last = i;
    left -= p[i];
    if (left < 0) return i;
  }
  return p[last] > 0 ? last : firstLargest(p, count);
}

// Positive floats are ordered like their bits: these make a class.
constexpr int kClassShift = 19, kClasses = (0x3f800000 >> kClassShift) + 2;

BC_INLINE int classOf(float p) {
  int32_t bits;
  memcpy(&bits, &p, sizeof bits);
  return bits >> kClassShift;
}

// The smallest set of the likeliest that has `wanted` of the mass: all above `least`, and so many of
// those that are just as probable, low ids first.
int drawFromNucleus(const float* p, int count, double wanted, double uniform) {
  double massOfClass[kClasses] = {};
  for (int i = 0; i < count; i++) massOfClass[classOf(p[i])] += p[i];
  int border = kClasses - 1;
  double mass = 0;
  while (border > 0 && mass + massOfClass[border] < wanted) mass += massOfClass[border--];
  float* members = scratch(12, count);
  int n = 0;
  for (int i = 0; i < count; i++)
    if (classOf(p[i]) == border) members[n++] = p[i];
  // The largest of the border's class one after another; a heap, since few of them are wanted.
  auto sink = [&](int at) {
    for (int child; (child = 2 * at + 1) < n; at = child) {
      if (child + 1 < n && members[child + 1] > members[child]) child++;
      if (members[at] >= members[child]) return;
      float swap = members[at];
      members[at] = members[child];
      members[child] = swap;
    }
  };
  for (int i = n / 2 - 1; i >= 0; i--) sink(i);
  float least = INFINITY;
  int ties = 0;
  while (n > 0 && mass < wanted) {
    float top = members[0];
    mass += top;
    ties = top == least ? ties + 1 : 1;
    least = top;
    members[0] = members[--n];
    sink(0);
  }
  double left = uniform * mass;
  int last = -1;
  for (int i = 0; i < count; i++) {
    if (p[i] > least || (p[i] == least && ties-- > 0)) {
      last = i;
      left -= p[i];
      if (left < 0) return i;
    }
  }
  return last < 0 ? firstLargest(p, count) : last;
}

}  // namespace

void drawToken(const DrawArgs& a) {
  float top = largest(a.logits, a.vocab);
  int chunks = (a.vocab + kChunk - 1) / kChunk;
  float* p = scratch(13, a.vocab);
  double* sums = reinterpret_cast<double*>(scratch(14, 2 * size_t(chunks)));
  double total = exponentials(a.logits, a.vocab, top, 1, p, sums);
  double logTotal = double(top) + logf(float(total));
  const float* own = a.logits;
  float* among = nullptr;
  int count = a.vocab;
  if (a.allowed) {
    count = a.allowedCount;
    among = scratch(15, count);
    for (int i = 0; i < count; i++) among[i] = a.logits[a.allowed[i]];
    own = among;
    top = largest(own, count);
  }
  double sum = logTotal + top;
  if (sum - sum != 0) {
    // A NaN belongs to no class of probabilities: nothing may be drawn.
    *a.id = 0;
    *a.logProb = NAN;
    return;
  }
  int index;
  float slope = 1 / a.temperature;
  if (slope - slope != 0) {  // a temperature of 0, or next to it
    index = firstLargest(own, count);
  } else {
    if (a.allowed || a.temperature != 1)
      total = exponentials(own, count, top, slope, p, sums);
    index = a.topP < 1 ? drawFromNucleus(p, count, a.topP * total, a.uniform)
                       : drawFromAll(p, count, sums, a.uniform * total);
  }
  int id = a.allowed ? a.allowed[index] : index;
  *a.id = id;
  *a.logProb = float(a.logits[id] - logTotal);
}

}  // namespace BC_ISA
}  // namespace bc
