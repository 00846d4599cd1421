// The layout of a page of cached keys and values, and what the kernels that read it are given.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace bc {

constexpr int kPage = 32;  // tokens; a multiple of the lanes of every instruction set

// Floats of one cached value vector, padded to whole pairs of vectors.
inline int valueStride(int headSize) { return (headSize + 31) / 32 * 32; }
// A page is [layers][kvHeads]{keys [headSize][kPage], values [kPage][valueStride]}.
inline size_t headFloats(int headSize) { return size_t(kPage) * (headSize + valueStride(headSize)); }
inline size_t pageFloats(int layers, int kvHeads, int headSize) {
  return size_t(layers) * kvHeads * headFloats(headSize);
}

// Places 0 to count-1 of a page hold the tokens start to start+count-1 of a sequence.
struct PageSpan {
  float* data;
  int32_t start, count;
};

// A query sees the places 0 to seen-1 of its sequence.
struct QueryRow {
  const PageSpan* spans;
  int32_t spanCount, seen;
};

// Queries first to first+count-1, whose first `shared` spans are the same.
struct QueryBlock {
  int32_t first, count, shared;
};

struct PagedArgs {
  int rows, heads, kvHeads, headSize;
  int layer;
  // [rows][heads * headSize], and [rows][kvHeads * headSize]
  float* q;
  const float *k, *v;
  const float* rotaryTable;
  const int32_t* positions;
  const QueryRow* row;
  const QueryBlock* block;
  int blocks;
  float* output;  // [rows][heads * headSize]
};

// One row of logits, and how to draw from it.
struct DrawArgs {
  int vocab;
  const float* logits;
  float temperature, topP;  // temperature 0: the first of the likeliest
  double uniform;           // in [0, 1)
  const int32_t* allowed;   // only these ids are drawn; null: all
  int allowedCount;
  int32_t* id;
  float* logProb;  // of the id, among all and at temperature 1; NaN where the logits are not finite
};

}  // namespace bc
