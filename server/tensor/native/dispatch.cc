// Chooses the instruction set by what the processor and the operating system support.
// BATCODER_ISA forces a lower one (for tests and measurements).
#include "kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <stdlib.h>
#include <string.h>
#endif

namespace bc {

#if defined(__x86_64__)
namespace avx512 { extern const Kernels table; }
namespace avx2 { extern const Kernels table; }
namespace base { extern const Kernels table; }
#elif defined(__wasm__)
namespace simd128 { extern const Kernels table; }
#else
namespace neon { extern const Kernels table; }
#endif

namespace {

const Kernels& choose() {
#if defined(__x86_64__)
  const char* forced = getenv("BATCODER_ISA");
  auto allowed = [&](const char* name) { return !forced || !*forced || strcmp(forced, name) == 0; };
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
#elif defined(__wasm__)
  return simd128::table;
#else
  return neon::table;
#endif
}

#if defined(__x86_64__)
bool findVnni() {
  const char* denied = getenv("BATCODER_VNNI");
  if (denied && strcmp(denied, "0") == 0) return false;
  unsigned a, b, c, d;
  bool wide = &kernels() == &avx512::table;
  // AVX512_VNNI, or for the 256-bit kernels AVX-VNNI.
  if (wide) return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c >> 11 & 1);
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}
#endif

}  // namespace

bool hasVnni() {
#if defined(__x86_64__)
  static const bool found = findVnni();
  return found;
#else
  return false;
#endif
}

const Kernels& kernels() {
  static const Kernels& chosen = choose();
  return chosen;
}

}  // namespace bc
