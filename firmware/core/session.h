/* Sessions, order and the window: docs/protocol.md, section 3. */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"

struct session_facts {
  enum boot_reason reason; /* why the bootloader stays */
  bool greeted;            /* a HELLO with the right magic came since session_start */
  uint32_t frames;         /* good frames since session_start */
  uint32_t bad;            /* dropped since */
};

/* No session is open, nothing waits. */
void session_start(enum boot_reason reason);

/* One slice of work. Returns whether there is more to do at once. */
bool session_poll(void);

/* After session_poll has returned false: nothing is being carried out that would go on by itself. */
bool session_resting(void);

const struct session_facts *session_facts(void);

void session_set_reason(enum boot_reason reason);

#endif
