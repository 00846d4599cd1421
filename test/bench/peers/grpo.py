"""Steps of trl's GRPOTrainer with a LoRA adapter: --batch prompts of --prompt tokens with 4 samples each of --length
tokens, and a reward that costs nothing."""

import os
import sys
import tempfile
import time

import torch
import transformers
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, TrainerCallback

import peft
import trl
from model import lora_config, make_model, options
from paced import answer, finish

SAMPLES = 4

args = options()
model = make_model(args)
words = {f"w{i}": i for i in range(args.vocab)}
tokenizer = Tokenizer(models.WordLevel(words, unk_token="w0"))
tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
# The end of an answer is one id of many, so that nearly every random answer has its full length.
tokenizer = PreTrainedTokenizerFast(
    tokenizer_object=tokenizer, eos_token="w1", pad_token="w1", unk_token="w0", padding_side="left"
)
generator = torch.Generator().manual_seed(1)
prompts = torch.randint(2, args.vocab, (4 * args.batch, args.prompt), generator=generator)
texts = [" ".join(f"w{i}" for i in row.tolist()) for row in prompts]


def reward(completion_ids, **_):
    return [sum(i % 2 == 0 for i in ids) / max(len(ids), 1) for ids in completion_ids]


class Paced(TrainerCallback):
    """Waits for a line of the standard input before a step, and answers after it."""

    def __init__(self):
        # The first step warms up.
        self.left = 1
        self.seconds = []

    def on_step_begin(self, *_, **__):
        while self.left == 0:
            line = sys.stdin.readline()
            if line == "":
                finish([torch, transformers, peft, trl])
                os._exit(0)
            self.left = int(line)
        self.start = time.perf_counter()

    def on_step_end(self, *_, **__):
        self.seconds.append(time.perf_counter() - self.start)
        self.left -= 1
        if self.left == 0:
            answer({"step": self.seconds})
            self.seconds = []


with tempfile.TemporaryDirectory() as folder:
    config = trl.GRPOConfig(
        output_dir=folder,
        use_cpu=True,
        bf16=False,
        fp16=False,
        gradient_checkpointing=False,
        per_device_train_batch_size=args.batch * SAMPLES,
        num_generations=SAMPLES,
        max_completion_length=args.length,
        beta=args.beta,
        temperature=1.0,
        learning_rate=5e-5,
        optim="adamw_torch_fused",
        max_steps=100000,
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
    )
    trainer = trl.GRPOTrainer(
        model=model,
        reward_funcs=reward,
        args=config,
        train_dataset=Dataset.from_dict({"prompt": texts}),
        processing_class=tokenizer,
        peft_config=lora_config(args.lora or 16),
        callbacks=[Paced()],
    )
    trainer.train()
