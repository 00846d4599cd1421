/**
 * The cheapest assignment of rows to columns, by shortest augmenting paths (Jonker and Volgenant, 1987).
 * Deterministic: ties go to the lowest column. Needs rows <= columns; O(rows^2 * columns).
 */
export class AssignmentSolver {
  private rowPotential = new Int32Array(0);
  private columnPotential = new Int32Array(0);
  private shortest = new Int32Array(0);
  private rowOf = new Int32Array(0);
  private previous = new Int32Array(0);
  private done = new Uint8Array(0);

  /**
   * @param costs row-major [rows, columns]
   * @param result gets the column of each row
   */
  solve(costs: Int32Array, rows: number, columns: number, result: Int32Array): void {
    this.reserve(Math.max(rows, columns) + 1);
    const { rowPotential, columnPotential, shortest, rowOf } = this;
    columnPotential.fill(0, 0, columns + 1);
    rowOf.fill(0, 0, columns + 1);
    // Rows and columns count from 1; column 0 holds the row that is being placed.
    for (let row = 1; row <= rows; row++) {
      const offset = (row - 1) * columns - 1;
      let delta = Infinity;
      let nearest = 0;
      for (let j = 1; j <= columns; j++) {
        const reduced = costs[offset + j] - columnPotential[j];
        shortest[j] = reduced;
        if (reduced < delta) {
          delta = reduced;
          nearest = j;
        }
      }
      rowPotential[row] = delta;
      if (rowOf[nearest] === 0) {
        rowOf[nearest] = row;
      } else {
        rowOf[0] = row;
        this.augment(costs, columns, nearest, delta);
      }
    }
    for (let j = 1; j <= columns; j++) {
      if (rowOf[j] !== 0) {
        result[rowOf[j] - 1] = j - 1;
      }
    }
  }

  /** Goes on from the taken column that is nearest to the new row, until a free one is reached. */
  private augment(costs: Int32Array, columns: number, nearest: number, distance: number): void {
    const { rowPotential, columnPotential, shortest, rowOf, previous, done } = this;
    previous.fill(0, 0, columns + 1);
    done.fill(0, 0, columns + 1);
    for (let j = 1; j <= columns; j++) {
      shortest[j] -= distance;
    }
    done[0] = 1;
    let column = nearest;
    do {
      done[column] = 1;
      const at = rowOf[column];
      const offset = (at - 1) * columns - 1;
      const own = rowPotential[at];
      let delta = Infinity;
      let next = 0;
      for (let j = 1; j <= columns; j++) {
        if (done[j] === 1) {
          continue;
        }
        const reduced = costs[offset + j] - own - columnPotential[j];
        let least = shortest[j];
        if (reduced < least) {
          shortest[j] = least = reduced;
          previous[j] = column;
        }
        if (least < delta) {
          delta = least;
          next = j;
        }
      }
      if (delta !== 0) {
        rowPotential[rowOf[0]] += delta;
        for (let j = 1; j <= columns; j++) {
          if (done[j] === 1) {
            rowPotential[rowOf[j]] += delta;
            columnPotential[j] -= delta;
          } else {
            shortest[j] -= delta;
          }
        }
      }
      column = next;
    } while (rowOf[column] !== 0);
    while (column !== 0) {
      rowOf[column] = rowOf[previous[column]];
      column = previous[column];
    }
  }

  private reserve(size: number): void {
    if (this.rowPotential.length < size) {
      const room = size * 2;
      this.rowPotential = new Int32Array(room);
      this.columnPotential = new Int32Array(room);
      this.shortest = new Int32Array(room);
      this.rowOf = new Int32Array(room);
      this.previous = new Int32Array(room);
      this.done = new Uint8Array(room);
    }
  }
}
