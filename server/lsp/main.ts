import { createConnection } from 'vscode-languageserver/node';
import { assetPath } from '../util/assets.js';
import { startServer } from './server.js';

declare const BATCODER_VERSION: string;

// How to talk is in the arguments: --node-ipc from the extension, --stdio from any other client.
startServer(createConnection(), { workerFile: assetPath('worker.js'), version: BATCODER_VERSION });
