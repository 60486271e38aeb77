/* The byte pipe through a debug probe, for a board without a USB cable: docs/protocol.md, section 12. */
#ifndef PROBE_H
#define PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* From now on the pipe leads to the probe. */
void probe_start(void);
bool probe_serves(void);

/* Lets the probe take what was written and give more. Without a probe it returns at once. */
void probe_exchange(void);

/* As port_link_read, port_link_write and port_link_drained of core/port.h. */
size_t probe_read(uint8_t *bytes, size_t size);
size_t probe_write(const uint8_t *bytes, size_t size);
bool probe_drained(void);

#endif
