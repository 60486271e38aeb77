/* vectors/access.txt: what Node's OpenSSL signed and checked, for this board. */
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "holder.h"
#include "model.h"
#include "owner.h"
#include "peer.h"
#include "suites.h"
#include "tap.h"
#include "vectors.h"
#include "verify_strict.h"

static unsigned taken;

/* A field's bytes; valid until the next call with the same `slot`. */
static const struct bytes *field(char *fields[], const char *name, unsigned slot)
{
  static struct bytes parsed[4];
  const char *value = vectors_value(fields, name);
  parsed[slot].size = 0;
  if (CHECK(value != NULL)) {
    vectors_hex(value, &parsed[slot]);
  }
  return &parsed[slot];
}

static bool is(char *fields[], const char *name, const char *value)
{
  const char *found = vectors_value(fields, name);
  return found != NULL && strcmp(found, value) == 0;
}

static uint32_t number(char *fields[], const char *name)
{
  const char *value = vectors_value(fields, name);
  return value == NULL ? 0 : (uint32_t)strtoul(value, NULL, 0);
}

static uint16_t expected_code(char *fields[])
{
  static const struct {
    const char *name;
    uint16_t code;
  } codes[] = { { "OK", 0 },
                { "BAD_CERT", ERROR_BAD_CERT },
                { "WRONG_BOARD", ERROR_WRONG_BOARD },
                { "BAD_PROOF", ERROR_BAD_PROOF },
                { "BAD_SIGNATURE", ERROR_BAD_SIGNATURE } };
  for (unsigned i = 0; i < sizeof codes / sizeof codes[0]; i += 1) {
    if (is(fields, "expected", codes[i].name)) {
      return codes[i].code;
    }
  }
  return 0xFFFF;
}

static void take_ed25519(char *fields[])
{
  if (strcmp(fields[0], "ed25519") != 0) {
    return;
  }
  taken += 1;
  const struct bytes *key = field(fields, "public", 0);
  const struct bytes *message = field(fields, "message", 1);
  const struct bytes *signature = field(fields, "signature", 2);
  if (!EQUAL(verify_strict(signature->at, message->at, message->size, key->at), is(fields, "expected", "good"))) {
    tap_note("vector %s", fields[1]);
  }
}

static void take_sha256(char *fields[])
{
  uint8_t digest[32];
  if (strcmp(fields[0], "sha256") != 0) {
    return;
  }
  taken += 1;
  const struct bytes *message = field(fields, "message", 0);
  const struct bytes *expected = field(fields, "digest", 1);
  const uint32_t repeat = number(fields, "repeat");
  uint8_t *all = malloc(message->size * repeat + 1u);
  for (uint32_t i = 0; i < repeat; i += 1) {
    memcpy(all + i * message->size, message->at, message->size);
  }
  port_sha256_begin();
  port_sha256_add(all, message->size * repeat);
  EQUAL(port_sha256_end(digest), PORT_OK);
  free(all);
  if (!CHECK(memcmp(digest, expected->at, 32) == 0)) {
    tap_note("vector %s", fields[1]);
  }
}

/* Names of certificates, in the order in which they stand, before the proofs that send them. */
static struct {
  char name[64];
  uint8_t bytes[CERTIFICATE_SIZE];
} certificates[32];
static unsigned certificate_count;

static void take_certificate(char *fields[])
{
  if (strcmp(fields[0], "certificate") != 0) {
    return;
  }
  const struct bytes *bytes = field(fields, "certificate", 0);
  if (EQUAL(bytes->size, CERTIFICATE_SIZE) && CHECK(certificate_count < 32)) {
    strncpy(certificates[certificate_count].name, fields[1], 63);
    memcpy(certificates[certificate_count].bytes, bytes->at, CERTIFICATE_SIZE);
    certificate_count += 1;
  }
}

/* A board of that owner, with that policy, whose session has proven nothing. */
static void board_of(char *fields[])
{
  struct key authority;
  memcpy(authority.public, field(fields, "owner", 0)->at, 32);
  model_new();
  peer_open();
  EQUAL(holder_claim(&authority).result, 0);
}

static struct reply prove(char *fields[], const struct bytes *nonce)
{
  uint8_t payload[PROVE_SIZE];
  struct challenge challenge;
  model.random = nonce->at;
  for (uint32_t i = 0; i < number(fields, "session"); i += 1) {
    challenge = holder_challenge();
  }
  EQUAL(challenge.session, number(fields, "session"));
  CHECK(memcmp(challenge.nonce, nonce->at, 32) == 0);
  for (unsigned i = 0; i < certificate_count; i += 1) {
    if (is(fields, "certificate", certificates[i].name)) {
      memcpy(payload, certificates[i].bytes, CERTIFICATE_SIZE);
    }
  }
  memcpy(payload + CERTIFICATE_SIZE, field(fields, "proof", 2)->at, 64);
  const struct reply reply = peer_ask(REQUEST_PROVE, payload, sizeof payload);
  model.random = NULL;
  return reply;
}

static void take_proof(char *fields[])
{
  struct port_identity identity;
  if (strcmp(fields[0], "proof") != 0 || number(fields, "session") > 1000) {
    return; /* no board counts to that session here: the vector is for whoever encodes it */
  }
  taken += 1;
  port_identify(&identity);
  CHECK(memcmp(identity.unique_id, field(fields, "uid", 0)->at, 12) == 0);
  EQUAL(number(fields, "version"), PROTOCOL_VERSION);
  board_of(fields);
  if (number(fields, "policy") != 0) {
    EQUAL(owner_set_policy((uint8_t)number(fields, "policy")), 0);
  }
  const struct reply reply = prove(fields, field(fields, "nonce", 1));
  if (!EQUAL(reply.result, expected_code(fields)) || !EQUAL(holder_access().rights, number(fields, "rights"))) {
    tap_note("vector %s", fields[1]);
  }
}

static void take_application(char *fields[])
{
  uint8_t payload[72];
  if (strcmp(fields[0], "application") != 0) {
    return;
  }
  taken += 1;
  board_of(fields);
  const struct bytes *bytes = field(fields, "bytes", 1);
  const uint32_t address = number(fields, "addr");
  memcpy(model_flash + address - 0x90000000u, bytes->at, bytes->size);
  store_u32(payload, address);
  store_u32(payload + 4, (uint32_t)bytes->size);
  memcpy(payload + 8, field(fields, "signature", 2)->at, 64);
  const struct key keeper = holder_key(1);
  EQUAL(owner_claim(keeper.public), 0);
  EQUAL(holder_prove_rights(&keeper, RIGHT_FLASH).result, 0);
  EQUAL(owner_claim(field(fields, "owner", 0)->at), 0); /* behind the session's back, which keeps its rights */
  EQUAL(peer_begin((struct range){ 0x90500000u, 0x1000 }).result, 0);
  if (!EQUAL(peer_ask(REQUEST_SIGNATURE, payload, sizeof payload).result, expected_code(fields))) {
    tap_note("vector %s", fields[1]);
  }
}

static void each(void (*take)(char *fields[]), unsigned at_least)
{
  taken = 0;
  vectors_each_line("access.txt", 2, take);
  CHECK(taken >= at_least);
}

static void signatures_match(void)
{
  each(take_ed25519, 12);
}

static void digests_match(void)
{
  each(take_sha256, 5);
}

static void proofs_match(void)
{
  certificate_count = 0;
  vectors_each_line("access.txt", 2, take_certificate);
  EQUAL(certificate_count, 13);
  each(take_proof, 21);
}

static void applications_match(void)
{
  each(take_application, 7);
}

void suite_access_vectors(void)
{
  tap_test("Ed25519 holds and refuses as RFC 8032 and vectors/access.txt say", signatures_match);
  tap_test("SHA-256 gives the digests of FIPS 180", digests_match);
  tap_test("proofs of vectors/access.txt are taken and refused as it says", proofs_match);
  tap_test("applications of vectors/access.txt are taken and refused as it says", applications_match);
}
