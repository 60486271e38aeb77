#ifndef SUITES_H
#define SUITES_H

/* Each runs its tests through tap_test. `vectors` is the path of the folder vectors/. */
void suite_vectors(const char *vectors);
void suite_frame(void);
void suite_queue(void);
void suite_session(void);
void suite_errors(void);
void suite_flash(void);
void suite_memory(void);
void suite_boot(void);
void suite_power(void);
void suite_doubt(void);
void suite_rescue(void);
void suite_access(void);
void suite_owner(void);
void suite_signature(void);
void suite_chain(void);
void suite_compiled_owner(void); /* for a build with BOARD_OWNER, whose boards are never open */
void suite_access_vectors(void);
void suite_update(void);

#endif
