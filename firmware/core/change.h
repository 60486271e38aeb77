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

/* One step of the journal's record under way: STEP_DONE with operation->failed, or without when it is written. */
enum step change_record_step(struct operation *operation);

#endif
