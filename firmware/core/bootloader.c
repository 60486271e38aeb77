#include "bootloader.h"

#include "carry.h"
#include "departure.h"
#include "external.h"
#include "journal.h"
#include "log.h"
#include "owner.h"
#include "port.h"
#include "session.h"
#include "signature.h"

#define WINDOW_MS 1000u /* section 8: until the host has configured the device, and from then until HELLO */

static struct {
  bool open;
  bool configured;
  uint32_t since;   /* port_millis() */
  uint32_t address; /* runs when the window passes */
} window;

/* Row 7, which reads the whole application: a hardware watchdog does not wait for that. */
static bool signature_missing(uint32_t address)
{
  if (!signature_wanted()) {
    return false;
  }
  int result = signature_check_application(address);
  while (result == PORT_BUSY) {
    port_watchdog_feed();
    result = signature_check_step();
  }
  return result != PORT_OK;
}

struct boot_decision bootloader_decide(void)
{
  const uint32_t request = port_backup_read(PORT_BACKUP_REQUEST);
  const uint32_t request_address = port_backup_read(PORT_BACKUP_ADDRESS);
  port_backup_write(PORT_BACKUP_REQUEST, 0);
  port_backup_write(PORT_BACKUP_ADDRESS, 0);
  external_start();
  (void)journal_read(); /* a journal that cannot be read counts as unfinished */
  log_read();
  carry_restore();
  owner_repair();
  struct boot_facts facts = boot_collect(request, request_address);
  facts.host = request == BACKUP_PROBE && port_usb_host_present();
  struct boot_decision decision = boot_judge(&facts);
  if (decision.outcome != BOOT_STAY) {
    facts.unsigned_application = signature_missing(decision.address);
    decision = boot_judge(&facts);
  }
  if (decision.outcome == BOOT_RUN && request != BACKUP_RUN && port_usb_host_present()) {
    facts.host = true;
    decision = boot_judge(&facts);
  }
  return decision;
}

void bootloader_start(struct boot_decision decision)
{
  session_start(decision.reason);
  window.open = decision.outcome == BOOT_RUN_AFTER_WINDOW;
  window.configured = false;
  window.since = port_millis();
  window.address = decision.address;
}

static void window_poll(void)
{
  if (session_facts()->greeted) {
    window.open = false;
    session_set_reason(REASON_HOST);
  } else if (!window.configured && port_usb_configured()) {
    window.configured = true;
    window.since = port_millis();
  } else if (port_millis() - window.since >= WINDOW_MS) {
    window.open = false;
    departure_run(window.address);
  }
}

bool bootloader_resting(void)
{
  return session_resting();
}

bool bootloader_poll(void)
{
  const bool more = session_poll();
  if (window.open) {
    window_poll();
  }
  return more;
}
