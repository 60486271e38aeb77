#include "owner.h"

#include <string.h>

#include "board.h"

#define RELEASED 0xFFFFFFFFu
#define COPIES 2u
#define PAIR 2u /* a key's word and its record */

static struct owner current;
static unsigned owner_copies; /* pairs that tell of this owner */
static unsigned policy_copies;

const struct owner *owner(void)
{
  return &current;
}

/* Another owner, or none: a policy does not outlive who set it. */
static void change(enum ownership ownership, const uint8_t *key)
{
  memset(&current, 0, sizeof current);
  current.ownership = ownership;
  if (ownership != OWNER_NONE) {
    memcpy(current.key, key, OWNER_KEY_SIZE);
  }
  owner_copies = 0;
  policy_copies = COPIES; /* policy 0 needs no word */
}

void owner_start(void)
{
#if defined(BOARD_OWNER)
  static const uint8_t key[OWNER_KEY_SIZE] = BOARD_OWNER;
  change(OWNER_COMPILED, key);
#else
  change(OWNER_NONE, NULL);
#endif
}

void owner_unknown(void)
{
  static const uint8_t no_key[OWNER_KEY_SIZE];
  change(OWNER_UNKNOWN, no_key);
}

static void take_owner(const struct log_record *record)
{
  uint8_t key[PORT_LOG_WORD_SIZE];
  if (current.ownership == OWNER_COMPILED) {
    return;
  }
  if (record->value == RELEASED) {
    change(OWNER_NONE, NULL);
    return;
  }
  if (record->value >= PORT_LOG_WORDS || port_log_read(record->value, key) < 0 ||
      memcmp(key, record->key, LOG_KEY_SIZE) != 0) {
    return; /* the record before it goes on counting: a claim is written twice for this */
  }
  if (current.ownership == OWNER_NONE || memcmp(current.key, key, OWNER_KEY_SIZE) != 0) {
    change(OWNER_CLAIMED, key);
  }
  owner_copies += 1;
}

static void take_policy(uint8_t policy)
{
  if (current.ownership == OWNER_NONE) {
    return;
  }
  policy_copies = policy == current.policy ? policy_copies + 1u : 1u;
  current.policy = policy;
}

void owner_take(const struct log_record *record)
{
  if (record->kind == LOG_OWNER) {
    take_owner(record);
  } else if (record->kind == LOG_POLICY) {
    take_policy((uint8_t)record->value);
  }
}

static int append_pair(const uint8_t key[OWNER_KEY_SIZE])
{
  struct log_record record = { .kind = LOG_OWNER };
  const int index = log_append_raw(key);
  if (index < 0) {
    return index;
  }
  record.value = (uint32_t)index;
  memcpy(record.key, key, LOG_KEY_SIZE);
  return log_append(&record);
}

static int append_policy(uint8_t policy)
{
  return log_append(&(struct log_record){ .kind = LOG_POLICY, .value = policy });
}

void owner_repair(void)
{
  if (current.ownership == OWNER_CLAIMED && owner_copies < COPIES && log_free() >= PAIR &&
      append_pair(current.key) >= 0) {
    owner_copies += 1;
  }
  if (policy_copies < COPIES && append_policy(current.policy) >= 0) {
    policy_copies += 1;
  }
}

int owner_claim(const uint8_t key[OWNER_KEY_SIZE])
{
  if (current.ownership != OWNER_NONE && memcmp(current.key, key, OWNER_KEY_SIZE) == 0) {
    return PORT_OK;
  }
  if (log_free() < COPIES * PAIR) {
    return LOG_ERROR_FULL;
  }
  const int result = append_pair(key);
  if (result < 0) {
    return result;
  }
  change(OWNER_CLAIMED, key);
  owner_copies = 1;
  owner_repair();
  return PORT_OK;
}

int owner_release(void)
{
  const struct log_record record = { .kind = LOG_OWNER, .value = RELEASED };
  const int result = log_append(&record);
  if (result < 0) {
    return result;
  }
  (void)log_append(&record); /* so that one unreadable word does not bring the old owner's policy back, later */
  change(OWNER_NONE, NULL);
  return PORT_OK;
}

int owner_set_policy(uint8_t policy)
{
  if (policy == current.policy) {
    return PORT_OK;
  }
  if (log_free() < COPIES) {
    return LOG_ERROR_FULL;
  }
  const int result = append_policy(policy);
  if (result < 0) {
    return result;
  }
  current.policy = policy;
  policy_copies = 1;
  owner_repair();
  return PORT_OK;
}
