/*
 * Requests that wait, as decoded frames in one ring. Frames are decoded straight into it, so that receiving goes on
 * while the flash chip is busy. A frame lies in one piece.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * QUEUE_WINDOW bytes on the wire always fit: each of at most 64 frames costs at most 8 bytes more here, one largest
 * frame is reserved while its size is not yet known, and up to one largest frame is lost at the ring's end.
 */
#define QUEUE_CAPACITY (204u * 1024u)
#define QUEUE_WINDOW (192u * 1024u)

void queue_reset(void);

/* Room for a frame of FRAME_MAX bytes, or NULL when there is none. The same room until queue_push or queue_drop. */
uint8_t *queue_reserve(void);

/* Appends the frame of `size` bytes that was put into the reserved room. */
void queue_push(size_t size);

/* The oldest frame, or NULL; `size` gets its size. It stays where it is until queue_pop. */
const uint8_t *queue_first(size_t *size);
void queue_pop(void);

/* Forgets all frames and the reserved room; with `keep_first` all but the oldest. */
void queue_drop(bool keep_first);

#endif
