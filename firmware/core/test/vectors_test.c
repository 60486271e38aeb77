#include <stdlib.h>
#include <string.h>

#include "board_id.h"
#include "bytes.h"
#include "frame.h"
#include "model.h"
#include "peer.h"
#include "suites.h"
#include "tap.h"
#include "vectors.h"

static void take_frame(char *fields[])
{
  static struct bytes payload;
  static struct bytes wire;
  static uint8_t frame[FRAME_MAX];
  static uint8_t encoded[FRAME_WIRE_MAX];
  struct frame_decoder decoder;
  enum frame_event event;
  const uint8_t type = (uint8_t)strtoul(fields[1], NULL, 0);
  const uint8_t sequence = (uint8_t)strtoul(fields[2], NULL, 0);
  vectors_hex(fields[3], &payload);
  vectors_hex(fields[4], &wire);
  memcpy(frame + FRAME_HEADER, payload.at, payload.size);
  const size_t size = frame_encode(frame, frame_finish(frame, type, sequence, payload.size), encoded);
  const bool same = size == wire.size && memcmp(encoded, wire.at, size) == 0;
  memset(frame, 0xEE, sizeof frame);
  frame_decoder_start(&decoder, frame);
  const size_t taken = frame_decode(&decoder, wire.at, wire.size, &event);
  if (!CHECK(same) || !EQUAL(event, FRAME_GOOD) || !EQUAL(taken, wire.size) ||
      !EQUAL(decoder.used, FRAME_HEADER + payload.size + FRAME_CRC) || !EQUAL(frame[0], type) ||
      !EQUAL(frame[1], sequence) || !CHECK(memcmp(frame + FRAME_HEADER, payload.at, payload.size) == 0)) {
    tap_note("vector %s", fields[0]);
  }
}

static void frames_match(void)
{
  vectors_each_line("frames.txt", 5, take_frame);
}

static void take_board_id(char *fields[])
{
  static struct bytes uid;
  char id[BOARD_ID_LENGTH + 1u];
  vectors_hex(fields[0], &uid);
  if (EQUAL(uid.size, 12)) {
    board_id(uid.at, id);
    CHECK(strcmp(id, fields[1]) == 0);
  }
}

static void board_ids_match(void)
{
  vectors_each_line("board-ids.txt", 2, take_board_id);
}

static int message_index;

static void take_message(char *fields[])
{
  static struct bytes payload;
  static struct reply reply;
  const uint8_t type = (uint8_t)strtoul(fields[2], NULL, 0);
  vectors_hex(fields[3], &payload);
  if (type == PROTOCOL_EVENT) {
    return;
  }
  if (strcmp(fields[1], "request") == 0) {
    peer_send(type, (uint8_t)message_index, payload.at, payload.size);
    message_index += 1;
    peer_run();
    return;
  }
  const bool failure = load_u16(payload.at) != 0; /* of an error, code and detail count; the text is free */
  bool same = peer_receive(&reply) && reply.type == type && reply.sequence == (uint8_t)(message_index - 1);
  same = same && (failure || reply.length == payload.size);
  same = same && memcmp(reply.payload, payload.at, failure ? 6 : payload.size) == 0;
  if (!CHECK(same)) {
    tap_note("message %s: result 0x%x, %u bytes", fields[0], reply.result, reply.length);
  }
}

static void messages_match(void)
{
  model_new();
  model.backup[PORT_BACKUP_REQUEST] = BACKUP_STAY;
  EQUAL(peer_restart().reason, REASON_REQUEST);
  model.millis = 1234;
  message_index = 0;
  vectors_each_line("messages.txt", 4, take_message);
  CHECK(model.resets > 0); /* the conversation ends with RESET */
}

void suite_vectors(const char *vectors)
{
  vectors_open(vectors);
  tap_test("frames encode and decode as vectors/frames.txt says", frames_match);
  tap_test("board ids are those of vectors/board-ids.txt", board_ids_match);
  tap_test("the conversation of vectors/messages.txt is answered byte for byte", messages_match);
}
