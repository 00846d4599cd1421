// A decoder step: some tokens of some sequences through the whole model, and the draws after them.
#pragma once
#include <vector>

#include "model.h"
#include "pages.h"

namespace bc {

// The next `count` tokens of a sequence; after each of the last `draws` of them a token is drawn.
struct Feed {
  int sequence, count, draws;
};

// How the tokens of a step are drawn, in the order of the feeds.
struct Draws {
  const float* temperatures;
  float topP;
  const double* uniforms;
  // The allowed ids of each draw are those from allowedEnds[i - 1] to allowedEnds[i]; none: all. Null: all.
  const int32_t *allowed, *allowedEnds;
  int32_t* ids;
  float* logProbs;  // NaN where the model computes no finite logits
};

// A row's results do not depend on the other rows, nor on how its tokens are spread over steps.
// Returns false, having changed nothing, where the pages do not suffice.
bool decodeStep(const DecoderModel& model, KvPages& pages, const std::vector<Feed>& feeds,
                const int32_t* ids, const Draws& draws);

}  // namespace bc
