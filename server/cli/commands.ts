import type { Command } from './command.js';

/** A line of the table: the module is loaded only when its command is called. */
export interface CommandEntry {
  name: string;
  summary: string;
  load(): Promise<Command>;
}

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'quickstart',
    summary: 'scan a folder, train on it, document one function and write one from its doc',
    load: async () => (await import('./quickstart.js')).quickstart,
  },
  {
    name: 'corpus',
    summary: 'tell which files and units of a folder would be learnt, and why others not',
    load: async () => (await import('./corpus.js')).corpus,
  },
  {
    name: 'units',
    summary: 'list the functions and methods of one file with their exact ranges',
    load: async () => (await import('./units.js')).units,
  },
  {
    name: 'train',
    summary:
      'learn the code of a folder, and use the result where it is better on files kept apart',
    load: async () => (await import('./train.js')).train,
  },
  {
    name: 'document',
    summary: 'write docs for the undocumented functions of a file, or for the one at a line',
    load: async () => (await import('./document.js')).document,
  },
  {
    name: 'generate',
    summary: 'write code for a doc: one given as text, or the comment at a line of a file',
    load: async () => (await import('./generate.js')).generate,
  },
  {
    name: 'eval',
    summary: 'score the model in use on the files of a folder that training keeps apart',
    load: async () => (await import('./eval.js')).evaluation,
  },
  {
    name: 'similarity',
    summary: 'tell how much one unit of code means what another does, from 0 to 1',
    load: async () => (await import('./similarity.js')).similarity,
  },
  {
    name: 'doctor',
    summary: 'tell what this machine has: processor, backends and why not others, model, disk',
    load: async () => (await import('./doctor.js')).doctor,
  },
  {
    name: 'bench',
    summary:
      'measure how fast this machine trains, learns, decodes, loads, hovers or compares code, and what rounding costs a model',
    load: async () => (await import('./bench/bench.js')).bench,
  },
  {
    name: 'export',
    summary: 'write the model in use for a folder, its adapter merged, for other programs',
    load: async () => (await import('./export.js')).exportModel,
  },
  {
    name: 'serve',
    summary: 'run the language server, for any editor that speaks the language server protocol',
    load: async () => (await import('./serve.js')).serve,
  },
  {
    name: 'pretrain-data',
    summary: 'prepare public sources for training the built-in model',
    load: async () => (await import('./pretrain-data.js')).pretrainData,
  },
  {
    name: 'pretrain',
    summary: 'train the built-in model on prepared token files, or go on from its last checkpoint',
    load: async () => (await import('./pretrain.js')).pretrain,
  },
  {
    name: 'pretrain-eval',
    summary: 'measure a model on the sources that pretraining set aside, beside simple baselines',
    load: async () => (await import('./pretrain-eval.js')).pretrainEval,
  },
];
