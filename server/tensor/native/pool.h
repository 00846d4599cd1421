// One pool of worker threads for the whole process, shared by every instance of the addon.
#pragma once
#include <stddef.h>

namespace bc {

using TaskFn = void (*)(void* context, int task);

// Runs fn(context, 0 .. tasks-1), each once, on the pool and on the calling thread, and returns
// when all are done. Which thread runs a task is not fixed: a task's result may not depend on it.
void runTasks(int tasks, TaskFn fn, void* context);

int threadCount();
void setThreadCount(int count);

// A buffer of this thread, 64-byte aligned, with undefined content; it lives until the next call
// with the same slot that asks for more.
float* scratch(int slot, size_t floats);

template <typename F>
void parallelFor(int tasks, F&& body) {
  runTasks(
      tasks, [](void* context, int task) { (*static_cast<F*>(context))(task); },
      const_cast<void*>(static_cast<const void*>(&body)));
}

// Splits [0, count) into ranges of at least `grain` and runs body(begin, end) on each. The ranges
// depend on count and grain only, so that results do not depend on the number of threads.
template <typename F>
void parallelRanges(size_t count, size_t grain, F&& body) {
  size_t pieces = count / grain;
  pieces = pieces < 1 ? 1 : pieces > 64 ? 64 : pieces;
  if (pieces == 1) {
    body(size_t{0}, count);
    return;
  }
  parallelFor(static_cast<int>(pieces), [&](int piece) {
    body(count * piece / pieces, count * (piece + 1) / pieces);
  });
}

}  // namespace bc
