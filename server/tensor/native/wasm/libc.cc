// The functions of the C library that the kernels and the compiler call.
#include <math.h>
#include <string.h>

// The mathematics is JavaScript's own: the same on every machine in V8, and rare in the kernels.
#define BC_IMPORT(name) __attribute__((import_module("Math"), import_name(#name)))
#define BC_MATH(name)                          \
  BC_IMPORT(name) double js_##name(double x);  \
  double name(double x) { return js_##name(x); }

extern "C" {
BC_MATH(exp)
BC_MATH(log)
BC_MATH(tanh)
BC_MATH(cos)
BC_MATH(sin)
BC_IMPORT(pow) double js_pow(double base, double exponent);
double pow(double base, double exponent) { return js_pow(base, exponent); }

void* memcpy(void* __restrict to, const void* __restrict from, size_t bytes) { return __builtin_memcpy(to, from, bytes); }
void* memmove(void* to, const void* from, size_t bytes) { return __builtin_memmove(to, from, bytes); }
void* memset(void* to, int value, size_t bytes) { return __builtin_memset(to, value, bytes); }
}
