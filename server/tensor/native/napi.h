// Thin helpers over the N-API: the addon keeps no state of an environment, so that it can be
// loaded by several threads of one process.
#pragma once
#define NAPI_VERSION 8
#include <node_api.h>

#include <stdint.h>

namespace bc {

// The arguments of a call. A wrong kind of argument sets a pending exception and `ok` to false.
class Args {
 public:
  Args(napi_env env, napi_callback_info info) : env(env) {
    size_t count = kMax;
    napi_get_cb_info(env, info, &count, values_, nullptr, nullptr);
    count_ = static_cast<int>(count);
  }

  bool has(int index) const {
    napi_valuetype type = napi_undefined;
    return index < count_ && napi_typeof(env, values_[index], &type) == napi_ok &&
           type != napi_undefined && type != napi_null;
  }
  double number(int index) {
    double value = 0;
    if (index >= count_ || napi_get_value_double(env, values_[index], &value) != napi_ok) fail(index, "a number");
    return value;
  }
  int integer(int index) { return static_cast<int>(number(index)); }
  bool flag(int index) {
    bool value = false;
    if (index >= count_ || napi_get_value_bool(env, values_[index], &value) != napi_ok) fail(index, "a boolean");
    return value;
  }
  float* floats(int index, size_t* length = nullptr) {
    return static_cast<float*>(array(index, napi_float32_array, "a Float32Array", length));
  }
  int32_t* ints(int index, size_t* length = nullptr) {
    return static_cast<int32_t*>(array(index, napi_int32_array, "an Int32Array", length));
  }
  uint8_t* bytes(int index, size_t* length = nullptr) {
    return static_cast<uint8_t*>(array(index, napi_uint8_array, "a Uint8Array", length));
  }
  int8_t* int8s(int index, size_t* length = nullptr) {
    return static_cast<int8_t*>(array(index, napi_int8_array, "an Int8Array", length));
  }
  double* doubles(int index, size_t* length = nullptr) {
    return static_cast<double*>(array(index, napi_float64_array, "a Float64Array", length));
  }
  napi_value value(int index) const { return values_[index]; }
  void fail(int index, const char* wanted);
  float* floatsOrNull(int index) { return has(index) ? floats(index) : nullptr; }

  napi_env env;
  bool ok = true;

 private:
  static constexpr int kMax = 24;

  void* array(int index, napi_typedarray_type wanted, const char* name, size_t* length) {
    napi_typedarray_type type;
    size_t count = 0;
    void* data = nullptr;
    if (index >= count_ ||
        napi_get_typedarray_info(env, values_[index], &type, &count, &data, nullptr, nullptr) != napi_ok ||
        type != wanted) {
      fail(index, name);
      return nullptr;
    }
    if (length) *length = count;
    return data;
  }

  napi_value values_[kMax];
  int count_ = 0;
};

void exportFunction(napi_env env, napi_value exports, const char* name, napi_callback function);
napi_value makeNumber(napi_env env, double value);

}  // namespace bc
