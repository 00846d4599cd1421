"""Training steps of PyTorch and transformers: all weights, or with --lora RANK an adapter of peft; f32, fused AdamW."""

import torch
import transformers

from model import lora_config, make_model, options
from paced import finish, measure

args = options()
model = make_model(args)
modules = [torch, transformers]
if args.lora > 0:
    import peft

    model = peft.get_peft_model(model, lora_config(args.lora))
    modules.append(peft)
model.train()
trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=1e-4, fused=True)
ids = torch.randint(0, args.vocab, (args.batch, args.length))


def step():
    loss = model(input_ids=ids, labels=ids, use_cache=False).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(trained, 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


measure(step)
finish(modules)
