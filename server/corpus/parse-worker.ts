// The thread that parses: one file for each message, one answer for each file.
import { parentPort } from 'node:worker_threads';
import { type InspectJob, inspectFile } from './inspect.js';

parentPort?.on('message', (job: InspectJob) => {
  void inspectFile(job).then((inspection) => parentPort?.postMessage(inspection));
});
