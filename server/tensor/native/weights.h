// A weight matrix [out][in], row-major, in one of three forms. y[m][out] = x[m][in] wᵀ (+ bias).
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace bc {

// kF32: float values. kInt8: values in [-127, 127] times the scale of their row. kInt4: groups of 32
// neighbours of a row in 16 bytes: byte j holds value j in its low half and value j + 16 in its high
// half, each plus 8, times the group's scale; `in` is a multiple of 32.
enum WeightKind : int32_t { kF32, kInt8, kInt4, kWeightKinds };

constexpr int kInt4Group = 32;

struct Weight {
  WeightKind kind;
  int out, in;
  const void* values;
  const float* scales;  // kInt8: [out]; kInt4: [out][in / 32]; kF32: null
  // What packWeight made of the values for the product that reads them, or null.
  const void* packed = nullptr;
};

// Every instruction set's panels of outputs divide this: a packed matrix may be cut at its multiples.
constexpr int kPanelOutputs = 48;

// Sizes of the arrays of a matrix: bytes for the integers, floats for kF32.
inline size_t weightValues(const Weight& w) { return size_t(w.out) * w.in / (w.kind == kInt4 ? 2 : 1); }
inline size_t weightScales(const Weight& w) {
  return w.kind == kF32 ? 0 : w.kind == kInt8 ? w.out : size_t(w.out) * w.in / kInt4Group;
}

// The rows [first, first + count) of a matrix, without a copy. Of a packed one `first` is a multiple of kPanelOutputs.
inline Weight weightRows(Weight w, int first, int count) {
  size_t at = size_t(first) * w.in;
  if (w.packed) {
    size_t rowBytes = w.kind == kF32 ? w.in * sizeof(float) : (w.in + 3) / 4 * 4;
    w.packed = static_cast<const uint8_t*>(w.packed) + first * rowBytes;
  }
  if (w.kind == kF32) {
    w.values = static_cast<const float*>(w.values) + at;
  } else {
    w.values = static_cast<const uint8_t*>(w.values) + (w.kind == kInt4 ? at / 2 : at);
    w.scales += w.kind == kInt8 ? first : at / kInt4Group;
  }
  w.out = count;
  return w;
}

}  // namespace bc
