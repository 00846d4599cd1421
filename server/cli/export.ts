import { copyFileSync, existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { Adapter } from '../model/adapter.js';
import { Qwen2Model } from '../model/transformer.js';
import { GGUF_TYPES, type GgufType } from '../model/weights/gguf.js';
import { exportGguf } from '../model/weights/ggufModel.js';
import { modelInUse } from '../store/workspace.js';
import { initBackend } from '../tensor/backend.js';
import { UsageError, UserError } from '../util/errors.js';
import type { Command, ParsedArgs } from './command.js';

export const exportModel: Command = {
  name: 'export',
  summary: 'write the model in use for a folder, its adapter merged, for other programs',
  usage: 'OUT --gguf [--type T] [--workspace DIR | --model DIR [--adapter DIR]] [--json]',
  example: 'batcoder export model.gguf --gguf --type q8_0 --workspace .',
  options: [
    {
      name: 'gguf',
      summary: "one GGUF file, as llama.cpp reads it; else a folder in Hugging Face's format",
    },
    {
      name: 'type',
      value: 'string',
      choices: GGUF_TYPES,
      placeholder: 'T',
      summary: `how the matrices of a GGUF file are stored: ${GGUF_TYPES.join(', ')} (default f16)`,
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
    if (args.string('type') !== undefined && !args.flag('gguf')) {
      throw new UsageError('--type belongs to --gguf.');
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
    const type = (args.string('type') ?? 'f16') as GgufType;
    if (args.flag('gguf')) {
      exportGguf(out, model, basename(dir), tokenizerFile, type);
    } else {
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
    return { file: out, model: dir, adapter: adapterDir, type: args.flag('gguf') ? type : 'f32' };
  },
};

function sourceOf(args: ParsedArgs, cwd: string): { model: string; adapter: string | null } {
  const model = args.string('model');
  const adapter = args.string('adapter');
  if (model !== undefined) {
    return {
      model: resolve(cwd, model),
      adapter: adapter === undefined ? null : resolve(cwd, adapter),
    };
  }
  if (adapter !== undefined) {
    throw new UsageError('--adapter belongs to --model.');
  }
  const root = resolve(cwd, args.string('workspace') ?? '.');
  const inUse = modelInUse(root);
  if (inUse === null) {
    throw new UserError(
      `There is no model for ${root} yet: run \`batcoder train\` there, or give --model DIR.`,
    );
  }
  return inUse;
}
