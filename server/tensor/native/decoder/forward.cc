#include "forward.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "../kernels.h"
#include "../pool.h"

namespace bc {
namespace {

// Queries that one attention task takes: of one sequence, or of sequences with a common beginning.
constexpr int kOwnQueries = 16, kSharedQueries = 8;
// Fewer common tokens than this are not worth going together.
constexpr int kLeastShared = kPage / 2;

// Memory of a thread that is kept from step to step.
class Buffer {
 public:
  ~Buffer() { ::operator delete(data_, std::align_val_t(64)); }
  float* get(size_t floats) {
    if (floats > floats_) {
      ::operator delete(data_, std::align_val_t(64));
      data_ = static_cast<float*>(::operator new(floats * sizeof(float), std::align_val_t(64)));
      floats_ = floats;
    }
    return data_;
  }

 private:
  float* data_ = nullptr;
  size_t floats_ = 0;
};

enum BufferName { kX, kNormed, kQ, kK, kV, kAttended, kGate, kUp, kLow, kPicked, kLogits, kBuffers };

Buffer& buffer(BufferName name) {
  thread_local Buffer buffers[kBuffers];
  return buffers[name];
}

// One row of a few products with the same input: cut into pieces for the threads.
struct Product {
  const Linear* linear;
  float* y;
};

class Pass {
 public:
  Pass(const DecoderModel& m, KvPages& pages, const std::vector<Feed>& feeds, const int32_t* ids)
      : m_(m), pages_(pages), feeds_(feeds), ids_(ids) {}

  void run(const Draws& draws) {
    place();
    x_ = buffer(kX).get(size_t(rows_) * m_.hidden);
    parallelRanges(rows_, 64, [&](size_t begin, size_t end) {
      for (size_t r = begin; r < end; r++)
        kernels().weightRow(m_.embedding, ids_[r], x_ + r * m_.hidden);
    });
    int last = int(m_.layers.size()) - 1;
    for (int layer = 0; layer <= last; layer++) {
      if (!attend(layer, layer == last)) return;
      feedForward(m_.layers[layer]);
    }
    drawAll(draws);
  }

 private:
  // Where each row's token stands, and which rows are drawn from.
  void place() {
    for (const Feed& feed : feeds_) rows_ += feed.count;
    positions_.resize(rows_);
    queries_.resize(rows_);
    int r = 0;
    for (const Feed& feed : feeds_) {
      const auto& spans = pages_.spans(feed.sequence);
      int first = pages_.length(feed.sequence) - feed.count;
      for (int i = 0; i < feed.count; i++, r++) {
        positions_[r] = first + i;
        queries_[r] = {spans.data(), spansFor(spans, first + i), first + i + 1};
        if (i >= feed.count - feed.draws) picked_.push_back(r);
      }
    }
    table_ = rotaryTable(m_.theta, m_.headSize, 1 + *std::max_element(positions_.begin(), positions_.end()));
    makeBlocks();
  }

  static int spansFor(const std::vector<PageSpan>& spans, int position) {
    int count = int(spans.size());
    while (count > 1 && spans[count - 1].start > position) count--;
    return count;
  }

  void makeBlocks() {
    blocks_.clear();
    int rows = int(queries_.size());
    for (int r = 0; r < rows;) {
      QueryBlock block = {r, 1, queries_[r].spanCount};
      int next = r + 1;
      while (next < rows && queries_[next].spans == queries_[r].spans && block.count < kOwnQueries) {
        block.count++;
        block.shared = queries_[next++].spanCount;
      }
      if (block.count > 1) {
        for (int i = r; i < next; i++) queries_[i].spanCount = block.shared;
      } else {
        while (next < rows && block.count < kSharedQueries) {
          int common = commonSpans(queries_[r], queries_[next]);
          if (block.count == 1) {
            if (!worthSharing(queries_[r], common)) break;
            block.shared = common;
          } else if (common < block.shared) {
            break;
          }
          block.count++;
          next++;
        }
      }
      blocks_.push_back(block);
      r = next;
    }
  }

  static int commonSpans(const QueryRow& a, const QueryRow& b) {
    int most = std::min(a.spanCount, b.spanCount), common = 0;
    while (common < most && a.spans[common].data == b.spans[common].data &&
           a.spans[common].count == b.spans[common].count)
      common++;
    return common;
  }

  static bool worthSharing(const QueryRow& row, int spans) {
    return spans > 0 && row.spans[spans - 1].start + row.spans[spans - 1].count >= kLeastShared;
  }

  void norm(const float* gain) {
    normed_ = buffer(kNormed).get(size_t(rows_) * m_.hidden);
    kernels().rmsNorm(x_, gain, normed_, rows_, m_.hidden, m_.eps);
  }

  // Returns false where nothing is left to compute: in the last layer without a draw.
  bool attend(int layer, bool last) {
    const DecoderLayer& l = m_.layers[layer];
    int width = m_.heads * m_.headSize, kvWidth = m_.kvHeads * m_.headSize;
    float* q = buffer(kQ).get(size_t(rows_) * width);
    float* k = buffer(kK).get(size_t(rows_) * kvWidth);
    float* v = buffer(kV).get(size_t(rows_) * kvWidth);
    norm(l.inputNorm);
    bool drop = last && int(picked_.size()) < rows_;
    if (drop && picked_.empty()) {
      Product products[] = {{&l.k, k}, {&l.v, v}};
      multiply(normed_, products, 2, false);
      std::memset(q, 0, size_t(rows_) * width * sizeof(float));
    } else {
      Product products[] = {{&l.q, q}, {&l.k, k}, {&l.v, v}};
      multiply(normed_, products, 3, false);
    }
    float* attended = buffer(kAttended).get(size_t(rows_) * width);
    PagedArgs p = {rows_,   m_.heads, m_.kvHeads,        m_.headSize,     layer,          q, k, v,
                   table_,  positions_.data(), queries_.data(), blocks_.data(), int(blocks_.size()), attended};
    kernels().appendPaged(p);
    if (drop) {
      if (picked_.empty()) return false;
      keepPicked(q, width);
      p.rows = rows_;
      p.row = queries_.data();
      p.block = blocks_.data();
      p.blocks = int(blocks_.size());
    }
    kernels().attendPaged(p);
    Product product = {&l.o, x_};
    multiply(attended, &product, 1, true);
    return true;
  }

  // Behind the last layer's keys and values, only rows that are drawn from matter.
  void keepPicked(float* q, int width) {
    for (size_t i = 0; i < picked_.size(); i++) {
      int from = picked_[i];
      std::memmove(x_ + i * m_.hidden, x_ + size_t(from) * m_.hidden, m_.hidden * sizeof(float));
      std::memmove(q + i * width, q + size_t(from) * width, width * sizeof(float));
      queries_[i] = queries_[from];
      picked_[i] = int(i);
    }
    rows_ = int(picked_.size());
    queries_.resize(rows_);
    makeBlocks();
  }

  void feedForward(const DecoderLayer& l) {
    norm(l.innerNorm);
    float* gate = buffer(kGate).get(size_t(rows_) * m_.inner);
    float* up = buffer(kUp).get(size_t(rows_) * m_.inner);
    if (rows_ == 1) {
      float* low = buffer(kLow).get(size_t(l.gate.lora.rank) + l.up.lora.rank);
      lower(l.gate, normed_, low);
      lower(l.up, normed_, low + l.gate.lora.rank);
      int pieces = piecesOf(panelsOf(m_.inner));
      parallelFor(pieces, [&](int piece) {
        int first = firstOf(piece, pieces, panelsOf(m_.inner)) * kPanelOutputs;
        int count = std::min(firstOf(piece + 1, pieces, panelsOf(m_.inner)) * kPanelOutputs, m_.inner) - first;
        part(l.gate, normed_, low, first, count, gate, false);
        part(l.up, normed_, low + l.gate.lora.rank, first, count, up, false);
        kernels().swiglu(gate + first, up + first, gate + first, count);
      });
    } else {
      Product products[] = {{&l.gate, gate}, {&l.up, up}};
      multiply(normed_, products, 2, false);
      kernels().swiglu(gate, up, gate, size_t(rows_) * m_.inner);
    }
    Product product = {&l.down, x_};
    multiply(gate, &product, 1, true);
  }

  // The outputs of a product are cut between panels, into so many pieces; a piece begins at panel firstOf(piece, ..).
  static int panelsOf(int outputs) { return (outputs + kPanelOutputs - 1) / kPanelOutputs; }
  static int piecesOf(int panels) { return std::min(panels, 4 * threadCount()); }
  static int firstOf(int piece, int pieces, int panels) { return int(size_t(panels) * piece / pieces); }

  void multiply(const float* x, const Product* products, int count, bool accumulate) {
    if (rows_ == 1) {
      multiplyOne(x, products, count, accumulate);
      return;
    }
    LinearArgs args[kMostProducts];
    for (int i = 0; i < count; i++) {
      const Linear& linear = *products[i].linear;
      args[i] = {rows_, x, linear.weight, linear.bias, products[i].y, accumulate};
    }
    kernels().linearWeights(args, count);
    for (int i = 0; i < count; i++) {
      const Linear& linear = *products[i].linear;
      if (int rank = linear.lora.rank) {
        float* low = buffer(kLow).get(size_t(rows_) * rank);
        lower(linear, x, low);
        kernels().linearWeight({rows_, low, matrix(linear.lora.b, linear.weight.out, rank), nullptr, products[i].y, true});
      }
    }
  }

  // A single row enters the pool once for all products, in pieces of their outputs.
  void multiplyOne(const float* x, const Product* products, int count, bool accumulate) {
    int panels = 0, ranks = 0;
    for (int i = 0; i < count; i++) {
      panels += panelsOf(products[i].linear->weight.out);
      ranks += products[i].linear->lora.rank;
    }
    float* low = buffer(kLow).get(ranks);
    for (int i = 0, at = 0; i < count; at += products[i++].linear->lora.rank) lower(*products[i].linear, x, low + at);
    int pieces = piecesOf(panels);
    parallelFor(pieces, [&](int piece) {
      int begin = firstOf(piece, pieces, panels), end = firstOf(piece + 1, pieces, panels);
      const float* rank = low;
      for (int i = 0, start = 0; i < count; i++) {
        int out = products[i].linear->weight.out;
        int first = std::max(begin - start, 0) * kPanelOutputs, last = std::min((end - start) * kPanelOutputs, out);
        if (first < last) part(*products[i].linear, x, rank, first, last - first, products[i].y, accumulate);
        start += panelsOf(out);
        rank += products[i].linear->lora.rank;
      }
    });
  }

  // Outputs first to first+count-1 of a single row.
  static void part(const Linear& linear, const float* x, const float* low, int first, int count, float* y,
                   bool accumulate) {
    kernels().linearWeight({1, x, weightRows(linear.weight, first, count), linear.bias ? linear.bias + first : nullptr,
                            y + first, accumulate});
    if (linear.lora.rank) {
      Weight b = weightRows(matrix(linear.lora.b, linear.weight.out, linear.lora.rank), first, count);
      kernels().linearWeight({1, low, b, nullptr, y + first, true});
    }
  }

  static Weight matrix(const float* values, int out, int in) { return {kF32, out, in, values, nullptr}; }

  // low = scale * x aᵀ
  void lower(const Linear& linear, const float* x, float* low) {
    int rank = linear.lora.rank;
    if (!rank) return;
    kernels().linearWeight({rows_, x, matrix(linear.lora.a, rank, linear.weight.in), nullptr, low, false});
    for (size_t i = 0; i < size_t(rows_) * rank; i++) low[i] *= m_.loraScale;
  }

  void drawAll(const Draws& draws) {
    int count = int(picked_.size());
    norm(m_.finalNorm);
    float* hidden = normed_;
    if (count < rows_) {
      hidden = buffer(kPicked).get(size_t(count) * m_.hidden);
      for (int i = 0; i < count; i++)
        std::memcpy(hidden + size_t(i) * m_.hidden, normed_ + size_t(picked_[i]) * m_.hidden,
                    m_.hidden * sizeof(float));
    }
    float* logits = buffer(kLogits).get(size_t(count) * m_.vocab);
    kernels().linearWeight({count, hidden, m_.head, nullptr, logits, false});
    parallelFor(count, [&](int i) {
      DrawArgs a = {m_.vocab,         logits + size_t(i) * m_.vocab, draws.temperatures[i], draws.topP,
                    draws.uniforms[i], nullptr, 0, draws.ids + i, draws.logProbs + i};
      if (draws.allowed) {
        int first = i > 0 ? draws.allowedEnds[i - 1] : 0;
        a.allowedCount = draws.allowedEnds[i] - first;
        if (a.allowedCount > 0) a.allowed = draws.allowed + first;
      }
      kernels().drawToken(a);
    });
  }

  const DecoderModel& m_;
  KvPages& pages_;
  const std::vector<Feed>& feeds_;
  const int32_t* ids_;
  int rows_ = 0;
  float *x_ = nullptr, *normed_ = nullptr;
  const float* table_ = nullptr;
  std::vector<int32_t> positions_;
  std::vector<int> picked_;
  std::vector<QueryRow> queries_;
  std::vector<QueryBlock> blocks_;
};

}  // namespace

bool decodeStep(const DecoderModel& model, KvPages& pages, const std::vector<Feed>& feeds, const int32_t* ids,
                const Draws& draws) {
  for (size_t i = 0; i < feeds.size(); i++) {
    if (pages.extend(feeds[i].sequence, feeds[i].count)) continue;
    while (i-- > 0) pages.truncate(feeds[i].sequence, pages.length(feeds[i].sequence) - feeds[i].count);
    return false;
  }
  Pass(model, pages, feeds, ids).run(draws);
  return true;
}

}  // namespace bc
