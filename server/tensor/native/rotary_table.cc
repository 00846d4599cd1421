#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <utility>

#include "kernels.h"

namespace bc {

const float* rotaryTable(double theta, int headSize, int positions) {
  struct Table {
    int positions = 0;
    const float* data = nullptr;
  };
  static std::mutex mutex;
  static auto* tables = new std::map<std::pair<double, int>, Table>;
  std::lock_guard<std::mutex> lock(mutex);
  Table& table = (*tables)[{theta, headSize}];
  if (table.positions < positions) {
    // The smaller table is not freed, another thread may be reading it; doubling bounds the waste.
    int wanted = std::max(std::max(positions, 2 * table.positions), 512);
    int half = headSize / 2;
    float* data = new float[size_t(wanted) * headSize];
    for (int i = 0; i < half; i++) {
      double frequency = std::pow(theta, -2.0 * i / headSize);
      for (int p = 0; p < wanted; p++) {
        data[size_t(p) * headSize + i] = static_cast<float>(std::cos(p * frequency));
        data[size_t(p) * headSize + half + i] = static_cast<float>(std::sin(p * frequency));
      }
    }
    table = {wanted, data};
  }
  return table.data;
}

}  // namespace bc
