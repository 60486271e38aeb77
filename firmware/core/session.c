#include "session.h"

#include "access.h"
#include "board_id.h"
#include "bytes.h"
#include "change.h"
#include "departure.h"
#include "frame.h"
#include "output.h"
#include "port.h"
#include "queue.h"
#include "requests.h"
#include "rescue.h"

#define RECEIVE_SLICE 2048u
#define EVENT_PAYLOAD (2u + 4u + 1u + PROTOCOL_TEXT_MAX)
#define EVENT_WIRE (FRAME_HEADER + EVENT_PAYLOAD + FRAME_CRC + 2u)
#define HELLO_SHORTEST 6u /* magic and version, which never change */

static struct session_facts facts;

static struct {
  uint32_t generation; /* of the link */
  bool open;
  bool broken;
  uint8_t expected; /* sequence number of the next request */
  bool event_bad;   /* an EVENT waits for room */
  bool event_sequence;
  uint8_t event_expected;
} session;

static struct {
  bool pending;
  uint8_t sequence;
  bool meets; /* the versions do */
  bool wrong; /* magic or length */
} hello;

static struct {
  uint8_t bytes[RECEIVE_SLICE];
  size_t used;
  size_t size;
  bool decoding; /* `decoder` has room reserved in the queue */
  struct frame_decoder decoder;
} receiver;

static uint8_t answer_frame[FRAME_MAX];
static struct message answer = { .frame = answer_frame, .capacity = FRAME_PAYLOAD_MAX };
static uint8_t event_frame[FRAME_HEADER + EVENT_PAYLOAD + FRAME_CRC];
static struct message event = { .frame = event_frame, .capacity = EVENT_PAYLOAD };

static struct operation operation;
static request_handler running; /* NULL when nothing is */

const struct session_facts *session_facts(void)
{
  return &facts;
}

void session_set_reason(enum boot_reason reason)
{
  facts.reason = reason;
}

void session_start(enum boot_reason reason)
{
  facts = (struct session_facts){ .reason = reason };
  memset(&session, 0, sizeof session);
  session.generation = port_link_generation();
  hello.pending = false;
  receiver.used = 0;
  receiver.size = 0;
  receiver.decoding = false;
  running = NULL;
  queue_reset();
  output_reset();
  change_reset();
  departure_reset();
  access_start();
  rescue_reset();
  rescue_start();
}

/* Ends the session: what waits is forgotten, what runs comes to an end without an answer. */
static void session_end(void)
{
  operation.cancelled = true;
  queue_drop(running != NULL);
  receiver.decoding = false;
  hello.pending = false;
  session.open = false;
  session.broken = false;
  change_reset();
  access_end();
  rescue_start();
}

static void session_check_link(void)
{
  const uint32_t generation = port_link_generation();
  if (generation != session.generation) {
    session.generation = generation;
    session.event_bad = false;
    session.event_sequence = false;
    session_end();
    receiver.used = 0;
    receiver.size = 0;
    output_reset();
  }
}

/* --- receiving ---------------------------------------------------------------------------------------- */

static void receive_hello(const uint8_t *frame, size_t size)
{
  struct reader reader = reader_of(frame + FRAME_HEADER, size - FRAME_HEADER - FRAME_CRC);
  const bool whole = reader.left >= HELLO_SHORTEST;
  const uint32_t magic = read_u32(&reader);
  const uint16_t version = read_u16(&reader);
  const uint16_t lowest = reader.left >= 2u ? read_u16(&reader) : version;
  const uint8_t sequence = frame[1];
  session_end();
  hello.pending = true;
  hello.sequence = sequence;
  hello.wrong = !whole || magic != PROTOCOL_MAGIC;
  hello.meets = lowest <= PROTOCOL_VERSION && version >= PROTOCOL_LOWEST;
  session.open = !hello.wrong && hello.meets;
  session.expected = (uint8_t)(sequence + 1u);
  facts.greeted = facts.greeted || !hello.wrong;
}

static void receive_frame(const uint8_t *frame, size_t size)
{
  facts.frames += 1;
  if (frame[0] == REQUEST_HELLO) {
    receive_hello(frame, size);
  } else if (session.open && !session.broken && frame[1] != session.expected) {
    session.broken = true;
    session.event_sequence = true;
    session.event_expected = session.expected;
  } else if (!session.broken) {
    session.expected = (uint8_t)(session.expected + 1u);
    queue_push(size);
  }
}

static void receive_bad(void)
{
  facts.bad += 1;
  session.broken = session.open;
  session.event_bad = true;
}

/*
 * Decodes what was received as far as the queue has room. Nothing behind a HELLO is looked at before that is answered:
 * an event that comes before the answer is the earlier session's, and one that comes after it is the new one's.
 */
static void receive_decode(void)
{
  while (receiver.used < receiver.size && !hello.pending) {
    if (!receiver.decoding) {
      uint8_t *room = queue_reserve();
      if (room == NULL) {
        return;
      }
      frame_decoder_start(&receiver.decoder, room);
      receiver.decoding = true;
    }
    enum frame_event found;
    receiver.used += frame_decode(&receiver.decoder, receiver.bytes + receiver.used,
                                  receiver.size - receiver.used, &found);
    if (found != FRAME_NONE) {
      receiver.decoding = false;
    }
    if (found == FRAME_GOOD) {
      receive_frame(receiver.decoder.out, receiver.decoder.used);
    } else if (found == FRAME_BAD) {
      receive_bad();
    }
  }
}

/* Returns whether anything came. */
static bool receive(void)
{
  const size_t before = receiver.size - receiver.used;
  receive_decode();
  if (receiver.used < receiver.size) {
    return receiver.size - receiver.used < before; /* no room: USB answers NAK meanwhile */
  }
  receiver.used = 0;
  receiver.size = port_link_read(receiver.bytes, RECEIVE_SLICE);
  receive_decode();
  return receiver.size > 0;
}

/* --- events --------------------------------------------------------------------------------------------- */

/* Events leave room for the answer of what is running. */
static bool event_room(void)
{
  return output_free() >= EVENT_WIRE + FRAME_WIRE_MAX;
}

static void send_events(void)
{
  if (session.event_bad && event_room()) {
    session.event_bad = false;
    message_failure(&event, &(struct failure){ ERROR_BAD_FRAME, facts.bad,
                                               "a frame was damaged: % dropped since reset",
                                               { facts.bad } });
    output_send(&event, PROTOCOL_EVENT, 0);
  }
  if (session.event_sequence && event_room()) {
    session.event_sequence = false;
    message_failure(&event, &(struct failure){ ERROR_SEQUENCE, session.event_expected,
                                               "a request was lost or doubled: expected sequence %",
                                               { session.event_expected } });
    output_send(&event, PROTOCOL_EVENT, 0);
  }
}

/* --- carrying out ----------------------------------------------------------------------------------------- */

static void operation_prepare(uint8_t type, uint8_t sequence)
{
  operation = (struct operation){ .type = type, .sequence = sequence, .answer = &answer };
  message_start(&answer);
}

static void answer_hello(void)
{
  struct port_identity identity;
  char id[BOARD_ID_LENGTH + 1u];
  hello.pending = false;
  operation_prepare(REQUEST_HELLO, hello.sequence);
  if (hello.wrong) {
    operation_refuse(&operation, "HELLO: the magic must be 0x4c464d49, \"IMFL\"");
  } else {
    port_identify(&identity);
    board_id(identity.unique_id, id);
    message_u16(&answer, PROTOCOL_VERSION);
    message_u16(&answer, PROTOCOL_LOWEST);
    message_u32(&answer, QUEUE_WINDOW);
    message_u16(&answer, FRAME_PAYLOAD_MAX);
    message_str8(&answer, id);
  }
  output_send(&answer, REQUEST_HELLO | PROTOCOL_ANSWER, hello.sequence);
}

/* What stands against carrying the request out at all; NULL when nothing does. */
static const struct request_kind *operation_check(void)
{
  const struct request_kind *kind = request_kind(operation.type);
  if (!session.open) {
    operation_fail(&operation, &(struct failure){ ERROR_NO_SESSION, 0, "no session is open: send HELLO", { 0 } });
  } else if (kind == NULL) {
    operation_fail(&operation, &(struct failure){ ERROR_BAD_REQUEST, operation.type, "unknown request type %",
                                                  { operation.type } });
  } else if (operation.length < kind->minimum || operation.length > kind->maximum) {
    operation_fail(&operation, &(struct failure){ ERROR_BAD_REQUEST, operation.type,
                                                  "request type % cannot have a payload of % bytes",
                                                  { operation.type, (uint32_t)operation.length } });
  } else if (!access_allowed(&operation, kind->rights)) {
    return kind;
  } else if ((kind->flags & REQUEST_ABORTABLE) != 0 && change_aborted()) {
    operation_fail(&operation, &(struct failure){ ERROR_ABORTED, 0,
                                                  "an earlier erase, write or commit failed: BEGIN again", { 0 } });
  } else if ((kind->flags & REQUEST_NEEDS_FLASH) != 0 && !external_ready()) {
    operation_fail_port(&operation, external.start, 0);
  }
  return kind;
}

static void operation_finish(const struct request_kind *kind)
{
  running = NULL;
  queue_pop();
  if (operation.cancelled) {
    return;
  }
  if (operation.failed && kind != NULL && (kind->flags & REQUEST_ABORTABLE) != 0) {
    change_abort();
  }
  output_send(&answer, operation.type | PROTOCOL_ANSWER, operation.sequence);
}

static bool operation_step(void)
{
  const enum step step = running(&operation);
  if (step == STEP_DONE) {
    operation_finish(request_kind(operation.type));
  }
  return step != STEP_WAIT;
}

static bool operation_begin(const uint8_t *frame, size_t size)
{
  operation_prepare(frame[0], frame[1]);
  operation.payload = frame + FRAME_HEADER;
  operation.length = size - FRAME_HEADER - FRAME_CRC;
  const struct request_kind *kind = operation_check();
  if (operation.failed) {
    operation_finish(kind);
    return true;
  }
  running = kind->handler;
  return operation_step();
}

/* Nothing begins before its answer has room: a PC that does not read holds up the work, and loses nothing. */
static bool work(void)
{
  size_t size = 0;
  if (running != NULL) {
    return operation_step();
  }
  if (rescue_pending()) {
    return rescue_step() != PORT_BUSY; /* before anybody looks at the flash */
  }
  if (output_free() < FRAME_WIRE_MAX) {
    return false;
  }
  if (hello.pending) {
    const bool events_first = session.event_bad || session.event_sequence;
    if (!events_first) {
      answer_hello();
    }
    return !events_first;
  }
  const uint8_t *frame = queue_first(&size);
  return frame != NULL && operation_begin(frame, size);
}

bool session_resting(void)
{
  return running == NULL && !rescue_pending();
}

bool session_poll(void)
{
  bool more = false;
  if (departure_pending()) {
    more = output_flush();
    departure_poll(output_drained());
    return more;
  }
  session_check_link();
  const bool going_on = running != NULL;
  if (going_on) {
    more = operation_step(); /* first: the flash chip shall not wait for what arrives */
  }
  more = receive() || more;
  send_events();
  if (!going_on || running == NULL) {
    more = work() || more;
  }
  return output_flush() || more;
}
