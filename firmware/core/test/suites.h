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

#endif
