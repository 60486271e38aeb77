/* What a session has announced to change (docs/protocol.md, section 5.6). */
#ifndef CHANGE_H
#define CHANGE_H

#include <stdbool.h>

#include "operation.h"

/* The session ended, or begins. */
void change_reset(void);

/* There is a BEGIN without its COMMIT. */
bool change_begun(void);

/* An erase, write or commit failed: the next are refused until BEGIN. */
void change_abort(void);
bool change_aborted(void);

/* May the range be changed, and is it inside one range of the open BEGIN? Otherwise the answer is the error. */
bool change_allowed(struct operation *operation, struct range range);

/*
 * Begins to write a record when the journal's window does not hold the allowed range: nothing of it may be changed before.
 * `size` is what the window reaches over where the BEGIN does, at least the range. Returns false when there is no need.
 */
bool change_window(struct range range, uint32_t size);

/* The window that change_window would write. */
struct range change_window_for(struct range range, uint32_t size);

/* An erase takes its time: a record for each 128 KiB is half a thousandth of it. To write is quicker. */
#define CHANGE_ERASE_WINDOW 0x20000u
#define CHANGE_WRITE_WINDOW 0x40000u

/* One step of the journal's record under way: STEP_DONE with operation->failed, or without when it is written. */
enum step change_record_step(struct operation *operation);

#endif
