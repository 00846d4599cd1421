import { copyFileSync, existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { Adapter } from '../model/adapter.js';
import { Qwen2Model } from '../model/transformer.js';
import { GGUF_TYPES, type GgufType } from '../model/weights/gguf.js';
import { exportGguf } from '../model/weights/ggufModel.js';
import type { ModelInUse } from '../store/workspace.js';
import { initBackend } from '../tensor/backend.js';
import { UsageError, UserError } from '../util/errors.js';
import { chosenModel } from './chosenModel.js';
import type { Command, ParsedArgs } from './command.js';

/** Of a folder: each row of a matrix in 8 bits with a scale. */
const INT8 = 'int8';

export const exportModel: Command = {
  name: 'export',
  summary: 'write the model in use for a folder, its adapter merged, for other programs',
  usage: 'OUT [--gguf] [--type T] [--workspace DIR | --model DIR [--adapter DIR]] [--json]',
  example: 'batcoder export model.gguf --gguf --type q8_0 --workspace .',
  options: [
    {
      name: 'gguf',
      summary: "one GGUF file, as llama.cpp reads it; else a folder in Hugging Face's format",
    },
    {
      name: 'type',
      value: 'string',
      choices: [...GGUF_TYPES, INT8],
      placeholder: 'T',
      summary: `how matrices are stored: in a GGUF file ${GGUF_TYPES.join(', ')} (default f16); in a folder f32 (default) or ${INT8}`,
    },
    {
      name: 'workspace',
      value: 'string',
      placeholder: 'DIR',
      summary: 'the folder whose model is exported (default: the current one)',
    },
    {
      name: 'model',
      value: 'string',
      placeholder: 'DIR',
      summary: "a model folder in Hugging Face's format",
    },
    {
      name: 'adapter',
      value: 'string',
      placeholder: 'DIR',
      summary: 'a LoRA adapter in the files of PEFT, to be merged into --model',
    },
  ],
  positionals: { min: 1, max: 1 },
  async run(args, io) {
    const out = resolve(io.cwd, args.positionals[0]);
    const { model: dir, adapter: adapterDir } = sourceOf(args, io.cwd);
    const gguf = args.flag('gguf');
    const type = args.string('type') ?? (gguf ? 'f16' : 'f32');
    if (gguf ? type === INT8 : type !== INT8 && type !== 'f32') {
      throw new UsageError(
        gguf ? `--type ${type} is for a folder.` : `--type ${type} belongs to --gguf.`,
      );
    }
    const tokenizerFile = join(dir, 'tokenizer.json');
    if (!existsSync(tokenizerFile)) {
      throw new UserError(`${dir} holds no tokenizer.json, which belongs to a model.`);
    }
    await initBackend();
    const model = Qwen2Model.load(dir);
    if (adapterDir !== null) {
      const adapter = Adapter.load(adapterDir, model.config);
      model.adapter = adapter;
      model.mergeAdapter();
      adapter.dispose();
    }
    if (gguf) {
      exportGguf(out, model, basename(dir), tokenizerFile, type as GgufType);
    } else {
      if (type === INT8) {
        model.quantize(INT8);
      } else {
        model.dequantize();
      }
      model.save(out);
      for (const file of ['tokenizer.json', 'tokenizer_config.json']) {
        if (existsSync(join(dir, file))) {
          copyFileSync(join(dir, file), join(out, file));
        }
      }
    }
    model.dispose();
    const merged = adapterDir === null ? '' : `, the adapter ${adapterDir} merged`;
    io.print(`Wrote ${out} from ${dir}${merged}.`);
    if (type === INT8) {
      io.print(
        'Its matrices are rounded to 8 bits, which costs something: `batcoder bench rounding --model DIR --from CODE` tells how much of a model in floats.',
      );
    }
    return { file: out, model: dir, adapter: adapterDir, type };
  },
};

function sourceOf(args: ParsedArgs, cwd: string): ModelInUse {
  const adapter = args.string('adapter');
  if (adapter !== undefined && args.string('model') === undefined) {
    throw new UsageError('--adapter belongs to --model.');
  }
  const chosen = chosenModel(args, resolve(cwd, args.string('workspace') ?? '.'), cwd);
  return adapter === undefined ? chosen : { ...chosen, adapter: resolve(cwd, adapter) };
}
