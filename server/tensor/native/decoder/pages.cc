#include "pages.h"

#include <new>

namespace bc {

KvPages::KvPages(int layers, int kvHeads, int headSize)
    : layers_(layers), kvHeads_(kvHeads), headSize_(headSize) {}

KvPages::~KvPages() {
  for (Page& page : pages_) ::operator delete(page.data, std::align_val_t(64));
}

int KvPages::take() {
  int index;
  if (free_.empty()) {
    index = int(pages_.size());
    pages_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Page& page = pages_[index];
  if (!page.data) {
    page.data = static_cast<float*>(::operator new(pageBytes(), std::align_val_t(64), std::nothrow));
    if (!page.data) {
      free_.push_back(index);
      return -1;
    }
    held_++;
  }
  page.owners = 1;
  used_++;
  return index;
}

void KvPages::release(int index) {
  Page& page = pages_[index];
  if (--page.owners > 0) return;
  used_--;
  if (held_ > limit_) free(page);
  free_.push_back(index);
}

void KvPages::free(Page& page) {
  ::operator delete(page.data, std::align_val_t(64));
  page.data = nullptr;
  held_--;
}

void KvPages::setLimit(int pages) {
  limit_ = pages;
  for (size_t i = 0; i < free_.size() && held_ > limit_; i++)
    if (pages_[free_[i]].data) free(pages_[free_[i]]);
}

int KvPages::length(int sequence) const {
  const auto& spans = sequences_[sequence].spans;
  return spans.empty() ? 0 : spans.back().start + spans.back().count;
}

int KvPages::open(int parent, int length, int room) {
  int promised = room > 0 ? (room + kPage - 1) / kPage : 0;
  // A parent that shares its last page from now on goes on in a new one.
  bool splits = parent >= 0 && !sequences_[parent].sealed && ownsEnd(sequences_[parent]) &&
                sequences_[parent].spans.back().start < length;
  if (used_ + promised_ + promised + splits > limit_) return -1;
  int id = 0;
  while (size_t(id) < sequences_.size() && sequences_[id].open) id++;
  if (size_t(id) == sequences_.size()) sequences_.emplace_back();
  Sequence& s = sequences_[id];
  s.open = true;
  s.sealed = false;
  s.promised = promised;
  promised_ += promised + splits;
  if (parent < 0) return id;
  Sequence& from = sequences_[parent];
  from.promised += splits;
  for (size_t i = 0; i < from.spans.size() && from.spans[i].start < length; i++) {
    PageSpan span = from.spans[i];
    if (span.start + span.count > length) span.count = length - span.start;
    s.spans.push_back(span);
    s.pages.push_back(from.pages[i]);
    pages_[from.pages[i]].owners++;
  }
  return id;
}

void KvPages::close(int sequence) {
  seal(sequence);
  truncate(sequence, 0);
  sequences_[sequence].open = false;
}

void KvPages::seal(int sequence) {
  promised_ -= sequences_[sequence].promised;
  sequences_[sequence].promised = 0;
  sequences_[sequence].sealed = true;
}

void KvPages::truncate(int sequence, int length) {
  Sequence& s = sequences_[sequence];
  while (!s.spans.empty() && s.spans.back().start >= length) {
    bool own = pages_[s.pages.back()].owners == 1;
    release(s.pages.back());
    s.pages.pop_back();
    s.spans.pop_back();
    // What was taken will be needed again.
    if (own && !s.sealed) {
      s.promised++;
      promised_++;
    }
  }
  if (!s.spans.empty() && s.spans.back().start + s.spans.back().count > length)
    s.spans.back().count = length - s.spans.back().start;
}

bool KvPages::ownsEnd(const Sequence& s) const {
  return !s.spans.empty() && s.spans.back().count < kPage && pages_[s.pages.back()].owners == 1;
}

bool KvPages::extend(int sequence, int count) {
  Sequence& s = sequences_[sequence];
  int place = length(sequence);
  int here = ownsEnd(s) ? kPage - s.spans.back().count : 0;
  here = here < count ? here : count;
  int wanted = (count - here + kPage - 1) / kPage;
  if (wanted > s.promised) return false;
  size_t before = s.spans.size();
  if (here > 0) s.spans.back().count += here;
  for (int left = count - here, start = place + here; left > 0;) {
    int page = take();
    if (page < 0) {
      for (; s.spans.size() > before; s.spans.pop_back(), s.pages.pop_back()) release(s.pages.back());
      if (here > 0) s.spans.back().count -= here;
      return false;
    }
    int filled = left < kPage ? left : kPage;
    s.spans.push_back({pages_[page].data, start, filled});
    s.pages.push_back(page);
    start += filled;
    left -= filled;
  }
  s.promised -= wanted;
  promised_ -= wanted;
  return true;
}

}  // namespace bc
