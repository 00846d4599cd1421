// The exports of the addon; server/tensor/addon.ts declares their types.
#include "kernels.h"
#include "napi.h"
#include "pool.h"

namespace bc {

void Args::fail(int index, const char* wanted) {
  if (ok) {
    char message[96];
    char* to = message;
    auto add = [&](const char* text) {
      while (*text && to < message + sizeof message - 1) *to++ = *text++;
    };
    char digits[] = {char('0' + index / 10), char('0' + index % 10), 0};
    add("Argument ");
    add(index < 10 ? digits + 1 : digits);
    add(" of a native kernel must be ");
    add(wanted);
    add(".");
    *to = 0;
    napi_throw_type_error(env, nullptr, message);
  }
  ok = false;
}

void exportFunction(napi_env env, napi_value exports, const char* name, napi_callback function) {
  napi_value value;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value);
  napi_set_named_property(env, exports, name, value);
}

napi_value makeNumber(napi_env env, double value) {
  napi_value result;
  napi_create_double(env, value, &result);
  return result;
}

namespace {

napi_value isa(napi_env env, napi_callback_info) {
  napi_value result;
  napi_create_string_utf8(env, kernels().isa, NAPI_AUTO_LENGTH, &result);
  return result;
}

napi_value threads(napi_env env, napi_callback_info) { return makeNumber(env, threadCount()); }

napi_value setThreads(napi_env env, napi_callback_info info) {
  Args args(env, info);
  int count = args.integer(0);
  if (args.ok) setThreadCount(count);
  return nullptr;
}

}  // namespace

void exportGemm(napi_env env, napi_value exports);
void exportFused(napi_env env, napi_value exports);
void exportPlain(napi_env env, napi_value exports);
void exportWeights(napi_env env, napi_value exports);
void exportDecoder(napi_env env, napi_value exports);

}  // namespace bc

NAPI_MODULE_INIT() {
  using namespace bc;
  exportFunction(env, exports, "isa", isa);
  exportFunction(env, exports, "threads", threads);
  exportFunction(env, exports, "setThreads", setThreads);
  exportGemm(env, exports);
  exportFused(env, exports);
  exportPlain(env, exports);
  exportWeights(env, exports);
#if !defined(__wasm__)
  exportDecoder(env, exports);
#endif
  return exports;
}
