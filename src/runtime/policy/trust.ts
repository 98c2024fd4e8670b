// Whose bundles are put in force: those whose build hash one of the trusted keys signed (Ed25519). The hash stands for every byte of a bundle,
// and bundle.ts holds all of them against it.
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { type BundleSignatures, signedMessage } from '../../compiler/ir/bundle.ts';

/** `name`: the hash of the public key (SPKI, DER), in hex. */
export type TrustedKey = { readonly name: string; readonly key: KeyObject };

/** A public key in PEM; undefined where the text is none of Ed25519. A private key is none. */
export function readTrustedKey(pem: string): TrustedKey | undefined {
  if (!/-----BEGIN PUBLIC KEY-----/.test(pem)) return undefined;
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType !== 'ed25519') return undefined;
    return {
      key,
      name: createHash('sha256')
        .update(key.export({ format: 'der', type: 'spki' }))
        .digest('hex'),
    };
  } catch {
    return undefined;
  }
}

const short = (name: string): string => name.slice(0, 16);

/** The name of a trusted key that signed this build, or why none did. */
export function signerOf(
  build: string,
  { signatures }: BundleSignatures,
  trusted: readonly TrustedKey[],
): { readonly signer: string } | { readonly fault: string } {
  const own = signatures.flatMap(({ key, signature }) => {
    const trustedKey = trusted.find(({ name }) => name === key);
    return trustedKey ? [{ ...trustedKey, signature }] : [];
  });
  const good = own.find(({ key, signature }) => verify(null, Buffer.from(signedMessage(build)), key, Buffer.from(signature, 'base64')));
  if (good) return { signer: good.name };
  const [first] = own;
  if (first)
    return { fault: `the signature of key ${short(first.name)} is not one of this build: the bundle was altered after it was signed` };
  const by = signatures.map(({ key }) => short(key)).join(', ');
  return { fault: `it is signed by key ${by}, and trusted are ${trusted.map(({ name }) => short(name)).join(', ')}` };
}
