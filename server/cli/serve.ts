import { once } from 'node:events';
import { createRequire } from 'node:module';
import { assetPath } from '../util/assets.js';
import { UsageError } from '../util/errors.js';
import type { Command } from './command.js';

export const serve: Command = {
  name: 'serve',
  summary: 'run the language server, for any editor that speaks the language server protocol',
  usage: '--stdio',
  example: 'batcoder serve --stdio',
  options: [
    { name: 'stdio', summary: 'talk over stdin and stdout' },
    {
      name: 'clientProcessId',
      value: 'integer',
      placeholder: 'PID',
      summary: 'end when this process has ended',
    },
  ],
  positionals: { min: 0, max: 0 },
  async run(args, io) {
    if (!args.flag('stdio')) {
      throw new UsageError('serve talks over stdin and stdout: batcoder serve --stdio.');
    }
    // The very bundle that VS Code starts; it reads the same options from the command line, and ends the
    // process when its client says so or is gone.
    createRequire(__filename)(assetPath('server.js'));
    await once(io.signal, 'abort');
    return null;
  },
};
