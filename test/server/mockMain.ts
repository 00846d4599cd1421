// The product's language server with the mock worker beside it.
import { join } from 'node:path';
import { createConnection } from 'vscode-languageserver/node';
import { startServer } from '../../server/lsp/server.js';

startServer(createConnection(), {
  workerFile: join(__dirname, 'mockWorker.js'),
  version: '0.0.0-test',
});
