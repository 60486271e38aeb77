/* Answers and events on their way to the PC. What does not leave stays: nothing is lost while nobody reads. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "message.h"

void output_reset(void);

/* Bytes on the wire that still fit. */
size_t output_free(void);

/* Completes the message and queues it; output_free() was at least its size on the wire. */
void output_send(struct message *message, uint8_t type, uint8_t sequence);

/* Hands over what the pipe takes. Returns whether anything moved. */
bool output_flush(void);

/* Everything was handed over and has left. */
bool output_drained(void);

#endif
