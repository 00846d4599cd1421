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
    name: 'units',
    summary: 'list the functions and methods of one file with their exact ranges',
    load: async () => (await import('./units.js')).units,
  },
];
