/* The PC's end of the pipe, as far as tests of the board need one. */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot.h"
#include "external.h"
#include "protocol.h"

struct reply {
  uint8_t type;
  uint8_t sequence;
  uint16_t length; /* of the payload, the result included */
  uint8_t payload[4112];
  uint16_t result;
  uint32_t detail; /* 0 when result is 0 */
};

/* A restart of the board with or without loss of power, decision included. The peer has read nothing yet. */
struct boot_decision peer_restart(void);

/* Power on with the request to stay in the bootloader, and a session opened with sequence 0. */
void peer_open(void);

void peer_send(uint8_t type, uint8_t sequence, const uint8_t *payload, size_t length);
void peer_send_raw(const uint8_t *bytes, size_t size);

/* Sends with the next sequence number. */
void peer_post(uint8_t type, const uint8_t *payload, size_t length);

/* Lets the board work until it has nothing to do, or the power is off. */
void peer_run(void);

/* One slice of work. */
void peer_poll_once(void);

/* The next frame from the board, without letting it work; false when there is none. */
bool peer_receive(struct reply *reply);

/* Sends, lets the board work, and takes the answer; result 0xFFFF when none came. */
struct reply peer_ask(uint8_t type, const uint8_t *payload, size_t length);

struct reply peer_hello(uint8_t sequence);
struct reply peer_begin(struct range range);
struct reply peer_erase(uint32_t address, uint32_t length);
struct reply peer_write(uint32_t address, const uint8_t *data, size_t size);
struct reply peer_commit(struct range range, const uint8_t *content);
struct reply peer_ask_address(uint8_t type, uint32_t address);

#endif
