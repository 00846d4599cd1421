// What the kernels use of the C library, for the WebAssembly build, which has none.
#pragma once
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif
void* memcpy(void* __restrict to, const void* __restrict from, size_t bytes);
void* memmove(void* to, const void* from, size_t bytes);
void* memset(void* to, int value, size_t bytes);
#ifdef __cplusplus
}
#endif
