/** Keeps the values used last, up to a number. */
export class LruCache<K, V> {
  private readonly map = new Map<K, V>();

  constructor(private readonly capacity: number) {}

  /** The value for a key, made where it is not there. */
  get(key: K, make: () => V): V {
    let value = this.map.get(key);
    if (value === undefined) {
      value = make();
    } else {
      this.map.delete(key);
    }
    this.map.set(key, value);
    if (this.map.size > this.capacity) {
      for (const oldest of this.map.keys()) {
        this.map.delete(oldest);
        break;
      }
    }
    return value;
  }
}
