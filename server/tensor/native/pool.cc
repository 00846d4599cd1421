#include "pool.h"

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace bc {
namespace {

inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// How often a thread looks before it sleeps: some tens of microseconds, the gap between two
// kernels of a step.
constexpr int kSpins = 2000;

class Pool {
 public:
  int threads() const { return wanted_.load(std::memory_order_relaxed); }

  void resize(int count) {
    std::lock_guard<std::mutex> lock(callers_);
    wanted_.store(count < 1 ? 1 : count, std::memory_order_relaxed);
  }

  void run(int tasks, TaskFn fn, void* context) {
    if (tasks <= 1 || threads() <= 1 || inTask_) {
      for (int task = 0; task < tasks; task++) fn(context, task);
      return;
    }
    std::lock_guard<std::mutex> lock(callers_);
    int helpers = threads() - 1;
    start(helpers);
    fn_ = fn;
    context_ = context;
    tasks_ = tasks;
    next_.store(0, std::memory_order_relaxed);
    helpers_ = helpers;
    busy_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
    {
      std::lock_guard<std::mutex> sleep(sleep_);
      round_.fetch_add(1, std::memory_order_release);
    }
    if (sleeping_.load(std::memory_order_relaxed) > 0) wake_.notify_all();
    work();
    for (int spin = 0; busy_.load(std::memory_order_acquire) != 0; spin++) {
      if (spin < kSpins) {
        pause();
      } else {
        std::this_thread::yield();
      }
    }
  }

 private:
  void start(int helpers) {
    while (static_cast<int>(workers_.size()) < helpers) {
      int index = static_cast<int>(workers_.size());
      unsigned round = round_.load(std::memory_order_relaxed);
      workers_.emplace_back([this, index, round] { loop(index, round); });
      // The process may end while the worker sleeps: nothing of it needs to be undone.
      workers_.back().detach();
    }
  }

  void loop(int index, unsigned seen) {
    for (;;) {
      int spin = 0;
      while (round_.load(std::memory_order_acquire) == seen && spin++ < kSpins) pause();
      if (round_.load(std::memory_order_acquire) == seen) {
        std::unique_lock<std::mutex> lock(sleep_);
        sleeping_.fetch_add(1, std::memory_order_relaxed);
        wake_.wait(lock, [&] { return round_.load(std::memory_order_acquire) != seen; });
        sleeping_.fetch_sub(1, std::memory_order_relaxed);
      }
      seen = round_.load(std::memory_order_acquire);
      if (index < helpers_) work();
      busy_.fetch_sub(1, std::memory_order_release);
    }
  }

  void work() {
    inTask_ = true;
    for (;;) {
      int task = next_.fetch_add(1, std::memory_order_relaxed);
      if (task >= tasks_) break;
      fn_(context_, task);
    }
    inTask_ = false;
  }

  static thread_local bool inTask_;
  std::mutex callers_, sleep_;
  std::condition_variable wake_;
  std::vector<std::thread> workers_;
  std::atomic<unsigned> round_{0};
  std::atomic<int> next_{0}, busy_{0}, sleeping_{0}, wanted_{1};
  TaskFn fn_ = nullptr;
  void* context_ = nullptr;
  int tasks_ = 0, helpers_ = 0;
};

thread_local bool Pool::inTask_ = false;

// Never destroyed: detached workers may outlive static destruction.
Pool& pool() {
  static Pool* instance = new Pool;
  return *instance;
}

struct Buffer {
  float* data = nullptr;
  size_t floats = 0;
  ~Buffer() { ::operator delete(data, std::align_val_t(64)); }
};

constexpr int kSlots = 16;

}  // namespace

void runTasks(int tasks, TaskFn fn, void* context) { pool().run(tasks, fn, context); }
int threadCount() { return pool().threads(); }
void setThreadCount(int count) { pool().resize(count); }

float* scratch(int slot, size_t floats) {
  thread_local Buffer buffers[kSlots];
  Buffer& buffer = buffers[slot];
  if (buffer.floats < floats) {
    ::operator delete(buffer.data, std::align_val_t(64));
    buffer.data = static_cast<float*>(::operator new(floats * sizeof(float), std::align_val_t(64)));
    buffer.floats = floats;
  }
  return buffer.data;
}

}  // namespace bc
