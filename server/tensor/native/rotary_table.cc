#include <math.h>

#include "kernels.h"

namespace bc {
namespace {

struct Table {
  double theta;
  int headSize, positions;
  const float* data;
  const Table* older;
};

const Table* newest = nullptr;

const Table* find(const Table* table, double theta, int headSize) {
  while (table && (table->theta != theta || table->headSize != headSize)) table = table->older;
  return table;
}

}  // namespace

const float* rotaryTable(double theta, int headSize, int positions) {
  const Table* head = __atomic_load_n(&newest, __ATOMIC_ACQUIRE);
  const Table* known = find(head, theta, headSize);
  if (known && known->positions >= positions) return known->data;
  // The smaller table is not freed, another thread may be reading it; doubling bounds the waste.
  int wanted = known ? 2 * known->positions : 512;
  if (wanted < positions) wanted = positions;
  int half = headSize / 2;
  float* data = new float[size_t(wanted) * headSize];
  for (int i = 0; i < half; i++) {
    double frequency = pow(theta, -2.0 * i / headSize);
    for (int p = 0; p < wanted; p++) {
      data[size_t(p) * headSize + i] = float(cos(p * frequency));
      data[size_t(p) * headSize + half + i] = float(sin(p * frequency));
    }
  }
  // Two threads may both have made it: each is right.
  Table* table = new Table{theta, headSize, wanted, data, head};
  while (!__atomic_compare_exchange_n(&newest, &table->older, table, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
  }
  return data;
}

}  // namespace bc
