/** Rights, policy and sizes of access control: docs/protocol.md section 11. */

/** Bits of a right: section 11.3. */
export const RIGHT_BITS = { flash: 1, read: 2, erase: 4, boot: 8, claim: 16, owner: 32 } as const;

export type Right = keyof typeof RIGHT_BITS;

export const RIGHTS = Object.keys(RIGHT_BITS) as readonly Right[];

/** The six rights together: what an open board gives, and its owner's proof. */
export const ALL_RIGHTS = 0x3f;

/** Bits of the policy: section 11.5. */
export const POLICY_REQUIRE_SIGNED = 1;
export const POLICY_OWN_CERTIFICATES = 2;

/** ACCESS's `owned`: section 11.2. */
export const OWNED = { open: 0, claimed: 1, builtIn: 2, unknown: 3 } as const;

export const CERTIFICATE_BYTES = 114;
export const SIGNATURE_BYTES = 64;
export const PUBLIC_KEY_BYTES = 32;
export const UID_BYTES = 12;

/** Names of the rights in a byte, in the order of their bits; bits without a name are left out. */
export function rightNames(bits: number): Right[] {
  return RIGHTS.filter((right) => (bits & RIGHT_BITS[right]) !== 0);
}

export function rightBits(rights: readonly Right[]): number {
  return rights.reduce((bits, right) => bits | RIGHT_BITS[right], 0);
}
