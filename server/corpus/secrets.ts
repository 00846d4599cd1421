/** A kind of secret, and how it looks in text. */
const PATTERNS: readonly { name: string; pattern: RegExp }[] = [
  { name: 'private key', pattern: /-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----/ },
  { name: 'AWS key id', pattern: /\b(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[0-9A-Z]{16}\b/ },
  { name: 'Google API key', pattern: /\bAIza[0-9A-Za-z_-]{35}/ },
  { name: 'Google OAuth secret', pattern: /\bGOCSPX-[0-9A-Za-z_-]{20,}/ },
  {
    name: 'GitHub token',
    pattern: /\b(?:gh[pousr]_[0-9A-Za-z]{30,}|github_pat_[0-9A-Za-z_]{40,})/,
  },
  { name: 'GitLab token', pattern: /\bgl(?:pat|dt|rt|ptt)-[0-9A-Za-z_-]{20,}/ },
  { name: 'Slack token', pattern: /\bxox[abeoprs]-[0-9A-Za-z-]{10,}/ },
  { name: 'Slack webhook', pattern: /hooks\.slack\.com\/services\/T\w+\/B\w+\/\w{16,}/ },
  { name: 'npm token', pattern: /\bnpm_[0-9A-Za-z]{36}\b/ },
  { name: 'PyPI token', pattern: /\bpypi-AgE[0-9A-Za-z_-]{40,}/ },
  { name: 'Stripe key', pattern: /\b[rs]k_(?:live|test)_[0-9A-Za-z]{16,}/ },
  { name: 'model provider key', pattern: /\bsk-(?:proj-|ant-|or-)?[0-9A-Za-z_-]{24,}/ },
  { name: 'SendGrid key', pattern: /\bSG\.[\w-]{16,}\.[\w-]{16,}/ },
  { name: 'Twilio key', pattern: /\bSK[0-9a-f]{32}\b/ },
  { name: 'Hugging Face token', pattern: /\bhf_[0-9A-Za-z]{30,}/ },
  { name: 'Azure storage key', pattern: /\bAccountKey=[0-9A-Za-z+/]{40,}={0,2}/ },
  { name: 'JSON web token', pattern: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/ },
  { name: 'password in a URL', pattern: /:\/\/[^\s:/@'"${}]+:[^\s:/@'"${}<]{3,}@[\w.-]/ },
  {
    name: 'authorization header',
    pattern: /(?:[Bb]earer|[Bb]asic|BEARER|BASIC)\s+[0-9A-Za-z+/_-]{24,}={0,2}['"]/,
  },
];

/** `password = "..."`, `'apiKey': '...'`, `SECRET_TOKEN="..."`. */
const ASSIGNED =
  /(?:pass(?:word|wd|phrase)|pwd|secret|api[_-]?key|access[_-]?key|auth[_-]?token|private[_-]?key|credential)s?\w*['"]?\s*(?::=|=>|[:=])\s*[rbuf]?(['"`])((?:(?!\1)[^\\\n]|\\.){6,})\1/gi;

/** A value that a person puts where a secret will go, or that is a name, a path or a message. */
const PLACEHOLDER =
  /^(?:[x*.•#_-]+|<.*>|\$\{.*|%[sd(].*|\{.*\}|.*(?:your|example|dummy|changeme|change_me|placeholder|redacted|process\.env|environ|\s).*)$/i;

const STRING_LITERAL = /(['"`])([0-9A-Za-z+/_=-]{24,})\1/g;

/**
 * The kind of secret that a text seems to hold, or null. Meant to be too careful rather than too trusting:
 * a unit lost to training costs little, a key in an adapter cannot be taken back.
 */
export function findSecret(text: string): string | null {
  const known = PATTERNS.find(({ pattern }) => pattern.test(text));
  if (known !== undefined) {
    return known.name;
  }
  for (const [, , value] of text.matchAll(ASSIGNED)) {
    // A password of letters only is mostly a field's name or a label.
    if (!PLACEHOLDER.test(value) && /\d|[^\w-]/.test(value)) {
      return 'password or key';
    }
  }
  for (const [, , value] of text.matchAll(STRING_LITERAL)) {
    if (looksRandom(value)) {
      return 'random-looking string';
    }
  }
  return null;
}

/** High entropy over letters and digits; an alphabet or a path has all its characters in order or in words. */
function looksRandom(value: string): boolean {
  const hex = /^[0-9a-fA-F]+$/.test(value);
  const kinds = [/[a-z]/, /[A-Z]/, /\d/].filter((kind) => kind.test(value)).length;
  if (hex ? value.length < 32 || kinds < 2 : kinds < 3 || value.length < 28) {
    return false;
  }
  let steps = 0;
  for (let i = 1; i < value.length; i++) {
    steps += value.charCodeAt(i) - value.charCodeAt(i - 1) === 1 ? 1 : 0;
  }
  const inOrder = steps > value.length / 3;
  return !inOrder && entropy(value) > (hex ? 3.2 : 4.2);
}

/** Shannon entropy of the characters, in bits. */
function entropy(value: string): number {
  const counts = new Map<string, number>();
  for (const character of value) {
    counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  let bits = 0;
  for (const count of counts.values()) {
    bits -= (count / value.length) * Math.log2(count / value.length);
  }
  return bits;
}
