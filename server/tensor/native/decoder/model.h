// A Qwen2 transformer as the decoder reads it: pointers into the arrays that the model keeps.
#pragma once
#include <vector>

#include "../weights.h"

namespace bc {

// A low-rank pair: scale * b a is added to the weight. rank 0: there is none.
struct LowRank {
  int rank = 0;
  const float *a = nullptr, *b = nullptr;  // [rank][in], [out][rank]
};

struct Linear {
  Weight weight;
  const float* bias;  // or null
  LowRank lora;
};

struct DecoderLayer {
  const float *inputNorm, *innerNorm;
  Linear q, k, v, o, gate, up, down;
};

struct DecoderModel {
  int hidden, inner, heads, kvHeads, headSize, vocab;
  float eps, loraScale;
  double theta;
  Weight embedding, head;
  const float* finalNorm;
  std::vector<DecoderLayer> layers;
};

}  // namespace bc
