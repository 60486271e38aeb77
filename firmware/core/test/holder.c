#include "holder.h"

#include <openssl/evp.h>
#include <string.h>

#include "bytes.h"
#include "model.h"
#include "tap.h"

struct key holder_key(uint8_t number)
{
  struct key key;
  size_t size = sizeof key.public;
  memset(key.secret, number, sizeof key.secret);
  EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key.secret, sizeof key.secret);
  EQUAL(EVP_PKEY_get_raw_public_key(pair, key.public, &size), 1);
  EVP_PKEY_free(pair);
  return key;
}

void holder_sign(const struct key *key, const uint8_t *message, size_t size, uint8_t signature[64])
{
  size_t length = 64;
  EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key->secret, sizeof key->secret);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  EQUAL(EVP_DigestSignInit(context, NULL, NULL, NULL, pair), 1);
  EQUAL(EVP_DigestSign(context, signature, &length, message, size), 1);
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(pair);
}

struct terms holder_terms(uint8_t rights, const struct key *holder)
{
  struct terms terms = { .version = 1, .rights = rights };
  struct port_identity identity;
  port_identify(&identity);
  memcpy(terms.board, identity.unique_id, sizeof terms.board);
  memcpy(terms.holder, holder->public, sizeof terms.holder);
  return terms;
}

void holder_certificate(const struct key *authority, const struct terms *terms, uint8_t certificate[CERTIFICATE_SIZE])
{
  uint8_t message[11 + 50] = "IMFL-CERT-1";
  uint8_t *body = message + 11;
  body[0] = terms->version;
  body[1] = terms->rights;
  memcpy(body + 2, terms->board, 12);
  store_u32(body + 14, 20000);
  memcpy(body + 18, terms->holder, 32);
  memcpy(certificate, body, 50);
  holder_sign(authority, message, sizeof message, certificate + 50);
}

struct challenge holder_challenge(void)
{
  struct challenge challenge = { .session = 0 };
  const struct reply reply = peer_ask(REQUEST_CHALLENGE, NULL, 0);
  if (EQUAL(reply.result, 0) && EQUAL(reply.length, 2 + 36)) {
    memcpy(challenge.nonce, reply.payload + 2, 32);
    challenge.session = load_u32(reply.payload + 34);
  }
  return challenge;
}

void holder_proof(const struct key *holder, const struct challenge *challenge, const uint8_t *certificate,
                  uint8_t payload[PROVE_SIZE])
{
  uint8_t message[12 + 32 + 12 + 2 + 4 + CERTIFICATE_SIZE] = "IMFL-PROOF-1";
  struct port_identity identity;
  port_identify(&identity);
  memcpy(message + 12, challenge->nonce, 32);
  memcpy(message + 44, identity.unique_id, 12);
  store_u16(message + 56, 1);
  store_u32(message + 58, challenge->session);
  memcpy(message + 62, certificate, CERTIFICATE_SIZE);
  memcpy(payload, certificate, CERTIFICATE_SIZE);
  holder_sign(holder, message, sizeof message, payload + CERTIFICATE_SIZE);
}

struct reply holder_prove(const struct key *holder, const uint8_t *certificate)
{
  uint8_t payload[PROVE_SIZE];
  model.millis += holder_access().wait;
  const struct challenge challenge = holder_challenge();
  holder_proof(holder, &challenge, certificate, payload);
  return peer_ask(REQUEST_PROVE, payload, sizeof payload);
}

struct reply holder_prove_rights(const struct key *authority, uint8_t rights)
{
  uint8_t certificate[CERTIFICATE_SIZE];
  const struct key holder = (rights & RIGHT_OWNER) != 0 ? *authority : holder_key(9);
  const struct terms terms = holder_terms(rights, &holder);
  holder_certificate(authority, &terms, certificate);
  return holder_prove(&holder, certificate);
}

struct reply holder_claim(const struct key *authority)
{
  return peer_ask(REQUEST_CLAIM, authority->public, sizeof authority->public);
}

struct reply holder_policy(uint8_t policy)
{
  return peer_ask(REQUEST_POLICY, &policy, 1);
}

struct access_facts holder_access(void)
{
  const struct reply reply = peer_ask(REQUEST_ACCESS, NULL, 0);
  struct access_facts facts = { .owned = 0xFF };
  if (EQUAL(reply.result, 0) && EQUAL(reply.length, 2 + 40)) {
    struct reader reader = reader_of(reply.payload + 2, 40);
    facts.owned = read_u8(&reader);
    memcpy(facts.owner, read_bytes(&reader, 32), 32);
    facts.policy = read_u8(&reader);
    facts.rights = read_u8(&reader);
    facts.wait = read_u32(&reader);
    facts.rdp = read_u8(&reader);
  }
  return facts;
}

void holder_claimed_board(void)
{
  const struct key authority = holder_key(1);
  model_new();
  peer_open();
  EQUAL(holder_claim(&authority).result, 0);
}

void holder_reset(void)
{
  model.backup[PORT_BACKUP_REQUEST] = BACKUP_STAY;
  EQUAL(peer_restart().reason, REASON_REQUEST);
  EQUAL(peer_hello(0).result, 0);
}
