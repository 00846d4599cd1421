#include "pool.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <new>
#include <thread>

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

// A task number that no job reaches.
constexpr uint64_t kClosed = 0x7fffffff;

// One job at a time. `state_` holds the job's number (high half) and the next task (low half); a
// thread claims a task by advancing it, which fails where the job is over. So the caller waits for
// tasks that were claimed, never for a worker that the system has not let run.
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
    start(threads() - 1);
    // The old job is closed before its description changes: no claim on it can succeed any more.
    uint64_t job = (state_.load(std::memory_order_relaxed) >> 32) + 1;
    state_.exchange(((job - 1) << 32) | kClosed, std::memory_order_acq_rel);
    fn_.store(fn, std::memory_order_release);
    context_.store(context, std::memory_order_release);
    tasks_.store(tasks, std::memory_order_release);
    helpers_.store(threads() - 1, std::memory_order_relaxed);
    done_.store(0, std::memory_order_relaxed);
    {
      std::lock_guard<std::mutex> sleep(sleep_);
      state_.store(job << 32, std::memory_order_release);
    }
    if (sleeping_.load(std::memory_order_relaxed) > 0) wake_.notify_all();
    work();
    for (int spin = 0; done_.load(std::memory_order_acquire) != tasks; spin++) {
      if (spin < kSpins) {
        pause();
      } else {
        std::this_thread::yield();
      }
    }
  }

 private:
  void start(int helpers) {
    while (started_ < helpers) {
      int index = started_++;
      uint64_t seen = state_.load(std::memory_order_relaxed) >> 32;
      // The process may end while a worker sleeps: nothing of it needs to be undone.
      std::thread([this, index, seen] { loop(index, seen); }).detach();
    }
  }

  uint64_t job() const { return state_.load(std::memory_order_acquire) >> 32; }

  void loop(int index, uint64_t seen) {
    for (;;) {
      for (int spin = 0; job() == seen && spin < kSpins; spin++) pause();
      if (job() == seen) {
        std::unique_lock<std::mutex> lock(sleep_);
        sleeping_.fetch_add(1, std::memory_order_relaxed);
        wake_.wait(lock, [&] { return job() != seen; });
        sleeping_.fetch_sub(1, std::memory_order_relaxed);
      }
      seen = job();
      if (index < helpers_.load(std::memory_order_relaxed)) work();
    }
  }

  void work() {
    inTask_ = true;
    for (uint64_t state = state_.load(std::memory_order_acquire);;) {
      // Read before the claim: where the claim succeeds, the job was still this one.
      TaskFn fn = fn_.load(std::memory_order_acquire);
      void* context = context_.load(std::memory_order_acquire);
      int task = static_cast<int>(state & 0xffffffff);
      if (task >= tasks_.load(std::memory_order_acquire)) break;
      if (!state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel)) continue;
      fn(context, task);
      done_.fetch_add(1, std::memory_order_release);
      state = state_.load(std::memory_order_acquire);
    }
    inTask_ = false;
  }

  static thread_local bool inTask_;
  std::mutex callers_, sleep_;
  std::condition_variable wake_;
  std::atomic<uint64_t> state_{0};
  std::atomic<TaskFn> fn_{nullptr};
  std::atomic<void*> context_{nullptr};
  std::atomic<int> tasks_{0}, helpers_{0}, done_{0}, sleeping_{0}, wanted_{1};
  int started_ = 0;
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

constexpr int kSlots = 24;

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
