#include "boot.h"

#include "board.h"
#include "bytes.h"
#include "external.h"
#include "journal.h"
#include "log.h"

/* SCB_VTOR: a table of 16 + 150 vectors must be aligned to the next power of two above its size (PM0253, VTOR). */
#define VECTOR_ALIGNMENT 1024u

static const struct range ram[] = {
  { 0x20000000u, 128u * 1024u }, /* DTCM */
  { 0x24000000u, 512u * 1024u }, /* AXI SRAM */
  { 0x30000000u, 288u * 1024u }, /* SRAM1, SRAM2 and SRAM3, which follow each other */
  { 0x38000000u, 64u * 1024u },  /* SRAM4 */
};

static const struct range application = { BOARD_APPLICATION_ADDRESS, BOARD_APPLICATION_LENGTH };

uint32_t boot_address(const struct boot_facts *facts)
{
  return facts->request == BACKUP_RUN ? facts->request_address : facts->stored;
}

bool boot_range_in_application(struct range range)
{
  return range_inside(range, application);
}

bool boot_in_application(uint32_t address)
{
  return boot_range_in_application((struct range){ address, 8 });
}

bool boot_plausible(uint32_t address, uint32_t stack, uint32_t reset)
{
  bool stack_in_ram = false;
  for (unsigned i = 0; i < sizeof ram / sizeof ram[0]; i += 1) {
    stack_in_ram = stack_in_ram || range_inside((struct range){ stack, 0 }, ram[i]);
  }
  return address % VECTOR_ALIGNMENT == 0 && stack_in_ram && stack % 8u == 0 && (reset & 1u) != 0 &&
         range_inside((struct range){ reset - 1u, 2 }, application);
}

static struct boot_decision stay(enum boot_reason reason)
{
  return (struct boot_decision){ .outcome = BOOT_STAY, .reason = reason };
}

struct boot_decision boot_judge(const struct boot_facts *facts)
{
  const uint32_t address = boot_address(facts);
  if (facts->request == BACKUP_STAY) {
    return stay(REASON_REQUEST);
  }
  if (facts->request == BACKUP_FAULT) {
    return stay(REASON_FAULT);
  }
  if (facts->request == BACKUP_PROBE) {
    struct boot_decision decision = stay(REASON_REQUEST);
    decision.probe = facts->request_address == BACKUP_PROBE_ONLY || !facts->host;
    return decision;
  }
  if (!facts->flash) {
    return stay(REASON_NO_FLASH);
  }
  if (facts->log_broken) {
    return stay(REASON_LOG_BROKEN);
  }
  if (facts->unfinished) {
    return stay(REASON_UNFINISHED);
  }
  if (!boot_in_application(address)) {
    return stay(REASON_ADDRESS);
  }
  if (!facts->vectors_read || !boot_plausible(address, facts->stack, facts->reset)) {
    return stay(REASON_NOT_BOOTABLE);
  }
  if (facts->unsigned_application) {
    return stay(REASON_UNSIGNED);
  }
  const bool at_once = facts->request == BACKUP_RUN || !facts->host;
  return (struct boot_decision){ at_once ? BOOT_RUN : BOOT_RUN_AFTER_WINDOW, REASON_NONE, address, false };
}

struct boot_facts boot_collect(uint32_t request, uint32_t request_address)
{
  struct boot_facts facts = {
    .request = request,
    .request_address = request_address,
    .flash = external_ready(),
    .log_broken = !log_intact(),
    .unfinished = journal_unfinished(),
    .stored = log_boot_address(),
  };
  const uint32_t address = boot_address(&facts);
  uint8_t vectors[8];
  const bool readable = facts.flash && boot_in_application(address) &&
                        range_inside((struct range){ address, sizeof vectors }, external_range());
  if (readable && external_read(address, vectors, sizeof vectors) >= 0) {
    facts.vectors_read = true;
    facts.stack = load_u32(vectors);
    facts.reset = load_u32(vectors + 4);
  }
  return facts;
}
