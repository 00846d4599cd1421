// The part of the N-API that the bindings use, so that they compile to WebAssembly as they are.
// server/tensor/wasmAddon.ts answers these calls: a napi_value is an index into its list of the
// values of the call in progress.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct napi_env__;
struct napi_value__;
struct napi_callback_info__;
typedef napi_env__* napi_env;
typedef napi_value__* napi_value;
typedef napi_callback_info__* napi_callback_info;
typedef napi_value (*napi_callback)(napi_env env, napi_callback_info info);

enum napi_status { napi_ok, napi_invalid_arg };
enum napi_valuetype { napi_undefined, napi_null, napi_boolean, napi_number, napi_string, napi_object = 6 };
enum napi_typedarray_type {
  napi_int8_array,
  napi_uint8_array,
  napi_uint8_clamped_array,
  napi_int16_array,
  napi_uint16_array,
  napi_int32_array,
  napi_uint32_array,
  napi_float32_array,
  napi_float64_array,
};

#define NAPI_AUTO_LENGTH SIZE_MAX
#define NAPI_MODULE_INIT() \
  extern "C" __attribute__((export_name("register"))) napi_value registerModule(napi_env env, napi_value exports)

#define BC_NAPI(name, params) \
  extern "C" __attribute__((import_module("napi"), import_name(#name))) napi_status name params
BC_NAPI(napi_get_cb_info, (napi_env env, napi_callback_info info, size_t* count, napi_value* values,
                           napi_value* receiver, void** data));
BC_NAPI(napi_typeof, (napi_env env, napi_value value, napi_valuetype* type));
BC_NAPI(napi_get_value_double, (napi_env env, napi_value value, double* result));
BC_NAPI(napi_get_value_bool, (napi_env env, napi_value value, bool* result));
BC_NAPI(napi_get_typedarray_info, (napi_env env, napi_value value, napi_typedarray_type* type, size_t* length,
                                   void** data, napi_value* buffer, size_t* offset));
BC_NAPI(napi_create_double, (napi_env env, double number, napi_value* result));
BC_NAPI(napi_create_string_utf8, (napi_env env, const char* text, size_t length, napi_value* result));
BC_NAPI(napi_create_function, (napi_env env, const char* name, size_t length, napi_callback callback, void* data,
                               napi_value* result));
BC_NAPI(napi_set_named_property, (napi_env env, napi_value object, const char* name, napi_value value));
BC_NAPI(napi_throw_type_error, (napi_env env, const char* code, const char* message));
BC_NAPI(napi_throw_range_error, (napi_env env, const char* code, const char* message));
#undef BC_NAPI
