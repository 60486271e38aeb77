/* The journal and the log, byte by byte. */
#include <string.h>

#include "bytes.h"
#include "journal.h"
#include "log.h"
#include "model.h"
#include "peer.h"
#include "suites.h"
#include "tap.h"

#define AT 0x90100000u
#define JOURNAL 0xFFC000u

static void write_record(bool unfinished, uint32_t address)
{
  int result;
  const struct range sector = { address, 0x1000u };
  if (unfinished) {
    journal_write_begin(sector, sector);
  } else {
    journal_write_whole();
  }
  do {
    result = journal_step();
  } while (result == PORT_BUSY);
  EQUAL(result, PORT_OK);
}

static void expect_state(bool unfinished, uint32_t address)
{
  EQUAL(journal_state()->readable, true);
  EQUAL(journal_state()->unfinished, unfinished);
  EQUAL(journal_state()->hull.address, address);
}

static void read_again(void)
{
  external_start();
  EQUAL(journal_read(), PORT_OK);
}

static void records_have_the_documented_bytes(void)
{
  static const uint8_t header[28] = { 'J', '2', 0, 0, 1, 0, 0, 0, 1, 255, 0, 0, 0, 1, 1, 0, 0, 1, 1 };
  static const uint8_t record[28] = { 'R', '2', 0, 0, 0, 0, 0, 0, 0, 255 };
  model_new();
  read_again();
  expect_state(false, 0);
  write_record(true, AT);
  write_record(false, 0);
  CHECK(memcmp(model_flash + JOURNAL, header, sizeof header) == 0);
  CHECK(memcmp(model_flash + JOURNAL + 32, record, sizeof record) == 0);
  EQUAL(load_u32(model_flash + JOURNAL + 28), port_crc32(header, 28));
  EQUAL(load_u32(model_flash + JOURNAL + 60), port_crc32(record, 28));
}

static void the_journal_rotates(void)
{
  model_new();
  read_again();
  for (uint32_t i = 0; i < 1000; i += 1) {
    const bool unfinished = i % 3 != 0;
    write_record(unfinished, unfinished ? AT + i * 0x1000u : 0);
    expect_state(unfinished, unfinished ? AT + i * 0x1000u : 0);
    read_again();
    expect_state(unfinished, unfinished ? AT + i * 0x1000u : 0);
  }
  EQUAL(model.erases, (1000 + 127) / 128);
}

static void generations_compare_modulo(void)
{
  model_new();
  for (unsigned sector = 0; sector < 2; sector += 1) {
    uint8_t *header = model_flash + JOURNAL + sector * 4096u;
    memset(header, 0, 32);
    store_u16(header, 0x324Au);
    store_u32(header + 4, sector == 0 ? 0u : 0xFFFFFFFFu);
    header[8] = sector == 0;
    store_u32(header + 28, port_crc32(header, 28));
  }
  read_again();
  EQUAL(journal_state()->unfinished, true);
}

static void torn_records_are_skipped(void)
{
  model_new();
  read_again();
  write_record(true, AT);
  model_flash[JOURNAL + 32 + 5] = 0x7F; /* a record of which one bit was programmed */
  read_again();
  expect_state(true, AT);
  write_record(false, 0);
  EQUAL(load_u16(model_flash + JOURNAL + 64), 0x3252u);
  read_again();
  expect_state(false, 0);
  memset(model_flash + JOURNAL, 0, 32); /* both headers gone */
  read_again();
  expect_state(false, 0);
}

static void a_journal_that_cannot_be_read_is_unfinished(void)
{
  model_new();
  external_start();
  model.read_error = PORT_ERROR_BUS;
  CHECK(journal_read() < 0);
  CHECK(journal_unfinished());
  model.start_result = PORT_ERROR_NO_FLASH;
  external_start();
  CHECK(journal_read() < 0);
  CHECK(journal_unfinished());
}

static void log_words_have_the_documented_bytes(void)
{
  static const uint8_t expected[28] = { 'B', 'O', 'O', 'T', 0, 0, 0x20, 0x90, [24] = 0x5A, 0x5A, 0x5A, 0x5A };
  model_new();
  log_read();
  EQUAL(log_boot_address(), AT);
  EQUAL(log_free(), 2048);
  EQUAL(log_store_boot_address(AT), PORT_OK);
  EQUAL(model.log_programs, 0);
  EQUAL(log_store_boot_address(0x90200000u), PORT_OK);
  CHECK(memcmp(model_log[0], expected, sizeof expected) == 0);
  EQUAL(load_u32(model_log[0] + 28), port_crc32(expected, 28));
}

static void the_last_valid_word_counts(void)
{
  model_new();
  log_read();
  EQUAL(log_store_boot_address(0x90200000u), PORT_OK);
  EQUAL(log_store_boot_address(0x90300000u), PORT_OK);
  model_log_bad[2] = true;
  memset(model_log[3], 0x11, 32); /* neither blank nor valid */
  memcpy(model_log[4], model_log[0], 32);
  model_log[4][0] = 'X'; /* another kind */
  store_u32(model_log[4] + 28, port_crc32(model_log[4], 28));
  log_read();
  EQUAL(log_boot_address(), 0x90300000u);
  EQUAL(log_free(), 2043);
  EQUAL(log_store_boot_address(0x90400000u), PORT_OK);
  EQUAL(load_u32(model_log[5] + 4), 0x90400000u);
}

static void the_log_fills_to_the_last_word(void)
{
  model_new();
  log_read();
  for (uint32_t i = 0; i < PORT_LOG_WORDS; i += 1) {
    EQUAL(log_free(), PORT_LOG_WORDS - i);
    EQUAL(log_store_boot_address(AT + (i % 2 == 0 ? 1024u : 2048u)), PORT_OK);
  }
  EQUAL(log_store_boot_address(AT), LOG_ERROR_FULL);
  log_read();
  EQUAL(log_boot_address(), AT + 2048);
  EQUAL(log_free(), 0);
  EQUAL(log_store_boot_address(AT), LOG_ERROR_FULL);
}

static void a_cut_log_word_leaves_the_old_or_the_new(void)
{
  for (int torn = TORN_NOTHING; torn < TORN_WAYS; torn += 1) {
    model_new();
    log_read();
    EQUAL(log_store_boot_address(0x90200000u), PORT_OK);
    model.cut_at = model.operations + 1;
    model.torn = (enum model_torn)torn;
    EQUAL(log_store_boot_address(0x90300000u) < 0, torn != TORN_ALL); /* what reads back has been written */
    model_power_cycle();
    log_read();
    EQUAL(log_boot_address(), torn == TORN_ALL ? 0x90300000u : 0x90200000u);
    EQUAL(log_store_boot_address(0x90400000u), PORT_OK);
    log_read();
    EQUAL(log_boot_address(), 0x90400000u);
  }
}

void suite_memory(void)
{
  tap_test("the journal's header and records have the documented bytes", records_have_the_documented_bytes);
  tap_test("the journal goes on in the other sector when one is full", the_journal_rotates);
  tap_test("generations compare modulo 2^32", generations_compare_modulo);
  tap_test("torn records are skipped, the next goes behind them", torn_records_are_skipped);
  tap_test("a journal that cannot be read counts as unfinished", a_journal_that_cannot_be_read_is_unfinished);
  tap_test("log words have the documented bytes", log_words_have_the_documented_bytes);
  tap_test("the last valid log word counts, whatever stands around it", the_last_valid_word_counts);
  tap_test("the log fills to its last word and then refuses", the_log_fills_to_the_last_word);
  tap_test("a log word cut off leaves the old or the new address", a_cut_log_word_leaves_the_old_or_the_new);
}
