import { defineConfig } from 'vitest/config';

export default defineConfig({
  define: { BATCODER_VERSION: JSON.stringify('0.0.0-test') },
  test: {
    include: [
      'test/unit/**/*.test.ts',
      'test/parity/**/*.test.ts',
      'test/fuzz/**/*.test.ts',
      'test/server/**/*.test.ts',
    ],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    pool: 'forks',
    // tfjs is hundreds of ES modules: bundled once, or each test file spends seconds on loading them.
    deps: {
      optimizer: {
        ssr: {
          enabled: true,
          include: [
            '@tensorflow/tfjs-core',
            '@tensorflow/tfjs-core/dist/register_all_gradients',
            '@tensorflow/tfjs-backend-cpu',
            '@tensorflow/tfjs-backend-webgpu',
          ],
        },
      },
    },
  },
});
