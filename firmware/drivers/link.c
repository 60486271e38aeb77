/* The byte pipe to the PC: over USB, or through a debug probe. */
#include "port.h"
#include "probe.h"
#include "usb_cdc.h"

size_t port_link_read(uint8_t *bytes, size_t size)
{
  return probe_serves() ? probe_read(bytes, size) : cdc_read(bytes, size);
}

size_t port_link_write(const uint8_t *bytes, size_t size)
{
  return probe_serves() ? probe_write(bytes, size) : cdc_write(bytes, size);
}

uint32_t port_link_generation(void)
{
  return cdc_generation(); /* a probe that says nothing more is not noticed; the next one says HELLO */
}

bool port_link_drained(void)
{
  return probe_serves() ? probe_drained() : cdc_drained();
}
