// Keys and signatures of bundles: Ed25519, by Node's own crypto. What is signed is the build hash, which stands for every byte of the
// bundle; the same key and the same build give the same signature.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { type BundleSignatures, signedMessage } from '../ir/bundle.ts';

/** A key that signs; `message` says why a text is none. */
export type ReadKey = { readonly ok: true; readonly key: KeyObject } | { readonly ok: false; readonly message: string };

/** What a key is called: the hash of its public part (SPKI, DER), in hex. */
export const keyName = (key: KeyObject): string =>
  createHash('sha256')
    .update((key.type === 'private' ? createPublicKey(key) : key).export({ format: 'der', type: 'spki' }))
    .digest('hex');

/** A private key in PEM. Never throws for its text, and never shows it. */
export function readSigningKey(pem: string): ReadKey {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return { ok: true, key };
    return { ok: false, message: `it is a key of ${key.asymmetricKeyType}, expected one of ed25519` };
  } catch {
    return { ok: false, message: 'it is no private key in PEM without a passphrase' };
  }
}

/** The file that stands beside the manifest of a signed bundle. */
export const signaturesOf = (build: string, key: KeyObject): BundleSignatures => ({
  signatures: [{ key: keyName(key), signature: sign(null, Buffer.from(signedMessage(build)), key).toString('base64') }],
});

/** A new pair of keys in PEM, and what they are called. */
export function newKeys(): { readonly privateKey: string; readonly publicKey: string; readonly name: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return {
    privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    publicKey: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    name: keyName(publicKey),
  };
}
