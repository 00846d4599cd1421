// Chooses the instruction set by what the processor and the operating system support.
// BATCODER_ISA forces a lower one (for tests and measurements).
#include <cstdlib>
#include <cstring>

#include "kernels.h"

namespace bc {

#if defined(__x86_64__)
namespace avx512 { extern const Kernels table; }
namespace avx2 { extern const Kernels table; }
namespace base { extern const Kernels table; }
#else
namespace neon { extern const Kernels table; }
#endif

namespace {

const Kernels& choose() {
#if defined(__x86_64__)
  const char* forced = std::getenv("BATCODER_ISA");
  auto allowed = [&](const char* name) { return !forced || !*forced || std::strcmp(forced, name) == 0; };
  __builtin_cpu_init();
  if (allowed("avx512") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("fma")) {
    return avx512::table;
  }
  if (allowed("avx2") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return avx2::table;
  }
  return base::table;
#else
  return neon::table;
#endif
}

}  // namespace

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

}  // namespace bc
