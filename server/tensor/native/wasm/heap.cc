// First fit over the free pieces, which are kept in the order of their addresses and joined with
// their neighbours. Blocks are large and asked for seldom (tensors come from a pool above this).
#include "heap.h"

#include <stdint.h>
#include <string.h>

extern "C" char __heap_base;

namespace bc {
namespace {

constexpr size_t kAlignment = 64, kPage = 65536, kGrowth = 16 << 20;

struct Piece {
  size_t bytes;
  Piece* next;
};

Piece* first = nullptr;
size_t end = 0;  // of the memory that the heap has taken
bool locked = false;

struct Lock {
  Lock() {
    while (__atomic_test_and_set(&locked, __ATOMIC_ACQUIRE)) {
    }
  }
  ~Lock() { __atomic_clear(&locked, __ATOMIC_RELEASE); }
};

size_t rounded(size_t bytes) { return bytes == 0 ? kAlignment : (bytes + kAlignment - 1) / kAlignment * kAlignment; }

void insert(uintptr_t address, size_t bytes) {
  Piece** link = &first;
  Piece* before = nullptr;
  while (*link && uintptr_t(*link) < address) {
    before = *link;
    link = &before->next;
  }
  Piece* piece = reinterpret_cast<Piece*>(address);
  *piece = {bytes, *link};
  *link = piece;
  if (piece->next && address + bytes == uintptr_t(piece->next)) *piece = {bytes + piece->next->bytes, piece->next->next};
  if (before && uintptr_t(before) + before->bytes == address) *before = {before->bytes + piece->bytes, piece->next};
}

void* take(size_t bytes) {
  for (Piece** link = &first; *link; link = &(*link)->next) {
    Piece* piece = *link;
    if (piece->bytes < bytes) continue;
    if (piece->bytes == bytes) {
      *link = piece->next;
    } else {
      // From the end, so that the list stays as it is.
      piece->bytes -= bytes;
      return reinterpret_cast<char*>(piece) + piece->bytes;
    }
    return piece;
  }
  return nullptr;
}

bool grow(size_t bytes) {
  if (end == 0) end = (uintptr_t(&__heap_base) + kAlignment - 1) / kAlignment * kAlignment;
  size_t have = __builtin_wasm_memory_size(0) * kPage;
  if (have - end >= bytes) bytes = 0;
  size_t least = bytes / kPage + 1, generous = (bytes + kGrowth) / kPage;
  if (bytes > 0 && __builtin_wasm_memory_grow(0, generous) == SIZE_MAX && __builtin_wasm_memory_grow(0, least) == SIZE_MAX)
    return false;
  size_t now = __builtin_wasm_memory_size(0) * kPage;
  insert(end, now - end);
  end = now;
  return true;
}

}  // namespace

__attribute__((export_name("allocate"))) void* allocate(size_t bytes) {
  constexpr size_t kMost = SIZE_MAX - 2 * kGrowth;
  if (bytes > kMost) return nullptr;
  Lock lock;
  size_t wanted = rounded(bytes);
  void* block = take(wanted);
  return block || !grow(wanted) ? block : take(wanted);
}

__attribute__((export_name("release"))) void release(void* block, size_t bytes) {
  Lock lock;
  if (block) insert(uintptr_t(block), rounded(bytes));
}

}  // namespace bc

// The size of a block lies before it, a whole line so that the alignment stays.
void* operator new(size_t bytes) {
  size_t* block = static_cast<size_t*>(bc::allocate(bytes + bc::kAlignment));
  if (!block) __builtin_trap();
  *block = bytes + bc::kAlignment;
  return reinterpret_cast<char*>(block) + bc::kAlignment;
}
void* operator new[](size_t bytes) { return operator new(bytes); }
void operator delete(void* data) noexcept {
  if (!data) return;
  char* block = static_cast<char*>(data) - bc::kAlignment;
  bc::release(block, *reinterpret_cast<size_t*>(block));
}
void operator delete[](void* data) noexcept { operator delete(data); }
void operator delete(void* data, size_t) noexcept { operator delete(data); }
void operator delete[](void* data, size_t) noexcept { operator delete(data); }
