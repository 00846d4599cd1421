import { describe, expect, it } from 'vitest';
import { bootstrap } from '../../../server/training/bootstrap.js';
import { cipherVerdict, type Reread } from '../../../server/training/frozenReader.js';
import { UnitSampler } from '../../../server/training/sampler.js';
import { learningRateAt } from '../../../server/training/schedule.js';
import { Random } from '../../../server/util/random.js';

describe('UnitSampler', () => {
  it('draws distinct units and goes on exactly from its state', () => {
    const sampler = new UnitSampler(10);
    sampler.note(3, true);
    const copy = new UnitSampler(10, sampler.state());
    const drawn = sampler.draw(6, new Random(5));
    expect(new Set(drawn).size).toBe(6);
    expect(copy.draw(6, new Random(5))).toEqual(drawn);
    expect(sampler.draw(99, new Random(1)).length).toBe(10);
  });

  it('draws units without spread less often, and again once they have some', () => {
    const sampler = new UnitSampler(10);
    const random = new Random(7);
    for (let i = 0; i < 9; i++) {
      sampler.note(0, true);
    }
    const draws = Array.from({ length: 500 }, () => sampler.draw(2, random)).flat();
    const seldom = draws.filter((index) => index === 0).length;
    expect(seldom).toBeLessThan(30); // about 100 with equal weights
    expect(seldom).toBeGreaterThan(0);
    sampler.note(0, false);
    expect(sampler.state()[0]).toBe(1);
  });
});

describe('cipherVerdict', () => {
  const pairs = (trained: number, frozen: number) =>
    Array.from({ length: 40 }, (_, step) => ({
      step,
      trained: 0.4 + (step < 20 ? 0 : trained) + (step % 2) * 0.01,
      frozen: 0.4 + (step < 20 ? 0 : frozen) + (step % 2) * 0.01,
    }));

  it('stops where the trained reader gains and the frozen one loses', () => {
    expect(cipherVerdict(pairs(0.1, -0.1)).cipher).toBe(true);
  });
  it('goes on where both gain, both lose, or there is too little to tell', () => {
    expect(cipherVerdict(pairs(0.1, 0.1)).cipher).toBe(false);
    expect(cipherVerdict(pairs(-0.1, -0.1)).cipher).toBe(false);
    expect(cipherVerdict(pairs(0.1, -0.1).slice(8, 32)).cipher).toBe(false);
    expect(cipherVerdict([]).cipher).toBe(false);
  });
});

describe('cipherVerdict over whole runs, asked after every step', () => {
  /** How many of 100 runs of 100 steps are stopped where the readers' similarities drift by so much in all. */
  function stopped(trainedDrift: number, frozenDrift: number): number {
    const random = new Random(11);
    const normal = () =>
      Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    let count = 0;
    for (let run = 0; run < 100; run++) {
      const rereads: Reread[] = [];
      let cipher = false;
      for (let step = 0; step < 100 && !cipher; step++) {
        for (let i = random.int(4); i > 0; i--) {
          const unit = 0.4 + 0.2 * normal();
          const trained = unit + (trainedDrift * step) / 100 + 0.16 * normal();
          const frozen = unit + (frozenDrift * step) / 100 + 0.16 * normal();
          rereads.push({ step, trained, frozen });
        }
        cipher = cipherVerdict(rereads).cipher;
      }
      count += cipher ? 1 : 0;
    }
    return count;
  }

  it('lets a reader learn, and catches a private code', () => {
    expect(stopped(0, 0)).toBe(0);
    expect(stopped(0.3, 0)).toBeLessThan(5);
    expect(stopped(0.4, -0.3)).toBeGreaterThan(80);
  });
});

describe('bootstrap', () => {
  it('holds the mean, is narrow for equal values and the same for the same seed', () => {
    expect(bootstrap([0.5, 0.5, 0.5], 1)).toEqual({ mean: 0.5, low: 0.5, high: 0.5, count: 3 });
    const values = Array.from({ length: 100 }, (_, i) => i % 2);
    const estimate = bootstrap(values, 1);
    // The standard error is 0.05, so the interval is about 0.4 to 0.6.
    expect(estimate.mean).toBe(0.5);
    expect(estimate.low).toBeGreaterThan(0.36);
    expect(estimate.low).toBeLessThan(0.44);
    expect(estimate.high).toBeGreaterThan(0.56);
    expect(estimate.high).toBeLessThan(0.64);
    expect(bootstrap(values, 1)).toEqual(estimate);
    expect(bootstrap([], 1).count).toBe(0);
  });
});

describe('learningRateAt', () => {
  it('climbs, stands at the peak and ends at a tenth', () => {
    expect(learningRateAt(1, 0)).toBeCloseTo(0.1, 12);
    expect(learningRateAt(1, 0.025)).toBeCloseTo(0.5, 12);
    expect(learningRateAt(1, 0.05)).toBeCloseTo(1, 12);
    expect(learningRateAt(1, 0.525)).toBeCloseTo(0.55, 12);
    expect(learningRateAt(1, 1)).toBeCloseTo(0.1, 12);
    expect(learningRateAt(1, 2)).toBeCloseTo(0.1, 12);
  });
});
