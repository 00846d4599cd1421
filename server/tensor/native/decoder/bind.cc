// The decoder for JavaScript: a model's weights and the pages of keys and values as opaque handles.
#include <new>
#include <vector>

#include "../kernels.h"
#include "../napi.h"
#include "forward.h"

namespace bc {
namespace {

enum HandleKind : uint32_t { kModelHandle = 0xbc0de1, kPagesHandle = 0xbc0de2 };

template <typename T, HandleKind K>
struct Handle {
  HandleKind kind = K;
  napi_ref arrays = nullptr;
  T value;

  template <typename... A>
  explicit Handle(A... a) : value{a...} {}

  static void finalize(napi_env env, void* data, void*) {
    auto* handle = static_cast<Handle*>(data);
    if (handle->arrays) napi_delete_reference(env, handle->arrays);
    delete handle;
  }

  napi_value wrap(napi_env env) {
    napi_value result;
    napi_create_external(env, this, finalize, nullptr, &result);
    return result;
  }
};
using ModelHandle = Handle<DecoderModel, kModelHandle>;
using PagesHandle = Handle<KvPages, kPagesHandle>;

template <typename H>
H* handleOf(Args& args, int index, HandleKind kind) {
  void* data = nullptr;
  napi_valuetype type = napi_undefined;
  if (!args.has(index) || napi_typeof(args.env, args.value(index), &type) != napi_ok || type != napi_external ||
      napi_get_value_external(args.env, args.value(index), &data) != napi_ok ||
      *static_cast<HandleKind*>(data) != kind) {
    args.fail(index, "a handle of the decoder");
    return nullptr;
  }
  return static_cast<H*>(data);
}
KvPages* pagesOf(Args& args, int index) {
  auto* handle = handleOf<PagesHandle>(args, index, kPagesHandle);
  return handle ? &handle->value : nullptr;
}

void throwRange(napi_env env, const char* message) { napi_throw_range_error(env, nullptr, message); }

// Reads the arrays of a model one after another.
class ArrayReader {
 public:
  ArrayReader(napi_env env, napi_value list) : env_(env), list_(list) {}

  bool ok = true;

  const float* floats(size_t count, bool optional = false) {
    Array a = next();
    if (a.absent && optional) return nullptr;
    ok = ok && !a.absent && a.type == napi_float32_array && a.count == count;
    return static_cast<const float*>(a.data);
  }

  // [rank][in] of any rank, or none.
  const float* lowRank(size_t in, int* rank) {
    Array a = next();
    if (a.absent) return nullptr;
    ok = ok && a.type == napi_float32_array && a.count > 0 && a.count % in == 0;
    *rank = int(a.count / in);
    return static_cast<const float*>(a.data);
  }

  // Its values and scales; the kind is told by the type of the array.
  Weight weight(int out, int in) {
    Array values = next(), scales = next();
    Weight w = {kF32, out, in, values.data, static_cast<const float*>(scales.data)};
    if (values.type == napi_int8_array) w.kind = kInt8;
    if (values.type == napi_uint8_array) w.kind = kInt4;
    ok = ok && !values.absent && (w.kind != kF32 || values.type == napi_float32_array) &&
         (w.kind != kInt4 || in % kInt4Group == 0) && values.count == weightValues(w) &&
         (w.kind == kF32 || (scales.type == napi_float32_array && scales.count == weightScales(w)));
    return w;
  }

  // The same, and what packWeight made of it, or null.
  Weight packedWeight(int out, int in) {
    Weight w = weight(out, in);
    Array packed = next();
    if (packed.absent) return w;
    size_t wanted = kernels().packedBytes(w);
    ok = ok && packed.type == napi_uint8_array && wanted > 0 && packed.count >= wanted;
    w.packed = packed.data;
    return w;
  }

  Linear linear(int out, int in) {
    Linear l;
    l.weight = packedWeight(out, in);
    l.bias = floats(out, true);
    l.lora.a = lowRank(in, &l.lora.rank);
    l.lora.b = floats(size_t(out) * l.lora.rank, true);
    ok = ok && (l.lora.a == nullptr) == (l.lora.b == nullptr);
    return l;
  }

 private:
  struct Array {
    bool absent = true;
    napi_typedarray_type type = napi_uint16_array;
    size_t count = 0;
    void* data = nullptr;
  };

  Array next() {
    Array a;
    napi_value value;
    napi_valuetype kind = napi_undefined;
    if (napi_get_element(env_, list_, index_++, &value) != napi_ok || napi_typeof(env_, value, &kind) != napi_ok ||
        kind != napi_object)
      return a;
    a.absent = napi_get_typedarray_info(env_, value, &a.type, &a.count, &a.data, nullptr, nullptr) != napi_ok;
    return a;
  }

  napi_env env_;
  napi_value list_;
  uint32_t index_ = 0;
};

// decoderModel([layers, hidden, inner, heads, kvHeads, headSize, vocab], eps, theta, loraScale, arrays)
// The arrays in order: of the embedding values and scales; of each layer inputNorm, then for q, k, v and o values,
// scales, their packed form, bias, A and B of the adapter, innerNorm, the same for gate, up and down; finalNorm; of the
// head values, scales and their packed form. null: there is none. They are read at every step, not copied.
napi_value decoderModel(napi_env env, napi_callback_info info) {
  Args args(env, info);
  size_t count = 0;
  const int32_t* sizes = args.ints(0, &count);
  float eps = static_cast<float>(args.number(1)), loraScale = static_cast<float>(args.number(3));
  double theta = args.number(2);
  if (!args.ok) return nullptr;
  for (size_t i = 0; i < count; i++) count = sizes[i] > 0 ? count : 0;
  if (count != 7 || sizes[3] % sizes[4] != 0 || sizes[5] % 2 != 0) {
    throwRange(env, "These are no sizes of a model.");
    return nullptr;
  }
  auto* handle = new ModelHandle;
  DecoderModel& m = handle->value;
  m.hidden = sizes[1];
  m.inner = sizes[2];
  m.heads = sizes[3];
  m.kvHeads = sizes[4];
  m.headSize = sizes[5];
  m.vocab = sizes[6];
  m.eps = eps;
  m.loraScale = loraScale;
  m.theta = theta;
  int width = m.heads * m.headSize, kvWidth = m.kvHeads * m.headSize;
  ArrayReader read(env, args.value(4));
  m.embedding = read.weight(m.vocab, m.hidden);
  for (int layer = 0; layer < sizes[0]; layer++) {
    DecoderLayer l;
    l.inputNorm = read.floats(m.hidden);
    l.q = read.linear(width, m.hidden);
    l.k = read.linear(kvWidth, m.hidden);
    l.v = read.linear(kvWidth, m.hidden);
    l.o = read.linear(m.hidden, width);
    l.innerNorm = read.floats(m.hidden);
    l.gate = read.linear(m.inner, m.hidden);
    l.up = read.linear(m.inner, m.hidden);
    l.down = read.linear(m.hidden, m.inner);
    m.layers.push_back(l);
  }
  m.finalNorm = read.floats(m.hidden);
  m.head = read.packedWeight(m.vocab, m.hidden);
  if (!read.ok || napi_create_reference(env, args.value(4), 1, &handle->arrays) != napi_ok) {
    delete handle;
    throwRange(env, "The arrays of a model do not fit its sizes.");
    return nullptr;
  }
  return handle->wrap(env);
}

// kvPages(layers, kvHeads, headSize)
napi_value kvPages(napi_env env, napi_callback_info info) {
  Args args(env, info);
  int layers = args.integer(0), kvHeads = args.integer(1), headSize = args.integer(2);
  if (!args.ok) return nullptr;
  return (new PagesHandle(layers, kvHeads, headSize))->wrap(env);
}

// kvPageBytes(pages)
napi_value kvPageBytes(napi_env env, napi_callback_info info) {
  Args args(env, info);
  KvPages* pages = pagesOf(args, 0);
  return pages ? makeNumber(env, double(pages->pageBytes())) : nullptr;
}

// kvLimit(pages, limit)
napi_value kvLimit(napi_env env, napi_callback_info info) {
  Args args(env, info);
  KvPages* pages = pagesOf(args, 0);
  int limit = args.integer(1);
  if (args.ok) pages->setLimit(limit);
  return nullptr;
}

// kvUsed(pages)
napi_value kvUsed(napi_env env, napi_callback_info info) {
  Args args(env, info);
  KvPages* pages = pagesOf(args, 0);
  return pages ? makeNumber(env, pages->used()) : nullptr;
}

// The sequence in argument 1, or null with an exception.
KvPages* sequenceOf(Args& args, int* sequence) {
  KvPages* pages = pagesOf(args, 0);
  *sequence = args.integer(1);
  if (!args.ok) return nullptr;
  if (pages->valid(*sequence)) return pages;
  throwRange(args.env, "There is no such sequence.");
  return nullptr;
}

// kvOpen(pages, parent, length, room): the new sequence, or -1; parent -1: none
napi_value kvOpen(napi_env env, napi_callback_info info) {
  Args args(env, info);
  KvPages* pages = pagesOf(args, 0);
  int parent = args.integer(1), length = args.integer(2), room = args.integer(3);
  if (!args.ok) return nullptr;
  if (parent < 0 ? length != 0 : !pages->valid(parent) || length < 0 || length > pages->length(parent)) {
    throwRange(env, "A sequence cannot begin with tokens that its parent lacks.");
    return nullptr;
  }
  return makeNumber(env, pages->open(parent, length, room));
}

// kvClose(pages, sequence)
napi_value kvClose(napi_env env, napi_callback_info info) {
  Args args(env, info);
  int sequence;
  if (KvPages* pages = sequenceOf(args, &sequence)) pages->close(sequence);
  return nullptr;
}

// kvSeal(pages, sequence)
napi_value kvSeal(napi_env env, napi_callback_info info) {
  Args args(env, info);
  int sequence;
  if (KvPages* pages = sequenceOf(args, &sequence)) pages->seal(sequence);
  return nullptr;
}

// kvTruncate(pages, sequence, length)
napi_value kvTruncate(napi_env env, napi_callback_info info) {
  Args args(env, info);
  int sequence, length = args.integer(2);
  KvPages* pages = sequenceOf(args, &sequence);
  if (pages && args.ok) pages->truncate(sequence, length < 0 ? 0 : length);
  return nullptr;
}

// decodeStep(model, pages, feeds, ids, temperatures, topP, uniforms, allowed|null, allowedEnds|null, outIds, outLogProbs)
// feeds: sequence, tokens, draws of each. Returns whether the pages sufficed.
napi_value step(napi_env env, napi_callback_info info) {
  Args args(env, info);
  auto* model = handleOf<ModelHandle>(args, 0, kModelHandle);
  KvPages* pages = pagesOf(args, 1);
  size_t triples = 0, idCount = 0, temperatures = 0, uniforms = 0, allowed = 0, ends = 0, outIds = 0, outLogProbs = 0;
  const int32_t* flat = args.ints(2, &triples);
  const int32_t* ids = args.ints(3, &idCount);
  Draws draws;
  draws.temperatures = args.floats(4, &temperatures);
  draws.topP = static_cast<float>(args.number(5));
  draws.uniforms = args.doubles(6, &uniforms);
  draws.allowed = args.has(7) ? args.ints(7, &allowed) : nullptr;
  draws.allowedEnds = args.has(8) ? args.ints(8, &ends) : nullptr;
  draws.ids = args.ints(9, &outIds);
  draws.logProbs = args.floats(10, &outLogProbs);
  if (!args.ok) return nullptr;
  const DecoderModel& m = model->value;
  std::vector<Feed> feeds;
  size_t tokens = 0, drawn = 0;
  bool fits = triples % 3 == 0 && triples > 0 && pages->fits(int(m.layers.size()), m.kvHeads, m.headSize);
  for (size_t i = 0; fits && i < triples; i += 3) {
    Feed feed = {flat[i], flat[i + 1], flat[i + 2]};
    fits = pages->valid(feed.sequence) && feed.count > 0 && feed.draws >= 0 && feed.draws <= feed.count;
    for (const Feed& other : feeds) fits = fits && other.sequence != feed.sequence;
    tokens += feed.count;
    drawn += feed.draws;
    feeds.push_back(feed);
  }
  fits = fits && tokens == idCount && temperatures >= drawn && uniforms >= drawn && outIds >= drawn && outLogProbs >= drawn &&
         (!draws.allowed || ends >= drawn);
  for (size_t i = 0; fits && i < idCount; i++) fits = ids[i] >= 0 && ids[i] < m.vocab;
  for (size_t i = 0; fits && draws.allowed && i < allowed; i++) fits = draws.allowed[i] >= 0 && draws.allowed[i] < m.vocab;
  for (size_t i = 0; fits && draws.allowed && i < drawn; i++)
    fits = draws.allowedEnds[i] >= (i > 0 ? draws.allowedEnds[i - 1] : 0) && size_t(draws.allowedEnds[i]) <= allowed;
  if (!fits) {
    throwRange(env, "A decoder step does not fit its model, its sequences or its arrays.");
    return nullptr;
  }
  napi_value result;
  napi_get_boolean(env, decodeStep(m, *pages, feeds, ids, draws), &result);
  return result;
}

}  // namespace

void exportDecoder(napi_env env, napi_value exports) {
  exportFunction(env, exports, "decoderModel", decoderModel);
  exportFunction(env, exports, "kvPages", kvPages);
  exportFunction(env, exports, "kvPageBytes", kvPageBytes);
  exportFunction(env, exports, "kvLimit", kvLimit);
  exportFunction(env, exports, "kvUsed", kvUsed);
  exportFunction(env, exports, "kvOpen", kvOpen);
  exportFunction(env, exports, "kvClose", kvClose);
  exportFunction(env, exports, "kvSeal", kvSeal);
  exportFunction(env, exports, "kvTruncate", kvTruncate);
  exportFunction(env, exports, "decodeStep", step);
}

}  // namespace bc
