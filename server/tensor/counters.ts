const counts = new Map<string, number>();

/** Notes that a kernel of tfjs's CPU backend ran in JavaScript. */
export function countJsKernel(name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** How often each JavaScript kernel ran on `native` since the last reset: none in training and decoding. */
export function jsKernelCounts(): Record<string, number> {
  return Object.fromEntries(counts);
}

export function resetJsKernelCounts(): void {
  counts.clear();
}
