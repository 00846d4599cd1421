// The heap of the WebAssembly build: JavaScript takes the memory of tensors from it, the kernels
// their own buffers.
#pragma once
#include <stddef.h>

namespace bc {

// 64-byte aligned, or null where the memory is at its limit.
void* allocate(size_t bytes);
// `bytes` as they were asked for.
void release(void* block, size_t bytes);

}  // namespace bc
