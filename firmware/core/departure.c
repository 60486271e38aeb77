#include "departure.h"

#include "port.h"
#include "protocol.h"

#define PATIENCE_MS 500u

static struct {
  bool pending;
  uint32_t request; /* for PORT_BACKUP_REQUEST */
  uint32_t address;
  uint32_t since; /* port_millis() */
  const struct port_sector *sector; /* NULL: only the chip is reset */
} departure;

void departure_reset(void)
{
  departure.pending = false;
}

static void depart(uint32_t request, uint32_t address, const struct port_sector *sector)
{
  departure.sector = sector;
  departure.pending = true;
  departure.request = request;
  departure.address = address;
  departure.since = port_millis();
}

void departure_run(uint32_t address)
{
  depart(BACKUP_RUN, address, NULL);
}

void departure_restart(void)
{
  depart(0, 0, NULL);
}

void departure_replace(const struct port_sector *sector)
{
  depart(BACKUP_STAY, 0, sector);
}

bool departure_pending(void)
{
  return departure.pending;
}

void departure_poll(bool drained)
{
  if (drained || port_millis() - departure.since >= PATIENCE_MS) {
    port_backup_write(PORT_BACKUP_ADDRESS, departure.address);
    port_backup_write(PORT_BACKUP_REQUEST, departure.request);
    if (departure.sector != NULL) {
      port_sector_replace(departure.sector);
    }
    port_reset();
  }
}
