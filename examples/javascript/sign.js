// The consumer of ../secret_store, in JavaScript.
import { get, reveal } from 'example:secret-store/store@0.1.0';

// FNV-1a over secret, message and secret, as the one in Rust has it.
function hash(parts) {
  let h = 0xcbf29ce484222325n;
  for (const part of parts)
    for (const byte of part) h = ((h ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return h.toString(16).padStart(16, '0');
}

export function sign(key, message) {
  let secret;
  try {
    secret = get(key);
  } catch (e) {
    throw e.payload ?? e;  // the store's error is ours
  }
  const { tag, val } = reveal(secret);
  const utf8 = (text) => new TextEncoder().encode(text);
  const content = tag === 'text' ? utf8(val) : val;
  return hash([content, utf8(message), content]);
}
