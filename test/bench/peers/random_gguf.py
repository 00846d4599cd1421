"""Writes a GGUF file of a Qwen2 model with random weights, of the shape that the options give: FILE f32|f16|q8_0."""

import sys

import numpy
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType
from gguf.quants import quantize

from model import options

TYPES = {
    "f32": (GGMLQuantizationType.F32, LlamaFileType.ALL_F32),
    "f16": (GGMLQuantizationType.F16, LlamaFileType.MOSTLY_F16),
    "q8_0": (GGMLQuantizationType.Q8_0, LlamaFileType.MOSTLY_Q8_0),
}

file, type_name = sys.argv[1:3]
sys.argv[1:3] = []
args = options()
kind, file_type = TYPES[type_name]
head = args.width // args.heads
writer = GGUFWriter(file, "qwen2")
writer.add_context_length(4096)
writer.add_embedding_length(args.width)
writer.add_block_count(args.layers)
writer.add_feed_forward_length(args.inner)
writer.add_head_count(args.heads)
writer.add_head_count_kv(args.kv_heads)
writer.add_layer_norm_rms_eps(1e-6)
writer.add_rope_freq_base(10000.0)
writer.add_vocab_size(args.vocab)
writer.add_file_type(file_type)
writer.add_tokenizer_model("none")
random = numpy.random.default_rng(1)


def matrix(name, rows, columns):
    values = (0.02 * random.standard_normal((rows, columns))).astype(numpy.float32)
    writer.add_tensor(name, quantize(values, kind), raw_dtype=kind)


def vector(name, size, value):
    writer.add_tensor(name, numpy.full(size, value, numpy.float32))


matrix("token_embd.weight", args.vocab, args.width)
for i in range(args.layers):
    block = f"blk.{i}"
    vector(f"{block}.attn_norm.weight", args.width, 1)
    for name, heads in [("q", args.heads), ("k", args.kv_heads), ("v", args.kv_heads)]:
        matrix(f"{block}.attn_{name}.weight", heads * head, args.width)
        vector(f"{block}.attn_{name}.bias", heads * head, 0)
    matrix(f"{block}.attn_output.weight", args.width, args.heads * head)
    vector(f"{block}.ffn_norm.weight", args.width, 1)
    matrix(f"{block}.ffn_gate.weight", args.inner, args.width)
    matrix(f"{block}.ffn_up.weight", args.inner, args.width)
    matrix(f"{block}.ffn_down.weight", args.width, args.inner)
vector("output_norm.weight", args.width, 1)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
