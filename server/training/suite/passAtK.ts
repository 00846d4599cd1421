/**
 * The chance that one of k answers drawn from n is right, where c of the n are: 1 - C(n-c, k) / C(n, k), without bias
 * (Chen et al. 2021, arXiv 2107.03374, section 2.1).
 * @throws RangeError unless 0 <= c <= n and 1 <= k <= n
 */
export function passAtK(n: number, c: number, k: number): number {
  if (c < 0 || c > n || k < 1 || k > n) {
    throw new RangeError(`pass@${k} needs 0 <= correct <= answers and k <= answers: ${c} of ${n}.`);
  }
  let noneRight = 1;
  for (let i = n - c + 1; i <= n; i++) {
    noneRight *= Math.max(0, 1 - k / i);
  }
  return 1 - noneRight;
}
