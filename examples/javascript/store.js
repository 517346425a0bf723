// The store of ../secret_store, in JavaScript.
class Secret {
  constructor(content) { this.content = content; }
}
// componentize-js looks here for the class of a resource that has no functions of its own.
globalThis.Secret = Secret;

const secrets = {
  'api-key': { tag: 'text', val: 'swordfish' },
  'seed': { tag: 'bytes', val: new Uint8Array([0xc0, 0xff, 0xee, 0]) },
};

export const store = {
  Secret,
  get(key) {
    if (key === 'root-key') throw 'denied';
    if (!(key in secrets)) throw 'no-such-secret';
    return new Secret(secrets[key]);
  },
  reveal: (secret) => secret.content,
};
