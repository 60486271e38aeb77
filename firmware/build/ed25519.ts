/** Ed25519 verification, compiled from where npm puts it: nothing of it is copied into the project. */

export const ED25519 = "node_modules/ed25519-supercop/vendor/ed25519/src";

export const ED25519_SOURCES = ["fe.c", "ge.c", "sc.c", "sha512.c", "verify.c"].map(
  (name) => `${ED25519}/${name}`,
);

/** ge.c's table for signing, 30 KiB: the linker leaves it out as long as nothing signs. */
export const SIGNING_TABLE = /\bbase(\.\d+)?$/m;
