"""Pretrains the built-in model with PyTorch, on a GPU where there is one.

Reads the token files of `batcoder pretrain-data` (docs/model/data-format.md) and writes what `batcoder pretrain`
writes: config.json, model.safetensors and the tokenizer, in Hugging Face's names. Same objective weights, same
schedule, same optimizers: Muon for the matrices between hidden states, AdamW for the rest.

    python train.py PREPARED --out MODEL --size base --tokens 800

Needs torch (2.4 or later) and numpy. A checkpoint is kept beside the model; the same command goes on from it.
"""

import argparse
import json
import math
import os
import shutil
import struct
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

SIZES = {
    "builtin": dict(layers=6, width=192, inner=512, heads=4, kv_heads=2),
    "medium": dict(layers=6, width=256, inner=688, heads=4, kv_heads=2),
    "base": dict(layers=8, width=384, inner=1024, heads=6, kv_heads=2),
    "large": dict(layers=12, width=512, inner=1376, heads=8, kv_heads=4),
}
CONTEXT = 1024
THETA = 10000.0
EPS = 1e-6
PROMPT_WEIGHT = 0.2
DOCUMENT_WEIGHT = 2.0  # objective 0; the others' answers weigh 1
BUCKET = 32  # lengths are padded to a multiple of this


class TokenFile:
    """Sequences of a token file, mapped from the disk."""

    def __init__(self, path):
        head = np.fromfile(path, dtype="u1", count=96).tobytes()
        if head[:4] != b"BCTK" or int.from_bytes(head[4:6], "little") != 1:
            raise SystemExit(f"{path} is no token file of version 1.")
        at = int.from_bytes(head[6:8], "little")
        self.vocab = int.from_bytes(head[8:12], "little")
        count = int.from_bytes(head[16:24], "little")
        total = int.from_bytes(head[24:32], "little")

        def part(offset, dtype, n):
            return np.memmap(path, dtype=dtype, mode="r", offset=offset, shape=(n,))

        self.lengths = np.asarray(part(at, "<u2", count)).astype(np.int64)
        self.answers = np.asarray(part(at + 2 * count, "<u2", count)).astype(np.int64)
        self.objectives = np.asarray(part(at + 4 * count, "u1", count))
        self.tokens = part(at + 6 * count, "<u2", total)
        self.starts = np.concatenate([[0], np.cumsum(self.lengths)])

    def batch(self, indices):
        """Ids [B, T] padded at the right, and the weight of each target [B, T - 1]: 0 where it is padding."""
        longest = int(self.lengths[indices].max())
        width = min(CONTEXT, -(-longest // BUCKET) * BUCKET)
        ids = np.zeros((len(indices), width), dtype=np.int64)
        weights = np.zeros((len(indices), width - 1), dtype=np.float32)
        for row, i in enumerate(indices):
            n = min(int(self.lengths[i]), width)
            ids[row, :n] = self.tokens[self.starts[i] : self.starts[i] + n]
            answer = DOCUMENT_WEIGHT if self.objectives[i] == 0 else 1.0
            weights[row, : n - 1] = PROMPT_WEIGHT
            weights[row, max(int(self.answers[i]) - 1, 0) : n - 1] = answer
        return torch.from_numpy(ids), torch.from_numpy(weights)

    def batches(self, order, tokens):
        """Groups sequences of like length into batches of about `tokens` tokens, in random order."""
        chunk = 16384
        for at in range(0, len(order), chunk):
            part = order[at : at + chunk]
            part = part[np.argsort(self.lengths[part], kind="stable")]
            groups, group, longest = [], [], 0
            for i in part:
                longest = max(longest, int(self.lengths[i]))
                if group and longest * (len(group) + 1) > tokens:
                    groups.append(np.array(group))
                    group, longest = [], int(self.lengths[i])
                group.append(int(i))
            groups.append(np.array(group))
            np.random.default_rng(at + len(order)).shuffle(groups)
            yield from groups


def rotate(x, cos, sin):
    """Rotary positions, halves rotated against each other. x: [B, H, T, D]; cos, sin: [T, D]."""
    a, b = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-b, a), dim=-1) * sin


class Attention(nn.Module):
    def __init__(self, width, heads, kv_heads):
        super().__init__()
        self.heads, self.kv_heads, self.size = heads, kv_heads, width // heads
        self.q_proj = nn.Linear(width, heads * self.size)
        self.k_proj = nn.Linear(width, kv_heads * self.size)
        self.v_proj = nn.Linear(width, kv_heads * self.size)
        self.o_proj = nn.Linear(heads * self.size, width, bias=False)

    def forward(self, x, cos, sin):
        batch, length, _ = x.shape
        split = lambda y, n: y.view(batch, length, n, self.size).transpose(1, 2)
        q = rotate(split(self.q_proj(x), self.heads), cos, sin)
        k = rotate(split(self.k_proj(x), self.kv_heads), cos, sin)
        v = split(self.v_proj(x), self.kv_heads)
        group = self.heads // self.kv_heads
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        # Padding stands at the right: no token of a sequence can see it.
        y = F.scaled_dot_product_attention(q, k.to(q.dtype), v.to(q.dtype), is_causal=True)
        return self.o_proj(y.transpose(1, 2).reshape(batch, length, -1))


class Mlp(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.gate_proj = nn.Linear(width, inner, bias=False)
        self.up_proj = nn.Linear(width, inner, bias=False)
        self.down_proj = nn.Linear(inner, width, bias=False)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Block(nn.Module):
    def __init__(self, width, inner, heads, kv_heads):
        super().__init__()
        self.input_layernorm = nn.RMSNorm(width, eps=EPS)
        self.self_attn = Attention(width, heads, kv_heads)
        self.post_attention_layernorm = nn.RMSNorm(width, eps=EPS)
        self.mlp = Mlp(width, inner)

    def forward(self, x, cos, sin):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Model(nn.Module):
    """Qwen2 with tied embeddings; parameters have Hugging Face's names but for the `model.` before them."""

    def __init__(self, vocab, layers, width, inner, heads, kv_heads):
        super().__init__()
        self.embed_tokens = nn.Embedding(vocab, width)
        self.layers = nn.ModuleList(Block(width, inner, heads, kv_heads) for _ in range(layers))
        self.norm = nn.RMSNorm(width, eps=EPS)
        size = width // heads
        frequencies = THETA ** (-torch.arange(0, size, 2).float() / size)
        angles = torch.outer(torch.arange(CONTEXT).float(), frequencies)
        angles = torch.cat((angles, angles), dim=-1)  # [T, D]
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        for name, p in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(p)
            elif p.dim() > 1:
                residual = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(p, std=0.02 / math.sqrt(2 * layers) if residual else 0.02)

    def hidden(self, ids):
        cos, sin = self.cos[: ids.shape[1]], self.sin[: ids.shape[1]]
        x = self.embed_tokens(ids)
        for layer in self.layers:
            x = layer(x, cos, sin)
        return self.norm(x)

    def forward(self, ids, weights):
        """The weighted sum of -log p of the targets, and that of the answers alone with their number."""
        x = self.hidden(ids[:, :-1])
        logits = F.linear(x, self.embed_tokens.weight)
        losses = F.cross_entropy(logits.flatten(0, 1).float(), ids[:, 1:].flatten(), reduction="none")
        flat = weights.flatten()
        answers = flat >= 1
        return (losses * flat).sum(), (losses * answers).sum().detach(), answers.sum()


def orthogonal(g):
    """About U V^T of the singular value decomposition, by a quintic Newton-Schulz iteration."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.float()
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    def __init__(self, params, lr, momentum=0.95, weight_decay=0.01):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            lr, momentum = group["lr"], group["momentum"]
            for p in group["params"]:
                state = self.state[p]
                velocity = state.setdefault("velocity", torch.zeros_like(p))
                velocity.mul_(momentum).add_(p.grad)
                update = orthogonal(p.grad + momentum * velocity)
                p.mul_(1 - lr * group["weight_decay"])
                p.sub_(update, alpha=lr * 0.2 * math.sqrt(max(p.shape)))


def rate_at(tokens, peak, climb, fall, total):
    """Warm-up, stable, decay: the fall is 1 - sqrt."""
    up = min(1.0, max(tokens, climb / 100) / climb)
    fallen = min(1.0, max(0.0, (tokens - (total - fall)) / fall))
    return peak * up * (1 - math.sqrt(fallen))


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, t in tensors.items():
        size = t.numel() * 4
        header[name] = dict(dtype="F32", shape=list(t.shape), data_offsets=[offset, offset + size])
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path + ".part", "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for t in tensors.values():
            out.write(t.detach().float().cpu().contiguous().numpy().astype("<f4").tobytes())
    os.replace(path + ".part", path)


def save(model, shape, vocab, eos, prepared, out):
    os.makedirs(out, exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(os.path.join(prepared, "tokenizer", name), os.path.join(out, name))
    config = dict(
        architectures=["Qwen2ForCausalLM"],
        model_type="qwen2",
        vocab_size=vocab,
        hidden_size=shape["width"],
        intermediate_size=shape["inner"],
        num_hidden_layers=shape["layers"],
        num_attention_heads=shape["heads"],
        num_key_value_heads=shape["kv_heads"],
        max_position_embeddings=CONTEXT,
        rope_theta=THETA,
        rms_norm_eps=EPS,
        tie_word_embeddings=True,
        hidden_act="silu",
        eos_token_id=eos,
        pad_token_id=eos,
        torch_dtype="float32",
    )
    with open(os.path.join(out, "config.json"), "w") as file:
        json.dump(config, file, indent=2)
    tensors = {f"model.{name}": p for name, p in model.named_parameters()}
    write_safetensors(os.path.join(out, "model.safetensors"), tensors)


@torch.no_grad()
def evaluate(model, file, device, context, limit=200_000):
    loss = answers = 0
    for group in file.batches(np.arange(min(len(file.lengths), 4000)), 16384):
        ids, weights = file.batch(group)
        with context:
            _, part, count = model(ids.to(device), weights.to(device))
        loss, answers = loss + part.item(), answers + count.item()
        if answers > limit:
            break
    return loss / answers


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("prepared")
    parser.add_argument("--out", required=True)
    parser.add_argument("--size", choices=SIZES, default="base")
    parser.add_argument("--tokens", type=float, default=800, help="million tokens in all")
    parser.add_argument("--minutes", type=float, default=1e9, help="ends by then, its fall included")
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--batch", type=int, default=65536, help="tokens of a step")
    parser.add_argument("--micro", type=int, default=32768, help="tokens of a forward pass")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(args.seed)
    torch.set_float32_matmul_precision("high")
    train = TokenFile(os.path.join(args.prepared, "train.tokens"))
    held_out = TokenFile(os.path.join(args.prepared, "evaluation.tokens"))
    with open(os.path.join(args.prepared, "tokenizer", "tokenizer.json")) as file:
        added = json.load(file)["added_tokens"]
    eos = next(token["id"] for token in added if token["content"] == "<|endoftext|>")
    shape = SIZES[args.size]
    model = Model(train.vocab, **shape).to(device)
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{parameters / 1e6:.1f} million parameters on {device}", flush=True)

    hidden = [p for n, p in model.named_parameters() if n.endswith("_proj.weight")]
    rest = [p for n, p in model.named_parameters() if not n.endswith("_proj.weight")]
    muon = Muon(hidden, lr=args.rate)
    decay = [p for p in rest if p.dim() > 1]
    plain = [p for p in rest if p.dim() <= 1]
    groups = [dict(params=decay, weight_decay=0.01), dict(params=plain, weight_decay=0.0)]
    adamw = torch.optim.AdamW(groups, lr=args.rate, betas=(0.9, 0.98), fused=device == "cuda")

    seen, step, epoch = 0, 0, 0
    checkpoint = args.out.rstrip("/") + ".checkpoint.pt"
    if os.path.exists(checkpoint):
        state = torch.load(checkpoint, map_location=device)
        model.load_state_dict(state["model"])
        muon.load_state_dict(state["muon"])
        adamw.load_state_dict(state["adamw"])
        seen, step, epoch = state["seen"], state["step"], state["epoch"] + 1
    context = torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda")
    compiled = torch.compile(model, dynamic=True) if device == "cuda" else model

    def keep():
        save(model, shape, train.vocab, eos, args.prepared, args.out)
        state = dict(model=model.state_dict(), muon=muon.state_dict(), adamw=adamw.state_dict())
        torch.save(dict(state, seen=seen, step=step, epoch=epoch), checkpoint + ".part")
        os.replace(checkpoint + ".part", checkpoint)

    total = args.tokens * 1e6
    fall = total / 5
    started, first = time.time(), seen
    last_kept, loss_sum, answer_sum = started, 0.0, 0
    while seen < total:
        order = np.random.default_rng(args.seed * 7919 + epoch).permutation(len(train.lengths))
        pending = []
        for group in train.batches(order, args.micro):
            pending.append(group)
            if sum(int(train.lengths[g].sum()) for g in pending) < args.batch:
                continue
            batches = [train.batch(g) for g in pending]
            scale = 1 / sum(float(w.sum()) for _, w in batches)
            for ids, weights in batches:
                with context:
                    loss, answer_loss, answers = compiled(
                        ids.to(device, non_blocking=True), weights.to(device, non_blocking=True)
                    )
                (loss * scale).backward()
                loss_sum, answer_sum = loss_sum + answer_loss, answer_sum + answers
            # Where the clock ends the run, the fall begins in time for it.
            elapsed = time.time() - started
            pace = max(seen - first, 1) / elapsed
            end = min(total, seen + pace * max(0.0, args.minutes * 60 - elapsed))
            span = min(fall, max((end - first) / 5, 1))
            rate = rate_at(seen, args.rate, min(4e6, total / 20), span, end)
            for optimizer in (muon, adamw):
                for each in optimizer.param_groups:
                    each["lr"] = rate
            torch.nn.utils.clip_grad_norm_(rest, 1.0)
            muon.step()
            adamw.step()
            model.zero_grad(set_to_none=True)
            seen += sum(int(train.lengths[g].sum()) - len(g) for g in pending)
            step += 1
            pending = []
            if step % 50 == 0:
                mean = float(loss_sum) / max(int(answer_sum), 1)
                print(
                    f"step {step}, {seen / 1e6:.1f} M tokens, loss {mean:.3f}, rate {rate:.2e}, "
                    f"{pace:.0f} tokens/s",
                    flush=True,
                )
                loss_sum, answer_sum = 0.0, 0
            if time.time() - last_kept > 120:
                keep()
                last_kept = time.time()
            if seen >= end:
                total = seen
                break
        epoch += 1
    keep()
    print(f"held-out answers: loss {evaluate(model, held_out, device, context):.4f}", flush=True)


if __name__ == "__main__":
    main()
