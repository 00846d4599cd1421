// What the kernels use of the C library's mathematics, for the WebAssembly build.
#pragma once

#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")

extern "C" {
double exp(double x);
double log(double x);
double tanh(double x);
double cos(double x);
double sin(double x);
double pow(double base, double exponent);
}

inline float expf(float x) { return float(exp(x)); }
inline float logf(float x) { return float(log(x)); }
inline float tanhf(float x) { return float(tanh(x)); }
inline float sqrtf(float x) { return __builtin_sqrtf(x); }
inline float fabsf(float x) { return __builtin_fabsf(x); }
inline float rintf(float x) { return __builtin_rintf(x); }
