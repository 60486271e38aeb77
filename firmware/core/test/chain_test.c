/* The log in external flash: what is appended stays, a power cut costs the slot that it hit, and a change is seen. */
#include <string.h>

#include "board.h"
#include "chain.h"
#include "external.h"
#include "model.h"
#include "suites.h"
#include "tap.h"

#define LOG_AT (BOARD_LOG_ADDRESS - BOARD_FLASH_BASE)
#define MARK 60u

static uint8_t *slot(uint32_t index)
{
  return model_flash + LOG_AT + index * CHAIN_SLOT_SIZE;
}

static void fill(uint8_t word[PORT_LOG_WORD_SIZE], uint32_t number)
{
  for (unsigned i = 0; i < PORT_LOG_WORD_SIZE; i += 1) {
    word[i] = (uint8_t)(number * 31u + i);
  }
}

static int start(void)
{
  model_power_cycle();
  external_start();
  return chain_start();
}

static int append(uint32_t index)
{
  uint8_t word[PORT_LOG_WORD_SIZE];
  fill(word, index);
  return chain_program(index, word);
}

static bool holds(uint32_t index)
{
  uint8_t expected[PORT_LOG_WORD_SIZE];
  uint8_t found[PORT_LOG_WORD_SIZE];
  fill(expected, index);
  return chain_read(index, found) == PORT_OK && memcmp(found, expected, sizeof found) == 0;
}

static void board_with(uint32_t words)
{
  model_new();
  EQUAL(start(), PORT_OK);
  for (uint32_t i = 0; i < words; i += 1) {
    EQUAL(append(i), PORT_OK);
  }
}

static void words_stay(void)
{
  board_with(5);
  EQUAL(start(), PORT_OK);
  for (uint32_t i = 0; i < 5; i += 1) {
    CHECK(holds(i));
  }
  CHECK(chain_blank(5));
  CHECK(!chain_blank(4));
  EQUAL(append(5), PORT_OK);
  EQUAL(start(), PORT_OK);
  CHECK(holds(5));
}

static void full(void)
{
  board_with(PORT_LOG_WORDS);
  EQUAL(start(), PORT_OK);
  CHECK(holds(0) && holds(PORT_LOG_WORDS - 1u));
}

static void used_slots_are_refused(void)
{
  board_with(2);
  EQUAL(append(1), PORT_ERROR_LOG);
  CHECK(holds(1));
}

/* The power goes in each operation of an append, and in those of the start after it. */
static void power_cuts(void)
{
  unsigned cuts = 0;
  for (unsigned torn = 0; torn < TORN_WAYS; torn += 1) {
    for (unsigned first = 1; first <= 2; first += 1) {
      for (unsigned again = 1; again <= 3; again += 1) {
        board_with(3);
        model.operations = 0;
        model.cut_at = first;
        model.torn = (enum model_torn)torn;
        model.torn_seed = 7u * first + again;
        (void)append(3);
        cuts += model.off;
        model_power_cycle();
        external_start();
        model.cut_at = again;
        model.torn = (enum model_torn)torn;
        CHECK(chain_start() != PORT_ERROR_CHAIN);
        cuts += model.off;
        EQUAL(start(), PORT_OK);
        CHECK(holds(0) && holds(1) && holds(2));
        const uint32_t next = chain_blank(3) ? 3 : 4;
        EQUAL(append(next), PORT_OK);
        EQUAL(start(), PORT_OK);
        CHECK(holds(next));
      }
    }
  }
  tap_note("%u power cuts", cuts);
}

/* A slot that was read back whole counts, even if the power goes before its mark. */
static void whole_without_mark(void)
{
  board_with(2);
  memset(slot(1) + MARK, 0xFF, 4);
  EQUAL(start(), PORT_OK);
  CHECK(holds(1));
  CHECK(slot(1)[MARK] == 0);
}

/* Beside a slot that was cut off, those that count read differently for a while, too. */
static void pages_that_read_differently_for_a_while_are_no_change(void)
{
  for (uint8_t reads = 1; reads < 7; reads += 1) {
    board_with(5);
    model_set_noisy(LOG_AT, 5u * CHAIN_SLOT_SIZE, reads);
    EQUAL(start(), PORT_OK);
    CHECK(holds(0) && holds(4) && chain_blank(5));
    model_set_noisy(LOG_AT, 5u * CHAIN_SLOT_SIZE, reads);
    CHECK(holds(2));
  }
}

static void torn_slots_are_skipped(void)
{
  board_with(2);
  memset(slot(2), 0xF0, 40);
  EQUAL(start(), PORT_OK);
  uint8_t word[PORT_LOG_WORD_SIZE];
  EQUAL(chain_read(2, word), PORT_ERROR_ECC);
  EQUAL(append(3), PORT_OK);
  EQUAL(start(), PORT_OK);
  CHECK(holds(1) && holds(3));
}

static void changes_are_seen(void)
{
  for (uint32_t index = 0; index < 4; index += 1) {
    for (uint32_t at = 0; at < MARK; at += 1) {
      board_with(4);
      slot(index)[at] ^= 0x10;
      EQUAL(start(), PORT_ERROR_CHAIN);
    }
    board_with(4);
    memset(slot(index), 0, CHAIN_SLOT_SIZE);
    EQUAL(start(), PORT_ERROR_CHAIN);
  }
}

/* Taking slots out of the middle, swapping them, or bringing another board's: each link names all of that. */
static void other_slots_are_seen(void)
{
  uint8_t copy[CHAIN_SLOT_SIZE];
  board_with(4);
  memset(slot(1), 0xFF, CHAIN_SLOT_SIZE);
  EQUAL(start(), PORT_ERROR_CHAIN);
  board_with(4);
  memcpy(copy, slot(1), sizeof copy);
  memcpy(slot(1), slot(2), sizeof copy);
  memcpy(slot(2), copy, sizeof copy);
  EQUAL(start(), PORT_ERROR_CHAIN);
  board_with(4);
  model_power_cycle();
  model.other_chip = true;
  external_start();
  EQUAL(chain_start(), PORT_ERROR_CHAIN);
}

/* What docs/security.md says does not hold: the end of the chain can be cut off by whoever can erase the chip. */
static void a_shortened_chain_is_not_seen(void)
{
  board_with(4);
  memset(slot(2), 0xFF, 2u * CHAIN_SLOT_SIZE);
  EQUAL(start(), PORT_OK);
  CHECK(holds(1) && chain_blank(2));
}

static void what_keeps_the_chip_from_programming_is_told(void)
{
  board_with(1);
  model.status[0] = 0x1C;
  EQUAL(append(1), PORT_ERROR_PROTECTED);
  EQUAL(chain_failed_at(), BOARD_LOG_ADDRESS + CHAIN_SLOT_SIZE);
  CHECK(chain_blank(1));
  model.status[0] = 0;
  model.poll_error = PORT_ERROR_TIMEOUT;
  EQUAL(append(1), PORT_ERROR_TIMEOUT);
}

static void without_a_chip(void)
{
  model_new();
  model_power_cycle();
  model.start_result = PORT_ERROR_NO_FLASH;
  external_start();
  EQUAL(chain_start(), PORT_ERROR_NO_FLASH);
}

void suite_chain(void)
{
  tap_test("chain: words stay over power-off", words_stay);
  tap_test("chain: every slot can be used", full);
  tap_test("chain: a slot is written once", used_slots_are_refused);
  tap_test("chain: a power cut costs nothing but the slot that it hit", power_cuts);
  tap_test("chain: a whole slot without its mark counts and gets it", whole_without_mark);
  tap_test("chain: pages that read differently for a while are not taken for a change",
           pages_that_read_differently_for_a_while_are_no_change);
  tap_test("chain: slots that were cut off are skipped", torn_slots_are_skipped);
  tap_test("chain: a changed bit anywhere is seen", changes_are_seen);
  tap_test("chain: slots taken out, swapped, or of another board are seen", other_slots_are_seen);
  tap_test("chain: its end cut off is not seen", a_shortened_chain_is_not_seen);
  tap_test("chain: what keeps the chip from programming is told", what_keeps_the_chip_from_programming_is_told);
  tap_test("chain: without a flash chip it says so", without_a_chip);
}
