#include "../pool.h"

#include <stdint.h>

#include "heap.h"

namespace bc {
namespace {

struct Buffer {
  float* data;
  size_t floats;
};
constexpr int kSlots = 24;  // as in ../pool.cc
thread_local Buffer buffers[kSlots];

}  // namespace

void runTasks(int tasks, TaskFn fn, void* context) {
  for (int task = 0; task < tasks; task++) fn(context, task);
}
int threadCount() { return 1; }
void setThreadCount(int) {}

float* scratch(int slot, size_t floats) {
  Buffer& buffer = buffers[slot];
  if (buffer.floats < floats) {
    release(buffer.data, buffer.floats * sizeof(float));
    buffer.floats = 0;
    buffer.data = static_cast<float*>(allocate(floats * sizeof(float)));
    if (!buffer.data) __builtin_trap();
    buffer.floats = floats;
  }
  return buffer.data;
}

}  // namespace bc
