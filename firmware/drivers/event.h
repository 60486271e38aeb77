/* One flag that every interrupt sets, so that the main loop sleeps only when nothing happened since it looked. */
#ifndef EVENT_H
#define EVENT_H

void event_signal(void);

/* Before the main loop looks for work. */
void event_clear(void);

/* Sleeps unless something was signalled since event_clear. */
void event_wait(void);

#endif
