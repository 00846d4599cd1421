// Keys and values of sequences in pages of kPage tokens. Sequences with a common beginning share its
// pages, partly filled ones too: a sequence knows how many places of each page are its own, and only
// the sole owner of a page writes into it.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include <vector>

#include "../paged.h"

namespace bc {

class KvPages {
 public:
  KvPages(int layers, int kvHeads, int headSize);
  ~KvPages();
  KvPages(const KvPages&) = delete;
  KvPages& operator=(const KvPages&) = delete;

  // Pages that may be in use or promised to sequences at a time. Memory beyond goes back to the system.
  void setLimit(int pages);

  // A sequence that begins with the first `length` tokens of `parent` (-1: empty), to which `room`
  // more are promised. Returns -1 where that is more than the limit allows.
  int open(int parent, int length, int room);
  void close(int sequence);
  // Forgets the tokens from `length` on.
  void truncate(int sequence, int length);
  // Gives back what is promised to a sequence and not taken: nothing more can be appended to it.
  void seal(int sequence);
  // Makes room for `count` more tokens; false where more than promised, then nothing has changed.
  bool extend(int sequence, int count);

  bool valid(int sequence) const {
    return sequence >= 0 && size_t(sequence) < sequences_.size() && sequences_[sequence].open;
  }
  int length(int sequence) const;
  const std::vector<PageSpan>& spans(int sequence) const { return sequences_[sequence].spans; }
  int used() const { return used_; }
  size_t pageBytes() const { return pageFloats(layers_, kvHeads_, headSize_) * sizeof(float); }
  bool fits(int layers, int kvHeads, int headSize) const {
    return layers == layers_ && kvHeads == kvHeads_ && headSize == headSize_;
  }

 private:
  struct Page {
    float* data = nullptr;
    int owners = 0;
  };
  struct Sequence {
    bool open = false, sealed = false;
    int promised = 0;  // pages
    std::vector<PageSpan> spans;
    std::vector<int> pages;
  };

  int take();
  void release(int page);
  void free(Page& page);
  // Whether the sequence may write behind its last token where that is.
  bool ownsEnd(const Sequence& s) const;

  const int layers_, kvHeads_, headSize_;
  int limit_ = 0, used_ = 0, promised_ = 0, held_ = 0;
  std::vector<Page> pages_;
  std::vector<int> free_;
  std::vector<Sequence> sequences_;
};

}  // namespace bc
