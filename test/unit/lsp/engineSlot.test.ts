import { describe, expect, it } from 'vitest';
import type { Engine } from '../../../server/inference/engine.js';
import { EngineSlot } from '../../../server/lsp/worker/engineSlot.js';

class FakeEngine {
  disposed = false;
  dispose(): void {
    this.disposed = true;
  }
}

function makeEngine(): { engine: Engine; fake: FakeEngine } {
  const fake = new FakeEngine();
  return { engine: fake as unknown as Engine, fake };
}

describe('EngineSlot', () => {
  it('has no engine at first, nor after one could not be opened', async () => {
    const slot = new EngineSlot();
    expect(() => slot.current).toThrow('could not be loaded');
    const { engine, fake } = makeEngine();
    await slot.replace(() => Promise.resolve(engine));
    expect(slot.current).toBe(engine);
    await expect(slot.replace(() => Promise.reject(new Error('no weights')))).rejects.toThrow();
    expect(fake.disposed).toBe(true);
    expect(() => slot.current).toThrow('could not be loaded');
  });

  it('swaps only when no request runs any more', async () => {
    const slot = new EngineSlot();
    const [old, next] = [makeEngine(), makeEngine()];
    await slot.replace(() => Promise.resolve(old.engine));
    let end = (): void => undefined;
    const request = new Promise<void>((resolve) => {
      end = resolve;
    });
    const swapped = slot.swap(
      () => Promise.resolve(next.engine),
      () => request,
    );
    await new Promise(setImmediate);
    expect(slot.current).toBe(old.engine);
    expect(old.fake.disposed).toBe(false);
    end();
    expect(await swapped).toBe(next.engine);
    expect(slot.current).toBe(next.engine);
    expect(old.fake.disposed).toBe(true);
  });

  it('keeps the engine in use where the other cannot be opened', async () => {
    const slot = new EngineSlot();
    const { engine, fake } = makeEngine();
    await slot.replace(() => Promise.resolve(engine));
    await expect(
      slot.swap(
        () => Promise.reject(new Error('no weights')),
        () => Promise.resolve(),
      ),
    ).rejects.toThrow('no weights');
    expect(slot.current).toBe(engine);
    expect(fake.disposed).toBe(false);
  });
});
