#include "peer.h"

#include <string.h>

#include "bootloader.h"
#include "bytes.h"
#include "frame.h"
#include "model.h"
#include "tap.h"

#define IDLE_POLLS 8 /* polls in a row with nothing to do, the chip not being busy: nothing is under way */
#define POLLS_MAX 4000000

static struct {
  uint8_t sequence;
  size_t read;
  uint8_t frame[FRAME_MAX];
} peer;

struct boot_decision peer_restart(void)
{
  model.busy = 0;
  const struct boot_decision decision = bootloader_decide();
  bootloader_start(decision);
  peer.read = model.to_pc;
  return decision;
}

void peer_open(void)
{
  model.backup[PORT_BACKUP_REQUEST] = BACKUP_STAY;
  EQUAL(peer_restart().reason, REASON_REQUEST);
  EQUAL(peer_hello(0).result, 0);
}

void peer_send_raw(const uint8_t *bytes, size_t size)
{
  if (CHECK(size <= MODEL_PIPE - model.to_board)) {
    memcpy(model_to_board + model.to_board, bytes, size);
    model.to_board += size;
  }
}

void peer_send(uint8_t type, uint8_t sequence, const uint8_t *payload, size_t length)
{
  uint8_t frame[FRAME_MAX];
  uint8_t wire[FRAME_WIRE_MAX];
  if (length > 0) {
    memcpy(frame + FRAME_HEADER, payload, length);
  }
  peer.sequence = sequence;
  peer_send_raw(wire, frame_encode(frame, frame_finish(frame, type, sequence, length), wire));
}

void peer_post(uint8_t type, const uint8_t *payload, size_t length)
{
  peer_send(type, (uint8_t)(peer.sequence + 1u), payload, length);
}

void peer_run(void)
{
  int idle = 0;
  for (int i = 0; i < POLLS_MAX && idle < IDLE_POLLS && !model.off; i += 1) {
    const bool busy = model.busy > 0;
    idle = bootloader_poll() || busy ? 0 : idle + 1;
  }
  CHECK(idle == IDLE_POLLS || model.off);
}

void peer_poll_once(void)
{
  (void)bootloader_poll();
}

bool peer_receive(struct reply *reply)
{
  struct frame_decoder decoder;
  enum frame_event event = FRAME_NONE;
  frame_decoder_start(&decoder, peer.frame);
  const size_t taken = frame_decode(&decoder, model_to_pc + peer.read, model.to_pc - peer.read, &event);
  *reply = (struct reply){ .result = 0xFFFF };
  if (event == FRAME_NONE) {
    return false;
  }
  peer.read += taken;
  if (!EQUAL(event, FRAME_GOOD)) {
    return false;
  }
  reply->type = peer.frame[0];
  reply->sequence = peer.frame[1];
  reply->length = load_u16(peer.frame + 2);
  memcpy(reply->payload, peer.frame + FRAME_HEADER, reply->length);
  reply->result = load_u16(reply->payload);
  if (reply->result != 0) {
    reply->detail = load_u32(reply->payload + 2);
    EQUAL(reply->length, 7u + reply->payload[6]);
    CHECK(reply->payload[6] > 0 && reply->payload[6] <= PROTOCOL_TEXT_MAX);
  }
  return true;
}

struct reply peer_ask(uint8_t type, const uint8_t *payload, size_t length)
{
  struct reply reply;
  peer_post(type, payload, length);
  peer_run();
  if (peer_receive(&reply)) {
    EQUAL(reply.type, type | PROTOCOL_ANSWER);
    EQUAL(reply.sequence, peer.sequence);
  }
  return reply;
}

struct reply peer_hello(uint8_t sequence)
{
  static const uint8_t payload[8] = { 'I', 'M', 'F', 'L', 1, 0, 1, 0 };
  const uint8_t delimiter = 0;
  struct reply reply;
  peer_send_raw(&delimiter, 1);
  peer_send(REQUEST_HELLO, sequence, payload, sizeof payload);
  peer_run();
  do {
    if (!peer_receive(&reply)) {
      return reply;
    }
  } while (reply.type != (REQUEST_HELLO | PROTOCOL_ANSWER));
  return reply;
}

struct reply peer_begin(struct range range)
{
  uint8_t payload[9] = { 1 };
  store_u32(payload + 1, range.address);
  store_u32(payload + 5, range.length);
  return peer_ask(REQUEST_BEGIN, payload, sizeof payload);
}

struct reply peer_erase(uint32_t address, uint32_t length)
{
  uint8_t payload[8];
  store_u32(payload, address);
  store_u32(payload + 4, length);
  return peer_ask(REQUEST_ERASE, payload, sizeof payload);
}

struct reply peer_write(uint32_t address, const uint8_t *data, size_t size)
{
  uint8_t payload[4 + PROTOCOL_DATA_MAX];
  store_u32(payload, address);
  memcpy(payload + 4, data, size);
  return peer_ask(REQUEST_WRITE, payload, 4 + size);
}

struct reply peer_commit(struct range range, const uint8_t *content)
{
  uint8_t payload[41] = { 1 };
  store_u32(payload + 1, range.address);
  store_u32(payload + 5, range.length);
  model_sha256(content, range.length, payload + 9);
  return peer_ask(REQUEST_COMMIT, payload, sizeof payload);
}

struct reply peer_ask_address(uint8_t type, uint32_t address)
{
  uint8_t payload[4];
  store_u32(payload, address);
  return peer_ask(type, payload, sizeof payload);
}
