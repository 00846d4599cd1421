// What is measured: programs that run rounds when told to, so that two of them can take turns.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/**
 * A program that answers each line with a number of rounds by a line of JSON, the seconds of each round by phase
 * (`batcoder bench --paced`, peers/paced.py).
 */
export class Paced {
  #child;
  #lines;
  #errors = '';

  constructor(command, args) {
    this.name = [command, ...args].join(' ');
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stderr.on('data', (text) => {
      this.#errors = `${this.#errors}${text}`.slice(-2000);
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The times of the round that warms up; it takes the loading too. */
  async start() {
    return this.#answer();
  }

  async run(rounds) {
    this.#child.stdin.write(`${rounds}\n`);
    return this.#answer();
  }

  /** Ends the program. What it says of itself: peak memory, versions. */
  async finish() {
    this.#child.stdin.end();
    return this.#answer();
  }

  stop() {
    this.#child.kill('SIGKILL');
  }

  async #answer() {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) {
        throw new Error(`${this.name} ended early:\n${this.#errors}`);
      }
      if (value.startsWith('{')) {
        return JSON.parse(value);
      }
    }
  }
}

/**
 * A program that is started anew for every turn, such as llama-bench.
 * @param parse makes the seconds by phase of what it printed
 */
export class Restarted {
  #peakRssBytes = 0;

  constructor(command, argsFor, parse, about) {
    Object.assign(this, { command, argsFor, parse, about });
  }

  start() {
    return this.run(1);
  }

  async run(rounds) {
    const child = spawn(this.command, this.argsFor(rounds), { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (text) => (output += text));
    child.stderr.on('data', (text) => (errors = `${errors}${text}`.slice(-2000)));
    const timer = setInterval(() => this.#notePeak(child.pid), 20);
    const code = await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    clearInterval(timer);
    if (code !== 0) {
      throw new Error(`${this.command} failed:\n${errors}`);
    }
    return this.parse(output);
  }

  finish() {
    return { peakRssBytes: this.#peakRssBytes || null, ...this.about };
  }

  stop() {}

  /** The high-water mark that Linux keeps; elsewhere it is not known. */
  #notePeak(pid) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const kilobytes = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0);
      this.#peakRssBytes = Math.max(this.#peakRssBytes, 1024 * kilobytes);
    } catch {
      // It ended meanwhile.
    }
  }
}
