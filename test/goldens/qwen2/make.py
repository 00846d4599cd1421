"""Makes the goldens of this folder with transformers and peft, on the CPU in float32.

    pip install torch transformers peft safetensors
    python test/goldens/qwen2/make.py

Two small random Qwen2 models (one with tied embeddings, one without), the results that
transformers computes with them, and a LoRA adapter saved by peft with its results.
The tests of server/model compare with these files.
"""

import json
import shutil
from pathlib import Path

import peft
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import Qwen2Config, Qwen2ForCausalLM

HERE = Path(__file__).parent
SEQUENCES = [
    [5, 17, 80, 3, 44, 44, 9, 61, 22, 7, 90, 12],
    [33, 2, 71, 5, 18],
    [8, 8, 95, 40, 31, 6, 77],
]
NEW_TOKENS = 12


def config(layers: int, tied: bool) -> Qwen2Config:
    return Qwen2Config(
        vocab_size=96,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        rms_norm_eps=1e-6,
        rope_theta=10000.0,
        tie_word_embeddings=tied,
        bos_token_id=None,
        eos_token_id=None,
        attn_implementation="eager",
    )


def randomize(model: torch.nn.Module, seed: int) -> None:
    """Weights large enough that every term shows: biases and gains too."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if name.endswith("norm.weight"):
                parameter.copy_(1 + 0.2 * noise)
            elif name.endswith("embed_tokens.weight") or name.endswith("lm_head.weight"):
                parameter.copy_(0.4 * noise)
            else:
                parameter.copy_(0.3 * noise)


def padded():
    """The sequences right-padded, with labels that leave the padding out."""
    width = max(len(ids) for ids in SEQUENCES)
    ids = torch.tensor([s + [0] * (width - len(s)) for s in SEQUENCES])
    mask = torch.tensor([[1] * len(s) + [0] * (width - len(s)) for s in SEQUENCES])
    labels = ids.masked_fill(mask == 0, -100)
    return ids, mask, labels


def results(model, gradients_of) -> tuple[dict[str, torch.Tensor], dict]:
    """Logits of each sequence, log-probabilities of its tokens after the first, loss, gradients."""
    ids, mask, labels = padded()
    model.zero_grad()
    output = model(input_ids=ids, attention_mask=mask, labels=labels)
    output.loss.backward()
    tensors = {}
    for row, sequence in enumerate(SEQUENCES):
        logits = output.logits[row, : len(sequence)].detach()
        tensors[f"logits.{row}"] = logits.contiguous()
        log_probs = torch.log_softmax(logits.double(), dim=-1)[:-1]
        picked = log_probs.gather(1, torch.tensor(sequence[1:])[:, None])[:, 0]
        tensors[f"log_probs.{row}"] = picked.float().contiguous()
    for name, parameter in model.named_parameters():
        if gradients_of(name):
            tensors[f"gradient.{name}"] = parameter.grad.detach().clone().contiguous()
    return tensors, {"loss": output.loss.item()}


def greedy(model) -> list[list[int]]:
    """Greedy continuations; refuses goldens in which two tokens are nearly as likely."""
    continuations = []
    for sequence in SEQUENCES:
        ids = torch.tensor([sequence])
        output = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=NEW_TOKENS,
            pad_token_id=0,
            output_scores=True,
            return_dict_in_generate=True,
        )
        for score in output.scores:
            top = score[0].topk(2).values
            assert top[0] - top[1] > 1e-3, "a tie: choose another seed"
        continuations.append(output.sequences[0, len(sequence) :].tolist())
    return continuations


def clean(folder: Path) -> None:
    """Keeps only what the tests read, readable by all."""
    for extra in ["generation_config.json", "README.md"]:
        (folder / extra).unlink(missing_ok=True)
    for file in folder.iterdir():
        file.chmod(0o644)


def make(name: str, layers: int, tied: bool, seed: int, gradients_of) -> Qwen2ForCausalLM:
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(seed)
    model = Qwen2ForCausalLM(config(layers, tied)).eval()
    randomize(model, seed)
    model.save_pretrained(folder)
    clean(folder)
    tensors, facts = results(model, gradients_of)
    facts["sequences"] = SEQUENCES
    facts["greedy"] = greedy(model)
    facts["made_with"] = {
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "peft": peft.__version__,
    }
    save_file(tensors, folder / "golden.safetensors")
    (folder / "golden.json").write_text(json.dumps(facts, indent=1) + "\n")
    return model


def make_adapter(model: Qwen2ForCausalLM, seed: int) -> None:
    folder = HERE / "adapter"
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(seed)
    adapted = peft.get_peft_model(
        model,
        peft.LoraConfig(
            r=4,
            lora_alpha=12,
            target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
            task_type="CAUSAL_LM",
        ),
    )
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_" in name:
                parameter.copy_(0.15 * torch.randn(parameter.shape, generator=generator))
    adapted.save_pretrained(folder)
    clean(folder)
    saved = load_file(folder / "adapter_model.safetensors")
    tensors, facts = results(adapted, lambda name: "lora_" in name)
    # Name the gradients as the saved tensors are named.
    tensors = {name.replace(".default.weight", ".weight"): value for name, value in tensors.items()}
    assert {f"gradient.{name}" for name in saved} <= set(tensors)
    facts["greedy"] = greedy(adapted)
    save_file(tensors, folder / "golden.safetensors")
    (folder / "golden.json").write_text(json.dumps(facts, indent=1) + "\n")


tied = make("tied", layers=2, tied=True, seed=1, gradients_of=lambda name: True)
make("untied", layers=1, tied=False, seed=2, gradients_of=lambda name: "layers" not in name or "bias" in name)
make_adapter(tied, seed=3)
