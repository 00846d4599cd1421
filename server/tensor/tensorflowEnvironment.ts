/**
 * What libtensorflow reads from the environment when it is loaded: no chatter, GPU memory as it is needed
 * and not all at once, threads. What a person has set stays.
 *
 * A worker thread's `process.env` is a copy that libtensorflow does not see: a process that loads it in a
 * worker calls this in its main thread first.
 * @param threads of one operation; 0 or left out: all cores
 */
export function setTensorflowEnvironment(target: NodeJS.ProcessEnv, threads = 0): void {
  target['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  target['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  if (threads > 0) {
    target['TF_NUM_INTRAOP_THREADS'] ??= String(threads);
  }
}
