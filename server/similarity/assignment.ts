/**
 * The cheapest assignment of rows to columns, by shortest augmenting paths (Jonker and Volgenant, 1987).
 * Deterministic: ties go to the lowest column. Needs rows <= columns; O(rows^2 * columns).
 */
export class AssignmentSolver {
  private rowPotential = new Float64Array(0);
  private columnPotential = new Float64Array(0);
  private shortest = new Float64Array(0);
  private rowOf = new Int32Array(0);
  private previous = new Int32Array(0);
  private done = new Uint8Array(0);

  /**
   * @param costs row-major [rows, columns]
   * @param result gets the column of each row
   */
  solve(costs: Int32Array, rows: number, columns: number, result: Int32Array): void {
    this.reserve(Math.max(rows, columns) + 1);
    const { rowPotential, columnPotential, shortest, rowOf, previous, done } = this;
    rowPotential.fill(0, 0, rows + 1);
    columnPotential.fill(0, 0, columns + 1);
    rowOf.fill(0, 0, columns + 1);
    // Rows and columns count from 1; column 0 holds the row that is being placed.
    for (let row = 1; row <= rows; row++) {
      rowOf[0] = row;
      let column = 0;
      shortest.fill(Infinity, 0, columns + 1);
      done.fill(0, 0, columns + 1);
      do {
        done[column] = 1;
        const at = rowOf[column];
        const offset = (at - 1) * columns - 1;
        let delta = Infinity;
        let nearest = 0;
        for (let j = 1; j <= columns; j++) {
          if (done[j] === 1) {
            continue;
          }
          const reduced = costs[offset + j] - rowPotential[at] - columnPotential[j];
          if (reduced < shortest[j]) {
            shortest[j] = reduced;
            previous[j] = column;
          }
          if (shortest[j] < delta) {
            delta = shortest[j];
            nearest = j;
          }
        }
        for (let j = 0; j <= columns; j++) {
          if (done[j] === 1) {
            rowPotential[rowOf[j]] += delta;
            columnPotential[j] -= delta;
          } else {
            shortest[j] -= delta;
          }
        }
        column = nearest;
      } while (rowOf[column] !== 0);
      while (column !== 0) {
        rowOf[column] = rowOf[previous[column]];
        column = previous[column];
      }
    }
    for (let j = 1; j <= columns; j++) {
      if (rowOf[j] !== 0) {
        result[rowOf[j] - 1] = j - 1;
      }
    }
  }

  private reserve(size: number): void {
    if (this.rowPotential.length < size) {
      const room = size * 2;
      this.rowPotential = new Float64Array(room);
      this.columnPotential = new Float64Array(room);
      this.shortest = new Float64Array(room);
      this.rowOf = new Int32Array(room);
      this.previous = new Int32Array(room);
      this.done = new Uint8Array(room);
    }
  }
}
