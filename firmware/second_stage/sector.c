/* The internal flash's sector is the first stage's: it is never touched. */
#include <stddef.h>

#include "port.h"

int port_sector_replaceable(void)
{
  return PORT_ERROR_OPTION;
}

uint8_t *port_sector_staging(void)
{
  return NULL;
}

void port_sector_replace(const struct port_sector *sector)
{
  (void)sector;
}
