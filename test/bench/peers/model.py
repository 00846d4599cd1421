"""A Qwen2 model of transformers with random weights, of the shape that the options give."""

import argparse

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM


def options():
    parser = argparse.ArgumentParser()
    for name, default in [
        ("layers", 8),
        ("width", 384),
        ("inner", 1024),
        ("heads", 6),
        ("kv-heads", 2),
        ("vocab", 16384),
        ("batch", 8),
        ("length", 256),
        ("prompt", 160),
        ("lora", 0),
        ("threads", 2),
    ]:
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--beta", type=float, default=0.0)
    return parser.parse_args()


def make_model(args):
    torch.set_num_threads(args.threads)
    torch.manual_seed(1)
    config = Qwen2Config(
        vocab_size=args.vocab,
        hidden_size=args.width,
        intermediate_size=args.inner,
        num_hidden_layers=args.layers,
        num_attention_heads=args.heads,
        num_key_value_heads=args.kv_heads,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        attn_implementation="sdpa",
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
    )
    return Qwen2ForCausalLM(config).float()


def lora_config(rank):
    from peft import LoraConfig

    return LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        lora_dropout=0.0,
        task_type="CAUSAL_LM",
        target_modules=[
            "q_proj",
            "k_proj",
            "v_proj",
            "o_proj",
            "gate_proj",
            "up_proj",
            "down_proj",
        ],
    )
