// Log-probabilities of chosen tokens under softmax(hidden w'), their entropy, and the gradients.
// Tokens go by in chunks, and the vocabulary in blocks that fit the second cache. Logits lie
// transposed, [vocab][tokens]: so every operand is read as it lies in memory, and all sums over the
// vocabulary are sums of whole vectors. The derivative by the log-probabilities known beforehand,
// one pass gives the gradients too; else the backward pass computes the logits again.
#include <math.h>

#include "../kernels.h"
#include "exp.h"
#include "gemm_tile.h"
#include "int8.h"
#include "vec.h"

namespace bc {
namespace BC_ISA {

void weightRow(const Weight&, int row, float* out);

namespace {

using namespace panel;

constexpr int BLOCK = 16 * MR;  // rows of w at a time
constexpr int GROUPS = 16;      // runs of blocks, each with its own sum of the hidden states' gradient

// A run of tokens that take part: `index` says which, `rows` holds their hidden states.
struct Chunk {
  int count, stride, first;  // stride: count up to whole vectors; first: its place among all active tokens
  const int32_t* index;
  const float* rows;
  const float *byDepth, *byToken;  // packed: [tokens / NR][width][NR] and [width / NR][count][NR]
  RoundedColumns rounded;          // in place of byDepth where the weights have 8 bits
};

// Indices of the tokens that take part.
struct Active {
  int count;
  int32_t* index;
};

template <typename Keep>
Active gather(const LogProbsArgs& p, Keep&& keep) {
  Active active{0, reinterpret_cast<int32_t*>(scratch(3, p.tokens + 1))};
  for (int t = 0; t < p.tokens; t++)
    if (keep(t)) active.index[active.count++] = t;
  return active;
}

// As many tokens as leave a block and all that it meets in the second cache, and the logits of a
// chunk, where they are kept, in some tens of megabytes.
int chunkTokens(const LogProbsArgs& p) {
  int byCache = 200000 / (BLOCK + 2 * p.width), byMemory = 12000000 / p.vocab;
  int tokens = minOf(byCache, byMemory) / NR * NR;
  return tokens < 2 * NR ? 2 * NR : minOf(tokens, 288);
}

template <typename Visit>
void eachChunk(const LogProbsArgs& p, const Active& active, Visit&& visit) {
  if (active.count == 0) return;
  // Chunks of one size, so that the last is no sliver.
  int chunks = ceilDiv(active.count, chunkTokens(p));
  int size = ceilDiv(ceilDiv(active.count, chunks), NR) * NR;
  float* rows = scratch(4, size_t(size) * p.width);
  float* byDepth = scratch(5, size_t(size) * p.width);
  int columnPanels = ceilDiv(p.width, NR);
  float* byToken = scratch(6, size_t(columnPanels) * NR * size);
  for (int first = 0; first < active.count; first += size) {
    Chunk c{minOf(size, active.count - first), 0, first, active.index + first, rows, byDepth, byToken, {}};
    c.stride = ceilDiv(c.count, kLanes) * kLanes;
    for (int i = 0; i < c.count; i++)
      memcpy(rows + size_t(i) * p.width, p.hidden + size_t(c.index[i]) * p.width, p.width * sizeof(float));
    bool rounded = p.w.kind == kInt8;
    if (rounded) c.rounded = roundColumns(rows, c.count, p.width, c.stride);
    int tokenPanels = rounded ? 0 : ceilDiv(c.count, NR);
    parallelFor(tokenPanels + columnPanels, [&](int task) {
      if (task < tokenPanels) {
        packPanel(rows + size_t(task) * NR * p.width, 1, p.width, minOf(NR, c.count - task * NR), p.width,
                  byDepth + size_t(task) * NR * p.width);
      } else {
        int j = (task - tokenPanels) * NR;
        packPanel(rows + j, p.width, 1, minOf(NR, p.width - j), c.count, byToken + size_t(j) * c.count);
      }
    });
    visit(c);
  }
}

// Rows of w as floats, to be used before the next call.
const float* rowsOf(const LogProbsArgs& p, int first, int rows) {
  if (p.w.kind == kF32) return static_cast<const float*>(p.w.values) + size_t(first) * p.width;
  float* values = scratch(22, size_t(BLOCK) * p.width);
  for (int r = 0; r < rows; r++) weightRow(p.w, first + r, values + size_t(r) * p.width);
  return values;
}

// Logits of a block of the vocabulary, [rows][stride]. Where the weights have 8 bits the hidden states are rounded as in
// decoding: the same states have the same logits, bit for bit.
void blockLogits(const LogProbsArgs& p, const Chunk& c, int first, int rows, float* logits) {
  if (p.w.kind == kInt8) {
    productColumns(p.w, first, rows, c.rounded, logits);
  } else {
    Target t{logits, size_t(c.stride), nullptr, 0, nullptr, 1};
    multiplyPanels(rows, c.stride, p.width, {rowsOf(p, first, rows), size_t(p.width), 1}, false, c.byDepth, t);
  }
  if (!p.shift) return;
  for (int r = 0; r < rows; r++)
    for (int i = 0; i < c.stride; i += kLanes) {
      float* at = logits + size_t(r) * c.stride + i;
      store(at, load(at) + p.shift[first + r]);
    }
}

// Runs body(token of the chunk, row of the block) for each target in the block.
template <typename F>
void eachTarget(const LogProbsArgs& p, const Chunk& c, int first, int rows, F&& body) {
  for (int i = 0; i < c.count; i++) {
    int row = p.targets[c.index[i]] - first;
    if (row >= 0 && row < rows) body(i, row);
  }
}

// What is kept of each block and token: the largest logit, the sum of e^(z - top), that of e^(z - top) z.
struct Sums {
  float *top, *total, *weighted;
};

// Logits to e^(z - top), in place, and their sums.
void blockSums(float* logits, int rows, int stride, const Sums& sums) {
  for (int t = 0; t < stride; t += kLanes) {
    vf top = load(logits + t);
    for (int r = 1; r < rows; r++) top = vmax(top, load(logits + size_t(r) * stride + t));
    vf total = {}, weighted = {};
    for (int r = 0; r < rows; r++) {
      float* at = logits + size_t(r) * stride + t;
      vf z = load(at), e = expDown(z - top);
      total += e;
      weighted += e * z;
      store(at, e);
    }
    store(sums.top + t, top);
    store(sums.total + t, total);
    store(sums.weighted + t, weighted);
  }
}

// The sums of all blocks joined; every block's `top` becomes e^(top - logSum).
void joinBlocks(const LogProbsArgs& p, const Chunk& c, const Sums& sums, int blocks, const float* chosen) {
  parallelRanges(c.stride / kLanes, 4, [&](size_t begin, size_t end) {
    for (size_t t = begin * kLanes; t < end * kLanes; t += kLanes) {
      vf top = load(sums.top + t), total = {}, weighted = {};
      for (int b = 1; b < blocks; b++) top = vmax(top, load(sums.top + size_t(b) * c.stride + t));
      for (int b = 0; b < blocks; b++) {
        size_t at = size_t(b) * c.stride + t;
        vf scale = expDown(load(sums.top + at) - top);
        total += load(sums.total + at) * scale;
        weighted += load(sums.weighted + at) * scale;
      }
      float logSum[kLanes] = {};
      for (int i = 0; i < kLanes && int(t) + i < c.count; i++) {
        int token = c.index[t + i];
        logSum[i] = p.logSum[token] = top[i] + logf(total[i]);
        p.logProbs[token] = chosen[t + i] - logSum[i];
        p.entropy[token] = logSum[i] - weighted[i] / total[i];
      }
      for (int b = 0; b < blocks; b++) {
        float* at = sums.top + size_t(b) * c.stride + t;
        store(at, expDown(load(at) - load(logSum)));
      }
    }
  });
}

// From a block of the logits' gradient, [rows][stride], to those of its rows of w and of the hidden states.
void blockGradients(const LogProbsArgs& p, const Chunk& c, int first, int rows, const float* slopes, float* dLogits,
                    float* dHidden, bool addHidden) {
  eachTarget(p, c, first, rows, [&](int i, int row) { dLogits[size_t(row) * c.stride + i] += slopes[i]; });
  const float* w = rowsOf(p, first, rows);
  if (p.dw) {
    float* dw = p.dw + size_t(first) * p.width;
    bool add = p.accumulate || c.first > 0;
    Target t{dw, size_t(p.width), add ? dw : nullptr, size_t(p.width), nullptr, 1};
    multiplyPanels(rows, p.width, c.count, {dLogits, size_t(c.stride), 1}, false, c.byToken, t);
  }
  float* packed = scratch(9, size_t(ceilDiv(p.width, NR)) * NR * rows);
  for (int j = 0; j < p.width; j += NR)
    packPanel(w + j, p.width, 1, minOf(NR, p.width - j), rows, packed + size_t(j) * rows);
  Target t{dHidden, size_t(p.width), addHidden ? dHidden : nullptr, size_t(p.width), nullptr, 1};
  multiplyPanels(c.count, p.width, rows, {dLogits, 1, size_t(c.stride)}, false, packed, t);
}

// Runs body(block's first row, rows, place of the block, sum of the hidden gradient, whether to add to it)
// for every block, and writes the sums over all blocks to dHidden.
template <typename F>
void eachBlockBackward(const LogProbsArgs& p, const Chunk& c, F&& body) {
  int blocks = ceilDiv(p.vocab, BLOCK), groups = minOf(GROUPS, blocks);
  size_t size = size_t(c.count) * p.width;
  float* sums = scratch(10, size * groups);
  parallelFor(groups, [&](int group) {
    int begin = blocks * group / groups, end = blocks * (group + 1) / groups;
    for (int b = begin; b < end; b++)
      body(b * BLOCK, minOf(BLOCK, p.vocab - b * BLOCK), b, sums + size * group, b > begin);
  });
  parallelRanges(c.count, 1 + 4096 / p.width, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
      float* to = p.dHidden + size_t(c.index[i]) * p.width;
      lanes(p.width, [&](size_t k, auto part) {
        vf total = get(sums + i * p.width + k, part);
        for (int g = 1; g < groups; g++) total += get(sums + size * g + i * p.width + k, part);
        put(to + k, total, part);
      });
    }
  });
}

// The derivative by the log-probability of each token of the chunk, zero in the padding.
float* gatherSlopes(const LogProbsArgs& p, const Chunk& c) {
  float* slopes = scratch(11, c.stride);
  for (int i = 0; i < c.stride; i++) slopes[i] = i < c.count ? p.dLogProbs[c.index[i]] : 0;
  return slopes;
}

void forwardChunk(const LogProbsArgs& p, const Chunk& c, bool gradients) {
  int blocks = ceilDiv(p.vocab, BLOCK);
  size_t stats = size_t(blocks) * c.stride;
  float* kept = gradients ? scratch(7, size_t(p.vocab) * c.stride) : nullptr;
  float* numbers = scratch(8, 3 * stats + c.stride);
  float* chosen = numbers + 3 * stats;
  parallelFor(blocks, [&](int b) {
    int first = b * BLOCK, rows = minOf(BLOCK, p.vocab - first);
    float* logits = kept ? kept + size_t(first) * c.stride : scratch(9, size_t(BLOCK) * c.stride);
    blockLogits(p, c, first, rows, logits);
    eachTarget(p, c, first, rows, [&](int i, int row) { chosen[i] = logits[size_t(row) * c.stride + i]; });
    float* at = numbers + size_t(b) * c.stride;
    blockSums(logits, rows, c.stride, {at, at + stats, at + 2 * stats});
  });
  joinBlocks(p, c, {numbers, numbers + stats, numbers + 2 * stats}, blocks, chosen);
  if (!gradients) return;
  const float* slopes = gatherSlopes(p, c);
  eachBlockBackward(p, c, [&](int first, int rows, int b, float* dHidden, bool add) {
    float* dLogits = kept + size_t(first) * c.stride;
    for (int t = 0; t < c.stride; t += kLanes) {
      vf scale = -load(slopes + t) * load(numbers + size_t(b) * c.stride + t);
      for (int r = 0; r < rows; r++) {
        float* at = dLogits + size_t(r) * c.stride + t;
        store(at, load(at) * scale);
      }
    }
    blockGradients(p, c, first, rows, slopes, dLogits, dHidden, add);
  });
}

}  // namespace

void logProbs(const LogProbsArgs& p) {
  for (int t = 0; t < p.tokens; t++) p.logProbs[t] = p.entropy[t] = p.logSum[t] = 0;
  auto weighs = [&](int t) { return p.dLogProbs && p.dLogProbs[t] != 0; };
  eachChunk(p, gather(p, [&](int t) { return p.targets[t] >= 0 && !weighs(t); }),
            [&](const Chunk& c) { forwardChunk(p, c, false); });
  if (!p.dLogProbs) return;
  memset(p.dHidden, 0, size_t(p.tokens) * p.width * sizeof(float));
  Active active = gather(p, [&](int t) { return p.targets[t] >= 0 && weighs(t); });
  if (active.count == 0 && p.dw && !p.accumulate) memset(p.dw, 0, size_t(p.vocab) * p.width * sizeof(float));
  eachChunk(p, active, [&](const Chunk& c) { forwardChunk(p, c, true); });
}

void logProbsGrad(const LogProbsArgs& p) {
  memset(p.dHidden, 0, size_t(p.tokens) * p.width * sizeof(float));
  Active active = gather(p, [&](int t) { return p.targets[t] >= 0 && p.dLogProbs[t] != 0; });
  if (active.count == 0 && p.dw && !p.accumulate) memset(p.dw, 0, size_t(p.vocab) * p.width * sizeof(float));
  eachChunk(p, active, [&](const Chunk& c) {
    const float* slopes = gatherSlopes(p, c);
    float* shift = scratch(8, c.stride);
    for (int i = 0; i < c.stride; i++) shift[i] = i < c.count ? p.logSum[c.index[i]] : 0;
    eachBlockBackward(p, c, [&](int first, int rows, int, float* dHidden, bool add) {
      float* dLogits = scratch(7, size_t(BLOCK) * c.stride);
      blockLogits(p, c, first, rows, dLogits);
      for (int t = 0; t < c.stride; t += kLanes) {
        vf logSum = load(shift + t), scale = -load(slopes + t);
        for (int r = 0; r < rows; r++) {
          float* at = dLogits + size_t(r) * c.stride + t;
          store(at, expDown(load(at) - logSum) * scale);
        }
      }
      blockGradients(p, c, first, rows, slopes, dLogits, dHidden, add);
    });
  });
}

}  // namespace BC_ISA
}  // namespace bc
