/**
 * The import direction of ARCHITECTURE.md, held by `npm run lint`:
 * lsp, cli -> training -> inference -> model, similarity, corpus -> tensor, languages -> store, util.
 */
const tiers = [
  ['cli', 'lsp'],
  ['training'],
  ['inference'],
  ['model', 'similarity', 'corpus'],
  ['tensor', 'languages'],
  ['store', 'util'],
];

const upward = [];
tiers.forEach((tier, index) => {
  const above = tiers.slice(0, index).flat();
  for (const folder of tier) {
    const siblings = tier.filter((other) => other !== folder && folder !== 'store');
    const forbidden = [...above, ...siblings];
    if (forbidden.length > 0) {
      upward.push({
        name: `${folder}-imports-downward`,
        comment: `server/${folder} may import only tiers below it`,
        severity: 'error',
        from: { path: `^server/${folder}/` },
        to: { path: `^server/(${forbidden.join('|')})/` },
      });
    }
  }
});

module.exports = {
  forbidden: [
    ...upward,
    {
      name: 'extension-imports-protocol-only',
      severity: 'error',
      from: { path: '^extension/' },
      to: { path: '^server/', pathNot: '^server/protocol\\.ts$' },
    },
    {
      name: 'server-never-imports-extension',
      severity: 'error',
      from: { path: '^server/' },
      to: { path: '^extension/' },
    },
    {
      name: 'no-test-code-in-the-product',
      severity: 'error',
      from: { path: '^(server|extension)/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-network',
      comment: 'Nothing leaves the machine: no network module anywhere in the product.',
      severity: 'error',
      from: { path: '^(server|extension)/' },
      to: { dependencyTypes: ['core'], path: '^(node:)?(http|https|http2|net|tls|dgram|dns)$' },
    },
    {
      name: 'no-circular',
      severity: 'error',
      from: { path: '^(server|extension|test)/' },
      to: { circular: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
