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
];
